"""What happened, as data: an outcome for each turn, a row for each target of a survey, and the sentence about all.

Outcomes hold reasons, slots, fingerprints and times; never a key. The trigger logs them, the HTTP reply carries
them, a terminal prints them: one shape for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NotRequired, TypedDict, cast

from shared.announce.announcements import Announcement
from shared.decide.plan import Plan, Reason
from shared.decide.schedule import schedule_of
from shared.decide.situation import Situation
from shared.decide.steps import Step
from shared.domain.errors import LeaseHeld, RotationError, Throttled
from shared.domain.keys import KeySlot
from shared.domain.model import Observation, Target
from shared.domain.orders import Orders
from shared.domain.requests import AwaitedDeployment, Follow, Requester
from shared.domain.times import iso_duration
from shared.turns.orders_data import HoldData, TrialData, hold_data, trial_data
from shared.turns.proof import Ending


class EndingData(TypedDict):
    """When a leaked key stopped working, as the account's own endpoint answered."""

    key: KeySlot
    fingerprint: NotRequired[str]
    lastAccepted: str | None
    refusedFrom: str | None
    lastAnswer: str


class Result(StrEnum):
    """How a turn ended. The values are public; docs/answers.md explains each."""

    DONE = "done"
    NOTHING = "nothing-to-do"
    HELD = "held-back"
    BUSY = "busy"
    FAILED = "failed"
    PLANNED = "planned"


class OutcomeData(TypedDict):
    """What became of a turn, or would become of it, ready for JSON."""

    target: str
    account: NotRequired[str]
    secret: NotRequired[str]
    result: Result
    reason: str
    why: str
    done: list[str]
    announced: NotRequired[list[str]]
    announcementsOwed: NotRequired[list[str]]
    unproven: NotRequired[list[str]]
    forgotten: NotRequired[list[str]]
    leakedKeys: NotRequired[list[EndingData]]
    endedEarly: NotRequired[list[str]]
    announcingFailed: NotRequired[str]
    requestedBy: NotRequired[str]
    requestReason: NotRequired[str]
    heldUntil: NotRequired[str]
    nextStep: NotRequired[str]


class HeldByMode(StrEnum):
    """Why a request is held back although its plan is not: the mode forbids changes. Public like `Reason`."""

    OBSERVING = "observing"


