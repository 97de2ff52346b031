"""The roles that the app is deployed with, read from the file that the deployment uses: infra/roles.json.

That file holds its custom roles in full and names Microsoft's built-in roles by id. What a built-in role allows is in
built_in_roles.json, a part of a public dump of Azure's role definitions. A world gives its app these roles and no
others, so a test that passes shows that they are enough. It lacks those that only widen what is seen (ON_REQUEST): a
test that needs one assigns it.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from lab.emulator.directory import Role

SHIPPED = Path(__file__).resolve().parents[2] / "infra" / "roles.json"
# Their rights overlap with other roles', and would hide that one is missing.
ON_REQUEST = frozenset({"readinessReader", "readersReader", "copiesReader"})
BUILT_IN = Path(__file__).resolve().parent / "built_in_roles.json"


@cache
def shipped_roles() -> Mapping[str, Role]:
    """Return every role that infra/roles.json names, by its name there.

    Raises KeyError if the file names a built-in role that built_in_roles.json does not contain.
    """
    shipped = json.loads(SHIPPED.read_text())
    known = {one["name"]: one for one in json.loads(BUILT_IN.read_text())["roles"]}
    built_in = {name: known[one["id"]] for name, one in shipped["builtIn"].items()}
    return MappingProxyType(
        {name: Role.from_definition(body) for name, body in {**shipped["custom"], **built_in}.items()}
    )
