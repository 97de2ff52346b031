"""What is deployed is the function app and nothing else, and it does not grow unnoticed."""

import json
import platform
import re
import subprocess
import sys

import pytest
from pathspec import GitIgnoreSpec

from tests.architecture.package_size import RECORD, ROOT, closure, sizes

MANAGEMENT = {"azure-mgmt-cognitiveservices", "azure-mgmt-core"}
GROWTH = 1.1  # allowed without a decision record
NEVER_DEPLOYED = [
    ".venv/bin/python", ".git/config", ".github/workflows/ci.yml", ".gitignore", ".run/world.json", ".coverage",
    ".mypy_cache/3.13/x.json", "shared/__pycache__/wiring.cpython-313.pyc", "local.settings.json",
    "local.settings.prod.json", "tests/conftest.py", "lab/emulator/world.py", "cli/__main__.py",
    "mutants/shared/ports.py",
]  # fmt: skip


def ignored() -> GitIgnoreSpec:
    """Return the patterns of .funcignore. `func` and `azd` read them like a .gitignore: the last match wins."""
    return GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())


def files() -> list[str]:
    """All files of the repository, also new ones, but none that Git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


def test_the_package_holds_the_function_app_and_all_of_shared() -> None:
    """A pattern such as `docs` would also leave out a room of that name, at any depth."""
    everything = files()
    deployed = set(everything) - set(ignored().match_files(everything))
    shared = {name for name in everything if name.startswith("shared/")}
    assert deployed == {"function_app.py", "host.json", "requirements.txt"} | shared


@pytest.mark.parametrize("name", NEVER_DEPLOYED)
def test_the_package_leaves_out_what_lies_about_on_a_machine(name: str) -> None:
    assert ignored().match_file(name)


@pytest.mark.parametrize(
    ("patterns", "name", "expected"),
    [
        (["docs"], "shared/docs/page.py", True),
        (["/docs"], "shared/docs/page.py", False),
        (["*.json", "!host.json"], "host.json", False),
        (["lab/"], "lab/demo/stage.py", True),
        (["lab/"], "lab", False),
        (["a/**/z"], "a/b/c/z", True),
        (["# lab"], "lab/demo/stage.py", False),
    ],
)
def test_the_patterns_are_read_as_git_reads_them(patterns: list[str], name: str, expected: bool) -> None:
    assert GitIgnoreSpec.from_lines(patterns).match_file(name) is expected


def test_the_app_brings_one_management_package_and_its_core() -> None:
    """Each azure-mgmt package is large, and one more would mean that the app manages another kind of resource."""
    assert {name for name in closure() if name.startswith("azure-mgmt-")} == MANAGEMENT


def test_the_closure_is_everything_that_the_requirements_pin() -> None:
    pinned = re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    asked = re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert set(closure()) == set(pinned)
    assert set(asked) <= set(pinned)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="sizes are recorded for the platform of Azure"
)
def test_the_package_grows_by_a_tenth_at_most_without_a_decision_record() -> None:
    recorded, today = json.loads(RECORD.read_text()), sizes()
    new = sorted(today.keys() - recorded.keys())
    assert sum(today.values()) <= GROWTH * sum(recorded.values()), (
        f"The app's packages grew by more than a tenth (new: {new}). Write a decision record, "
        "then run python -m tests.architecture.package_size."
    )
