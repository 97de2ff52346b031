"""What an examination of a deployment needs from outside, in addition to what turns need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol

from shared.copies.ports import KeyHolders
from shared.domain.key_policies import PolicyAnswer
from shared.domain.model import AccountId
from shared.ports import CallLogs
from shared.readers.ports import Rights
from shared.readiness.ports import ReadOnly


@dataclass(frozen=True)
class TokenIdentity:
    """Whose token it is, as the token's own claims say. A field is None if its claim is missing.

    client_id: The application's client id (`appid` or `azp`).
    object_id: The object id of the principal (`oid`), which role assignments name.
    tenant: The id of the tenant that issued the token (`tid`).
    """

    client_id: str | None = None
    object_id: str | None = None
    tenant: str | None = None


@dataclass(frozen=True)
class Reachability:
    """An answer that came from an address, whatever it says.

    status: The HTTP status of the answer.
    date: The time by the other side's clock, from the header `Date`. None if the answer has no valid one.
    """

    status: int
    date: datetime | None


@dataclass(frozen=True)
class ProxyFacts:
    """The proxy that calls go through.

    address: Where it is, without its password.
    exceptions: The hosts that are called without it, as NO_PROXY lists them. Empty for none.
    """

    address: str
    exceptions: str


@dataclass(frozen=True)
class Permission:
    """One entry of a caller's permissions, as Azure lists them. Actions may hold the wildcard `*`.

    actions: What the entry grants.
    not_actions: What it leaves out of that.
    """

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()

    def covers(self, action: str) -> bool:
        """Return whether this entry grants the action. Case does not matter."""
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


def _matches(patterns: Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action.casefold(), pattern.casefold()) for pattern in patterns)


class PolicyLook(Protocol):
    """What policies of Azure do to accounts whose keys are to be on."""

    async def of(self, account: AccountId) -> PolicyAnswer:
        """Return what would keep keys off, and what could not be read. Raises nothing."""
        ...


@dataclass(frozen=True)
class Reading:
    """What readiness, audit and readers read beside the targets, each part for a check of its own.

    read_only: Accounts in sight, where they send their logs, and who could call them.
    workspaces: The logs of calls in one workspace each, by the workspace's id. Empty if none is configured.
    rights: Who has which right. None: it is not checked.
    holders: The resources in which copies of keys can lie. None: it is not checked.
    policies: What policies do to accounts, for trials. None: it is not checked.
    """

    read_only: ReadOnly
    workspaces: Mapping[str, CallLogs]
    rights: Rights | None = None
    holders: KeyHolders | None = None
    policies: PolicyLook | None = None


class Examiner(Protocol):
    """What only an examination asks of a deployment. None of it changes anything."""

    @property
    def managed(self) -> bool:
        """Whether this process calls as a managed identity, rather than as the person who signed in at a terminal."""
        ...

    @property
    def proxy(self) -> ProxyFacts | None:
        """The proxy that calls go through. None if there is none."""
        ...

    async def token_identity(self, resource: str) -> TokenIdentity:
        """Get a token for that resource and return whose it is. Raises GrantRole if no token is issued."""
        ...

    async def permissions(self, scope: str) -> Sequence[Permission] | None:
        """Return what the caller may do at that scope, a resource id. None if the caller may not list it."""
        ...

    async def reachability(self, url: str) -> Reachability:
        """Send a request without a body to an address. Raises TryLater if no answer comes."""
        ...
