"""Queue the turns of a tick, each at the time that the pace gives it."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import timedelta

from shared.domain.errors import RotationError, TryLater
from shared.domain.names import LOGGER, QUEUE
from shared.fleet.enrolment import Enrolled, message_for
from shared.fleet.many_turns import OpenTurns, PacedTurn, open_turns
from shared.fleet.pace import OBSERVATION, ROTATION, Cost, Pace, Planned, cost_of_adoption
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick

log = logging.getLogger(LOGGER)
type Slotted = tuple[str, timedelta]
AT_ONCE = timedelta(0)


async def queue_turns(app: Rotation, found: Tick, horizon: timedelta) -> list[str]:
    """Queue what a tick found: leaks on record at once, then each turn that fits before the next tick, at its slot.

    horizon: How long it is until the next tick.

    Returns the texts of the messages. Names what may not be queued among the tick's problems, and looks that do not fit
    among what it put off: the next tick finds both again. Raises the RotationError if nothing could be queued.
    """
    many = await open_turns(app, found)
    leaks = [(message.text(), AT_ONCE) for message in (*found.leaks, *found.trials, *many.unlisted)]
    turns, left = _slotted(app, found, many, horizon)
    if app.outside.later is not None:
        errors = [*await app.outside.later.send_many(leaks), *await app.outside.later.send_many(turns)]
        _name(errors, len(leaks) + len(turns), found)
    last = max((slot for _, slot in turns), default=AT_ONCE)
    if left or last:
        seconds = f"{last.total_seconds():.0f} s"
        log.info("tick: %d turns begin within %s; %d are left to the next tick", len(turns), seconds, left)
    return [text for text, _ in (*leaks, *turns)]


def _slotted(app: Rotation, found: Tick, many: OpenTurns, horizon: timedelta) -> tuple[list[Slotted], int]:
    """Return the messages of the turns that fit before the next tick, each with its delay, and how many do not fit.

    With as few scheduled turns as the brake's limit or fewer it cannot come on, so they do not ask for it.
    """
    lot = _lot(found, many)
    slots = Pace(app.settings.rates, horizon).slots([turn.planned for turn in lot])
    fitting = [(turn, slot) for turn, slot in zip(lot, slots, strict=True) if slot is not None]
    looks = [turn for turn, slot in zip(lot, slots, strict=True) if slot is None and turn.planned.cost is OBSERVATION]
    found.put_off |= {str(turn.planned.target.account).casefold() for turn in looks}
    crowded = sum(turn.message.request is None for turn, _ in fitting) > app.settings.brake
    queued = [(_text(turn, crowded=crowded), slot) for turn, slot in fitting]
    return queued, len(lot) - len(fitting)


def _lot(found: Tick, many: OpenTurns) -> list[PacedTurn]:
    """Return the turns in their order: leaks for many, what has something to do, rotations for many, and what is only
    observed. What is scheduled is in random order.

    Otherwise targets that fail in every tick would always come first: the brake would always hold the same others, and
    no time would be left for these.
    """
    adoptions = [_scheduled(found, one, cost_of_adoption(one.target)) for one in found.to_adopt]
    first = [*(_scheduled(found, one, ROTATION) for one in found.to_do), *adoptions]
    then = [_scheduled(found, one, OBSERVATION) for one in found.to_observe]
    return [*many.leaks, *random.sample(first, len(first)), *many.rotations, *random.sample(then, len(then))]


def _scheduled(found: Tick, one: Enrolled, cost: Cost) -> PacedTurn:
    message = message_for(one, found.now, troubled=found.has_trouble(one))
    return PacedTurn(Planned(one.target, cost), replace(message, ordered=found.has_orders(one)))


def _text(turn: PacedTurn, *, crowded: bool) -> str:
    """Return a turn's message. Only a scheduled turn asks for the brake."""
    return replace(turn.message, crowded=crowded and turn.message.request is None).text()


def _name(errors: list[RotationError], sent: int, found: Tick) -> None:
    if not errors:
        return
    found.unsent = True
    found.put_off |= {str(one.target.account).casefold() for one in found.to_observe}  # a look too many does no harm
    if len(errors) == sent:
        raise errors[0]
    what = f"{len(errors)} of {sent} turns may not be queued: {errors[0].what}"
    found.problems.append(TryLater(f"queue {QUEUE}", what, "nothing; the next tick finds their targets again"))
