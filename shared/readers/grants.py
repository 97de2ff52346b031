"""Who has a right on a resource, and by which assignment or access policy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from shared.domain.model import AccountId
from shared.readers.kinds import (
    AccessPolicy,
    DenyAssignment,
    Holding,
    Permissions,
    RightsSeen,
    RoleDefinition,
    RoleHeld,
    VaultRules,
)
from shared.readers.rights import Right, giving_block, is_management_group, names_in_deny, plain, scopes_over
from shared.readers.roads import ActsOn, Road

READING = frozenset({"get", "backup", "all"})  # what an access policy must allow on secrets; old ones say `all`


@dataclass(frozen=True)
class Grant:
    """One assignment that gives a right.

    held: The assignment.
    role: Its role.
    right: The right.
    block: The permission block of the role that includes the right.
    """

    held: RoleHeld
    role: RoleDefinition
    right: Right
    block: Permissions

    @property
    def condition(self) -> str:
        """The conditions of assignment and block, as their text. Empty if there is none."""
        return " AND ".join(one for one in (self.held.condition.strip(), self.block.condition.strip()) if one)

    @property
    def says(self) -> str:
        """The role and where it is assigned, in words."""
        asked = ", eligible" if self.held.holding is Holding.ELIGIBLE else ""
        return f"{self.role.name} on {self.held.scope}{asked}"


class GrantOrder(NamedTuple):
    """What comes first of several assignments that give one principal the same right: what acts now, what has no
    condition, what is assigned nearest to the resource."""

    waits: bool
    is_conditional: bool
    distance: int
    role: str
    id: str


def order_of(grant: Grant) -> GrantOrder:
    """Return the place of a grant among others of the same principal."""
    held = grant.held
    waits = held.holding is not Holding.ACTIVE
    return GrantOrder(waits, bool(grant.condition), -len(held.scope), grant.role.name, held.id.lower())


def grants_of(road: Road, resource: str, seen: RightsSeen) -> dict[str, list[Grant]]:
    """Return the grants that open a road, by principal in lower case, the best of each first.

    resource: The resource id of what the right must act on.
    """
    found: dict[str, dict[str, Grant]] = defaultdict(dict)
    ways = dict[str, tuple[Right, Permissions] | None]()
    for held in acting_on(seen.held, [resource]):
        role = role_of(held, seen.roles)
        if role is None:
            continue
        if role.id not in ways:
            ways[role.id] = _way(role, road)
        way = ways[role.id]
        if way is not None:
            grant, mine = Grant(held, role, *way), found[held.principal.lower()]
            known = mine.setdefault(held.id.lower(), grant)
            if known is not grant:
                mine[held.id.lower()] = min(known, grant, key=order_of)
    return {who: sorted(mine.values(), key=order_of) for who, mine in found.items()}


def _way(role: RoleDefinition, road: Road) -> tuple[Right, Permissions] | None:
    """Return the right of a road that a role includes, and by which block: one without a condition if there is one."""
    giving = [(right, block) for right in road.rights if (block := giving_block(role, right)) is not None]
    return min(giving, key=lambda way: bool(way[1].condition), default=None)


def acting_near(account: AccountId, seen: RightsSeen, secret: str) -> tuple[RoleHeld, ...]:
    """Return the assignments that act on the account or on the secret, of all that were seen in the subscriptions."""
    return tuple(acting_on(seen.held, {resource_of(one, account, seen.vault, secret) for one in ActsOn}))


def acting_on(held: Iterable[RoleHeld], resources: Iterable[str]) -> list[RoleHeld]:
    """Return the assignments that act on one of these resources. It looks at each once: there can be thousands."""
    over = frozenset[str]().union(*map(scopes_over, resources))
    return [one for one in held if plain(one.scope) in over or is_management_group(one.scope)]


def role_of(held: RoleHeld, roles: Mapping[str, RoleDefinition]) -> RoleDefinition | None:
    """Return the role of an assignment. None if its definition was not seen. Only the last part of the id counts."""
    return roles.get(held.role.rpartition("/")[2].lower())


def policies_of(vault: VaultRules) -> dict[str, AccessPolicy]:
    """Return the access policies that let a principal read secrets, by principal in lower case.

    Of several for one principal it is the one that holds for every application.
    """
    reading = [one for one in vault.policies if READING & {word.lower() for word in one.secrets}]
    ordered = sorted(reading, key=lambda one: (bool(one.application), one.application), reverse=True)
    return {one.principal.lower(): one for one in ordered}


def denied_by(denied: Iterable[DenyAssignment], who: str) -> tuple[str, ...]:
    """Return the names of the deny assignments that name a principal, given in lower case."""
    return tuple(sorted({one.name for one in denied if names_in_deny(one, who)}))


def resource_of(acts_on: ActsOn, account: AccountId, vault: VaultRules | None, secret: str) -> str:
    """Return the resource id of what a right must act on.

    vault: How the vault decides. Without it, nothing acts on a vault: do not ask then.
    secret: The secret's name. Empty: a right on the whole vault is needed.
    """
    if acts_on is ActsOn.ACCOUNT:
        return str(account)
    if acts_on is ActsOn.SOMEWHERE or vault is None:
        return f"/subscriptions/{account.subscription}/resourceGroups/{account.group}"
    return f"{vault.id.rstrip('/')}/secrets/{secret}" if acts_on is ActsOn.SECRET and secret else vault.id
