"""What readiness needs from outside, in addition to what turns need. All of it only reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.ports import Account
from shared.readiness.recent import RecentAnswers


class Inventory(Protocol):
    """All accounts of a subscription, not only the enrolled ones."""

    def everyone(self, subscription: str) -> AsyncIterator[Account]:
        """Yield every account of a subscription that serves Azure OpenAI, enrolled or not, page by page.

        Raises a RotationError if the subscription cannot be listed.
        """
        ...


class AccountIndex(Protocol):
    """Azure Resource Graph: all accounts that the identity can read. Its rows come late, and what it may not read is
    missing without a word (docs/facts.md, Reads)."""

    async def accounts(self, groups: Sequence[str]) -> Sequence[Account]:
        """Return the accounts that serve Azure OpenAI. Their endpoints are empty.

        groups: The names of the management groups to look in. None: everything that the identity can read.

        Raises a RotationError.
        """
        ...


@dataclass(frozen=True)
class Seen:
    """The accounts in sight.

    accounts: All accounts that serve Azure OpenAI, enrolled or not, each once.
    scope: Where they were looked for, in words: "2 subscriptions of the settings".
    problems: What could not be looked at, and why. Accounts may be missing because of it.
    indexed: How many accounts Azure Resource Graph showed. None if it was not asked or did not answer.
    """

    accounts: tuple[Account, ...]
    scope: str
    problems: tuple[RotationError, ...] = ()
    indexed: int | None = None


class Sight(Protocol):
    """The accounts in sight, wherever ROTATION_AUDIT_SCOPE says to look."""

    async def accounts(self) -> Seen:
        """Return the accounts in sight. Raises nothing: what cannot be looked at is in the problems."""
        ...


@dataclass(frozen=True)
class LogSetting:
    """One diagnostic setting of an account.

    name: Its name.
    workspaces: The resource ids of the workspaces that it sends to. Empty if it sends elsewhere.
    has_request_log: Whether it sends the log of calls: the category RequestResponse or the group allLogs, not audit.
    """

    name: str
    workspaces: tuple[str, ...] = ()
    has_request_log: bool = False


class CallLogSettings(Protocol):
    """Where accounts send their logs."""

    async def of(self, account: AccountId) -> Sequence[LogSetting]:
        """Return the diagnostic settings of an account. Raises a RotationError if they cannot be read."""
        ...


@dataclass(frozen=True)
class HeldIdentity:
    """A managed identity, and the resource that has it.

    resource_id: The resource that uses it; the identity's own resource if it is user-assigned.
    kind: The type of that resource, in lower case: `microsoft.web/sites`.
    object_id: The object id of its principal, in lower case.
    client_id: Its client id. Empty for the identity that Azure made for a resource: Azure does not show it there.
    """

    resource_id: str
    kind: str
    object_id: str
    client_id: str = ""


@dataclass(frozen=True)
class HeldRole:
    """A role assignment that acts on an account.

    object_id: The object id of who holds it, in lower case.
    principal_type: What that is: `ServicePrincipal`, `User`, `Group`. Empty if Azure does not say.
    role: The id of the role definition: a GUID in lower case.
    scope: Where it is assigned, in lower case.
    """

    object_id: str
    principal_type: str
    role: str
    scope: str


@dataclass(frozen=True)
class IdentitiesSeen:
    """Who could call an account by identity, as far as this app's identity may read it.

    held: The managed identities, each once for each resource that uses it.
    roles: The role assignments on the account and above it.
    """

    held: tuple[HeldIdentity, ...] = ()
    roles: tuple[HeldRole, ...] = ()


class Identities(Protocol):
    """The managed identities in sight, and the roles on one account."""

    async def around(self, account: AccountId) -> IdentitiesSeen:
        """Return the identities in sight and the roles on an account: 2 queries of Resource Graph, of 20 pages each at
        most.

        Raises a RotationError if they cannot be told.
        """
        ...


@dataclass(frozen=True)
class ReadOnly:
    """What audit and readiness see beyond the targets.

    sight: The accounts in sight.
    log_settings: Where accounts send their logs.
    identities: Who could call an account by identity.
    recent: The answers about single accounts that this process gave just now.
    """

    sight: Sight
    log_settings: CallLogSettings
    identities: Identities
    recent: RecentAnswers = field(default_factory=RecentAnswers)
