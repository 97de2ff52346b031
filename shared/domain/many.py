"""Requests for many accounts: what was asked for, what became of each account so far, and what is left.

Each account of such a request is served by a request of its own, whose id is derived from the id of the request for
many. So a repeated message never rotates twice, and a leak that is on record still tells which request it belongs to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from shared.domain.model import AccountId
from shared.domain.requests import LeakRequest, Request, RotateRequest
from shared.domain.times import stamp, unstamp

LASTS = timedelta(days=7)  # from then on nothing further begins
KEPT = timedelta(days=30)  # after its end
MOST_ATTEMPTS = 3  # failed turns of one account, each of another tick
_OF_MANY = "-many"
_OWN, _REFUSED = "own", "refused"


def request_of_many(request: Request | None) -> str | None:
    """Return the id of the request for many that this request serves one account of. None for any other request.

    No caller can choose such an id: what callers send is hashed.
    """
    id_ = (request.id if request else None) or ""
    return id_.removesuffix(_OF_MANY) if id_.endswith(_OF_MANY) else None


def account_hash(account: AccountId) -> str:
    """Return what stands for an account in the names of notes."""
    return hashlib.sha256(str(account).casefold().encode()).hexdigest()


@dataclass(frozen=True)
class ManyTarget:
    """One account of a request for many.

    name: The target's name when the request was made.
    account: The account.
    """

    name: str
    account: AccountId

    @cached_property
    def hash(self) -> str:
        """What stands for the account in the names of notes."""
        return account_hash(self.account)


@dataclass(frozen=True)
class ManyRequest:
    """A request for many accounts, as it was made. It never changes.

    id: Its id: a hash of the caller and the Idempotency-Key.
    request: What is asked for each account, without an id: why, by whom, and for a leak which key.
    made_at: When it was made, in UTC. The words `live` and `previous` mean the keys of this moment.
    asked: A hash of what the caller sent, so that the same key with another body is noticed.
    targets: The chosen accounts, in the order in which they are served.
    """

    id: str
    request: RotateRequest | LeakRequest
    made_at: datetime
    asked: str
    targets: tuple[ManyTarget, ...]

    @property
    def is_leak(self) -> bool:
        """Whether it ends leaked keys."""
        return isinstance(self.request, LeakRequest)

    @property
    def ends_at(self) -> datetime:
        """When it ends, whatever is left, in UTC."""
        return self.made_at + LASTS

    def for_one(self) -> RotateRequest | LeakRequest:
        """Return the request that serves one account. Its id is the same for all accounts, and theirs alone."""
        return replace(self.request, id=self.id + _OF_MANY, requested_at=self.made_at)


class ManyWord(StrEnum):
    """What a turn notes about its account. The words stand in names of notes."""

    DONE = "done"
    GONE = "gone"
    TRIED = "tried"


@dataclass(frozen=True)
class ManyResult:
    """What one turn noted about its account.

    word: What became of the account: done, gone (nothing of it can be rotated any more), or tried in vain.
    account: The hash of the account.
    at: When, in UTC. Of a failed turn: when its message was queued, so that a repeated delivery counts once.
    own: Whether the failure says nothing about other accounts: a person must judge, or the resource refuses everybody.
        Default: no.
    refused: Whether the account was seen to refuse every leaked key of it, from `at` on. Default: no.
    """

    word: ManyWord
    account: str
    at: datetime
    own: bool = False
    refused: bool = False

    def text(self) -> str:
        """Return it as the name of its note."""
        more = [_OWN] * self.own + [_REFUSED] * self.refused
        return "/".join([self.word, self.account, stamp(self.at), *more])

    @classmethod
    def read(cls, text: str) -> ManyResult:
        """Read what `text` wrote. Raises ValueError."""
        word, account, moment, *more = text.split("/")
        if more not in ([], [_OWN], [_REFUSED]):
            raise ValueError(f"{text[:200]!r} is no result")
        return cls(ManyWord(word), account, unstamp(moment), more == [_OWN], more == [_REFUSED])


class Fate(StrEnum):
    """What became of one account of a request for many. The words are public; docs/answers.md explains each."""

    DONE = "done"
    GONE = "gone"
    FAILED = "failed"
    OPEN = "open"


class ManyState(StrEnum):
    """How far a request for many has come. The words are public; docs/answers.md explains each."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    ENDED = "ended"


@dataclass(frozen=True)
class ManyProgress:
    """How far a request for many has come.

    request: The request.
    results: What turns noted.
    stopped_at: When somebody stopped it, in UTC. None if nobody did.
    ended_at: When a tick saw that it was over, in UTC. None before that.
    """

    request: ManyRequest
    results: tuple[ManyResult, ...] = ()
    stopped_at: datetime | None = None
    ended_at: datetime | None = None

    @cached_property
    def by_account(self) -> Mapping[str, tuple[ManyResult, ...]]:
        """The results of each account that has one, by the account's hash, the oldest first."""
        found: dict[str, tuple[ManyResult, ...]] = {}
        for one in sorted(self.results, key=lambda one: one.at):
            found[one.account] = (*found.get(one.account, ()), one)
        return found

    def fate(self, target: ManyTarget) -> Fate:
        """Return what became of one account. What is done stays done, whatever failed before or after."""
        results = self.by_account.get(target.hash, ())
        words = {one.word for one in results}
        if ManyWord.DONE in words:
            return Fate.DONE
        if ManyWord.GONE in words:
            return Fate.GONE
        return Fate.FAILED if len({one.at for one in results}) >= MOST_ATTEMPTS else Fate.OPEN

    def of(self, *fates: Fate) -> list[ManyTarget]:
        """Return the accounts with one of these fates, in the order in which they are served."""
        return [one for one in self.request.targets if self.fate(one) in fates]

    @property
    def rest(self) -> list[ManyTarget]:
        """The accounts that are neither done nor gone."""
        return self.of(Fate.OPEN, Fate.FAILED)

    def state(self, now: datetime, brake: int) -> ManyState:
        """Return how far it has come.

        now: The time, in UTC.
        brake: How many accounts may fail before a rotation pauses. A leak never does.
        """
        if not self.rest:
            return ManyState.DONE
        if self.stopped_at is not None:
            return ManyState.STOPPED
        if self.ended_at is not None or now >= self.request.ends_at or not self.of(Fate.OPEN):
            return ManyState.ENDED
        failing = failing_accounts(self.results) if not self.request.is_leak else 0
        return ManyState.PAUSED if failing > brake else ManyState.RUNNING


def failing_accounts(results: Iterable[ManyResult]) -> int:
    """Return how many accounts failed and are not done, in a way that may be the same for others."""
    listed = list(results)
    ended = {one.account for one in listed if one.word is not ManyWord.TRIED}
    return len({one.account for one in listed if one.word is ManyWord.TRIED and not one.own} - ended)
