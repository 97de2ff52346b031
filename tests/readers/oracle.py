"""Who reads the keys of an account: a second computation, from the bodies that Azure answers with, written apart from
the first.

It knows nothing of `shared`. It expands every role into the actions that it allows, out of those that lead to a key,
then takes each principal and walks from the resource upwards, scope by scope, collecting what is assigned there.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

P, D = "action", "data action"
ACTIONS: dict[str, list[tuple[str, str]]] = {
    "list-keys": [(P, "microsoft.cognitiveservices/accounts/listkeys/action")],
    "regenerate-key": [(P, "microsoft.cognitiveservices/accounts/regeneratekey/action")],
    "secret-by-role": [
        (D, "microsoft.keyvault/vaults/secrets/getsecret/action"),
        (D, "microsoft.keyvault/vaults/secrets/backup/action"),
    ],
    "secret-by-deployment": [(P, "microsoft.keyvault/vaults/deploy/action")],
    "foundry-connections": [
        (P, "microsoft.cognitiveservices/accounts/connections/listsecrets/action"),
        (P, "microsoft.cognitiveservices/accounts/projects/connections/listsecrets/action"),
        (D, "microsoft.cognitiveservices/accounts/aiservices/connections/listsecrets/action"),
    ],
    "hub-connections": [(P, "microsoft.machinelearningservices/workspaces/connections/listsecrets/action")],
    "apim-named-values": [
        (P, "microsoft.apimanagement/service/namedvalues/listvalue/action"),
        (P, "microsoft.apimanagement/service/workspaces/namedvalues/listvalue/action"),
    ],
    "app-settings": [
        (P, "microsoft.web/sites/config/list/action"),
        (P, "microsoft.web/sites/slots/config/list/action"),
        (P, "microsoft.web/sites/config/snapshots/listsecrets/action"),
        (P, "microsoft.web/sites/slots/config/snapshots/listsecrets/action"),
        (P, "microsoft.web/sites/publishxml/action"),
        (P, "microsoft.web/sites/slots/publishxml/action"),
    ],
    "container-app-secrets": [
        (P, "microsoft.app/containerapps/listsecrets/action"),
        (P, "microsoft.app/jobs/listsecrets/action"),
    ],
    "apim-backends": [
        (P, "microsoft.apimanagement/service/backends/read"),
        (P, "microsoft.apimanagement/service/workspaces/backends/read"),
        (P, "microsoft.apimanagement/service/policies/read"),
        (P, "microsoft.apimanagement/service/policyfragments/read"),
        (P, "microsoft.apimanagement/service/products/policies/read"),
        (P, "microsoft.apimanagement/service/apis/policies/read"),
        (P, "microsoft.apimanagement/service/apis/operations/policies/read"),
        (P, "microsoft.apimanagement/service/apis/resolvers/policies/read"),
        (P, "microsoft.apimanagement/service/workspaces/policies/read"),
        (P, "microsoft.apimanagement/service/workspaces/policyfragments/read"),
        (P, "microsoft.apimanagement/service/workspaces/products/policies/read"),
        (P, "microsoft.apimanagement/service/workspaces/apis/policies/read"),
        (P, "microsoft.apimanagement/service/workspaces/apis/operations/policies/read"),
    ],
    "assign-role-on-account": [(P, "microsoft.authorization/roleassignments/write")],
    "assign-role-on-secret": [(P, "microsoft.authorization/roleassignments/write")],
    "change-role": [(P, "microsoft.authorization/roledefinitions/write")],
    "write-access-policy": [
        (P, "microsoft.keyvault/vaults/accesspolicies/write"),
        (P, "microsoft.keyvault/vaults/write"),
    ],
    "open-vault-to-deployments": [(P, "microsoft.keyvault/vaults/write")],
}
SELF_SERVICE = (
    "assign-role-on-account",
    "assign-role-on-secret",
    "change-role",
    "write-access-policy",
    "open-vault-to-deployments",
)
ON_ACCOUNT = ("list-keys", "regenerate-key", "assign-role-on-account", "change-role")
ON_SECRET = ("secret-by-role", "assign-role-on-secret")
ON_VAULT = ("secret-by-deployment", "write-access-policy", "open-vault-to-deployments")


@dataclass
class Found:
    """What a principal has on one road.

    ways: Each assignment that gives it: (id, active, whether a condition narrows it in every block, role, scope).
    denied: For each such id, what the deny assignments may be that name the principal: one set for each action.
    """

    ways: set[tuple[str, bool, bool, str, str]] = field(default_factory=set)
    denied: dict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))


@cache
def glob(pattern: str, text: str) -> bool:
    """Compare letter by letter, and go back to the last star whenever a letter differs."""
    at = here = 0
    star = tried = -1
    while at < len(text):
        if here < len(pattern) and pattern[here] == "*":
            star, tried = here, at
            here += 1
        elif here < len(pattern) and pattern[here] == text[at]:
            at, here = at + 1, here + 1
        elif star >= 0:
            tried += 1
            at, here = tried, star + 1
        else:
            return False
    return all(rest == "*" for rest in pattern[here:])


def expand(permission: dict[str, Any]) -> set[tuple[str, str]]:
    """The actions of the table that one permission block allows."""
    allowed = set()
    for kind, action in {one for several in ACTIONS.values() for one in several}:
        plus, minus = ("actions", "notActions") if kind == P else ("dataActions", "notDataActions")
        hit = [1 for one in permission.get(plus) or () if glob(one.lower(), action)]
        out = [1 for one in permission.get(minus) or () if glob(one.lower(), action)]
        if hit and not out:
            allowed.add((kind, action))
    return allowed


def upwards(resource: str, groups: list[str]) -> Iterator[str]:
    """A resource's scopes from itself to everything: what is in between in a resource id is a scope as well."""
    parts = resource.lower().strip("/").split("/")
    while parts:
        yield "/" + "/".join(parts)
        parts.pop()
    yield from (f"/providers/microsoft.management/managementgroups/{one}".lower() for one in groups)
    yield "/"


