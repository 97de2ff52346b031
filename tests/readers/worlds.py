"""Sets of assignments, made by chance from a seed, in the bodies that Azure answers with; and the same as the app keeps
them. Each set has some of the traps (`tests.readers.traps`)."""

import random
import uuid
from typing import Any

from shared.readers.kinds import (
    AccessPolicy,
    DenyAssignment,
    Holding,
    RightsSeen,
    RoleHeld,
    VaultRules,
)
from tests.readers.role_data import azure_roles, role_of

type World = dict[str, Any]
OURS, OTHERS = "a1b2c3d4-0000-4000-8000-00000000000a", "a1b2c3d4-0000-4000-8000-00000000000b"
RG = f"/subscriptions/{OURS}/resourceGroups/ai"
ACCOUNT = f"{RG}/providers/Microsoft.CognitiveServices/accounts/chat"
EVERYONE = "00000000-0000-0000-0000-000000000000"
GROUPS_ABOVE = ["platform", "root-group"]
CONDITION = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})))"
_TYPES = ("User", "User", "Group", "ServicePrincipal", "ForeignGroup", None)
_CONCRETE = (
    "Microsoft.CognitiveServices/accounts/listKeys/action",
    "Microsoft.CognitiveServices/accounts/regenerateKey/action",
    "Microsoft.CognitiveServices/accounts/connections/listsecrets/action",
    "Microsoft.CognitiveServices/accounts/projects/connections/listsecrets/action",
    "Microsoft.MachineLearningServices/workspaces/connections/listsecrets/action",
    "Microsoft.ApiManagement/service/namedValues/listValue/action",
    "Microsoft.ApiManagement/service/workspaces/namedValues/listValue/action",
    "Microsoft.ApiManagement/service/backends/read",
    "Microsoft.ApiManagement/service/apis/policies/read",
    "Microsoft.ApiManagement/service/workspaces/backends/read",
    "Microsoft.Web/sites/config/list/action",
    "Microsoft.Web/sites/slots/config/list/action",
    "Microsoft.Web/sites/config/snapshots/listsecrets/action",
    "Microsoft.Web/sites/publishxml/action",
    "Microsoft.App/containerApps/listSecrets/action",
    "Microsoft.App/jobs/listSecrets/action",
    "Microsoft.KeyVault/vaults/write",
    "Microsoft.KeyVault/vaults/accessPolicies/write",
    "Microsoft.KeyVault/vaults/deploy/action",
    "Microsoft.Authorization/roleAssignments/write",
    "Microsoft.Authorization/roleDefinitions/write",
    "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    "Microsoft.KeyVault/vaults/secrets/backup/action",
    "Microsoft.CognitiveServices/accounts/AIServices/connections/listSecrets/action",
    "Microsoft.CognitiveServices/accounts/read",
    "Microsoft.CognitiveServices/accounts/listKeysLater/action",
)
_WIDE = ("*", "*/read", "*/action", "*/write", "*Keys*", "*/list*/action", "Microsoft.*/accounts/*", "*/secrets/*")


def a_world(seed: int) -> World:
    """One set of assignments."""
    chance = random.Random(seed)
    vault_subscription = chance.choice((OURS, OURS, OTHERS))
    vault = f"/subscriptions/{vault_subscription}/resourceGroups/vaults/providers/Microsoft.KeyVault/vaults/kv"
    people = [(_guid(chance), chance.choice(_TYPES)) for _ in range(chance.randint(2, 6))]
    custom = [_custom_role(chance, number) for number in range(chance.randint(0, 4))]
    roles = [_as_answered(one) for one in azure_roles()] + custom
    held = [_assignment(chance, vault, people, roles, custom) for _ in range(chance.randint(2, 14))]
    world: World = {
        "account": ACCOUNT,
        "secret": "key",
        "groups": GROUPS_ABOVE,
        "vault": _vault(chance, vault, people),
        "roleDefinitions": roles,
        "roleAssignments": held,
        "eligible": [_assignment(chance, vault, people, roles, custom) for _ in range(chance.choice((0, 1, 4)))],
        "denyAssignments": [_deny(chance, vault, people, number) for number in range(chance.choice((0, 1, 3)))],
    }
    if chance.random() < 0.1:
        world["roleAssignments"].append(_unknown_role(chance, people))
    return world


