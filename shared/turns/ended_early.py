"""Which key a turn ended before its time: a previous key whose overlap was not over, because a person asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from shared.decide.situation import Situation
from shared.decide.steps import Regenerate, Step, Wait


def ended_early(before: Situation, done: Iterable[Step]) -> str | None:
    """Return the previous key that the steps ended while it was promised to work, in words. None if they ended none.

    before: The situation in which the steps were decided.
    done: The steps that were carried out, in order.
    """
    if before.seen.publication is None or not before.overlap_runs:
        return None
    until, spare, waited = before.marks.until, before.spare, timedelta(0)
    for step in done:
        waited += step.time if isinstance(step, Wait) else timedelta(0)
        if isinstance(step, Regenerate) and step.slot is spare and until and before.now + waited < until:
            mark = before.seen.keys[spare]
            return f"{spare} with fingerprint {mark}, promised to work until {until.isoformat()}"
    return None
