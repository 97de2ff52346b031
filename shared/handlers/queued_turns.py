"""Queue the turns of a tick, each at the time that the pace gives it."""

from __future__ import annotations

import logging
import random
from datetime import timedelta

from shared.domain.errors import RotationError, TryLater
from shared.domain.names import LOGGER, QUEUE
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.pace import OBSERVATION, ROTATION, Cost, Pace, Planned, cost_of_adoption
from shared.fleet.rotation import Rotation, Tick

log = logging.getLogger(LOGGER)
type Slotted = tuple[str, timedelta]
AT_ONCE = timedelta(0)


async def queue_turns(app: Rotation, found: Tick, horizon: timedelta) -> list[str]:
    """Queue what a tick found: leaks on record at once, then each turn that fits before the next tick, at its slot.

    horizon: How long it is until the next tick.

    Returns the texts of the messages. Names what may not be queued among the tick's problems, and looks that do not fit
    among what it put off: the next tick finds both again. Raises the RotationError if nothing could be queued.
    """
    leaks = [(message.text(), AT_ONCE) for message in found.leaks]
    turns = _slotted(app, found, horizon)
    if app.outside.later is not None:
        errors = [*await app.outside.later.send_many(leaks), *await app.outside.later.send_many(turns)]
        _name(errors, len(leaks) + len(turns), found)
    left, last = len(found.turns) - len(turns), max((slot for _, slot in turns), default=AT_ONCE)
    if left or last:
        seconds = f"{last.total_seconds():.0f} s"
        log.info("tick: %d turns begin within %s; %d are left to the next tick", len(turns), seconds, left)
    return [text for text, _ in (*leaks, *turns)]


def _slotted(app: Rotation, found: Tick, horizon: timedelta) -> list[Slotted]:
    """Return the messages of the turns that fit before the next tick, each with its delay.

    With as few messages as the brake's limit or fewer it cannot come on, so their turns do not ask for it.
    """
    lot = _lot(found)
    slots = Pace(app.settings.rates, horizon).slots([Planned(one.target, cost) for one, cost in lot])
    fitting = [(one, slot) for (one, _), slot in zip(lot, slots, strict=True) if slot is not None]
    looks = [one for (one, cost), slot in zip(lot, slots, strict=True) if slot is None and cost is OBSERVATION]
    found.put_off |= {str(one.target.account).casefold() for one in looks}
    crowded = len(fitting) > app.settings.brake
    return [
        (message_for(one, found.now, crowded=crowded, troubled=found.has_trouble(one)).text(), slot)
        for one, slot in fitting
    ]


def _lot(found: Tick) -> list[tuple[Enrolled, Cost]]:
    """Return the turns in their order: what has something to do, then what is only observed, each in random order.

    Otherwise targets that fail in every tick would always come first: the brake would always hold the same others, and
    no time would be left for these.
    """
    adoptions = [(one, cost_of_adoption(one.target)) for one in found.to_adopt]
    first = [*((one, ROTATION) for one in found.to_do), *adoptions]
    then = [(one, OBSERVATION) for one in found.to_observe]
    return [*random.sample(first, len(first)), *random.sample(then, len(then))]


def _name(errors: list[RotationError], sent: int, found: Tick) -> None:
    if not errors:
        return
    if len(errors) == sent:
        raise errors[0]
    what = f"{len(errors)} of {sent} turns may not be queued: {errors[0].what}"
    found.problems.append(TryLater(f"queue {QUEUE}", what, "nothing; the next tick finds their targets again"))
