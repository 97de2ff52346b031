"""Ports: what turns and ticks need from outside, as small protocols in our words.

An adapter translates one outside service into one of these protocols and does nothing clever. Only the errors of
`shared.domain.errors` come out of it. Keys pass through as `ApiKey`, which prints as a mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from shared.announce.announcements import Announcement
from shared.announce.listening import Hearing
from shared.at_once import InTurn, Together
from shared.domain.errors import RotationError
from shared.domain.keys import ApiKey, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.orders import TrialCheck
from shared.domain.publication import Marks, Publication
from shared.domain.readiness import Readiness
from shared.domain.throttle import Throttle
from shared.domain.usage import Usage

Keys = Mapping[KeySlot, ApiKey]


@dataclass(frozen=True)
class Account:
    """An account as Azure Resource Manager describes it.

    id: The account's resource id.
    endpoint: Where it answers, with a slash at the end. Empty in a listing.
    key_auth: Whether it accepts keys. False only if they are switched off.
    tags: Its tags, with names in lower case.
    kind: What it serves, such as `OpenAI`. Empty if Azure names none.
    state: Its provisioning state, such as `Succeeded`. Empty if Azure names none.
    open: Whether it takes calls from any address on the internet. True unless its network settings say otherwise.
    takes_identity: Whether it accepts Entra tokens. False only if it has no custom subdomain (docs/facts.md, Calls).
    subdomain: Its custom subdomain. Empty if it has none.
    """

    id: AccountId
    endpoint: str
    key_auth: bool
    tags: Mapping[str, str]
    kind: str = ""
    state: str = ""
    open: bool = True
    takes_identity: bool = True
    subdomain: str = ""


@dataclass(frozen=True)
class Page[T]:
    """One page of a listing.

    entries: What it shows.
    after: Where the next page begins, as the service says it. None if this is the last page.
    """

    entries: Sequence[T]
    after: str | None = None


class KeyAuthIsOff(Exception):
    """The account refused to list keys because keys are switched off."""


class Answer(StrEnum):
    """What an account's endpoint answered to a key. Only ACCEPTED proves the key, and only REFUSED disproves it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    KEYS_ARE_OFF = "keys-are-off"
    NETWORK_REFUSED = "network-refused"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class KeyAttempt:
    """One attempt to use a key at the account's endpoint.

    answer: What the endpoint answered.
    detail: What was seen, in words. Never a key.
    retry_after: How long the endpoint asked us to wait. None if it did not ask.
    private_only: Whether the account takes no calls from the public network, so that only a private endpoint leads
        there.
    regional_host: Whether the account's endpoint is the host of its region, which serves no account with network rules.
    """

    answer: Answer
    detail: str
    retry_after: timedelta | None = None
    private_only: bool = False
    regional_host: bool = False


class Accounts(Protocol):
    """The accounts and their keys. Each method raises a RotationError if Azure does not do what it asks."""

    async def read(self, account: AccountId) -> Account:
        """Return the account as it is now, with its endpoint."""
        ...

    async def tagged(self, subscription: str, after: str | None = None) -> Page[Account]:
        """Return one page of the accounts of a subscription that have our enrolment tag: the first one, or the one
        that begins `after` an earlier one."""
        ...

    def could_be_at(self, endpoint: str) -> bool:
        """Return whether an address that was read from a tag lies in a domain where such accounts answer."""
        ...

    async def list_keys(self, account: AccountId) -> Keys:
        """Return both keys. Raises KeyAuthIsOff if keys are switched off."""
        ...

    async def regenerate(self, account: AccountId, slot: KeySlot) -> Keys:
        """Give the slot a new value and return both keys. It is never sent again: an unclear answer raises TryLater.

        Raises KeyAuthIsOff if Azure refuses that because keys are off.
        """
        ...

    async def disable_key_auth(self, account: AccountId) -> None:
        """Switch keys off on the account."""
        ...

    async def enable_key_auth(self, account: AccountId) -> None:
        """Switch keys on again on the account."""
        ...


class Endpoint(Protocol):
    """The accounts' own endpoints."""

    async def try_key(self, endpoint: str, key: ApiKey) -> KeyAttempt:
        """Make one cheap authenticated call that spends no tokens. Raises nothing: an unclear result is an answer
        too."""
        ...