def _guid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128)))


def _as_answered(role: dict[str, Any]) -> dict[str, Any]:
    facts = {name: role[name] for name in ("roleName", "permissions")} | {"type": role["roleType"]}
    return {"id": f"/providers/Microsoft.Authorization/roleDefinitions/{role['name']}", "name": role["name"]} | {
        "properties": facts
    }


def _custom_role(chance: random.Random, number: int) -> dict[str, Any]:
    name = _guid(chance)
    blocks = [_block(chance) for _ in range(chance.choice((1, 1, 2, 3)))]
    facts = {"roleName": f"Made here {number}", "type": "CustomRole", "permissions": blocks}
    id_ = f"/subscriptions/{OURS}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return {"id": id_, "name": name, "properties": facts}


def _block(chance: random.Random) -> dict[str, Any]:
    def some(most: int) -> list[str]:
        return [_pattern(chance) for _ in range(chance.randint(0, most))]

    block = {"actions": some(3), "notActions": some(2), "dataActions": some(2), "notDataActions": some(1)}
    return block | ({"condition": CONDITION, "conditionVersion": "2.0"} if chance.random() < 0.2 else {})


def _pattern(chance: random.Random) -> str:
    action = chance.choice(_CONCRETE)
    way = chance.randrange(5)
    if way == 0:
        return chance.choice(_WIDE)
    if way == 1:
        parts = action.split("/")
        parts[chance.randrange(len(parts))] = "*"
        return "/".join(parts)
    if way == 2:
        return action[: chance.randint(10, len(action))] + "*"
    return chance.choice((str.upper, str.lower, str))(action)


def _assignment(chance, vault, people, roles, custom) -> dict[str, Any]:
    who, kind = chance.choice(people)
    role = chance.choice(custom) if custom and chance.random() < 0.4 else chance.choice(roles)
    scope = _scope(chance, vault)
    id_ = f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{_guid(chance)}"
    prefix = chance.choice(("", f"/subscriptions/{OTHERS}"))
    facts = {
        "principalId": chance.choice((str.upper, str.lower))(who),
        "principalType": kind,
        "scope": scope,
        "roleDefinitionId": f"{prefix}/providers/Microsoft.Authorization/RoleDefinitions/{role['name'].upper()}",
        "condition": CONDITION if chance.random() < 0.15 else None,
    }
    return {"id": id_, "properties": facts}


def _unknown_role(chance: random.Random, people: list[tuple[str, str | None]]) -> dict[str, Any]:
    who, kind = chance.choice(people)
    facts = {"principalId": who, "principalType": kind, "scope": ACCOUNT, "condition": None}
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{_guid(chance)}"
    return {"id": f"{ACCOUNT}/unknown", "properties": facts | {"roleDefinitionId": role}}


def _scope(chance: random.Random, vault: str) -> str:
    group = f"/providers/Microsoft.Management/managementGroups/{chance.choice(GROUPS_ABOVE)}"
    subscription = f"/subscriptions/{OURS}"
    acting = ("/", group, subscription, RG, ACCOUNT, vault, f"{vault}/secrets/key", vault.rpartition("/providers/")[0])
    others = (
        *(RG[:-1], ACCOUNT[:-1], vault[:-1], f"{vault}/secrets/ke", f"/subscriptions/{OTHERS}", f"{subscription}-x"),
        *(f"{RG}-2", f"{ACCOUNT}-2", f"{ACCOUNT}/projects/p", f"{vault}2", f"{vault}/secrets/key-2"),
    )
    scope = chance.choice(acting if chance.random() < 0.7 else others)
    return chance.choice((str, str, str.upper, lambda text: f"{text}/" if text != "/" else text))(scope)


