"""Where mutants live: a copy of what the tests need, in a folder of its own that is gone afterwards.

Two things are different in the copy. A property is written as a function and a line that makes a property of it,
because mutmut leaves decorated functions alone, and a room such as `situation` is made of them. And the quickest
tests are run first, with random facts that do not change from mutant to mutant: what is killed once stays killed.
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
QUICKEST_FIRST = '''"""Tests in the order of the time they take, and random facts that are the same for every mutant."""

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
    """The file of a module such as `decide.cadence`, from the top of the repository."""
    return Path("shared", *room.split(".")).with_suffix(".py")


class NotTried(Exception):
    """The mutants could not be tried at all; the text is the end of what mutmut said."""


@contextmanager
def a_place(rooms: Sequence[str], tests: Sequence[str] = TESTS) -> Iterator[Path]:
    with TemporaryDirectory(prefix="mutants-") as folder:
        place = Path(folder)
        _copy(place)
        for room in rooms:
            source = place / path_of(room)
            source.write_text(with_bare_properties(source.read_text()))
        (place / "conftest.py").write_text(QUICKEST_FIRST)
        with (place / "pyproject.toml").open("a") as settings:
            settings.write(_settings(rooms, tests))
        yield place


def survive(place: Path, processes: int) -> None:
    """Let mutmut try every mutant; what became of them is read by `survivors`. Raises NotTried."""
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes)]
    said = place / "said.txt"
    with said.open("w") as words:
        ended = subprocess.run(command, cwd=place, stdout=words, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        raise NotTried(said.read_text()[-4000:])


def with_bare_properties(text: str) -> str:
    """The same code, with `@property` above a method replaced by a line below it."""
    lines = text.splitlines()
    for method in sorted(_properties(text), key=lambda one: -one.lineno):
        last, above = method.end_lineno or method.lineno, method.decorator_list[0].lineno
        lines[last:last] = ["", f"{' ' * method.col_offset}{method.name} = property({method.name})"]
        del lines[above - 1]
    return "\n".join(lines) + "\n"


def _properties(text: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and [ast.unparse(one) for one in node.decorator_list] == ["property"]:
            yield node


def _copy(place: Path) -> None:
    for name in _names():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)


def _names() -> list[str]:
    """What is copied: everything that a fresh checkout shows, since a test may read any of it."""
    return sorted(one.name for one in ROOT.iterdir() if not one.name.startswith((".", "__")))


def _settings(rooms: Sequence[str], tests: Sequence[str]) -> str:
    """What mutmut reads. A list of strings is written alike in JSON and TOML."""
    settings = {
        "source_paths": [str(path_of(room)) for room in rooms],
        "pytest_add_cli_args_test_selection": list(tests),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-p", "no:xdist"],
        "also_copy": [*_names(), "conftest.py"],
    }
    return "\n[tool.mutmut]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
