"""How far requests for many have come, for people: one by its id, all of them, and what turns noted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from shared.domain.errors import UnknownTarget
from shared.domain.many import Fate, ManyProgress, ManyResult, ManyState
from shared.domain.names import LOGGER
from shared.fleet.beat import beat_of
from shared.fleet.many_start import dates_of_open
from shared.fleet.many_turns import going_on
from shared.fleet.rotation import Rotation
from shared.turns.many import ManyRecord

log = logging.getLogger(LOGGER)
MOST_READ = 200  # notes of failed turns that are read for one answer
AT_ONCE = 16
_SEE_LIST = "see GET /api/rotations or `python -m cli rotations` for the ids of the last 30 days"


@dataclass(frozen=True)
class ManySeen:
    """A request for many as people see it.

    progress: How far it has come.
    state: The same in one word.
    dates: By when each open account is done, in UTC, by the account's hash. Empty unless it is running.
    next_step: What a person should do. None if there is nothing to do.
    facts: What turns noted for people about accounts that are not done, by the account's hash. Empty in a list.
    """

    progress: ManyProgress
    state: ManyState
    dates: Mapping[str, datetime] = field(default_factory=dict)
    next_step: str | None = None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


async def find_many(app: Rotation, id_: str) -> ManySeen:
    """Return a request with what turns noted of it. Raises UnknownTarget."""
    progress = await ManyRecord(app.outside.notes).find(id_)
    if progress is None:
        raise UnknownTarget("rotations", "there is no request for many with this id.", _SEE_LIST)
    [seen] = await _with_dates(app, [as_seen(app, progress)])
    return replace(seen, facts=await _facts(app, progress))


async def every_many(app: Rotation) -> list[ManySeen]:
    """Return the requests that are on record, the latest first: those of the last 30 days, and those not over yet."""
    record = ManyRecord(app.outside.notes)
    found = await asyncio.gather(*(record.progress(head) for head in await record.heads() if head.there))
    known = sorted((one for one in found if one), key=lambda one: one.request.made_at, reverse=True)
    return await _with_dates(app, [as_seen(app, one) for one in known])


async def stop_many(app: Rotation, seen: ManySeen, by: str) -> ManySeen:
    """Stop a request, and return it as it is then: what has begun ends, and nothing further begins."""
    if seen.state not in (ManyState.RUNNING, ManyState.PAUSED):
        return seen
    id_, now = seen.progress.request.id, app.outside.clock.now()
    await ManyRecord(app.outside.notes).stop(id_, by, now)
    log.warning("rotations: %s: stopped by %s; %d accounts are left", id_, by, len(seen.progress.rest))
    return as_seen(app, replace(seen.progress, stopped_at=now))


def as_seen(app: Rotation, progress: ManyProgress) -> ManySeen:
    """Return a request as people see it, without dates and without what turns noted."""
    state = progress.state(app.outside.clock.now(), app.settings.brake)
    return ManySeen(progress, state, next_step=going_on(progress, state))


async def _with_dates(app: Rotation, seen: list[ManySeen]) -> list[ManySeen]:
    """Return requests with the dates of those that are running."""
    if not any(one.state is ManyState.RUNNING for one in seen):
        return seen
    beat, now = await beat_of(app), app.outside.clock.now()
    return [
        replace(one, dates=dates_of_open(app, one.progress, beat, now)) if one.state is ManyState.RUNNING else one
        for one in seen
    ]


async def _facts(app: Rotation, progress: ManyProgress) -> dict[str, Mapping[str, Any]]:
    """Return what turns noted for people about the accounts that are not done, of some hundreds at most."""
    record, gate = ManyRecord(app.outside.notes), asyncio.Semaphore(AT_ONCE)
    undone = progress.of(Fate.FAILED, Fate.GONE, Fate.OPEN)
    last = [progress.by_account[one.hash][-1] for one in undone if one.hash in progress.by_account]

    async def read(result: ManyResult) -> tuple[str, Mapping[str, Any]]:
        async with gate:
            return result.account, await record.facts(progress.request.id, result)

    return dict(await asyncio.gather(*map(read, last[:MOST_READ])))
