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


def deadlines(at: Situation) -> Iterator[Deadline]:
    """The deadlines of one target whose publication is marked; none once its keys are off."""
    if not at.seen.key_auth or not at.is_published:
        return
    marks, rhythm, told = at.marks, at.target.cadence, at.told()
    waits = at.awaited.environment if at.awaited and not at.awaited.deployed else None
    yield _deadline(at, DeadlineKind.ROTATION, at.rotation_expected, at.live, told.rotation, waits)
    ending = cadence.ending_at(marks, rhythm, at.now) if at.spare_in_use and not marks.leaked else None
    if ending is not None:
        yield _deadline(at, DeadlineKind.RETIREMENT, ending, at.spare, told.retirement)
    if at.target.sunset is not None:
        moment = cadence.sunset_at(at.target.sunset, told.sunset, rhythm, at.now)
        yield _deadline(at, DeadlineKind.SUNSET, moment, at.live, told.sunset)


def _deadline(
    at: Situation,
    what: DeadlineKind,
    moment: datetime,
    key: KeySlot,
    told: ToldDeadline | None,
    waits: str | None = None,
) -> Deadline:
    announced = told is not None and told.deadline == moment
    return Deadline(at.target.name, what, moment, key, announced, at.target.owner, waits)
