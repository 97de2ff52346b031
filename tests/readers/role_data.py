"""Built-in roles as Azure defines them, and the table of docs/roles.md that is computed from them."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from shared.readers.doings import OF_PAGE, USEFUL, does, reads_keys
from shared.readers.kinds import Permissions, RoleDefinition
from shared.readers.rights import giving_block
from shared.readers.roads import ROADS, ActsOn, Road

type AzureRole = dict[str, Any]
DATA = Path(__file__).with_name("data") / "built_in_roles.json"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
_MOST_NAMED = 8  # roles of a road that the page names, before it only counts them


@cache
def azure_roles() -> tuple[AzureRole, ...]:
    """The role definitions of the data file, in Azure's own shape."""
    return tuple(json.loads(DATA.read_text())["roles"])


@cache
def built_in_roles() -> Mapping[str, RoleDefinition]:
    """The same as the app keeps them, by id."""
    return {one.id: one for one in map(role_of, azure_roles())}


def named(name: str) -> RoleDefinition:
    """The built-in role of that name."""
    return next(one for one in built_in_roles().values() if one.name == name)


def role_of(body: Mapping[str, Any]) -> RoleDefinition:
    """A role definition of Azure, with its names or under `properties`, as the app keeps it."""
    blocks = tuple(
        Permissions(
            *(tuple(one.get(name) or ()) for name in ("actions", "notActions", "dataActions", "notDataActions")),
            condition=one.get("condition") or "",
        )
        for one in body["permissions"]
    )
    return RoleDefinition(body["name"].lower(), body["roleName"], body["roleType"] == "CustomRole", blocks)


def is_of_interest(role: RoleDefinition) -> bool:
    """Whether the data file keeps a role: it opens a road to a key, or people use accounts or secrets by it."""
    return (
        reads_keys(role) or any(does(role, one) for one in (*OF_PAGE, *USEFUL[:-2])) or role.name == "Key Vault Reader"
    )


def page_with(page: str, roles: Mapping[str, RoleDefinition]) -> str:
    """The page with the tables that follow from these roles."""
    for name, table in (("roles", table_of(roles.values())), ("roads", table_of_roads(roles.values()))):
        place = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", re.DOTALL)
        page, count = place.subn(lambda _, table=table: table, page)
        assert count == 1, f"the page has no place for the table of {name}"
    return page


def table_of(roles: Iterable[RoleDefinition]) -> str:
    """One row for each role that lets people do one of the six things, those that open no road to a key first."""
    shown = [one for one in roles if any(does(one, doing) for doing in OF_PAGE)]
    shown.sort(key=lambda one: (reads_keys(one), one.name))
    head = ["role", *(one.says for one in OF_PAGE), "other roads to a key"]
    return _table(head, [[one.name, *(_yes(does(one, doing)) for doing in OF_PAGE), _else(one)] for one in shown])


def table_of_roads(roles: Iterable[RoleDefinition]) -> str:
    """One row for each road, with the built-in roles that open it."""
    known = sorted(roles, key=lambda one: one.name)
    rows = [
        [f"`{road.word}`", road.says, _who([one for one in known if opens(one, road)]) if road.rights else "–"]
        for road in ROADS.values()
    ]
    return _table(["road", "whoever goes it", "built-in roles"], rows)


def opens(role: RoleDefinition, road: Road) -> bool:
    """Whether a role includes a right that opens a road."""
    return any(giving_block(role, right) is not None for right in road.rights)


def _else(role: RoleDefinition) -> str:
    own = {one.right for one in OF_PAGE}
    others = [road for road in ROADS.values() if opens(role, road) and not own & set(road.rights)]
    words = [
        ("copies of a key", any(one.acts_on is ActsOn.SOMEWHERE for one in others)),
        ("deployments", any(one.for_deployments is True for one in others)),
        ("can give itself a right", any(one.gives_itself for one in others)),
    ]
    return ", ".join(word for word, is_so in words if is_so) or "–"


def _who(roles: list[RoleDefinition]) -> str:
    if len(roles) > _MOST_NAMED:
        return f"{len(roles)}"
    return f"{len(roles)}: {', '.join(one.name for one in roles)}"


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "–"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ["---"] * len(head), *rows))
