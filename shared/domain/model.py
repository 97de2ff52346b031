"""The main nouns: an account, a target with its cadence, and what was observed of them.

Times carry their zone; durations are `timedelta`. Everything is frozen: what was observed does not change while a
decision is made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.consumers import Consumers
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.notes import FreshKey
from shared.domain.orders import Orders, TrialCheck
from shared.domain.publication import Marks, Publication
from shared.domain.readiness import Readiness
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
    """The resource id of a Cognitive Services account, in parts. Azure compares such ids without case.

    subscription: The subscription's id, in lower case.
    group: The resource group's name.
    name: The account's name.
    """

    subscription: str
    group: str
    name: str

    @classmethod
    def parse(cls, text: str) -> AccountId:
        """Read a resource id. Raises ValueError, showing the form that an id has."""
        parts = _ACCOUNT_ID.match(text.strip())
        if parts is None:
            raise ValueError(
                f"{text!r} is not the resource id of an account: /subscriptions/<guid>/resourceGroups/<group>"
                "/providers/Microsoft.CognitiveServices/accounts/<name>"
            )
        return cls(parts["subscription"].lower(), parts["group"], parts["name"])

    def same_as(self, other: str) -> bool:
        """Return whether the text is the id of this account, whatever its case."""
        return str(self).casefold() == other.strip().casefold()

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.name}"
        )


@dataclass(frozen=True)
class Cadence:
    """When a target is rotated and how early that is announced.

    period: How long one key stays live; the one of an adoption up to a tenth less (`scheduled`). Default: 30 days.
    overlap: How long the previous key keeps working after a rotation. At least what the target's consumers need
        (`shared.domain.consumers`). Default: 3 days.
    warnings: The lead times at which a deadline is announced, longest first. Default: 14, 7 and 1 days.
    notice: The least time between an accepted announcement and a scheduled retirement or sunset (P3). Default: 1 day.
    window: The hours in which scheduled work may happen. None: at any time.
    """

    period: timedelta = timedelta(days=30)
    overlap: timedelta = timedelta(days=3)
    warnings: tuple[timedelta, ...] = (timedelta(days=14), timedelta(days=7), timedelta(days=1))
    notice: timedelta = timedelta(days=1)
    window: Window | None = None


class Adopt(StrEnum):
    """How a target without a publication begins: with key 1 as it is, or with a fresh key 2."""

    PUBLISH = "publish"
    ROTATE = "rotate"


class ProofPolicy(StrEnum):
    """What happens if the network makes a proof impossible: stop before publishing, or publish and say so."""

    REQUIRE = "require"
    PREFER = "prefer"


@dataclass(frozen=True)
class Target:
    """An account, the secret in which its live key is published, and how it is rotated.

    name: The target's name, unique among all targets.
    account: The account whose keys are rotated.
    vault_url: The address of the vault, without a slash at the end.
    secret: The name of the secret.
    cadence: When it is rotated.
    owner: Who answers for it, as announcements name them. None if nobody is named.
    adopt: How it begins. Default: publish key 1 as it is.
    proof: What happens if a proof is impossible. Default: stop.
    sunset: When all keys end, in UTC. None if no date is agreed: keys never end.
    after_deployment: The deployment that each of its versions waits for, without a request. None: for none.
    sealed_since: Since when this app seals its marks on secrets, in UTC. Marks without a seal count only on versions
        that were changed last before it. None: they never count.
    app: A short hash that tells the app from others. None: marks do not say which app wrote them.
    publishes: Whether its key may be published. Default: yes. No while the secret is not this account's: then nothing
        is done but to end a key that leaked.
    consumers: Its consumers, as far as people have listed them. None: nobody has.
    alone: Whether it is known that no other account claims the secret. Default: yes. No after a leak that was reported
        by resource id, which lists nothing: then a key is published only where the secret is seen to be this account's.
    """

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
    sealed_since: datetime | None = None
    app: str | None = None
    publishes: bool = True
    alone: bool = True
    consumers: Consumers | None = None

    @property
    def secret_url(self) -> str:
        """The secret's id without a version. It is the subject of every event about this target."""
        return f"{self.vault_url.rstrip('/')}/secrets/{self.secret}"


@dataclass(frozen=True)
class ForeignVersion:
    """The latest version of a secret, written by somebody else over ours, with another value than ours.

    value: The fingerprint of what it holds.
    again: Whether this app has published over such a version within the last period already.
    """

    value: Fingerprint
    again: bool


@dataclass(frozen=True)
class Observation:
    """What was observed of an account and its secret at one moment.

    key_auth: Whether the account accepts keys.
    keys: The fingerprint of each key. Empty if keys are switched off.
    publication: The latest version of the secret. None if there is no such secret.
    endpoint: Where the account answers, so that keys can be proven there. None if that is not known.
    readiness: Whether the logs say that the account can do without keys. None if they were not asked.
    takes_identity: Whether the account accepts Entra tokens. Default: yes.
    withdrawn: How often this app has disabled the published version because keys were off, if it did so with the latest
        one. 0 if it did not.
    fresh: The note of a key that a turn regenerated while nothing was published. None without one.
    lost: The marks of the latest version, if somebody else took them away and they are known. None otherwise.
    foreign: What somebody else wrote over our latest version; `publication` is then ours. None if nobody did.
    unheard: Why nobody is known to hear the announcement of an end, as a sentence: then ends wait. None if somebody
        hears it, or if ends need no listener.
    anothers: Whether a note or an earlier version says that the secret was another account's. It is known only where
        the latest version carries no marks that count.
    orders: The standing orders about the target, as the app's own storage keeps them. Default: none.
    off_since: Since when keys are off, as far as this app has noted it, in UTC. None if they are on, or not noted.
    off_by_sunset: Whether this app switched them off, on the announced date.
    trial_check: What speaks against a trial. Empty if nothing does, or if nobody asked.
    leak_pending: Whether a leak of this account is on record that has not ended. It is asked only before keys are
        switched on.
    """

    key_auth: bool
    keys: Mapping[KeySlot, Fingerprint]
    publication: Publication | None
    endpoint: str | None = None
    readiness: Readiness | None = None
    takes_identity: bool = True
    withdrawn: int = 0
    fresh: FreshKey | None = None
    lost: Marks | None = None
    foreign: ForeignVersion | None = None
    unheard: str | None = None
    anothers: bool = False
    orders: Orders = field(default_factory=Orders)
    off_since: datetime | None = None
    off_by_sunset: bool = False
    trial_check: TrialCheck = field(default_factory=TrialCheck)
    leak_pending: bool = False

    @property
    def live(self) -> KeySlot | None:
        """The slot whose value is published, found by comparing values. None if the published value is neither key."""
        value = self.publication.value if self.publication else None
        return next((slot for slot, mark in self.keys.items() if mark == value), None)
