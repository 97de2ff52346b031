"""The kinds of step a plan can hold. Frozen, printable, and without keys: what to do, never with which value.

Each step is harmless when it is met twice, because it only ever touches the spare, or the previous key once its
overlap is over, or writes down again what is already true.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.publication import Marks, Origin
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Told


@dataclass(frozen=True)
class Regenerate:
    """Give the slot a new value; the old one stops working at once."""

    slot: KeySlot

    def __str__(self) -> str:
        return f"regenerate {self.slot}"


@dataclass(frozen=True)
class Prove:
    """Have the account's own endpoint accept the slot's key, repeatedly. `patient` where nothing is gained by giving
    up early, because the next try would begin with another key."""

    slot: KeySlot
    patient: bool = False

    def __str__(self) -> str:
        return f"prove {self.slot}"


@dataclass(frozen=True)
class Publish:
    """Write a new secret version: the slot's key and its facts in one call.

    `previous` is the other slot's value that may still be in use: until `until`, or until `overlap` after the
    moment of writing, whichever is later. `resumed`: the slot's key was there before. `rotated` is when the keys
    last changed places, for a version that does not exchange them.
    """

    slot: KeySlot
    origin: Origin
    previous: Fingerprint | None = None
    overlap: timedelta = timedelta(0)
    until: datetime | None = None
    leaked: bool = False
    spare: Fingerprint | None = None
    fresh: bool = False
    resumed: bool = False
    rotated: datetime | None = None
    requester: Requester = field(default_factory=Requester)
    awaited: AwaitedDeployment | None = None
    told: Told = field(default_factory=Told)

    @property
    def request(self) -> str | None:
        """The id of the request that is answered by this."""
        return self.requester.id

    def __str__(self) -> str:
        return f"publish {self.slot} ({self.origin})"


@dataclass(frozen=True)
class Mark:
    """Write our tags on the version that is there, whose value is right already."""

    slot: KeySlot
    marks: Marks

    def __str__(self) -> str:
        return f"mark the current version as {self.slot}"


@dataclass(frozen=True)
class Watch:
    """Ask the account whether it still takes the value that leaked: once before it is regenerated, and after that
    until it is refused."""

    slot: KeySlot

    def __str__(self) -> str:
        return f"watch the leaked {self.slot}"


@dataclass(frozen=True)
class Wait:
    """Leave consumers the stated least time before a leaked key goes."""

    time: timedelta

    def __str__(self) -> str:
        return f"wait {int(self.time.total_seconds())} s"


@dataclass(frozen=True)
class DisableKeyAuth:
    """Switch keys off on the account. A person can switch them on again."""

    def __str__(self) -> str:
        return "disable key authentication"


@dataclass(frozen=True)
class Withdraw:
    """Disable the published version: it holds a key that nothing accepts."""

    def __str__(self) -> str:
        return "withdraw the publication"


Step = Regenerate | Prove | Publish | Mark | Watch | Wait | DisableKeyAuth | Withdraw
