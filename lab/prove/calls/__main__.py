"""`python -m lab.prove.calls [--only SCENE] [--sample N]`: prints a line for each scene, a total, and failures."""

from __future__ import annotations

import argparse
import sys

from lab.prove.calls import SCENES, run


def main(arguments: list[str] | None = None) -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.calls", description=__doc__)
    parser.add_argument("--only", choices=list(SCENES), help="only this scene")
    parser.add_argument("--sample", type=int, metavar="N", help="this number of cases of each scene, evenly spread")
    parser.add_argument("--processes", type=int, default=2, metavar="P", help="how many processes (2)")
    given = parser.parse_args(arguments)
    figures = run(given.only, given.sample, processes=given.processes)
    sys.stdout.write("\n".join(figures.lines()) + "\n")
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main())
