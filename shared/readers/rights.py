"""What a role and a deny assignment mean for one action on one resource, as Azure decides it (docs/facts.md, Rights).

What `notActions` takes away, it takes from its own block alone: another block or another role can give it. A condition
is kept as its text and narrows nothing here, because none that is in use concerns keys. A deny assignment is named and
never takes a right away here: its interface does not show whether it is enforced.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from shared.readers.kinds import DenyAssignment, Permissions, RoleDefinition
from shared.readers.patterns import matches_any

_ANY_GROUP = "/providers/microsoft.management/managementgroups/"


@dataclass(frozen=True)
class Right:
    """One action of Azure, in full, without a wildcard.

    action: Its name, such as `Microsoft.CognitiveServices/accounts/listKeys/action`.
    data: Whether it is one of the data plane. Actions and data actions never stand for each other.
    """

    action: str
    data: bool = False


def block_allows(block: Permissions, right: Right) -> bool:
    """Return whether one permission block includes a right."""
    given, taken = (block.data_actions, block.not_data_actions) if right.data else (block.actions, block.not_actions)
    return matches_any(given, right.action) and not matches_any(taken, right.action)


@lru_cache(maxsize=65536)
def giving_block(role: RoleDefinition, right: Right) -> Permissions | None:
    """Return the block by which a role includes a right, one without a condition if there is one. None if it does not.

    What was found is kept, because the same roles are asked about every account.
    """
    giving = [block for block in role.blocks if block_allows(block, right)]
    return min(giving, key=lambda block: bool(block.condition), default=None)


def is_at_or_above(scope: str, resource: str) -> bool:
    """Return whether what is assigned on a scope acts on a resource, both given by their ids, in any case.

    `/` acts on everything. So does a management group: Azure shows only those above the subscription that was asked.

    >>> is_at_or_above("/subscriptions/A/resourceGroups/rg", "/subscriptions/a/resourcegroups/RG/providers/P/t/n")
    True
    >>> is_at_or_above("/subscriptions/a/resourceGroups/rg", "/subscriptions/a/resourceGroups/rg-2")
    False
    """
    outer, inner = plain(scope), plain(resource)
    return not outer or is_management_group(scope) or inner == outer or inner.startswith(f"{outer}/")


def scopes_over(resource: str) -> frozenset[str]:
    """Return every scope on which an assignment acts on a resource, as `plain` writes them: the resource, what lies
    above it by its id, and everything. Management groups come to it.

    >>> sorted(scopes_over("/subscriptions/A/resourceGroups/rg"))
    ['', '/subscriptions', '/subscriptions/a', '/subscriptions/a/resourcegroups', '/subscriptions/a/resourcegroups/rg']
    """
    parts = plain(resource).split("/")
    return frozenset("/".join(parts[:end]) for end in range(1, len(parts) + 1))


def is_management_group(scope: str) -> bool:
    """Return whether a scope is a management group."""
    return plain(scope).startswith(_ANY_GROUP)


def is_subscription_or_above(scope: str) -> bool:
    """Return whether a scope is a whole subscription, a management group, or everything."""
    outer = plain(scope)
    return not outer or is_management_group(scope) or (outer.startswith("/subscriptions/") and outer.count("/") == 2)


@lru_cache(maxsize=65536)
def plain(scope: str) -> str:
    """Return a resource id in the one form in which ids are compared: in lower case, without a slash at its end."""
    return scope.strip().lower().rstrip("/")


def names_in_deny(deny: DenyAssignment, principal: str) -> bool:
    """Return whether a deny assignment names a principal.

    principal: The object id, in lower case. That a deny assignment names a group that the principal is in cannot be
        seen.
    """
    return (deny.everyone or principal in deny.principals) and principal not in deny.excluded


def denies(deny: DenyAssignment, right: Right, resource: str) -> bool:
    """Return whether a deny assignment is about a right on a resource, whomever it names."""
    here = plain(deny.scope) == plain(resource)
    below = deny.for_children and is_at_or_above(deny.scope, resource)
    return (here or below) and any(block_allows(block, right) for block in deny.blocks)
