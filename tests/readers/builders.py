"""Short ways to say who holds which role where."""

from itertools import count

from shared.domain.model import AccountId
from shared.readers.kinds import (
    AccessPolicy,
    DenyAssignment,
    Holding,
    Permissions,
    Reader,
    RightsSeen,
    RoleDefinition,
    RoleHeld,
    VaultRules,
)
from shared.readers.readers_of import readers_of
from tests.readers.role_data import built_in_roles, named
from tests.readers.worlds import ACCOUNT, OURS, RG

ID = AccountId.parse(ACCOUNT)
SUBSCRIPTION = f"/subscriptions/{OURS}"
VAULT = f"{RG}/providers/Microsoft.KeyVault/vaults/kv"
LIST_KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"
_NUMBERS = count(1)
BY_ROLES = VaultRules(VAULT, "kv", by_roles=True)


def custom(*blocks: Permissions, name: str = "Made here") -> RoleDefinition:
    """A custom role."""
    return RoleDefinition(f"custom-{name}".lower(), name, is_custom=True, blocks=blocks)


def held(
    principal: str,
    role: str | RoleDefinition,
    scope: str = ACCOUNT,
    kind: str = "User",
    holding: Holding = Holding.ACTIVE,
    condition: str = "",
    name: str = "",
) -> RoleHeld:
    """A role that a principal holds."""
    definition = role if isinstance(role, RoleDefinition) else named(role)
    id_ = f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{next(_NUMBERS)}"
    return RoleHeld(id_, principal, kind, definition.id, scope, holding, condition, name)


def by_policies(*policies: AccessPolicy, for_deployments: bool = False) -> VaultRules:
    """A vault that goes by access policies."""
    return VaultRules(VAULT, "kv", by_roles=False, policies=policies, for_deployments=for_deployments)


def policy(principal: str, *words: str, application: str = "") -> AccessPolicy:
    """An entry of an access policy."""
    return AccessPolicy(principal, application, frozenset(words))


def deny(
    *actions: str,
    principals: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
    scope: str = SUBSCRIPTION,
    for_children: bool = True,
) -> DenyAssignment:
    """A deny assignment; without principals, for everybody."""
    blocks = (Permissions(actions=actions),)
    return DenyAssignment(
        "/deny", "no keys", scope, for_children, not principals, frozenset(principals), frozenset(excluded), blocks
    )


def seen(
    *roles_held: RoleHeld,
    vault: VaultRules | None = BY_ROLES,
    denied: tuple[DenyAssignment, ...] = (),
    roles: tuple[RoleDefinition, ...] = (),
    not_looked: tuple[str, ...] = (),
) -> RightsSeen:
    """What Azure shows, with all built-in roles."""
    definitions = {**built_in_roles(), **{one.id: one for one in roles}}
    return RightsSeen(definitions, roles_held, denied, vault, not_looked=not_looked)


def roads_of(shown: RightsSeen, principal: str, secret: str = "key") -> set[str]:
    """The roads by which a principal reads a key now."""
    return {one.road for one in readers_of(ID, shown, secret).readers if one.principal == principal}


def could_of(shown: RightsSeen, principal: str, secret: str = "key") -> set[str]:
    """The roads by which a principal could give itself the right."""
    return {one.road for one in readers_of(ID, shown, secret).could if one.principal == principal}


def row(shown: RightsSeen, principal: str, road: str = "list-keys") -> Reader:
    """The row of a principal on a road."""
    found = readers_of(ID, shown, "key")
    return next(one for one in (*found.readers, *found.could) if (one.principal, one.road) == (principal, road))