def norm(scope: str) -> str:
    return "/" + scope.lower().strip("/")


def readers(world: dict[str, Any]) -> dict[tuple[str, str], Found]:
    """Everybody on every road, by (principal, road). A road by access policy has the way `policy`."""
    found: dict[tuple[str, str], Found] = defaultdict(Found)
    roles = {one["name"].lower(): one["properties"] for one in world["roleDefinitions"]}
    for road in ACTIONS:
        resource = resource_for(road, world)
        if resource is None:
            continue
        for scope in upwards(resource, world["groups"]):
            for one, active in _assigned(world, scope):
                _judge(found, road, resource, one, active, roles, world)
    for who, application in _policies(world):
        found[who, "secret-by-policy"].ways.add(("policy", True, bool(application), "access policy", ""))
    return dict(found)


def resource_for(road: str, world: dict[str, Any]) -> str | None:
    """What a road's action must act on; None if the road is closed."""
    if road in ON_ACCOUNT:
        return str(world["account"])
    vault = world["vault"]
    if road not in (*ON_SECRET, *ON_VAULT):
        return str(world["account"]).split("/providers/")[0]
    if vault is None:
        return None
    facts = vault["properties"]
    by_roles, deployments = facts.get("enableRbacAuthorization") is True, facts.get("enabledForTemplateDeployment")
    closed = {
        "secret-by-role": not by_roles,
        "assign-role-on-secret": not by_roles,
        "write-access-policy": by_roles,
        "secret-by-deployment": not deployments,
        "open-vault-to-deployments": not by_roles or bool(deployments),
    }
    if closed[road]:
        return None
    return f"{vault['id']}/secrets/{world['secret']}" if road in ON_SECRET else str(vault["id"])


def _assigned(world: dict[str, Any], scope: str) -> Iterator[tuple[dict[str, Any], bool]]:
    for name, active in (("roleAssignments", True), ("eligible", False)):
        for one in world[name]:
            if norm(one["properties"]["scope"]) == scope:
                yield one, active


def _judge(found, road, resource, one, active, roles, world) -> None:
    facts = one["properties"]
    role = roles.get(facts["roleDefinitionId"].split("/")[-1].lower())
    if role is None:
        return
    who, id_ = facts["principalId"].lower(), one["id"].lower()
    for right in ACTIONS[road]:
        giving = [block for block in role["permissions"] if right in expand(block)]
        if not giving:
            continue
        bound = bool(facts.get("condition")) or all(block.get("condition") for block in giving)
        entry = found[who, road]
        entry.ways.add((id_, active, bound, role["roleName"], facts["scope"]))
        entry.denied[id_].append(_denies(world, who, right, resource))


def _denies(world, who, right, resource) -> frozenset[str]:
    names = set()
    for one in world["denyAssignments"]:
        facts = one["properties"]
        ids = {each["id"].lower() for each in facts["principals"]}
        everyone = "00000000-0000-0000-0000-000000000000" in ids
        if not (everyone or who in ids) or who in {each["id"].lower() for each in facts["excludePrincipals"]}:
            continue
        scopes = list(upwards(resource, world["groups"]))
        reached = scopes[:1] if facts["doNotApplyToChildScopes"] else scopes
        if norm(facts["scope"]) in reached and any(right in expand(block) for block in facts["permissions"]):
            names.add(facts["denyAssignmentName"])
    return frozenset(names)


def _policies(world: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each principal that access policies let read, once; an entry for every application comes before others."""
    vault = world["vault"]
    if vault is None or vault["properties"].get("enableRbacAuthorization") is True:
        return
    every = vault["properties"].get("accessPolicies") or []
    reading = [
        one for one in every if {"get", "all", "backup"} & {word.lower() for word in one["permissions"]["secrets"]}
    ]
    for who in {one["objectId"].lower() for one in reading}:
        applications = [one.get("applicationId") or "" for one in reading if one["objectId"].lower() == who]
        yield who, min(applications)