class Vault(Protocol):
    """The secrets. Each method raises a RotationError if Key Vault does not do what it asks."""

    async def latest(self, target: Target) -> Publication | None:
        """Return the latest version, with the fingerprint of its value. None if there is no such secret, not even a
        deleted one."""
        ...

    async def earlier(self, target: Target) -> Sequence[Publication]:
        """Return all versions of the secret, the youngest first, as a listing shows them: without values."""
        ...

    async def account_of(self, vault_url: str, secret: str) -> str | None:
        """Return the account that the tags of a secret name, read from its youngest version that names one. None if
        there is no such secret or no such tag. The name may be anything: it is a claim."""
        ...

    async def publish(self, target: Target, key: ApiKey, slot: KeySlot, marks: Marks, others: Mapping[str, str]) -> str:
        """Write a new version with the key and all its facts, in one call, and return the version's id."""
        ...

    async def note(self, target: Target, publication: Publication, slot: KeySlot, marks: Marks) -> None:
        """Replace the tags of that very version. It makes no new version."""
        ...

    async def withdraw(self, target: Target, publication: Publication) -> None:
        """Disable that version."""
        ...

    async def listing(self, vault_url: str, after: str | None = None) -> Page[tuple[str, Publication]]:
        """Return one page of the secrets, each with its name and its latest version, without values: the first page,
        or the one that begins `after` an earlier one."""
        ...


class CallLogs(Protocol):
    """The logs of the accounts' calls, in one workspace or in several."""

    async def usage(self, account: AccountId) -> Usage | None:
        """Return how an account was called within the look-back span. None if no call of any kind was logged.

        Raises a RotationError if that cannot be told.
        """
        ...

    async def usages(self) -> Mapping[str, Usage]:
        """Return how every account was called of which anything was logged, by its id in lower case, in one query.

        Raises a RotationError if that cannot be told.
        """
        ...


class KeptReadiness(Protocol):
    """What the last survey of readiness said."""

    async def known(self, now: datetime) -> Mapping[str, Readiness]:
        """Return the readiness of each account that the survey saw, by its id in lower case. `now` is the time, in UTC.

        Empty if there is no survey, an old one, or none that can be read. It raises nothing.
        """
        ...

    def learn(self, account: AccountId, readiness: Readiness, now: datetime) -> None:
        """Take note that the logs say at `now`, in UTC, that an account is not ready. It counts for some hours."""
        ...


class Refusals(Protocol):
    """How many calls an account refuses, as its metrics say within a minute."""

    async def count(self, account: AccountId, since: datetime, until: datetime) -> int | None:
        """Return how many calls were refused between these times, in UTC. None if the metrics do not say.

        Raises a RotationError if they could not be asked.
        """
        ...


class TrialChecks(Protocol):
    """What would make a trial irreversible, or hurt at once."""

    async def check(self, target: Target) -> TrialCheck:
        """Return what was found of the target's account and of its secret, and what could not be looked at. Raises
        nothing: that is an answer, too."""
        ...


class Announcer(Protocol):
    """Where announcements are sent."""

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        """Send the announcements. Raises a RotationError unless all are known to be accepted. `now` is the time, in
        UTC."""
        ...


class Listeners(Protocol):
    """Who listens to the announcements."""

    async def hearing(self, now: datetime) -> Hearing:
        """Return what is known of them at `now`, in UTC. Raises nothing: that it cannot be told is an answer, too."""
        ...


class Lease(Protocol):
    """A hold on a target."""

    def check(self) -> None:
        """Raises LeaseLost if another turn may hold the target by now."""
        ...

    async def wait(self, clock: Clock, time: timedelta) -> None:
        """Wait that long, or until the hold is lost. Raises LeaseLost as `check` does."""
        ...


class Leases(Protocol):
    """The holds on targets."""

    def hold(self, account: str, *, take_over: bool = False, who: str = "") -> AbstractAsyncContextManager[Lease]:
        """Hold an account, by its id, for the length of a turn.

        take_over: End the hold of another turn, and begin once it gave way or must have noticed. Only one at a time
            takes an account over. Default: no.
        who: Who requested the turn, as others are told who have to wait. Empty for a scheduled turn.

        Raises LeaseHeld if another turn holds the account and it is not taken over, or another one takes it over.
        """
        ...

    async def held_before(self, accounts: Sequence[str]) -> set[str]:
        """Return those of the accounts that a turn of this app has held at any time, by their ids."""
        ...


