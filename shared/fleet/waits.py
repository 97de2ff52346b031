"""What Azure asked not to be asked yet: noted when a turn or a listing meets it, and read by the next tick."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from shared.domain.errors import RotationError, Throttled, TryLater
from shared.domain.names import LOGGER
from shared.domain.throttle import Throttle
from shared.ports import Outside

log = logging.getLogger(LOGGER)
_LONG = "find out what else calls it so often (docs/runbook.md, Audit: throttled)"


async def note_wait(outside: Outside, error: Throttled) -> None:
    """Note a wait for all instances. If that fails, the log says so: Azure is then asked once too early."""
    if outside.throttles is None or error.until is None:
        return
    try:
        await outside.throttles.note(error.where, outside.clock.now(), error.until)
    except RotationError as problem:
        log.warning("%s: that Azure asked to wait could not be noted: %s", error.thing, problem)


async def waits_known(outside: Outside, problems: list[RotationError], now: datetime) -> Sequence[Throttle]:
    """Note the waits among the problems of a listing, and return all that are known.

    A wait of an hour is another problem, because turns that wait are in no other list. So is it if the waits cannot be
    read; then no turn waits.
    """
    for problem in [one for one in problems if isinstance(one, Throttled)]:
        await note_wait(outside, problem)
    if outside.throttles is None:
        return ()
    try:
        known = await outside.throttles.known(now)
    except RotationError as problem:
        problems.append(problem)
        return ()
    problems += [TryLater(one.where, one.says(), _LONG) for one in known if one.is_long(now)]
    return known
