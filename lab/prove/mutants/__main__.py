"""`python -m lab.prove.mutants [--only ROOM ...]`: exit code 1 if a survivor has no argument, or too many survived."""

from __future__ import annotations

import argparse
import sys

from lab.prove.mutants import ROOMS, run
from lab.prove.mutants.working_copy import MutationRunFailed


def main(arguments: list[str] | None = None) -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.mutants", description=__doc__)
    parser.add_argument("--only", choices=ROOMS, nargs="+", default=list(ROOMS), metavar="ROOM", help="only these")
    parser.add_argument("--processes", type=int, default=2, metavar="P", help="how many mutants at the same time (2)")
    given = parser.parse_args(arguments)
    try:
        figures = run(given.only, given.processes)
    except MutationRunFailed as problem:
        sys.stdout.write(f"mutants: nothing could be tried:\n{problem}\n")
        return 1
    sys.stdout.write("\n".join(figures.lines()) + "\n")
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
