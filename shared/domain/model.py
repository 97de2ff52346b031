"""The nouns: an account, a target and its cadence, and what was seen of them.

This room touches nothing outside itself. Times carry their zone; durations are `timedelta`. Everything is
frozen: what was seen does not change under a decision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.publication import Publication
from shared.domain.requests import AwaitedDeployment
from shared.domain.window import Window

_ACCOUNT_ID = re.compile(
    r"^/subscriptions/(?P<subscription>[0-9a-f-]{36})"
    r"/resourceGroups/(?P<group>[\w.()-]{1,90})"
    r"/providers/Microsoft\.CognitiveServices/accounts/(?P<name>[a-z0-9][a-z0-9_.-]{1,63})$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class AccountId:
    """The resource id of a Cognitive Services account, in parts. Azure compares such ids without case."""

    subscription: str
    group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> AccountId:
        """Raises ValueError with the form an id has."""
        parts = _ACCOUNT_ID.match(text.strip())
        if parts is None:
            raise ValueError(
                f"{text!r} is not the resource id of an account: /subscriptions/<guid>/resourceGroups/<group>"
                "/providers/Microsoft.CognitiveServices/accounts/<name>"
            )
        return cls(parts["subscription"].lower(), parts["group"], parts["name"])

    def same_as(self, other: str) -> bool:
        return str(self).casefold() == other.strip().casefold()

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.name}"
        )


@dataclass(frozen=True)
class Cadence:
    """A target's rhythm. `warnings` are lead times, longest first; `notice` is the least time between an
    accepted announcement and a scheduled retirement or sunset (P3); `window` bounds scheduled work."""

    period: timedelta = timedelta(days=30)
    overlap: timedelta = timedelta(days=3)
    warnings: tuple[timedelta, ...] = (timedelta(days=14), timedelta(days=7), timedelta(days=1))
    notice: timedelta = timedelta(days=1)
    window: Window | None = None


class Adopt(StrEnum):
    """How a target without a publication begins: with key 1 as it stands, or with a fresh key 2 at once."""

    PUBLISH = "publish"
    ROTATE = "rotate"


class ProofPolicy(StrEnum):
    """What follows when the network makes proof impossible: stop before publishing, or go on and say so."""

    REQUIRE = "require"
    PREFER = "prefer"


@dataclass(frozen=True)
class Target:
    """An account, the secret its live key is published under, and its cadence. `after_deployment` arms each of its
    versions anew, without anybody asking."""

    name: str
    account: AccountId
    vault_url: str
    secret: str
    cadence: Cadence = field(default_factory=Cadence)
    owner: str | None = None
    adopt: Adopt = Adopt.PUBLISH
    proof: ProofPolicy = ProofPolicy.REQUIRE
    sunset: datetime | None = None
    after_deployment: AwaitedDeployment | None = None

    @property
    def secret_url(self) -> str:
        """The secret's id without a version: the subject of every event about this target."""
        return f"{self.vault_url.rstrip('/')}/secrets/{self.secret}"


@dataclass(frozen=True)
class Observation:
    """What one look saw. `keys` is none when keys are switched off; `endpoint` is where keys can be proven;
    `key_calls` is how many calls with a key the look-back window held, none where nobody counts."""

    key_auth: bool
    keys: Mapping[KeySlot, Fingerprint]
    publication: Publication | None
    endpoint: str | None = None
    key_calls: int | None = None

    @property
    def live(self) -> KeySlot | None:
        """The slot whose value is published, by value alone; none when the published value is neither key."""
        value = self.publication.value if self.publication else None
        return next((slot for slot, mark in self.keys.items() if mark == value), None)
