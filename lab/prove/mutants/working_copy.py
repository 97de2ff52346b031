"""The working copy: a temporary copy of the repository in which mutmut runs.

Two things differ in the copy. A property is written as a function and a line that makes a property of it, because
mutmut skips decorated functions, and modules such as `decide.situation` consist of properties. And the fastest tests
run first, with Hypothesis made deterministic, so that every run kills the same mutants.
"""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[3]
TESTS = ("tests/domain", "tests/decide", "tests/announce", "tests/turns")
QUICKEST_FIRST = '''"""Run the fastest tests first, and give every mutant the same random examples."""

import json
from pathlib import Path

from hypothesis import Phase, settings

settings.register_profile("mutants", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutants")


def pytest_collection_modifyitems(items):
    known = Path("mutmut-stats.json")
    seconds = json.loads(known.read_text())["duration_by_test"] if known.exists() else {}
    items.sort(key=lambda item: seconds.get(item.nodeid, 0.0))
'''


def path_of(room: str) -> Path:
    """Return the file of a module such as `decide.cadence`, relative to the repository."""
    return Path("shared", *room.split(".")).with_suffix(".py")


class MutationRunFailed(Exception):
    """Mutmut could not try the mutants. The text is the end of its output."""


@contextmanager
def a_working_copy(rooms: Sequence[str], tests: Sequence[str] = TESTS) -> Iterator[Path]:
    """Copy the repository to a temporary folder, configured for mutmut. The folder is removed when the block ends.

    rooms: The modules to mutate. tests: The tests to run against each mutant.
    """
    with TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name)
        _copy(folder)
        for room in rooms:
            source = folder / path_of(room)
            source.write_text(with_bare_properties(source.read_text()))
        (folder / "conftest.py").write_text(QUICKEST_FIRST)
        with (folder / "pyproject.toml").open("a") as settings:
            settings.write(_settings(rooms, tests))
        yield folder


def run_mutmut(folder: Path, processes: int) -> None:
    """Let mutmut try every mutant; `results.read` reads what it found. Raises MutationRunFailed."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
    output = folder / "mutmut-output.txt"
    with output.open("w") as file:
        ended = subprocess.run(command, cwd=folder, stdout=file, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        raise MutationRunFailed(output.read_text()[-4000:])


def with_bare_properties(text: str) -> str:
    """Return the same code, with `@property` or `@cached_property` above a method replaced by a line below it."""
    lines = text.splitlines()
    for method in sorted(_properties(text), key=lambda one: -one.lineno):
        last, above = method.end_lineno or method.lineno, method.decorator_list[0].lineno
        lines[last:last] = ["", f"{' ' * method.col_offset}{method.name} = property({method.name})"]
        del lines[above - 1]
    return "\n".join(lines) + "\n"


def _properties(text: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and _is_property(node):
            yield node


def _is_property(method: ast.FunctionDef) -> bool:
    return [ast.unparse(one) for one in method.decorator_list] in (["property"], ["cached_property"])


def _copy(folder: Path) -> None:
    for name in _names():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def _names() -> list[str]:
    """Return what is copied: everything in a fresh checkout, because a test may read any of it."""
    return sorted(one.name for one in ROOT.iterdir() if not one.name.startswith((".", "__")))


def _settings(rooms: Sequence[str], tests: Sequence[str]) -> str:
    """Return mutmut's settings. A list of strings looks the same in JSON and TOML."""
    settings = {
        "source_paths": [str(path_of(room)) for room in rooms],
        "pytest_add_cli_args_test_selection": list(tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist"],
        "also_copy": [*_names(), "conftest.py"],
    }
    return "\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
