"""What an examination is made of: one check for each thing looked at, and what is known so far.

A check is plain data. `mend` is what to run where it failed, or to see for oneself where it was not made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NotRequired, TypedDict

from shared.doctor.ports import Examiner, TokenIdentity
from shared.doctor.remedies import Remedies
from shared.domain.errors import GrantRole, RotationError, TryLater
from shared.domain.publication import Publication
from shared.fleet.rotation import Rotation
from shared.settings.environment import Settings

EVENTS, STORAGE, VAULTS = "https://eventgrid.azure.net", "https://storage.azure.com", "https://vault.azure.net"

AGAIN = "ask again in a minute; if it stays, see that this network reaches it and that the service is well"


class CheckState(StrEnum):
    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


class CheckData(TypedDict):
    check: str
    thing: str
    state: CheckState
    why: str
    mend: NotRequired[str]


@dataclass(frozen=True)
class Check:
    """One thing looked at. `name` is stable."""

    name: str
    thing: str
    state: CheckState
    why: str
    mend: str | None = None

    def data(self) -> CheckData:
        facts = CheckData(check=self.name, thing=self.thing, state=self.state, why=self.why)
        if self.mend is not None:
            facts["mend"] = self.mend
        return facts


def good(name: str, thing: str, why: str) -> Check:
    return Check(name, thing, CheckState.OK, why)


def bad(name: str, thing: str, why: str, mend: str) -> Check:
    return Check(name, thing, CheckState.FAILED, why, mend)


def unknown(name: str, thing: str, why: str, mend: str | None = None) -> Check:
    return Check(name, thing, CheckState.NOT_CHECKED, why, mend)


def refused(name: str, thing: str, error: RotationError, grant: str) -> Check:
    """A refusal for want of a role names the command that grants it; what may pass, that one can ask again; anything
    else, its own next step."""
    if isinstance(error, GrantRole) and error.next_step == GrantRole.next_step:
        return bad(name, thing, error.what, grant)
    passing = isinstance(error, TryLater) and error.next_step == type(error).next_step
    return bad(name, thing, error.what, AGAIN if passing else error.next_step)


@dataclass
class Examination:
    """One examination of one deployment, and what it has learned that later checks need: whose tokens were given,
    what is published in which vault, and by how much the clocks of others differ."""

    rotation: Rotation
    examiner: Examiner
    tokens: dict[str, TokenIdentity] = field(default_factory=dict)
    published: dict[str, list[Publication]] = field(default_factory=dict)
    skews: list[tuple[str, timedelta]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.rotation.settings

    @property
    def mend(self) -> Remedies:
        return Remedies.of(self.settings.client_id, self.tokens.get(self.settings.resource_manager))

    @property
    def has_azure(self) -> bool:
        return self.settings.resource_manager in self.tokens

    def now(self) -> datetime:
        return self.rotation.outside.clock.now()
