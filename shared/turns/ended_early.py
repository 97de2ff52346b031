"""Which key a turn ended before its time: a previous key whose overlap was not over, because a person asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from shared.decide.situation import Situation
from shared.decide.steps import Regenerate, Step, Wait
from shared.domain.keys import KeySlot


def ended_early(before: Situation, done: Sequence[Step]) -> str | None:
    """Return the previous key that the steps ended while it was promised to work, in words. None if they ended none.

    before: The situation in which the steps were decided.
    done: The steps that were carried out, in order.
    """
    ended = [step.slot for step in done if isinstance(step, Regenerate)]
    if not ended or before.seen.publication is None or not before.overlap_runs or before.spare not in ended:
        return None
    until, spare = before.marks.until, before.spare
    if until is None or before.now + _waited_before(spare, done) >= until:
        return None
    return f"{spare.words} with fingerprint {before.seen.keys[spare]}, promised to work until {until.isoformat()}"


def _waited_before(slot: KeySlot, done: Sequence[Step]) -> timedelta:
    first = next(place for place, step in enumerate(done) if isinstance(step, Regenerate) and step.slot is slot)
    return sum((step.time for step in done[:first] if isinstance(step, Wait)), timedelta(0))
