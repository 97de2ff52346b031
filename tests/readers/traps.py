"""What makes it hard to say who reads a key, each with a question to a set of assignments: does it hold this?"""

from collections.abc import Callable
from typing import Any

from tests.readers.worlds import EVERYONE, OTHERS, World


def _roles_held(world: World) -> list[dict[str, Any]]:
    known = {one["name"].lower(): one["properties"] for one in world["roleDefinitions"]}
    ids = (one["properties"]["roleDefinitionId"].rpartition("/")[2].lower() for one in world["roleAssignments"])
    return [known[one] for one in ids if one in known]


def _scopes_held(world: World) -> list[str]:
    return [one["properties"]["scope"] for one in (*world["roleAssignments"], *world["eligible"])]


TRAPS: dict[str, Callable[[World], bool]] = {
    "a built-in role": lambda world: any(one["type"] == "BuiltInRole" for one in _roles_held(world)),
    "a custom role": lambda world: any(one["type"] == "CustomRole" for one in _roles_held(world)),
    "a wildcard in a custom role": lambda world: any(
        "*" in action
        for one in _roles_held(world)
        if one["type"] == "CustomRole"
        for block in one["permissions"]
        for action in block["actions"]
    ),
    "notActions of a custom role": lambda world: any(
        block["actions"] and block["notActions"]
        for one in _roles_held(world)
        if one["type"] == "CustomRole"
        for block in one["permissions"]
    ),
    "several blocks": lambda world: any(len(one["permissions"]) > 1 for one in _roles_held(world)),
    "a condition on a block": lambda world: any(
        block.get("condition") for one in _roles_held(world) for block in one["permissions"]
    ),
    "a condition on an assignment": lambda world: any(
        one["properties"]["condition"] for one in world["roleAssignments"]
    ),
    "a deny assignment for everyone": lambda world: any(
        one["properties"]["principals"][0]["id"] == EVERYONE for one in world["denyAssignments"]
    ),
    "a deny assignment with an exception": lambda world: any(
        one["properties"]["excludePrincipals"] for one in world["denyAssignments"]
    ),
    "a deny assignment that stays on its scope": lambda world: any(
        one["properties"]["doNotApplyToChildScopes"] for one in world["denyAssignments"]
    ),
    "an eligible assignment": lambda world: bool(world["eligible"]),
    "a group": lambda world: any(one["properties"]["principalType"] == "Group" for one in world["roleAssignments"]),
    "a management group": lambda world: any("managementgroups" in one.lower() for one in _scopes_held(world)),
    "the root": lambda world: "/" in _scopes_held(world),
    "an id in upper case": lambda world: any(one.isupper() for one in _scopes_held(world) if one != "/"),
    "a scope whose name only begins alike": lambda world: any(
        one.lower().rstrip("/").endswith(("-2", "-x", "/a", "/cha", "/k", "/ke")) for one in _scopes_held(world)
    ),
    "a vault of roles": lambda world: bool(world["vault"] and world["vault"]["properties"]["enableRbacAuthorization"]),
    "a vault of access policies": lambda world: bool(
        world["vault"] and not world["vault"]["properties"]["enableRbacAuthorization"]
    ),
    "a vault in another subscription": lambda world: bool(world["vault"] and OTHERS in world["vault"]["id"]),
    "a vault that deployments read": lambda world: bool(
        world["vault"] and world["vault"]["properties"]["enabledForTemplateDeployment"]
    ),
    "no vault": lambda world: world["vault"] is None,
    "a role without a definition": lambda world: any(
        one["id"].endswith("/unknown") for one in world["roleAssignments"]
    ),
}
