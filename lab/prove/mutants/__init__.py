"""Mutation tests: every small mistake in the modules that decide must make a test fail.

Each function of `ROOMS` is changed in one small place at a time (an operator reversed, an argument dropped, a text
altered: a *mutant*), and the tests of these modules (`TESTS`) are run against it. A mutant that makes a test fail is
killed. One that no test notices survives: either a better test kills it, or `argued.toml` says in a sentence why the
change makes no difference. At least 95 % must be killed and all others argued.

What it cannot see: values outside of functions (word lists, limits, the order of the policies, defaults of fields), and
the modules that only translate between us and Azure, which tests/adapters and `lab.prove.calls` cover. The mutations
are those of the library mutmut. All modules take several minutes on two idle cores.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from configparser import ConfigParser

from lab.prove.mutants.argued import Argument, arguments
from lab.prove.mutants.figures import Figures
from lab.prove.mutants.results import Mutant, read
from lab.prove.mutants.working_copy import ROOT, TESTS, a_working_copy, run_mutmut

__all__ = ["ROOMS", "Argument", "Figures", "Mutant", "arguments", "run"]


def _pure() -> list[str]:
    """Return the modules of the packages in the import contract `pure`, so that a new module is always included."""
    rules = ConfigParser()
    rules.read(ROOT / ".importlinter")
    packages = [ROOT / name.replace(".", "/") for name in rules["importlinter:contract:pure"]["source_modules"].split()]
    paths = (path for package in packages for path in sorted(package.glob("*.py")) if path.stem != "__init__")
    return [".".join(path.relative_to(ROOT / "shared").with_suffix("").parts) for path in paths]


TURNS = ("turns.key_usage", "turns.brake", "turns.observe", "turns.perform", "turns.proof", "turns.turn")
ROOMS = (*_pure(), *TURNS)


def run(rooms: Sequence[str] = ROOMS, processes: int = 2, tests: Sequence[str] = TESTS) -> Figures:
    """Try every mutant of these modules in a temporary copy of the repository.

    processes: How many mutants are tried at the same time. tests: The tests that must notice.
    Raises MutationRunFailed if mutmut does not run.
    """
    began = time.monotonic()
    with a_working_copy(rooms, tests) as folder:
        run_mutmut(folder, processes)
        mutants = tuple(read(folder))
    known = [one for one in arguments() if one.room in rooms]
    return Figures(mutants, tuple(known), time.monotonic() - began)