def _vault(chance: random.Random, vault: str, people: list[tuple[str, str | None]]) -> dict[str, Any] | None:
    if chance.random() < 0.1:
        return None
    policies = []
    for who, _ in chance.sample(people, chance.randint(0, len(people))):
        words = chance.choice((["Get"], ["all"], ["LIST"], ["get", "list"], ["Backup", "restore"], ["set"], []))
        application = {"applicationId": str(uuid.UUID(int=9))} if chance.random() < 0.3 else {}
        policies.append(
            {"objectId": chance.choice((who, who.upper())), "permissions": {"secrets": words}} | application
        )
        if application and chance.random() < 0.5:
            policies.append({"objectId": who, "permissions": {"secrets": ["GET"]}})
    facts = {"accessPolicies": policies, "enabledForTemplateDeployment": chance.choice((True, False, None))}
    by_roles = chance.choice((True, True, False, None))
    return {"id": vault, "name": "kv", "properties": facts | {"enableRbacAuthorization": by_roles}}


def _deny(chance: random.Random, vault: str, people: list[tuple[str, str | None]], number: int) -> dict[str, Any]:
    if chance.random() < 0.5:
        principals = [{"id": EVERYONE, "type": "SystemDefined"}]
    else:
        principals = [{"id": who.upper(), "type": kind} for who, kind in chance.sample(people, 1)]
    excluded = [{"id": who, "type": kind} for who, kind in chance.sample(people, chance.choice((0, 1)))]
    facts = {
        "denyAssignmentName": f"deny {number}",
        "scope": _scope(chance, vault),
        "doNotApplyToChildScopes": chance.random() < 0.4,
        "principals": principals,
        "excludePrincipals": excluded,
        "permissions": [_block(chance)],
    }
    return {"id": f"/deny/{number}", "properties": facts}


def seen_of(world: World) -> RightsSeen:
    """A world as the app keeps what it sees."""
    roles = [
        role_of(one["properties"] | {"name": one["name"], "roleType": one["properties"]["type"]})
        for one in world["roleDefinitions"]
    ]
    active = [_held(one, Holding.ACTIVE) for one in world["roleAssignments"]]
    eligible = [_held(one, Holding.ELIGIBLE) for one in world["eligible"]]
    denied = tuple(_denied(one) for one in world["denyAssignments"])
    return RightsSeen({one.id: one for one in roles}, (*active, *eligible), denied, _rules(world["vault"]))


def _held(one: dict[str, Any], holding: Holding) -> RoleHeld:
    facts = one["properties"]
    role = facts["roleDefinitionId"].rpartition("/")[2].lower()
    kind, condition = facts["principalType"] or "", facts["condition"] or ""
    return RoleHeld(one["id"], facts["principalId"].lower(), kind, role, facts["scope"], holding, condition)


def _denied(one: dict[str, Any]) -> DenyAssignment:
    facts = one["properties"]
    named = frozenset(each["id"].lower() for each in facts["principals"])
    excluded = frozenset(each["id"].lower() for each in facts["excludePrincipals"])
    role = role_of({"name": "", "roleName": "", "roleType": "", "permissions": facts["permissions"]})
    children = not facts["doNotApplyToChildScopes"]
    everyone = EVERYONE in named
    return DenyAssignment(
        one["id"], facts["denyAssignmentName"], facts["scope"], children, everyone, named, excluded, role.blocks
    )


def _rules(vault: dict[str, Any] | None) -> VaultRules | None:
    if vault is None:
        return None
    facts = vault["properties"]
    policies = tuple(
        AccessPolicy(
            one["objectId"].lower(),
            one.get("applicationId") or "",
            frozenset(word.lower() for word in one["permissions"]["secrets"]),
        )
        for one in facts["accessPolicies"]
    )
    by_roles, deployments = facts["enableRbacAuthorization"] is True, facts["enabledForTemplateDeployment"] is True
    return VaultRules(vault["id"], vault["name"], by_roles, policies, deployments)