# docs/facts.md, Readers
_REFRESH = (
    "apps with a Key Vault reference of App Service keep an ended key for up to a day, also after a restart: refresh "
    "their references (docs/events.md)"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one target's turn, or what would become of it.

    target: The target's name.
    result: How the turn ended, in one public word.
    cause: Why it ended so: the plan's reason, the mode that held the request back, or the error that ended the turn.
    why: The same as a sentence.
    done: The steps that were carried out, in order, also if a later one failed, in the words of answers.
    did: The same in words for people, such as "published key 1".
    announced: The kinds of the events that Event Grid accepted in this turn.
    outstanding: The kinds of the events that Event Grid has not accepted yet. The next turn sends them again.
    unproven: What the account's endpoint said of each key that was published without proof.
    dropped: Announcements that were never accepted and are given up, because the secret's tags have no room for them.
    endings: When each leaked key was accepted for the last time and refused for the first.
    early: The keys that ended while they were promised to work, in words. Answers and the log say it, and an alert
        looks for it.
    requester: Who requested the turn, and why. Empty for a turn that the schedule made.
    untold: Why announcements are outstanding, or will be sent a second time. None if announcing worked.
    held_until: When the wait ends, in UTC. None if nothing is held back, or if no time is known.
    next_step: What a person should do. None if there is nothing to do.
    account: The account's resource id. Empty if it could not be found out.
    secret: The secret's address, without a version. Empty if it could not be found out.
    """

    target: str
    result: Result
    cause: Reason | HeldByMode | RotationError
    why: str
    done: tuple[str, ...] = ()
    did: tuple[str, ...] = field(default=(), compare=False)
    announced: tuple[str, ...] = ()
    outstanding: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    endings: tuple[Ending, ...] = ()
    early: tuple[str, ...] = ()
    requester: Requester = field(default_factory=Requester)
    untold: str | None = None
    held_until: datetime | None = None
    next_step: str | None = None
    account: str = ""
    secret: str = ""

    def about(self, target: Target) -> Outcome:
        """Return the outcome with the account and the secret that it is about."""
        return replace(self, account=str(target.account), secret=target.secret_url)

    @property
    def error(self) -> RotationError | None:
        """The error that ended the turn. None if it ended without one."""
        return self.cause if isinstance(self.cause, RotationError) else None

    @property
    def reason(self) -> str:
        """The cause as the public word that answers, logs and telemetry use, such as "due" or "TryLater"."""
        return self.cause.code if isinstance(self.cause, RotationError) else self.cause.value

    def data(self) -> OutcomeData:
        """Return the outcome ready for JSON, without empty members."""
        facts = OutcomeData(
            target=self.target, result=self.result, reason=self.reason, why=self.why, done=list(self.done)
        )
        more = {
            "account": self.account,
            "secret": self.secret,
            "announced": list(self.announced),
            "announcementsOwed": list(self.outstanding),
            "unproven": list(self.unproven),
            "forgotten": list(self.dropped),
            "leakedKeys": [_ending(one) for one in self.endings],
            "endedEarly": list(self.early),
            "announcingFailed": self.untold,
            "requestedBy": self.requester.by,
            "requestReason": self.requester.why,
            "heldUntil": self.held_until.isoformat() if self.held_until else None,
            "nextStep": self._step,
        }
        return _with(facts, more)

    @property
    def _step(self) -> str | None:
        """The next step; if a key ended early and nothing else is to do, the one that its consumers have."""
        ended_early = self.result is Result.DONE and (bool(self.endings) or self.cause is Reason.DRIFT)
        return self.next_step or (_REFRESH if ended_early else None)

    def __str__(self) -> str:
        doing = f" Done: {', '.join(self.did or self.done)}." if self.done else ""
        doing += "".join(f" {_gone(one)}" for one in self.endings)
        doing += "".join(f" Ended before its time: {one}." for one in self.early)
        unproven = f" Not proven: {', '.join(self.unproven)}." if self.unproven else ""
        owing = f" Still to be announced: {', '.join(self.outstanding)}." if self.outstanding else ""
        owing += f" {self.untold}" if self.untold else ""
        step = f" Next step: {self._step}." if self._step else ""
        about = f" Account: {self.account}. Secret: {self.secret}." if self.account else ""
        return f"{self.target}: {self.result} ({self.reason}). {self.why}{doing}{unproven}{owing}{step}{about}"


def _gone(one: Ending) -> str:
    accepted = f"last accepted at {one.last_accepted.isoformat()}" if one.last_accepted else "never seen accepted"
    refused = f"refused from {one.refused.isoformat()}" if one.refused else f"not seen refused ({one.detail})"
    mark = f" with fingerprint {one.fingerprint}" if one.fingerprint else ""
    return f"The leaked {one.slot.words}{mark}: {accepted}, {refused}."


def _ending(one: Ending) -> EndingData:
    ending = EndingData(
        key=one.slot,
        lastAccepted=one.last_accepted.isoformat() if one.last_accepted else None,
        refusedFrom=one.refused.isoformat() if one.refused else None,
        lastAnswer=one.detail,
    )
    return _with(ending, {"fingerprint": one.fingerprint})


def _with[D](facts: D, more: Mapping[str, object]) -> D:
    """The facts and whatever of the others is not empty. Their types are those of the facts' own type, which the
    tests hold against it."""
    return cast("D", {**cast("dict[str, object]", facts), **{name: value for name, value in more.items() if value}})


def result_of(plan: Plan) -> Result:
    """Return the result of a turn that carried out this plan."""
    if plan.steps:
        return Result.DONE
    return Result.HELD if plan.is_held else Result.NOTHING


def failure(target: str, error: RotationError, done: Iterable[Step] = ()) -> Outcome:
    """Return the outcome of a turn that an error ended, after the steps in `done`.

    A turn that Azure asked to wait has not failed: it is held back.
    """
    steps = tuple(done)
    words, did = tuple(map(str, steps)), tuple(step.past for step in steps)
    outcome = Outcome(target, Result.FAILED, error, error.about(target), words, did, next_step=error.next_step)
    if isinstance(error, Throttled):
        return replace(outcome, result=Result.HELD, held_until=error.until)
    return replace(outcome, result=Result.BUSY) if isinstance(error, LeaseHeld) else outcome


class ArmedData(TypedDict):
    """The deployment that the target waits for, and what follows it if that is no rotation."""

    environment: str
    soak: NotRequired[str]
    latest: NotRequired[str]
    deployed: NotRequired[str]
    then: NotRequired[Follow]
    duration: NotRequired[str]


class RowData(TypedDict):
    """One target of a survey."""

    target: str
    account: str
    secret: str
    owner: NotRequired[str]
    presumed: NotRequired[bool]
    shownAt: NotRequired[str]
    error: NotRequired[str]
    why: NotRequired[str]
    nextStep: NotRequired[str]
    reason: NotRequired[Reason]
    steps: NotRequired[list[str]]
    heldUntil: NotRequired[str]
    announcementsOwed: NotRequired[list[str]]
    live: NotRequired[KeySlot]
    fingerprint: NotRequired[str]
    liveSince: NotRequired[str]
    due: NotRequired[str]
    previousKeyWorksUntil: NotRequired[str]
    requestedBy: NotRequired[str]
    requestReason: NotRequired[str]
    waitsFor: NotRequired[ArmedData]
    trial: NotRequired[TrialData]
    hold: NotRequired[HoldData]


@dataclass(frozen=True)
class Row:
    """One target of a survey.

    target: The target.
    plan: What would be done now. None if that could not be decided.
    situation: What was observed, and when. None if the target could not be observed.
    outstanding: The announcements that were not accepted yet.
    error: Why the target could not be observed or decided about. None if it could.
    presumed: Whether the row comes from a listing, which shows dates and tags but no keys. A key that somebody
        regenerated since the last full observation does not show in it.
    shown_at: When that listing showed it, in UTC. None for a target that was observed.
    fails: Whether the target was seen, and the error is why its turns fail.
    orders: The standing orders, of a target that has no situation. A hold that is over is left out.
    refused: How many calls its open trial has refused so far. None if that was not counted.
    """

    target: Target
    plan: Plan | None = None
    situation: Situation | None = None
    outstanding: tuple[Announcement, ...] = ()
    error: RotationError | None = None
    presumed: bool = False
    shown_at: datetime | None = None
    fails: bool = False
    orders: Orders = field(default_factory=Orders)
    refused: int | None = None

    @property
    def seen(self) -> Observation | None:
        """What was observed. None if the target could not be observed."""
        return self.situation.seen if self.situation else None

    @property
    def is_stale(self) -> bool:
        """Whether it shows what was known last, because the target cannot be read or is misconfigured."""
        return self.error is not None and not self.fails

    def data(self) -> RowData:
        """Return the row as data that can become JSON."""
        target, shown = self.target, self.shown_at.isoformat() if self.shown_at else None
        facts = RowData(target=target.name, account=str(target.account), secret=target.secret_url)
        facts = _with(
            facts,
            {"owner": target.owner, "presumed": self.presumed, "shownAt": shown, **self._failed(), **self._marks()}
            | self._ordered(),
        )
        if self.plan is not None:
            facts["reason"] = self.plan.reason
            if self.error is None:
                facts["why"] = self.plan.why
            facts["steps"] = [str(step) for step in self.plan.steps]
            facts["announcementsOwed"] = [announcement.kind.value for announcement in self.outstanding]
            if self.plan.held_until:
                facts["heldUntil"] = self.plan.held_until.isoformat()
        return facts

    def _failed(self) -> dict[str, object]:
        error = self.error
        return {"error": error.code, "why": error.what, "nextStep": error.next_step} if error else {}

    def _ordered(self) -> dict[str, object]:
        """Return the trial and the hold."""
        situation = self.situation
        orders = situation.seen.orders if situation else self.orders
        trial, hold = orders.trial, situation.hold if situation else orders.hold
        dates = schedule_of(situation) if situation else None
        return {
            "trial": trial_data(trial, dates.trial if dates else None, self.refused) if trial else None,
            "hold": hold_data(hold) if hold else None,
        }

    def _marks(self) -> dict[str, object]:
        situation = self.situation
        publication = situation.seen.publication if situation else None
        if situation is None or publication is None or publication.marks is None:
            return {}
        marks, dates, awaited = publication.marks, schedule_of(situation), situation.awaited
        return {
            "live": situation.seen.live,
            "fingerprint": publication.value,
            "liveSince": marks.since.isoformat(),
            "due": dates.rotation.isoformat() if dates else None,
            "previousKeyWorksUntil": marks.until.isoformat() if marks.until else None,
            "requestedBy": marks.requester.by,
            "requestReason": marks.requester.why,
            "waitsFor": _awaited(awaited) if awaited else None,
        }


def _awaited(awaited: AwaitedDeployment) -> ArmedData:
    more = {
        "soak": iso_duration(awaited.soak) if awaited.soak else None,
        "latest": awaited.latest.isoformat() if awaited.latest else None,
        "deployed": awaited.deployed.isoformat() if awaited.deployed else None,
        "then": awaited.then if awaited.then is not Follow.ROTATE else None,
        "duration": iso_duration(awaited.length) if awaited.length else None,
    }
    return _with(ArmedData(environment=awaited.environment), more)
