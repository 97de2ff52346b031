"""Every small mistake in the rooms that decide: would a test have noticed?

Each function of `ROOMS` is changed in one small place at a time (a comparison turned, an argument dropped, a word
altered: a *mutant*), and their own tests, tests/decide, are run against it. A mutant that a test fails on is killed.
One that no test notices has survived: it is killed by a better test, or `argued.toml` says in a sentence why nobody
could care.

What is not tried: values outside of functions (word lists, limits, the order of the policies, defaults of fields),
and the rooms that only carry things to Azure and back, which `lab.prove.calls` and tests/edges look after. The mutations
are those of the mutmut library.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from configparser import ConfigParser

from lab.prove.mutants.argued import Argument, arguments
from lab.prove.mutants.figures import Figures
from lab.prove.mutants.place import ROOT, TESTS, a_place, survive
from lab.prove.mutants.survivors import Mutant, read

__all__ = ["ROOMS", "Argument", "Figures", "Mutant", "arguments", "run"]


def _pure() -> list[str]:
    """The modules of the packages that the import contract calls pure, so that a new module cannot be left out."""
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    packages = [ROOT / name.replace(".", "/") for name in rules["importlinter:contract:pure"]["source_modules"].split()]
    paths = (path for package in packages for path in sorted(package.glob("*.py")) if path.stem != "__init__")
    return [".".join(path.relative_to(ROOT / "shared").with_suffix("").parts) for path in paths]


TURNS = ("turns.key_usage", "turns.brake", "turns.observe", "turns.perform", "turns.proof", "turns.turn")
ROOMS = (*_pure(), *TURNS)


def run(rooms: Sequence[str] = ROOMS, processes: int = 2, tests: Sequence[str] = TESTS) -> Figures:
    """Try every mutant of these rooms in a copy of the repository, which is gone afterwards."""
    began = time.monotonic()
    with a_place(rooms, tests) as place:
        survive(place, processes)
        mutants = tuple(read(place))
    known = [one for one in arguments() if one.room in rooms]
    return Figures(mutants, tuple(known), time.monotonic() - began)
