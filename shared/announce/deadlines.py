"""The deadlines of a target, as the calendar, the survey of deadlines and the status page show them.

The dates come from `schedule`. Each is listed whether or not it was announced yet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NotRequired, TypedDict

from shared.decide.carried_over import valid_told
from shared.decide.schedule import Schedule, schedule_of
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.model import Target
from shared.domain.relative import length_in_words
from shared.domain.requests import Follow
from shared.domain.times import iso_duration
from shared.domain.told import ToldDeadline


class DeadlineKind(StrEnum):
    """What happens at a deadline. The values are public."""

    ROTATION = "rotation"
    RETIREMENT = "retirement"
    SUNSET = "sunset"
    TRIAL = "trial"


_SENTENCES = {
    DeadlineKind.ROTATION: "another key is published; {key} keeps working for the overlap after that",
    DeadlineKind.RETIREMENT: "{key} stops working for everybody who still uses it",
    DeadlineKind.SUNSET: "the account stops accepting keys",
    DeadlineKind.TRIAL: "the account stops accepting keys for {length}, for a trial",
}


class DeadlineData(TypedDict):
    """A deadline as JSON."""

    target: str
    what: DeadlineKind
    at: str
    announced: bool
    says: str
    owner: NotRequired[str]
    afterDeploymentTo: NotRequired[str]
    onHold: NotRequired[bool]
    heldUntil: NotRequired[str]
    lasts: NotRequired[str]


@dataclass(frozen=True)
class Deadline:
    """One date that lies ahead.

    target: The target that it is a date of.
    what: What happens.
    falls_at: When it happens, in UTC.
    key: The key that it is about.
    announced: Whether Event Grid accepted an announcement of this very moment. Until then the moment may move.
    after_deployment: The environment whose next deployment brings it sooner. None if it waits for none.
    on_hold: Whether nothing is done for its target until a person has corrected it. It then happens later, if at all.
    held_until: Until when a person put the target on hold, in UTC, if that moves the deadline. None if it does not.
    length: For a trial: how long keys are off. None for anything else.
    """

    target: Target
    what: DeadlineKind
    falls_at: datetime
    key: KeySlot
    announced: bool
    after_deployment: str | None = None
    on_hold: bool = False
    held_until: datetime | None = None
    length: timedelta | None = None

    @property
    def id(self) -> str:
        """What tells it apart from every deadline of any app: it does not depend on the target's name or the moment."""
        identity = [str(self.target.account).casefold(), self.target.secret_url.casefold(), self.what]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]

    @property
    def says(self) -> str:
        """What happens, as part of a sentence."""
        length = length_in_words(self.length) if self.length else "a while"
        words = _SENTENCES[self.what].format(key=self.key.words, length=length)
        return f"at the latest, {words}" if self.after_deployment else words

    def data(self) -> DeadlineData:
        """Return the deadline as data that can become JSON."""
        facts = DeadlineData(
            target=self.target.name,
            what=self.what,
            at=self.falls_at.isoformat(),
            announced=self.announced,
            says=self.says,
        )
        if self.target.owner is not None:
            facts["owner"] = self.target.owner
        if self.after_deployment is not None:
            facts["afterDeploymentTo"] = self.after_deployment
        if self.on_hold:
            facts["onHold"] = True
        if self.held_until is not None:
            facts["heldUntil"] = self.held_until.isoformat()
        if self.length is not None:
            facts["lasts"] = iso_duration(self.length)
        return facts


def deadlines(situation: Situation) -> Iterator[Deadline]:
    """Yield the target's deadlines. None once its keys are off, or if nothing is published and marked."""
    schedule = schedule_of(situation)
    if schedule is None:
        return
    free = schedule_of(_without_hold(situation)) if situation.hold else schedule
    for one in _deadlines(situation, schedule):
        moved = not one.on_hold and free is not None and getattr(free, one.what.value) != one.falls_at
        yield replace(one, held_until=situation.hold.until) if moved and situation.hold else one


def _without_hold(situation: Situation) -> Situation:
    orders = replace(situation.seen.orders, hold=None)
    return replace(situation, seen=replace(situation.seen, orders=orders))


def _deadlines(situation: Situation, schedule: Schedule) -> Iterator[Deadline]:
    told, awaited = valid_told(situation), situation.awaited
    rotates = awaited is not None and awaited.then in (Follow.ROTATE, Follow.END) and not awaited.deployed
    waits = awaited.environment if awaited and rotates else None
    yield _deadline(situation, DeadlineKind.ROTATION, schedule.rotation, situation.live, told.rotation, waits)
    if schedule.retirement is not None:
        yield _deadline(situation, DeadlineKind.RETIREMENT, schedule.retirement, situation.spare, told.retirement)
    if schedule.sunset is not None:
        ends = _deadline(situation, DeadlineKind.SUNSET, schedule.sunset, situation.live, told.sunset)
        agreed = situation.agreed_sunset or schedule.sunset
        yield ends if situation.seen.takes_identity else replace(ends, falls_at=agreed, announced=False, on_hold=True)
    if schedule.trial is not None and situation.trial is not None:
        starts = _deadline(situation, DeadlineKind.TRIAL, schedule.trial, situation.live, situation.trial.told)
        yield replace(starts, length=situation.trial.length)


def _deadline(
    situation: Situation,
    what: DeadlineKind,
    falls_at: datetime,
    key: KeySlot,
    told: ToldDeadline | None,
    waits: str | None = None,
) -> Deadline:
    announced = told is not None and told.deadline == falls_at
    return Deadline(situation.target, what, falls_at, key, announced, waits)
