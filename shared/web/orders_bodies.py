"""What callers may send about standing orders: a trial, its end, a hold, and its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import field

from shared.domain.orders import USUAL_TRIAL, trial_time
from shared.domain.requests import EndTrialRequest, HoldRequest, LiftHoldRequest, Request, RequestKind, TrialRequest
from shared.domain.times import FIRST, LAST
from shared.web.bodies import Body, check_form, scoped, why
from shared.web.body_fields import (
    Confirmed,
    DespiteCopies,
    DespiteLeak,
    DryRun,
    HeldUntil,
    HoldReason,
    ReasonText,
    TrialStart,
    TrialTime,
)


class PlanTrial(Body, frozen=True, kw_only=True):
    """Switch keys off for a stated time, and on again."""

    duration: TrialTime | None = None
    start: TrialStart | None = None
    reason: ReasonText = ""
    confirm: Confirmed | None = None
    despite_copies: DespiteCopies = field(default=False, name="despiteCopies")
    dry_run: DryRun = False

    def __post_init__(self) -> None:
        """Check how long it is: no pattern can say what a duration is. Raises ValueError."""
        check_form("duration", trial_time, self.duration)

    def request(self, id_: str, by: str) -> Request:
        return TrialRequest(
            reason=why(self.reason),
            by=by,
            id=scoped(id_, RequestKind.TRIAL),
            length=trial_time(self.duration) if self.duration else USUAL_TRIAL,
            starts=_readable(self.start) if self.start else None,
            despite_copies=self.despite_copies,
        )


class StopTrial(Body, frozen=True, kw_only=True):
    """End a trial now, or call off one that has not started."""

    reason: ReasonText = ""
    despite_leak: DespiteLeak = field(default=False, name="despiteLeak")
    dry_run: DryRun = False

    def request(self, id_: str, by: str) -> Request:
        # A first request that a leak held back must not make the one repeat it that says what to do about the leak.
        mark = scoped(id_, RequestKind.END_TRIAL, *(("despite a leak",) if self.despite_leak else ()))
        return EndTrialRequest(reason=why(self.reason), by=by, id=mark, despite_leak=self.despite_leak)


class SetHold(Body, frozen=True, kw_only=True):
    """Let rotations, ends of keys, trials and sunsets wait."""

    until: HeldUntil
    reason: HoldReason
    dry_run: DryRun = False

    def request(self, id_: str, by: str) -> Request:
        mark = scoped(id_, RequestKind.HOLD)
        return HoldRequest(reason=why(self.reason), by=by, id=mark, until=_readable(self.until))


class LiftHold(Body, frozen=True, kw_only=True):
    """End a hold now."""

    reason: ReasonText = ""
    dry_run: DryRun = False

    def request(self, id_: str, by: str) -> Request:
        return LiftHoldRequest(reason=why(self.reason), by=by, id=scoped(id_, RequestKind.LIFT_HOLD))


def _readable(moment: datetime) -> datetime:
    """Return a moment as notes and messages hold it: in whole seconds, and within the years that they can read."""
    return min(max(moment, FIRST), LAST - timedelta(seconds=1)).replace(microsecond=0).astimezone(UTC)


# What no type can say of a request to wait for a deployment: which fields go with what follows it.
FOLLOWING = [
    {"properties": {"then": {"enum": ["rotate", "sunset"]}, "duration": {"type": "null"}}},
    {
        "required": ["then", "soak"],
        "properties": {"then": {"const": "end"}, "soak": {"type": "string"}, "duration": {"type": "null"}},
    },
    {"required": ["then"], "properties": {"then": {"const": "trial"}}},
]
