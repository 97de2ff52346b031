"""What we need from outside, as small protocols in our words.

An adapter turns one outside thing into one of these shapes and does nothing clever; only the errors of
`shared.domain.errors` come out of it. Keys pass through as `ApiKey`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from shared.announce.announcements import Announcement
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.publication import Marks, Publication

Keys = Mapping[KeySlot, ApiKey]


@dataclass(frozen=True)
class Account:
    """An account as its provider describes it. `key_auth` is false only when keys are switched off."""

    id: AccountId
    endpoint: str
    key_auth: bool
    tags: Mapping[str, str]


class KeyAuthIsOff(Exception):
    """The account refused to list keys because keys are switched off."""


class Answer(StrEnum):
    """What an account's endpoint said to a key. Only ACCEPTED proves anything for it, and only REFUSED against."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    KEYS_ARE_OFF = "keys-are-off"
    NETWORK_REFUSED = "network-refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class KeyAttempt:
    """One answer, with what was seen (never a key) and how long the endpoint asked us to wait. `private_only`: the
    account takes no calls from the public network, so only a private endpoint leads there."""

    answer: Answer
    detail: str
    retry_after: timedelta | None = None
    private_only: bool = False


class Accounts(Protocol):
    async def read(self, account: AccountId) -> Account: ...

    def tagged(self, subscription: str) -> AsyncIterator[Account]:
        """Every account of a subscription that carries our enrolling tag, page by page."""
        ...

    def could_be_at(self, endpoint: str) -> bool:
        """Whether an address that only a tag vouches for lies where such accounts answer."""
        ...

    async def list_keys(self, account: AccountId) -> Keys:
        """Raises KeyAuthIsOff where the account has keys switched off."""
        ...

    async def regenerate(self, account: AccountId, slot: KeySlot) -> Keys:
        """Both keys, the one named being new. Never repeated blindly: an unclear answer raises TryLater."""
        ...

    async def disable_key_auth(self, account: AccountId) -> None: ...


class Endpoint(Protocol):
    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        """One cheap authenticated call that spends no tokens. Raises nothing: not knowing is an answer."""
        ...


class Vault(Protocol):
    async def latest(self, target: Target) -> Publication | None:
        """The latest version, with its value's fingerprint. None when there is no such secret, deleted or not."""
        ...

    async def publish(
        self, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]
    ) -> None:
        """One write: a new version with the key and all its facts."""
        ...

    async def note(self, target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Bookkeeping on the tags of that very version."""
        ...

    async def withdraw(self, target: Target, publication: Publication) -> None:
        """Disable that version."""
        ...

    def listing(self, vault_url: str) -> AsyncIterator[tuple[str, Publication]]:
        """Name and latest version of every secret, by pages, without values."""
        ...


class Logs(Protocol):
    async def key_calls(self, account: AccountId) -> int:
        """How many calls with a key the account saw lately. Raises a RotationError where that cannot be told, also
        where nothing shows that its calls are logged at all."""
        ...


class Announcer(Protocol):
    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        """Returns when all were accepted; raises a RotationError when not, or when nobody knows."""
        ...


class Lease(Protocol):
    def check(self) -> None:
        """Raises LeaseLost when the target may be somebody else's by now."""
        ...


class Leases(Protocol):
    def hold(self, account: str, *, take_over: bool = False, who: str = "") -> AbstractAsyncContextManager[Lease]:
        """An account, by its id, for the length of a turn; `who` is whom others are told it is held for. Raises
        LeaseHeld when another turn has it, unless it is to be taken over: then the other's hold is ended, and this one
        begins when the other must know of that."""
        ...


class Failures(Protocol):
    """Which accounts failed in which tick, seen by every instance."""

    async def note(self, tick: datetime, account: str) -> None: ...

    async def count(self, tick: datetime) -> int: ...


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep(self, time: timedelta) -> None: ...


@dataclass(frozen=True)
class Outside:
    """The doors a turn needs. `logs` is none where nobody counts who still uses keys."""

    accounts: Accounts
    endpoint: Endpoint
    vault: Vault
    clock: Clock
    logs: Logs | None = None
