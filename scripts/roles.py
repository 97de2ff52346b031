"""Writes the table of docs/roles.md from role data, and that data from a public dump of Azure's role definitions.

    PYTHONPATH=. .venv/bin/python scripts/roles.py            the table alone
    PYTHONPATH=. .venv/bin/python scripts/roles.py <folder>   the data first, from a checkout or a bare clone of
                                                              github.com/iann0036/iam-dataset

tests/readers/data/built_in_roles.json keeps each built-in role that opens a road to a key or lets people do what the
page shows; without texts, with permissions as Azure writes them. A test fails if page and data differ.
"""

from __future__ import annotations

import json
import subprocess
import sys

from tests.readers.role_data import DATA, PAGE, AzureRole, built_in_roles, is_of_interest, page_with, role_of

DUMP = "azure/built-in-roles-raw.json"


def main(*places: str) -> None:
    """Write the data if a place is given, and the table."""
    for place in places:
        _write_data(place)
    PAGE.write_text(page_with(PAGE.read_text(), built_in_roles()))
    sys.stdout.write(f"{len(built_in_roles())} roles in {DATA}, and the table of {PAGE}\n")


def _write_data(place: str) -> None:
    commit = _git(place, "log", "-1", "--format=%H (%cs)", "HEAD").strip()
    dump = json.loads(_git(place, "show", f"HEAD:{DUMP}"))
    kept = sorted((_kept(one) for one in dump if is_of_interest(role_of(one))), key=lambda one: one["roleName"])
    source = f"iann0036/iam-dataset {DUMP} {commit}, by scripts/roles.py"
    lines = ",\n".join(json.dumps(one, sort_keys=True) for one in kept)
    DATA.write_text(f'{{"source": {json.dumps(source)}, "of": {len(dump)}, "roles": [\n{lines}\n]}}\n')


def _kept(role: AzureRole) -> AzureRole:
    return {name: role[name] for name in ("name", "roleName", "roleType", "permissions")}


def _git(place: str, *words: str) -> str:
    command = ("git", "-C", place, *words)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603


if __name__ == "__main__":
    main(*sys.argv[1:])
