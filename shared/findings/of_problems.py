"""The findings about what could not be read or enrolled."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.errors import FixConfiguration, LeaseHeld, LeaseLost, OutOfTime, RotationError, Throttled, TryLater
from shared.domain.model import AccountId
from shared.findings.codes import Code, Urgency
from shared.findings.kinds import Finding

LASTING = timedelta(hours=1)  # from then on, what should pass by itself is for a person
_PASSES = (TryLater, Throttled, LeaseHeld, LeaseLost, OutOfTime)


def of_problem(
    error: RotationError, left: frozenset[str] = frozenset(), target: str | None = None, *, lasts: bool = False
) -> Finding:
    """Return the finding of an error.

    left: The ids of the accounts that are not enrolled any more, in lower case.
    target: The target that it is about. None: it is about what the error names.
    lasts: Whether it has lasted for an hour.

    An error that a later check can clear by itself is only to be watched, until it has lasted for an hour.
    """
    about, step = target or error.thing, error.next_step
    account = _id_in(error.thing)
    says = error.what if target is None or account else error.about(target)
    if error.thing.casefold() in left:
        return Finding(Code.LEFT, about, says, step, account=account)
    if isinstance(error, FixConfiguration):
        code = Code.REFUSED if error.is_refusal else Code.NOT_ENROLLABLE
        return Finding(code, about, says, step, account=account)
    passes = isinstance(error, _PASSES) and not lasts
    return Finding(Code.UNSEEN, about, says, step, Urgency.WATCH if passes else None, account=account)


def of_failing_turns(error: RotationError, target: str, now: datetime) -> Finding:
    """Return the finding about a target that can be seen and whose turns fail with this error.

    An error that a later check can clear by itself is only to be watched, until it has lasted for an hour.
    """
    lasts = error.since is not None and now - error.since > LASTING
    urgency = Urgency.WATCH if isinstance(error, _PASSES) and not lasts else None
    return Finding(
        Code.TURNS_FAIL, target, error.about(target), error.next_step, special_urgency=urgency, since=error.since
    )


def _id_in(thing: str) -> str:
    """Return what an error is about if that is an account's resource id. Empty if not."""
    try:
        return str(AccountId.parse(thing))
    except ValueError:
        return ""
