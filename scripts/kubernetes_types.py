"""Writes tests/samples/data/kubernetes.json: JSON Schemas of the Kubernetes objects in samples/, as far as they go.

The resource definitions of the two operators are public: github.com/external-secrets/external-secrets and
github.com/kubernetes-sigs/secrets-store-csi-driver. Kubernetes' own schemas come with the package kubernetes-validate.
Give the paths of two checkouts or bare clones, and of the package's folder:

    PYTHONPATH=. .venv/bin/python scripts/kubernetes_types.py <external-secrets> <csi driver> <kubernetes_validate>

What is kept: names, types, required names and allowed values of every object into which a sample writes. Descriptions,
and the inside of everything else, are left out. When a sample writes into another object, run this again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.samples.kubernetes_objects import DATA, Json, kind_of, objects

CORE = "kubernetes-json-schema/v1.37.0-local-strict"
CORE_FILES = {
    "v1/ServiceAccount": "serviceaccount-v1.json",
    "apps/v1/Deployment": "deployment-apps-v1.json",
    "rbac.authorization.k8s.io/v1/Role": "role-rbac-v1.json",
    "rbac.authorization.k8s.io/v1/RoleBinding": "rolebinding-rbac-v1.json",
}
CUSTOM_FILES = (
    ("external-secrets/external-secrets", "config/crds/bases/external-secrets.io_secretstores.yaml"),
    ("external-secrets/external-secrets", "config/crds/bases/external-secrets.io_externalsecrets.yaml"),
    (
        "kubernetes-sigs/secrets-store-csi-driver",
        "config/crd/bases/secrets-store.csi.x-k8s.io_secretproviderclasses.yaml",
    ),
)


def main(operator: str, driver: str, package: str) -> None:
    """Write the file from two repositories and the folder of the package kubernetes-validate."""
    places = {"external-secrets/external-secrets": operator, "kubernetes-sigs/secrets-store-csi-driver": driver}
    schemas: Json = {}
    for name, path in CUSTOM_FILES:
        schemas |= _custom(yaml.safe_load(_git(places[name], "show", f"HEAD:{path}")))
    core = Path(package) / CORE
    schemas |= {kind: json.loads((core / file).read_text()) for kind, file in CORE_FILES.items()}
    written: Json = {}
    for one in objects():
        _gather(written.setdefault(kind_of(one), {}), one)
    kept = {kind: _kept(schemas[kind], written[kind], core) for kind in sorted(written)}
    commits = {name: _git(place, "log", "-1", "--format=%H %cs", "HEAD").strip() for name, place in places.items()}
    sources = [f"{name} {commit}" for name, commit in commits.items()]
    whole = {"sources": [*sources, f"kubernetes-validate {CORE}"], "schemas": kept}
    DATA.write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


def _custom(definition: Json) -> Json:
    """Return the schemas of a resource definition's served versions, by apiVersion and kind."""
    spec = definition["spec"]
    return {
        f"{spec['group']}/{one['name']}/{spec['names']['kind']}": one["schema"]["openAPIV3Schema"]
        for one in spec["versions"]
        if one.get("served")
    }


def _gather(into: Json, value: Any) -> None:  # noqa: ANN401
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for name, inner in one.items():
                _gather(into.setdefault(name, {}), inner)


def _kept(schema: Json, written: Json, core: Path) -> Json:
    """Return what is kept of a schema, below which these names are written."""
    if "$ref" in schema:
        definitions = json.loads((core / "_definitions.json").read_text())["$defs"]
        return _kept(definitions[schema["$ref"].rpartition("/")[2]], written, core)
    kept: Json = {name: schema[name] for name in ("type", "enum", "required", "pattern") if name in schema}
    if "items" in schema:
        kept["items"] = _kept(schema["items"], written, core)
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = {"type": schema["additionalProperties"].get("type", "object")}
    if schema.get("properties") and written:
        inner = schema["properties"]
        kept["properties"] = {
            name: _kept(one, written[name], core) if name in written else {} for name, one in inner.items()
        }
        kept["additionalProperties"] = False
    return kept


def _git(place: str, *words: str) -> str:
    return subprocess.run(["git", "-C", place, *words], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607


if __name__ == "__main__":
    main(*sys.argv[1:])
