"""The Kubernetes objects in samples/, and what is recorded of their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.infra.bicep import ROOT

type Json = dict[str, Any]
DATA = Path(__file__).parent / "data" / "kubernetes.json"
FILES = [
    ROOT / "samples" / "no_key" / "aks" / "workload.yaml",
    ROOT / "samples" / "key_from_vault" / "aks" / "mounted.yaml",
    ROOT / "samples" / "key_from_vault" / "aks" / "external_secret.yaml",
    ROOT / "samples" / "listener" / "kubernetes_role.yaml",
]


def objects_in(path: Path) -> list[Json]:
    """Return the objects of one file."""
    return [one for one in yaml.safe_load_all(path.read_text()) if one]


def objects() -> Iterator[Json]:
    """Yield the objects of all files."""
    for path in FILES:
        yield from objects_in(path)


def kind_of(one: Json) -> str:
    """Return apiVersion and kind of an object, as `DATA` names its schema."""
    return f"{one['apiVersion']}/{one['kind']}"


def schemas() -> Json:
    """Return the recorded schemas, by apiVersion and kind."""
    recorded: Json = json.loads(DATA.read_text())["schemas"]
    return recorded
