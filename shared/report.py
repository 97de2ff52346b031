"""What happened, as data: an outcome for each turn, a row for each target of a survey, and the sentence about all.

Outcomes hold reasons, slots, fingerprints and times; never a key. The trigger logs them, the HTTP reply carries
them, a terminal prints them: one shape for all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared import cadence
from shared.errors import LeaseHeld, RotationError
from shared.events import Announcement
from shared.model import Observation, Target
from shared.plan import Plan, Reason


class Result(StrEnum):
    DONE = "done"
    NOTHING = "nothing-to-do"
    HELD = "held-back"
    BUSY = "busy"
    FAILED = "failed"
    PLANNED = "planned"


@dataclass(frozen=True)
class Outcome:
    """One target's turn. `done` are the steps carried out, also when a later one failed; `owed` are the
    announcements that were not accepted yet and stay owed; `forgotten` are those that can stay so no longer."""

    target: str
    result: Result
    reason: str
    why: str
    done: tuple[str, ...] = ()
    announced: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()
    untold: str | None = None
    held_until: datetime | None = None
    next_step: str | None = None

    def data(self) -> dict[str, object]:
        """JSON-ready, without what is empty."""
        facts = {
            "target": self.target,
            "result": self.result.value,
            "reason": self.reason,
            "why": self.why,
            "done": list(self.done),
            "announced": list(self.announced),
            "announcementsOwed": list(self.owed),
            "unproven": list(self.unproven),
            "forgotten": list(self.forgotten),
            "announcingFailed": self.untold,
            "heldUntil": self.held_until.isoformat() if self.held_until else None,
            "nextStep": self.next_step,
        }
        return {name: value for name, value in facts.items() if value or name == "done"}

    def __str__(self) -> str:
        doing = f" Done: {', '.join(self.done)}." if self.done else ""
        unproven = f" Not proven: {', '.join(self.unproven)}." if self.unproven else ""
        owing = f" Still to be announced: {', '.join(self.owed)}." if self.owed else ""
        owing += f" {self.untold}" if self.untold else ""
        step = f" Next step: {self.next_step}." if self.next_step else ""
        return f"{self.target}: {self.result} ({self.reason}). {self.why}{doing}{unproven}{owing}{step}"


def result_of(plan: Plan) -> Result:
    if plan.steps:
        return Result.DONE
    return Result.HELD if plan.is_held else Result.NOTHING


def failure(target: str, error: RotationError, done: Iterable[object] = ()) -> Outcome:
    """The outcome of a turn that an error ended."""
    result = Result.BUSY if isinstance(error, LeaseHeld) else Result.FAILED
    steps = tuple(str(step) for step in done)
    what = error.what if error.thing in (target, "") else f"{error.thing}: {error.what}"
    return Outcome(target, result, error.code, what, steps, next_step=error.next_step)


@dataclass(frozen=True)
class Row:
    """One target of a survey: what was seen, what would be done now, and what is owed."""

    target: Target
    plan: Plan | None = None
    seen: Observation | None = None
    owed: tuple[Announcement, ...] = ()
    error: RotationError | None = None

    def data(self) -> dict[str, object]:
        """JSON-ready."""
        facts: dict[str, object] = {
            "target": self.target.name,
            "account": str(self.target.account),
            "secret": self.target.secret_url,
            "owner": self.target.owner,
        }
        if self.error is not None:
            facts |= {"error": self.error.code, "why": self.error.what, "nextStep": self.error.next_step}
        if self.plan is not None:
            facts |= self._decided(self.plan)
        return {name: value for name, value in facts.items() if value is not None} | self._marks()

    def _decided(self, plan: Plan) -> dict[str, object]:
        return {
            "reason": plan.reason.value,
            "why": plan.why,
            "steps": [str(step) for step in plan.steps],
            "heldUntil": plan.held_until.isoformat() if plan.held_until else None,
            "announcementsOwed": [str(announcement.kind) for announcement in self.owed],
        }

    def _marks(self) -> dict[str, object]:
        publication = self.seen.publication if self.seen else None
        if self.seen is None or publication is None or publication.marks is None:
            return {}
        marks = publication.marks
        facts = {
            "live": self.seen.live,
            "fingerprint": publication.value,
            "liveSince": marks.since.isoformat(),
            "due": cadence.due_at(marks, self.target.cadence).isoformat(),
            "previousKeyWorksUntil": marks.until.isoformat() if marks.until else None,
        }
        return {name: value for name, value in facts.items() if value is not None}


class _Said(RotationError):
    """A failure that an outcome tells of, as an error again: with the code that it had."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.target, outcome.why, outcome.next_step)
        self._code = outcome.reason

    @property
    def code(self) -> str:
        return self._code


def said_again(outcome: Outcome) -> RotationError:
    """The error that made a turn fail, for those who announce it."""
    return _Said(outcome)


def person_must_look(plan: Plan) -> bool:
    return plan.reason is Reason.PERSON_MUST_LOOK
