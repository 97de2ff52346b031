"""The results that mutmut leaves in its folder: whether a test failed for each mutant, and what the mutant changed."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

FAILED = frozenset({1, 3})  # pytest: a test failed, or an internal error
TOO_LONG = frozenset({24, -24, 36, 152, 255})  # a loop that does not end is noticed as well
CRASHED = frozenset({-11})


@dataclass(frozen=True)
class Mutant:
    """One small change of a function. It has no line numbers, because they change with every edit elsewhere.

    function: The function, such as `decide.cadence.observation_due`.
    before: The lines that were removed, joined by spaces.
    after: The lines that took their place.
    killed: Whether a test failed.
    """

    function: str
    before: str
    after: str
    killed: bool

    @property
    def room(self) -> str:
        """The module, such as `decide.cadence`."""
        return ".".join(self.function.split(".")[:2])

    def __str__(self) -> str:
        return f"{self.function}\n    - {self.before}\n    + {self.after}"


def read(folder: Path) -> Iterator[Mutant]:
    """Read every mutant of a run in this folder."""
    for results in sorted((folder / "mutants" / "shared").rglob("*.meta")):
        codes: Mapping[str, int | None] = json.loads(results.read_text())["exit_code_by_key"]
        functions = dict(_functions(results.with_suffix("").read_text()))
        for name, code in codes.items():
            plain = name.removeprefix("shared.").partition("__mutmut_")[0]
            bare = name.rpartition(".")[2]
            before = functions[bare.partition("__mutmut_")[0] + "__mutmut_orig"]
            removed, added = _difference(before, functions[bare])
            yield Mutant(_readable(plain), removed, added, code in FAILED | TOO_LONG | CRASHED)


def _functions(text: str) -> Iterator[tuple[str, list[str]]]:
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "__mutmut_" in node.name:
            yield node.name, lines[node.lineno - 1 : node.end_lineno]


def _difference(before: list[str], after: list[str]) -> tuple[str, str]:
    """Return the removed and the added lines. The first line is compared without the function's name."""
    pairs = list(difflib.ndiff(_renamed(before), _renamed(after)))
    removed = " ".join(line[2:].strip() for line in pairs if line.startswith("- "))
    added = " ".join(line[2:].strip() for line in pairs if line.startswith("+ "))
    return removed, added


def _renamed(lines: list[str]) -> list[str]:
    head, _, rest = lines[0].partition("(")
    return [f"{head.partition('def ')[0]}def ({rest}", *lines[1:]]


def _readable(name: str) -> str:
    """`decide.plan.x_held` is `decide.plan.held`, and `decide.plan.xǁPlanǁ__str__` is `decide.plan.Plan.__str__`."""
    package, module, function = name.split(".", 2)
    room = f"{package}.{module}"
    separator = "\N{LATIN LETTER LATERAL CLICK}"
    if separator in function:
        return f"{room}.{'.'.join(function.split(separator)[1:])}"
    return f"{room}.{function.removeprefix('x_')}"
