"""The findings about what could not be read or enrolled."""

from __future__ import annotations

from shared.domain.errors import FixConfiguration, LeaseHeld, LeaseLost, OutOfTime, RotationError, Throttled, TryLater
from shared.findings.codes import Code, Urgency
from shared.findings.kinds import Finding

_PASSES = (TryLater, Throttled, LeaseHeld, LeaseLost, OutOfTime)


def of_problem(error: RotationError, left: frozenset[str] = frozenset(), target: str | None = None) -> Finding:
    """Return the finding of an error.

    left: The ids of the accounts that are not enrolled any more, in lower case.
    target: The target that it is about. None: it is about what the error names.

    An error that a later check can clear by itself is only to be watched.
    """
    about, step = target or error.thing, error.next_step
    if error.thing.casefold() in left:
        return Finding(Code.LEFT, about, error.what, step)
    if isinstance(error, FixConfiguration):
        return Finding(Code.REFUSED if error.refusal is not None else Code.NOT_ENROLLABLE, about, error.what, step)
    urgency = Urgency.WATCH if isinstance(error, _PASSES) else None
    return Finding(Code.UNSEEN, about, error.what, None if target else step, special_urgency=urgency)
