"""One name means one thing, and each room says at its door what it is for."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import LONG

ROOT = Path(__file__).resolve().parents[2]
ROOMS = sorted((ROOT / "shared").rglob("__init__.py"))


def kinds_in(tree: ast.Module) -> Iterator[str]:
    """The names of all classes of a module and of its type aliases, also those written as plain assignments."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.TypeAlias(name=ast.Name(id=name)):
                yield name
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if re.match(r"[A-Z]\w*[a-z]", name):
                yield name


def test_no_class_and_no_type_alias_has_the_name_of_another() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for folder in ("shared", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in kinds_in(ast.parse(path.read_text())):
                places[name].append(str(path.relative_to(ROOT)))
    assert {name: at for name, at in places.items() if len(at) > 1} == {}


def test_classes_and_type_aliases_are_found_in_every_form() -> None:
    source = "class A:\n    class B: ...\ntype C = int\nDoc = int | str\nQUEUE = 'x'\n"
    assert list(kinds_in(ast.parse(source))) == ["A", "C", "B", "Doc"]


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: str(path.parent.relative_to(ROOT)))
def test_a_room_says_what_it_is_for_and_imports_nothing(path: Path) -> None:
    """An import here would run whenever any module of the room is loaded, also on a cold start."""
    tree = ast.parse(path.read_text())
    words = ast.get_docstring(tree) or ""
    assert re.search(r"\w+ \w+ .*\.", words, re.DOTALL)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_every_place_of_long_tests_is_there() -> None:
    assert [place for place in LONG if not (ROOT / "tests" / place).exists()] == []
