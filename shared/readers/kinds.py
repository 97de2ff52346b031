"""What Azure shows of rights, and who can read keys because of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.errors import RotationError
from shared.domain.model import AccountId


@dataclass(frozen=True)
class Permissions:
    """One permission block of a role definition. What `not_...` takes away, it takes from this block alone.

    actions: Patterns of the control plane actions that it allows; `*` stands for any run of characters, also over `/`.
    not_actions: Patterns of those that it does not allow. That is no denial: another block or role can allow them.
    data_actions: The same for the data plane.
    not_data_actions: The same.
    condition: The condition on the block, as its text. Empty if it has none.
    """

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    condition: str = ""


@dataclass(frozen=True)
class RoleDefinition:
    """A role.

    id: The GUID at the end of its resource id, in lower case.
    name: What people call it: "Cognitive Services User".
    is_custom: Whether somebody made it, and not Azure.
    blocks: Its permission blocks.
    """

    id: str
    name: str
    is_custom: bool
    blocks: tuple[Permissions, ...]

    def __hash__(self) -> int:
        """Of the id alone: what is found of a role is kept, and a role can have hundreds of actions."""
        return hash(self.id)


class Holding(StrEnum):
    """How a principal holds a role. The words are public."""

    ACTIVE = "active"
    ELIGIBLE = "eligible"


@dataclass(frozen=True)
class RoleHeld:
    """A role assignment, or an eligible one, which its holder can make active (Privileged Identity Management).

    id: Its resource id.
    principal: The object id of who holds it, in lower case.
    principal_type: `User`, `Group`, `ServicePrincipal`, `ForeignGroup` or `Device`. Empty if Azure does not say.
    role: The id of the role definition: a GUID in lower case.
    scope: The resource id on which it is assigned; `/` for everything.
    holding: Whether it acts now, or can be made to.
    condition: The condition on the assignment, as its text. Empty if it has none.
    name: The principal's display name. Empty if Azure does not show it.
    mail: The principal's address. Empty if Azure does not show it.
    """

    id: str
    principal: str
    principal_type: str
    role: str
    scope: str
    holding: Holding = Holding.ACTIVE
    condition: str = ""
    name: str = ""
    mail: str = ""


@dataclass(frozen=True)
class DenyAssignment:
    """A deny assignment. Whether it is enforced or only audits, its API does not show, so it never makes a reader
    disappear.

    id: Its resource id.
    name: What people call it.
    scope: Where it is assigned.
    for_children: Whether it acts below its scope, too.
    everyone: Whether it names everybody.
    principals: The object ids that it names, in lower case.
    excluded: The object ids that it does not act on although it names them, in lower case.
    blocks: What it denies.
    """

    id: str
    name: str
    scope: str
    for_children: bool
    everyone: bool
    principals: frozenset[str]
    excluded: frozenset[str]
    blocks: tuple[Permissions, ...]


@dataclass(frozen=True)
class AccessPolicy:
    """An entry of a vault that goes by access policies.

    principal: The object id, in lower case. It can be a group's.
    application: The client id of the only application that may act for the principal. Empty if any may.
    secrets: What it allows on secrets, in lower case: `get`, `list`, `set`, `all`.
    """

    principal: str
    application: str
    secrets: frozenset[str]


@dataclass(frozen=True)
class VaultRules:
    """How a vault decides who reads its secrets.

    id: The vault's resource id.
    name: Its name.
    by_roles: Whether role assignments decide. Otherwise access policies do, and roles on data act not at all.
    policies: Its access policies. Dead text if roles decide.
    for_deployments: Whether a deployment of a template may read secrets.
    """

    id: str
    name: str
    by_roles: bool
    policies: tuple[AccessPolicy, ...] = ()
    for_deployments: bool = False


@dataclass(frozen=True)
class RightsSeen:
    """Everything that Azure shows of rights around an account and its vault.

    roles: The role definitions, by id.
    held: Active and eligible assignments of the account's and the vault's subscription, at, above and below.
    denied: The deny assignments at and above the account and the vault.
    vault: How the vault decides. None if that could not be read.
    looked: What was looked at, in words, for the answer: "role assignments of subscription ...".
    not_looked: What was not looked at, and why, in words: "eligible assignments: Azure answered 403".
    problems: Why something could not be seen.
    assigned_in: The subscriptions whose role assignments were read, in lower case.
    defined_in: The subscriptions whose role definitions were read, in lower case.
    """

    roles: dict[str, RoleDefinition]
    held: tuple[RoleHeld, ...] = ()
    denied: tuple[DenyAssignment, ...] = ()
    vault: VaultRules | None = None
    looked: tuple[str, ...] = ()
    not_looked: tuple[str, ...] = ()
    problems: tuple[RotationError, ...] = ()
    assigned_in: frozenset[str] = frozenset()
    defined_in: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reader:
    """A principal that can read a key of an account, or could give itself the right.

    principal: Its object id.
    principal_type: What it is. Empty if Azure does not say.
    name: What people call it. Empty if Azure does not show it.
    road: How it comes to the key, as one public word (`shared.readers.roads`).
    says: The same in words: "lists both keys of the account".
    by: What gives the right: the role's name, or "access policy".
    scope: Where that is assigned.
    holding: Whether it acts now, or can be made to.
    inherited: Whether it is assigned above the account or the vault.
    condition: The condition on the right, as its text. Empty if there is none.
    denied_by: The names of deny assignments that name it: whether they are enforced is not known.
    instead: The role to use instead. Empty if there is none to recommend.
    commands: The commands that swap the roles, the new one first. Empty if a person must think first.
    also_by: What else gives the same right: "Contributor on /subscriptions/...". To take one away is not enough then.
    advice: What to know before the roles are swapped, or what to do where no role can be named, as sentences.
    """

    principal: str
    principal_type: str
    name: str
    road: str
    says: str
    by: str
    scope: str
    holding: Holding
    inherited: bool
    condition: str = ""
    denied_by: tuple[str, ...] = ()
    instead: str = ""
    commands: tuple[str, ...] = ()
    also_by: tuple[str, ...] = ()
    advice: str = ""


@dataclass(frozen=True)
class Readers:
    """Who can read the keys of one account, as far as it was seen.

    account: The account.
    readers: Who can, the shortest roads first.
    could: Who could give themselves the right.
    not_seen: What could not be seen, in words. Never empty: members of groups and levels above are always named.
    problems: Why something could not be seen.
    """

    account: AccountId
    readers: tuple[Reader, ...]
    could: tuple[Reader, ...]
    not_seen: tuple[str, ...]
    problems: tuple[RotationError, ...] = ()
