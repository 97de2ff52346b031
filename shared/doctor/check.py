"""What an examination consists of: one `Check` for each thing examined, and what later checks need to know.

A check is plain data. Which checks there are stands in `examine`, `services` and `targets`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NotRequired, TypedDict

from shared.doctor.ports import Examiner, TokenIdentity
from shared.doctor.remedies import Remedies
from shared.domain.causes import Cause
from shared.domain.errors import GrantRole, RotationError, TryLater
from shared.domain.publication import Publication
from shared.fleet.rotation import Rotation
from shared.settings.environment import Settings

EVENTS, STORAGE, VAULTS = "https://eventgrid.azure.net", "https://storage.azure.com", "https://vault.azure.net"

# Written beside a missing permission. docs/facts.md, Tokens.
ON_ITS_WAY = (
    "If its role was assigned in the last quarter of an hour, it may still be on its way: wait, and run this again."
)
RETRY = "run this again in a minute; if it still fails, check that this network reaches it and that Azure has no outage"


class CheckState(StrEnum):
    """What a check found. The words are public."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


class CheckData(TypedDict):
    """A check in JSON. The field names are public."""

    check: str
    thing: str
    state: CheckState
    why: str
    mend: NotRequired[str]


@dataclass(frozen=True)
class Check:
    """One thing examined.

    name: The stable, public name of the check, such as `list-secrets`.
    thing: What was examined: a target, an address, a service.
    state: Whether it passed, failed or could not be made.
    why: The sentence that explains the state.
    remedy: The command or step that fixes a failure; for a check that was not made, the command that shows whether all
        is right. None if there is nothing to run.
    """

    name: str
    thing: str
    state: CheckState
    why: str
    remedy: str | None = None

    def data(self) -> CheckData:
        """Return the check as JSON-ready data, without `mend` if there is no remedy."""
        facts = CheckData(check=self.name, thing=self.thing, state=self.state, why=self.why)
        if self.remedy is not None:
            facts["mend"] = self.remedy
        return facts


def passed(name: str, thing: str, why: str) -> Check:
    """Return a check that found nothing wrong."""
    return Check(name, thing, CheckState.OK, why)


def failed(name: str, thing: str, why: str, remedy: str) -> Check:
    """Return a check that failed, with what fixes it."""
    return Check(name, thing, CheckState.FAILED, why, remedy)


def not_checked(name: str, thing: str, why: str, remedy: str | None = None) -> Check:
    """Return a check that could not be made, with the command by which a person can see for themselves."""
    return Check(name, thing, CheckState.NOT_CHECKED, why, remedy)


def failed_with(name: str, thing: str, error: RotationError, grant: str) -> Check:
    """Return a check that an error ended, with what fixes that error.

    For a missing role that is `grant`, the command that assigns it. For an error that may pass by itself, it is to try
    again. For every other error it is the error's own next step.
    """
    if isinstance(error, GrantRole) and error.cause is not Cause.IDENTITY_REFUSED:
        return failed(name, thing, f"{error.what} {ON_ITS_WAY}", grant)
    may_pass = isinstance(error, TryLater) and error.cause is not Cause.UNKNOWN_HOST
    return failed(name, thing, error.what, RETRY if may_pass else error.next_step)


@dataclass
class Examination:
    """One examination of one deployment, with what earlier checks learned and later checks need.

    rotation: The deployment's settings and the ports through which it works.
    examiner: The port for what only an examination asks.
    tokens: Whose tokens were issued, by the resource that they are for. A resource without a token is missing.
    published: The publications that were read, by vault URL.
    skews: For each address that answered with a date, the address and how far this machine's clock is ahead of it.
    """

    rotation: Rotation
    examiner: Examiner
    tokens: dict[str, TokenIdentity] = field(default_factory=dict)
    published: dict[str, list[Publication]] = field(default_factory=dict)
    skews: list[tuple[str, timedelta]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """The deployment's settings."""
        return self.rotation.settings

    @property
    def remedies(self) -> Remedies:
        """The commands that give rights to the identity that this deployment calls as."""
        token = self.tokens.get(self.settings.resource_manager)
        return Remedies.of(self.settings.client_id, token, managed=self.examiner.managed)

    @property
    def has_azure_token(self) -> bool:
        """Whether there is a token for Azure Resource Manager, without which no account can be read."""
        return self.settings.resource_manager in self.tokens

    def now(self) -> datetime:
        """Return the time by this machine's clock."""
        return self.rotation.outside.clock.now()
