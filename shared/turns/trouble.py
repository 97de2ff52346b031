"""Targets whose turns fail, noted so that nobody is shown a healthy target that is none.

A listing shows dates and tags, and a turn that failed changes neither. So a failed turn leaves a note in the app's
storage, which a tick reads and the next turn of the target that ends well removes. Its loss shows less for an hour.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain import errors
from shared.domain.errors import RotationError, TryLater
from shared.domain.model import Target
from shared.domain.names import LOGGER
from shared.domain.times import stamp, unstamp
from shared.ports import Notes

log = logging.getLogger(LOGGER)
TROUBLES = "troubles/"
AT_ONCE = 16  # notes that are read side by side
MOST_FORGOTTEN = 20  # notes in one tick
MOST_READ = 200  # notes in one tick; of the others only the account is known, by their names


async def note_trouble(notes: Notes, target: Target, error: RotationError, now: datetime) -> None:
    """Note why a target's turn failed, and since when its turns fail. If that fails, the log says so.

    now: The time, in UTC. An earlier note keeps its moment.
    """
    name = _name(str(target.account))
    try:
        before = await notes.read(name)
        since = (_error(before).since if before else None) or now
        await notes.write(name, json.dumps([*error_data(error), stamp(since)]))
    except RotationError as problem:
        log.warning("%s: that its turn failed could not be noted: %s", target.name, problem)


async def forget_trouble(notes: Notes, target: Target) -> None:
    """Remove the note of a target whose turn has ended well. If that fails, a later turn removes it."""
    try:
        await notes.remove(_name(str(target.account)))
    except RotationError as problem:
        log.warning("%s: that its turns failed is still noted: %s", target.name, problem)


@dataclass(frozen=True)
class Troubles:
    """The noted failures.

    known: The error of each, by the name of its note.
    """

    known: Mapping[str, RotationError] = field(default_factory=dict)

    def of(self, account: object) -> RotationError | None:
        """Return why the turns of an account fail, by its resource id. None if they do not, as far as is known."""
        return self.known.get(_name(str(account))) if self.known else None


async def troubles(notes: Notes) -> Troubles:
    """Return the noted failures. Raises what the storage raises."""
    names = list(await notes.names(TROUBLES))
    read, gate = random.sample(names, min(len(names), MOST_READ)), asyncio.Semaphore(AT_ONCE)

    async def text_of(name: str) -> str | None:
        async with gate:
            return await notes.read(name)

    texts = dict(zip(read, await asyncio.gather(*map(text_of, read)), strict=True))
    return Troubles({name: _error(texts.get(name)) for name in names if name not in texts or texts[name] is not None})


async def forget_gone(notes: Notes, known: Troubles, accounts: Iterable[str]) -> None:
    """Remove notes of accounts that are none of these, a few at a time. If that fails, a later tick removes them."""
    kept = {_name(account) for account in accounts}
    for name in [one for one in known.known if one not in kept][:MOST_FORGOTTEN]:
        try:
            await notes.remove(name)
        except RotationError as problem:
            log.warning("a note of a failure that nobody needs is still there: %s", problem)


def error_data(error: RotationError) -> list[Any]:
    """Return an error ready for JSON, as people are shown it."""
    return [error.code, error.thing, error.what, error.next_step, error.subscription, error.is_refusal]


def error_of(data: Any) -> RotationError:  # noqa: ANN401 - JSON
    """Return the error of what `error_data` made. It is there to be shown: of a refusal it knows only that it was one.

    Raises TypeError or ValueError for anything else.
    """
    code, thing, what, next_step, subscription, *more = data  # an older release writes no more
    kind = getattr(errors, str(code), RotationError)
    error: RotationError = kind(str(thing), str(what), str(next_step))
    error.subscription, error.was_refused = subscription, more == [True]
    return error


def _error(text: str | None) -> RotationError:
    """Return the noted error, with since when it is so. An earlier release noted no moment."""
    try:
        data = json.loads(text or "")
        error = error_of(data[:6] if isinstance(data, list) else None)
        error.since = unstamp(data[6]) if len(data) > 6 else None
    except (ValueError, TypeError):
        return TryLater("its turn", "its turns fail; the log of the function app says why.")
    else:
        return error


def _name(account: str) -> str:
    return TROUBLES + hashlib.sha256(account.casefold().encode()).hexdigest()
