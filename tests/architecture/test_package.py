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
    ".venv/bin/python", ".github/workflows/ci.yml", ".gitignore", ".run/world.json", ".coverage", ".coverage.host.1",
    ".mypy_cache/3.13/x.json", "shared/__pycache__/wiring.cpython-313.pyc", "__pycache__/function_app.cpython-313.pyc",
    "function_app.pyc", "shared/web/page.pyc", "local.settings.json", "local.settings.prod.json", "tests/conftest.py",
    "lab/emulator/world.py", "cli/__main__.py", "mutants/shared/ports.py", ".azure/prod/.env", ".azure/config.json",
    ".env", ".env.local", "node_modules/x/index.js", "samples/listener/node_modules/x/index.js", "htmlcov/index.html",
    ".git/config", ".hypothesis/examples/1",
]  # fmt: skip
# Rooms that `shared` may get, whose names are those of folders beside it.
FUTURE = ["shared/cli/page.py", "shared/docs/page.py", "shared/lab.py", "shared/scripts/x.py", "shared/tests/x.py"]


def ignored() -> GitIgnoreSpec:
    """Return the patterns of .funcignore. `azd` reads them like a .gitignore: the last match wins."""
    return GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())


def left_out_by_func(name: str) -> bool:
    """Return whether `func` leaves a file out, by its own reading of .funcignore (its GitIgnoreParser).

    A pattern has to fit the start of the path; `**` is one character or more, `*` one or more without a slash.
    """
    lines = [line.strip().removeprefix("/") for line in (ROOT / ".funcignore").read_text().splitlines()]
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert not [line for line in patterns if line.startswith("!")]
    parts = [re.escape(line).replace(r"\*\*", ".+").replace(r"\*", "[^/]+") for line in patterns]
    return re.match("|".join(parts), name) is not None


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
    assert deployed == {name for name in everything if not left_out_by_func(name)}
    assert deployed == {"function_app.py", "host.json", "requirements.txt"} | shared


@pytest.mark.parametrize("name", NEVER_DEPLOYED)
def test_the_package_leaves_out_what_lies_about_on_a_machine(name: str) -> None:
    assert ignored().match_file(name)
    assert left_out_by_func(name)


@pytest.mark.parametrize("name", FUTURE)
def test_the_package_would_hold_a_room_that_is_named_like_a_folder_beside_shared(name: str) -> None:
    assert not ignored().match_file(name)
    assert not left_out_by_func(name)


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