class Notes(Protocol):
    """Small texts that outlive a turn, in the app's own storage, seen by all instances (see `shared.turns.notes`).

    Each method raises a RotationError if the storage does not do what it asks.
    """

    async def add(self, name: str, text: str) -> bool:
        """Write a note unless there is one of that name. Return whether it was written."""
        ...

    async def write(self, name: str, text: str) -> None:
        """Write a note in place of what is there."""
        ...

    async def read(self, name: str) -> str | None:
        """Return a note. None if there is none."""
        ...

    async def read_tagged(self, name: str) -> tuple[str, str] | None:
        """Return a note and its tag, which each write changes. None if there is none."""
        ...

    async def replace(self, name: str, text: str, tag: str | None) -> str | None:
        """Write a note in place of the one that has that tag; None if there was none. Return the new tag. None if
        another note is there by now, and then nothing was written."""
        ...

    async def remove(self, name: str) -> None:
        """Remove a note, if it is there."""
        ...

    async def names(self, prefix: str) -> Sequence[str]:
        """Return the names of the notes that begin with `prefix`, in their order, in one listing."""
        ...

    async def under(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Return name and text of the notes whose names begin with `prefix`."""
        ...


class Views(Protocol):
    """Where something is kept for people and for the next tick: what the last tick saw (`shared.fleet.view`), the last
    survey of readiness, or the fleet's weeks (`shared.readiness`).

    Each method raises a RotationError if the storage does not do what it asks.
    """

    async def read(self) -> tuple[bytes, str] | None:
        """Return what was written last, and its tag. None if nothing is there."""
        ...

    async def write(self, data: bytes, tag: str | None) -> bool:
        """Write in place of what has that tag; None if there was nothing. Return False if something else is there."""
        ...


class Failures(Protocol):
    """Which accounts failed in which tick, shared by all instances of the app."""

    async def note(self, tick: datetime, account: str) -> None:
        """Record that the account failed in that tick."""
        ...

    async def count(self, tick: datetime) -> int:
        """Return how many accounts failed in that tick."""
        ...


class Throttles(Protocol):
    """What Azure asked not to be asked, shared by all instances of the app."""

    async def note(self, where: str, now: datetime, until: datetime) -> None:
        """Record that Azure asked at `now` not to be asked there before `until`."""
        ...

    async def known(self, now: datetime) -> Sequence[Throttle]:
        """Return the waits that have not lapsed."""
        ...


class LaterTurns(Protocol):
    """The queue of turns, for messages that may have to wait."""

    async def send(self, message: str, delay: timedelta) -> None:
        """Queue a message that nobody sees before the delay is over."""
        ...

    async def send_many(self, messages: Sequence[tuple[str, timedelta]]) -> Sequence[RotationError]:
        """Queue messages side by side, each with its delay from now on. Return an error for each one that may not be
        queued."""
        ...


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        ...

    async def sleep(self, time: timedelta) -> None:
        """Wait that long."""
        ...


@dataclass(frozen=True)
class Outside:
    """Everything outside that turns and ticks need.

    accounts: The accounts and their keys.
    endpoint: The accounts' own endpoints, where keys are proven.
    vault: The secrets.
    clock: The time.
    announcer: Where announcements are sent.
    leases: The holds on targets.
    notes: What outlives a turn.
    logs: The logs of calls. None if no log workspace is configured.
    failures: Where the failures of a tick are counted, for the brake. None: there is no brake.
    listeners: Who listens to the announcements. None if no topic is configured.
    ends_need: The listeners without whom no end of a key happens on schedule. None: ends need no listener.
    throttles: Where the waits that Azure asked for are noted. None: ticks do not know of them.
    later: The queue of turns. None: a tick queues nothing, and turns that must wait are tried again as if they failed.
    together: How calls are made that do not depend on each other. Default: in turn.
    views: Where the view is kept. None: each tick lists from the beginning, and nothing is shown of earlier ones.
    surveys: Where the last survey of readiness is kept. None: no survey is made.
    readiness: What the last survey of readiness said. None: turns ask the logs themselves.
    weeks: Where the fleet's weeks are kept, for readiness. None: none is recorded.
    refusals: How many calls accounts refuse, for trials. None: nobody counts them.
    trial_checks: What speaks against a trial. None: nobody looks, and the answer says so.
    """

    accounts: Accounts
    endpoint: Endpoint
    vault: Vault
    clock: Clock
    announcer: Announcer
    leases: Leases
    notes: Notes
    logs: CallLogs | None = None
    failures: Failures | None = None
    listeners: Listeners | None = None
    ends_need: Listeners | None = None
    throttles: Throttles | None = None
    later: LaterTurns | None = None
    together: Together = field(default_factory=InTurn)
    views: Views | None = None
    surveys: Views | None = None
    weeks: Views | None = None
    readiness: KeptReadiness | None = None
    refusals: Refusals | None = None
    trial_checks: TrialChecks | None = None
