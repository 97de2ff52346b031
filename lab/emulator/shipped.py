"""The roles that the app is shipped with, read from the file that the deployment reads: infra/roles.json.

Its custom roles are given in full. Of Microsoft's own it names the ids; what those allow stands in
built_in_roles.json, a part of a public dump of Azure's role definitions. A world gives its app these and nothing
more, so whatever runs against it proves that they are enough.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lab.emulator.directory import Role

SHIPPED = Path(__file__).resolve().parents[2] / "infra" / "roles.json"
BUILT_IN = Path(__file__).resolve().parent / "built_in_roles.json"


@cache
def shipped_roles() -> Mapping[str, Role]:
    """Every role that infra/roles.json names, by the name it has there."""
    shipped = json.loads(SHIPPED.read_text())
    known = {one["name"]: one for one in json.loads(BUILT_IN.read_text())["roles"]}
    built_in = {name: known[one["id"]] for name, one in shipped["builtIn"].items()}
    return MappingProxyType(
        {name: Role.from_definition(body) for name, body in {**shipped["custom"], **built_in}.items()}
    )
