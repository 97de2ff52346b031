"""Writes the facts of the Bicep compiler's published types that the checks of infra/ and samples/ need.

They go to tests/infra/data/types/ and tests/samples/data/types/.

The package indexes do not offer the compiler, but its type data is public: github.com/Azure/bicep-types-az, a folder
`generated` with one types.json for each namespace and version. Give the path of a checkout or a bare clone of it:

    git clone --depth 1 https://github.com/Azure/bicep-types-az <folder>
    PYTHONPATH=. .venv/bin/python scripts/bicep_types.py <folder>

For each resource type and version in the templates, it records the names, kinds, values, lengths and patterns of
properties, which are required or read-only, the scopes, and objects that a property such as `kind` tells apart.
Descriptions are left out, and so is the inside of every object that no template writes into. When a template uses
another type or version, or writes into another object, run this again. tests/infra/types.py says what the words mean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from tests.infra.bicep import Template, templates
from tests.infra.choices import deployments
from tests.infra.deployment import Deployment
from tests.infra.types import TYPES
from tests.samples import bicep_choices as samples

type Facts = dict[str, Any]
type Written = dict[str, Any]  # the names that templates write, as a tree
REQUIRED, READ_ONLY = 1, 2
SCOPES = {1: "tenant", 2: "managementGroup", 4: "subscription", 8: "resourceGroup", 16: "extension"}


def main(place: str) -> None:
    """Write one file for each namespace. `place` is the path of the repository."""
    _write(place, TYPES, _used(templates(), (one for _, one in deployments())))
    _write(place, samples.TYPES, _used(templates(samples.SAMPLES), (one for _, one in samples.deployments())))


def _write(place: str, folder: Path, used: Written) -> None:
    """Write the facts of the types that one set of templates uses into a folder."""
    commit = _git(place, "log", "-1", "--format=%H %cs", "HEAD").strip()
    paths = _git(place, "ls-tree", "-r", "--name-only", "HEAD", "generated").splitlines()
    found: dict[str, Facts] = {}
    for name, written in sorted(used.items()):
        kind, _, version = name.partition("@")
        namespace = kind.partition("/")[0]
        part = f"/{namespace.lower()}/{version.lower()}/types.json"
        files = (_Types(place, path) for path in paths if path.endswith(part))
        facts = next(filter(None, (one.resource(name, written) for one in files)), None)
        if facts is None:
            sys.exit(f"{name} is in none of the published types")
        found.setdefault(namespace, {})[name] = facts
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for namespace, types in found.items():
        whole = {"source": f"Azure/bicep-types-az {commit}, by scripts/bicep_types.py", "types": types}
        (folder / f"{namespace}.json").write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{sum(map(len, found.values()))} types in {len(found)} files in {folder}\n")


def _used(all_of: Iterable[Template], deployed: Iterable[Deployment]) -> dict[str, Written]:
    """Return every type and version that a template names, with the properties that are written into it."""
    used: dict[str, Written] = {one.source: {} for template in all_of for one in template.resources.values()}
    for deployment in deployed:
        for one in deployment.resources():
            _gather(used[f"{one.type}@{one.version}"], {"name": one.name.rpartition("/")[2], **one.body})
    return used


def _gather(into: Written, value: Any) -> None:  # noqa: ANN401
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for name, inner in one.items():
                _gather(into.setdefault(name, {}), inner)
        elif isinstance(one, str):
            into.setdefault(f"={one}", {})  # the value, by which objects are told apart


class _Types:
    """The types of one file."""

    _plain: ClassVar = {"AnyType": "any", "BooleanType": "bool", "NullType": "null"}

    def __init__(self, place: str, path: str) -> None:
        self._all = json.loads(_git(place, "show", f"HEAD:{path}"))

    def resource(self, name: str, written: Written) -> Facts | None:
        """Return the facts of a resource type, or None if the file does not have it."""
        for one in self._all:
            if one["$type"] == "ResourceType" and one["name"].lower() == name.lower():
                allowed = one.get("writableScopes", one.get("scopeType"))
                scopes = [word for bit, word in SCOPES.items() if allowed & bit]
                return {
                    "name": one["name"].partition("@")[0],
                    "scopes": scopes,
                    "body": self._facts(one["body"], written),
                }
        return None

    def _facts(self, reference: Facts, written: Written) -> Facts:
        one = self._all[int(reference["$ref"].removeprefix("#/"))]
        if one["$type"] in self._plain:
            return {"is": self._plain[one["$type"]]}
        match one["$type"]:
            case "StringType":
                pattern = {"pattern": one["pattern"]} if "pattern" in one else {}
                return {"is": "string", **_bounds(one, "Length"), **pattern}
            case "StringLiteralType":
                return {"is": "string", "of": [one["value"]]}
            case "IntegerType":
                return {"is": "int", **_bounds(one, "Value")}
            case "ArrayType":
                return {"is": "array", "items": self._facts(one["itemType"], written), **_bounds(one, "Length")}
            case "UnionType":
                return self._union([self._facts(element, written) for element in one["elements"]])
        return self._object(one, written) if one["$type"] == "ObjectType" else self._told_apart(one, written)

    def _object(self, one: Facts, written: Written) -> Facts:
        if not written:
            return {"is": "object", "unrecorded": True}
        facts: Facts = {"is": "object", "properties": self._properties(one["properties"], written)}
        if "additionalProperties" in one:
            inner = {name: deep for below in written.values() for name, deep in below.items()}
            facts["others"] = self._facts(one["additionalProperties"], inner)
        return facts

    def _told_apart(self, one: Facts, written: Written) -> Facts:
        if not written:
            return {"is": "object", "unrecorded": True}
        used = {name.removeprefix("=") for name in written.get(one["discriminator"], {})}
        kinds = {
            name: self._facts(element, written) if name in used else {"is": "object", "unrecorded": True}
            for name, element in one["elements"].items()
        }
        base = self._properties(one["baseProperties"], written)
        return {"is": "object", "by": one["discriminator"], "properties": base, "kinds": kinds}

    def _properties(self, declared: Facts, written: Written) -> Facts:
        found: Facts = {}
        for name, one in declared.items():
            facts = self._facts(one["type"], written.get(name, {}))
            if one["flags"] & REQUIRED:
                facts["required"] = True
            if one["flags"] & READ_ONLY:
                facts["read-only"] = True
            found[name] = facts
        return found

    def _union(self, elements: list[Facts]) -> Facts:
        values = [value for one in elements for value in one.get("of", ())]
        plain = [one for one in elements if "of" not in one]
        if not plain:
            return {"is": "string", "of": values}
        if values and all(one["is"] == "string" for one in plain):
            return {"is": "string", "of": values, "open": True}
        return {"is": "union", "any": elements}


def _bounds(one: Facts, what: str) -> Facts:
    names = {"min": f"min{what}", "max": f"max{what}"}
    return {short: one[long] for short, long in names.items() if long in one}


def _git(place: str, *words: str) -> str:
    return subprocess.run(["git", "-C", place, *words], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607


if __name__ == "__main__":
    main(*sys.argv[1:])
