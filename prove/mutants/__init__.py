"""Every small mistake in the rooms that decide: would a test have noticed?

Each function of `ROOMS` is changed in one small place at a time (a comparison turned, an argument dropped, a word
altered: a *mutant*), and their own tests, tests/decide, are run against it. A mutant that a test fails on is killed.
One that no test notices has survived: it is killed by a better test, or `argued.toml` says in a sentence why nobody
could care.

What is not tried: values outside of functions (word lists, limits, the order of the policies, defaults of fields),
and the rooms that only carry things to Azure and back, which `prove.calls` and tests/edges look after. The mutations
are those of the mutmut library.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from configparser import ConfigParser

from prove.mutants.argued import Argument, arguments
from prove.mutants.figures import Figures
from prove.mutants.place import ROOT, TESTS, a_place, survive
from prove.mutants.survivors import Mutant, read

__all__ = ["ROOMS", "Argument", "Figures", "Mutant", "arguments", "run"]


def _deciding() -> list[str]:
    """The rooms that the import rules call pure. The list is there, so that a new room cannot be left out here."""
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    return [name.removeprefix("shared.") for name in rules["importlinter:contract:pure"]["source_modules"].split()]


ROOMS = (*_deciding(), "counting", "brake", "observe", "perform", "proof", "turn")


def run(rooms: Sequence[str] = ROOMS, processes: int = 2, tests: Sequence[str] = TESTS) -> Figures:
    """Try every mutant of these rooms in a copy of the repository, which is gone afterwards."""
    began = time.monotonic()
    with a_place(rooms, tests) as place:
        survive(place, processes)
        mutants = tuple(read(place))
    known = [one for one in arguments() if one.room in rooms]
    return Figures(mutants, tuple(known), time.monotonic() - began)
