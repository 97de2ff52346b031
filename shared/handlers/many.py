"""The routes about many targets at once: begin, see, list, stop (docs/decisions/0029)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.domain.errors import OutOfScope, RotationError, UnknownTarget
from shared.domain.many import Fate, ManyProgress, ManyRequest, ManyResult, ManyState, ManyTarget
from shared.domain.names import LOGGER
from shared.domain.scopes import Reach
from shared.fleet.admission import admit_many
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.many import Candidate, Choice, choose
from shared.fleet.many_start import confirmation, dates_of_open, done_by, start
from shared.fleet.many_turns import going_on
from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.handlers.reach import check_reach, reach_of, within
from shared.turns.many import ManyRecord, many_id
from shared.web.bodies import BadRequest
from shared.web.callers import Caller, Role
from shared.web.many import RotateMany, Select
from shared.web.many_answers import (
    ManyList,
    accepted_data,
    planned_data,
    rows_data,
    started_data,
    status_data,
)
from shared.web.responses import Reply

log = logging.getLogger(LOGGER)
MOST_READ = 200  # notes of failed turns that are read for one answer
AT_ONCE = 16
_SEE_LIST = "see GET /api/rotations for the ids of the last 30 days"
_OTHER_BODY = "This Idempotency-Key was sent with another body. Use another key for another request."
type Open = Callable[[], Awaitable[Rotation]]


async def rotate_many(opened: Open, incoming: Incoming, caller: Caller) -> Reply:
    """Rotate several targets: a selection, which is put on record, or names, which are queued at once.

    opened: Returns the app.
    """
    body = RotateMany.read(incoming.body, incoming.headers)
    if body.select is not None:
        return await _rotate_selected(opened, incoming, caller, body, body.select)
    if body.targets == "all":
        caller.must(Role.READER)  # the answer names targets that the caller has not named
    app = await opened()
    chosen, problems = await _named(app, body.targets or [], reach_of(caller))
    request = body.request(incoming.id, caller.name)
    accepted = accepted_data([ManyTarget(one.target.name, one.target.account) for one in chosen], problems)
    if body.dry_run:
        return Reply(200, accepted)
    await (await admit_many(app, request)).settle()
    log.info("rotate: %d targets, requested by %s: %s", len(chosen), request.by, request.reason)
    now = app.outside.clock.now()
    return Reply(202, accepted, queued=tuple(message_for(one, now, request=request) for one in chosen))


async def _named(app: Rotation, names: list[str] | str, reach: Reach) -> tuple[list[Enrolled], list[RotationError]]:
    """Return the named targets, or all within reach that can be seen, with the problems met.

    Raises as `Fleet.find_all` does, and OutOfScope if a named target is out of reach.
    """
    if isinstance(names, list):
        named = await app.fleet.find_all(dict.fromkeys(names))
        check_reach(reach, *((one.target.name, one.target.account) for one in named))
        return named, []
    found, problems = await app.fleet.enrolled()
    inside, left_out = within(reach, found)
    return inside, [*problems, *left_out]


async def _rotate_selected(opened: Open, incoming: Incoming, caller: Caller, body: RotateMany, select: Select) -> Reply:
    if not select.names:
        caller.must(Role.READER)  # the answer names targets that the caller has not named
    app, id_ = await opened(), many_id(caller.key, incoming.id)
    if not body.dry_run:
        known = await ManyRecord(app.outside.notes).find(id_)
        if known is not None:
            return _started(app, known, body, ())
    choice = await choose(app, select.selection, leak=body.kind == "leak")
    chosen, problems = _inside(choice, reach_of(caller), named=bool(select.names))
    if not chosen:
        raise UnknownTarget("select", "no target fits the selection.")
    now, targets = app.outside.clock.now(), tuple(one.of_many for one in chosen)
    request = replace(body.request_for_each(caller.name), requested_at=now)
    many = ManyRequest(id_, request, now, body.mark, targets)
    if body.dry_run:
        return Reply(200, planned_data(many, done_by(app, many, chosen, now), problems, confirmation(len(chosen))))
    return _started(app, await start(app, many, chosen, choice.seen_at, body.confirm), body, problems)


def _inside(choice: Choice, reach: Reach, *, named: bool) -> tuple[list[Candidate], list[RotationError]]:
    """Return the chosen targets that the caller may act on, and the problems met.

    named: Whether the caller named them all. Then one out of reach raises OutOfScope.
    """
    if named:
        check_reach(reach, *((one.target.name, one.target.account) for one in choice.candidates))
        return list(choice.candidates), list(choice.problems)
    inside, left_out = within(reach, [one.enrolled for one in choice.candidates])
    accounts = {one.target.account for one in inside}
    return [one for one in choice.candidates if one.target.account in accounts], [*choice.problems, *left_out]


def _started(app: Rotation, progress: ManyProgress, body: RotateMany, problems: Sequence[RotationError]) -> Reply:
    """Return the answer to a request that is on record. Raises BadRequest if another one is, under the same key."""
    if progress.request.asked != body.mark:
        raise BadRequest(422, "IdempotencyKeyReused", _OTHER_BODY)
    state = progress.state(app.outside.clock.now(), app.settings.brake)
    where = {"Location": f"/api/rotations/{progress.request.id}"}
    return Reply(202, started_data(progress, state, problems), headers=where)


async def list_rotations(app: Rotation) -> Reply:
    """Return the requests for many that are on record: those of the last 30 days, and those that are not over."""
    record = ManyRecord(app.outside.notes)
    found = await asyncio.gather(*(record.progress(head) for head in await record.heads() if head.there))
    known = sorted((one for one in found if one), key=lambda one: one.request.made_at, reverse=True)
    return Reply(200, ManyList(rotations=[status_data(one, *_standing(app, one)) for one in known]))


async def see_rotation(app: Rotation, id_: str) -> Reply:
    """Return how far a request for many has come, with what became of each account. Raises UnknownTarget."""
    progress = await _find(app, id_)
    state, dates, step = _standing(app, progress)
    said = status_data(progress, state, dates, step)
    return Reply(200, said | {"rows": rows_data(progress, dates, await _facts(app, progress))})


async def stop_rotation(app: Rotation, id_: str, caller: Caller) -> Reply:
    """Stop a request for many: what has begun ends, and nothing further begins.

    Raises UnknownTarget, and OutOfScope if the caller may not act on one of its accounts.
    """
    progress, now = await _find(app, id_), app.outside.clock.now()
    reach = reach_of(caller)
    if not all(reach.includes(one.account) for one in progress.request.targets):
        what = "some of its accounts are outside of the scopes that this caller is limited to. Nothing was done."
        raise OutOfScope(f"rotations {id_}", what, scopes=reach.scopes)
    if progress.state(now, app.settings.brake) in (ManyState.RUNNING, ManyState.PAUSED):
        await ManyRecord(app.outside.notes).stop(id_, caller.name, now)
        log.warning("rotations: %s: stopped by %s; %d accounts are left", id_, caller.name, len(progress.rest))
        progress = replace(progress, stopped_at=now)
    return Reply(200, status_data(progress, *_standing(app, progress)))


async def _find(app: Rotation, id_: str) -> ManyProgress:
    progress = await ManyRecord(app.outside.notes).find(id_) if id_.isalnum() else None
    if progress is None:
        raise UnknownTarget("rotations", "there is no request for many with this id.", _SEE_LIST)
    return progress


def _standing(app: Rotation, progress: ManyProgress) -> tuple[ManyState, Mapping[str, datetime], str | None]:
    """Return the state of a request, by when its open accounts are done, and what a person should do."""
    now = app.outside.clock.now()
    state = progress.state(now, app.settings.brake)
    dates = dates_of_open(app, progress, now) if state is ManyState.RUNNING else {}
    return state, dates, going_on(progress, state)


async def _facts(app: Rotation, progress: ManyProgress) -> dict[str, Mapping[str, Any]]:
    """Return what turns noted for people about the accounts that are not done, of some hundreds at most."""
    record, gate = ManyRecord(app.outside.notes), asyncio.Semaphore(AT_ONCE)
    last = [
        (one.hash, progress.by_account[one.hash][-1])
        for one in progress.of(Fate.FAILED, Fate.GONE, Fate.OPEN)
        if one.hash in progress.by_account
    ]

    async def read(hash_: str, result: ManyResult) -> tuple[str, Mapping[str, Any]]:
        async with gate:
            return hash_, await record.facts(progress.request.id, result)

    return dict(await asyncio.gather(*(read(*one) for one in last[:MOST_READ])))
