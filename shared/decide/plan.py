"""The shape of a decision: a reason, a sentence and steps. `policies` and `request_policies` choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.decide.steps import Step
from shared.domain.keys import Fingerprint


class Reason(StrEnum):
    """Why a plan is what it is. The values are public: replies, logs and reports use them."""

    NOTHING_DUE = "nothing-due"
    FINISHED = "finished"
    KEY_AUTH_IS_OFF = "key-auth-is-off"
    ADOPT = "adopt"
    ADOPT_IN_PLACE = "adopt-in-place"
    TAGS_LOST = "tags-lost"
    OVERWRITTEN = "overwritten"
    DRIFT = "drift"
    DUE = "due"
    REQUESTED = "requested"
    RESUMED = "resumed"
    ALREADY_DONE = "already-done"
    OVERLAP_RUNS = "overlap-runs"
    OUTSIDE_WINDOW = "outside-window"
    NOT_ANNOUNCED = "not-announced"
    NOBODY_LISTENS = "nobody-listens"
    OVERLAP_OVER = "overlap-over"
    LEAKED = "leaked"
    WHICH_KEY = "which-key"
    ARMED = "armed"
    DISARMED = "disarmed"
    DEPLOYED = "deployed"
    NOT_ARMED = "not-armed"
    SUNSET = "sunset"
    STILL_USED = "still-used"
    USE_UNKNOWN = "use-unknown"
    CANNOT_TAKE_AN_IDENTITY = "cannot-take-an-identity"
    KEYS_ARE_BACK = "keys-are-back"
    KEYS_ARE_OFF = "keys-are-off"
    OFF_BY_OTHERS = "off-by-others"
    HOLD_SET = "hold-set"
    HOLD_LIFTED = "hold-lifted"
    ON_HOLD = "on-hold"
    TRIAL_PLANNED = "trial-planned"
    TRIAL_CALLED_OFF = "trial-called-off"
    TRIAL_BEGINS = "trial-begins"
    TRIAL_RUNS = "trial-runs"
    TRIAL_OVER = "trial-over"
    TRIAL_STOPPED = "trial-stopped"
    KEYS_WORK_AGAIN = "keys-work-again"
    TRIAL_REFUSED = "trial-refused"
    LEAKED_IN_TRIAL = "leaked-in-trial"
    BRAKE = "brake"
    PERSON_MUST_LOOK = "person-must-look"


HELD = frozenset(
    {
        Reason.OVERLAP_RUNS,
        Reason.OUTSIDE_WINDOW,
        Reason.NOT_ANNOUNCED,
        Reason.NOBODY_LISTENS,
        Reason.STILL_USED,
        Reason.USE_UNKNOWN,
        Reason.CANNOT_TAKE_AN_IDENTITY,
        Reason.KEYS_ARE_OFF,
        Reason.BRAKE,
        Reason.WHICH_KEY,
        Reason.ON_HOLD,
        Reason.TRIAL_RUNS,
        Reason.TRIAL_REFUSED,
        Reason.LEAKED_IN_TRIAL,
        Reason.OFF_BY_OTHERS,
    }
)
SCHEDULED = frozenset({Reason.ADOPT, Reason.DUE, Reason.OVERLAP_OVER, Reason.SUNSET, Reason.TRIAL_BEGINS})
PREPARING = frozenset(
    {
        Reason.ADOPT,
        Reason.ADOPT_IN_PLACE,
        Reason.TAGS_LOST,
        Reason.OVERWRITTEN,
        Reason.DRIFT,
        Reason.KEYS_ARE_BACK,
        Reason.KEYS_WORK_AGAIN,
        Reason.OFF_BY_OTHERS,
        Reason.TRIAL_BEGINS,
        Reason.TRIAL_RUNS,
        Reason.TRIAL_OVER,
    }
)


@dataclass(frozen=True)
class Plan:
    """What should happen to one target, as data that can be printed.

    reason: Why, as one public word.
    why: Why, as a sentence for people.
    steps: What to do, in order. Empty if nothing is to be done now.
    held_until: For work that is wanted and must wait: the earliest time, in UTC, at which asking again can help, as far
        as is known now. None if nothing waits, or if nobody knows.
    leaked: The keys that a report is about, as values. They are put on record before the first step. Empty without one.
    """

    reason: Reason
    why: str
    steps: tuple[Step, ...] = ()
    held_until: datetime | None = None
    leaked: frozenset[Fingerprint] = frozenset()

    @property
    def is_held(self) -> bool:
        """Whether something is wanted and must wait, so that nothing is done now."""
        return self.reason in HELD and not self.steps

    @property
    def needs_a_person(self) -> bool:
        """Whether a person must decide about the target before anything can be done."""
        return self.reason is Reason.PERSON_MUST_LOOK

    @property
    def answers_a_request(self) -> bool:
        """Whether this plan deals with the request. Adopting and repairing drift only prepare for it."""
        return self.reason not in PREPARING

    @property
    def is_scheduled(self) -> bool:
        """Whether this begins work only because its time has come, so that it can also come a little later."""
        return bool(self.steps) and self.reason in SCHEDULED

    def __str__(self) -> str:
        steps = ", ".join(str(step) for step in self.steps) or "no steps"
        return f"{self.reason}: {self.why} [{steps}]"


def held_by_the_brake(plan: Plan, limit: int) -> Plan:
    """Return a plan that holds this one until the next check, because more than `limit` other targets failed."""
    why = f"More than {limit} targets failed in this check, so no scheduled work begins. Without that: {plan.why}"
    return Plan(Reason.BRAKE, why)
