"""What is going to happen to a target and when: the deadlines that a calendar can show.

The same moments that `outstanding` announces, all of them at once and whether or not they were announced yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NotRequired, TypedDict

from shared.decide import cadence
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.told import ToldDeadline


class DeadlineKind(StrEnum):
    """What happens at a deadline."""

    ROTATION = "rotation"
    RETIREMENT = "retirement"
    SUNSET = "sunset"


_WORDS = {
    DeadlineKind.ROTATION: "another key is published; {key} keeps working for the overlap after it",
    DeadlineKind.RETIREMENT: "{key} stops working for everybody who still holds it",
    DeadlineKind.SUNSET: "the account stops accepting keys altogether",
}


class DeadlineData(TypedDict):
    target: str
    what: DeadlineKind
    at: str
    announced: bool
    says: str
    owner: NotRequired[str]
    afterDeploymentTo: NotRequired[str]


@dataclass(frozen=True)
class Deadline:
    """One moment to come. `announced` says that Event Grid accepted an announcement of this very moment."""

    target: str
    what: DeadlineKind
    at: datetime
    key: KeySlot
    announced: bool
    owner: str | None = None
    after_deployment: str | None = None

    @property
    def says(self) -> str:
        words = _WORDS[self.what].format(key=self.key)
        return f"at the latest, {words}" if self.after_deployment else words

    def data(self) -> DeadlineData:
        """JSON-ready."""
        facts = DeadlineData(
            target=self.target, what=self.what, at=self.at.isoformat(), announced=self.announced, says=self.says
        )
        if self.owner is not None:
            facts["owner"] = self.owner
        if self.after_deployment is not None:
            facts["afterDeploymentTo"] = self.after_deployment
        return facts


def deadlines(situation: Situation) -> Iterator[Deadline]:
    """The deadlines of one target whose publication is marked; none once its keys are off."""
    if not situation.seen.key_auth or not situation.is_published:
        return
    marks, rhythm, told = situation.marks, situation.target.cadence, situation.told()
    waits = situation.awaited.environment if situation.awaited and not situation.awaited.deployed else None
    yield _deadline(situation, DeadlineKind.ROTATION, situation.rotation_expected, situation.live, told.rotation, waits)
    ending = cadence.ending_at(marks, rhythm, situation.now) if situation.spare_in_use and not marks.leaked else None
    if ending is not None:
        yield _deadline(situation, DeadlineKind.RETIREMENT, ending, situation.spare, told.retirement)
    if situation.target.sunset is not None:
        moment = cadence.sunset_at(situation.target.sunset, told.sunset, rhythm, situation.now)
        yield _deadline(situation, DeadlineKind.SUNSET, moment, situation.live, told.sunset)


def _deadline(
    situation: Situation,
    what: DeadlineKind,
    moment: datetime,
    key: KeySlot,
    told: ToldDeadline | None,
    waits: str | None = None,
) -> Deadline:
    announced = told is not None and told.deadline == moment
    return Deadline(situation.target.name, what, moment, key, announced, situation.target.owner, waits)
