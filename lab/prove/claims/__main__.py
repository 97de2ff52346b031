"""`python -m lab.prove.claims`: every clash of names and tags. Exit code 1 if one of them breaks a promise."""

import argparse
import logging
import sys
from itertools import islice

from lab.prove.claims.case import cases
from lab.prove.claims.explore import explore

MOST_SHOWN = 20


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.claims", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="play every n-th case only (1: all of them)")
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the app warns of nearly every case
    figures = explore(islice(cases(), 0, None, given.every))
    for violation in figures.violations[:MOST_SHOWN]:
        print(f"claims: {violation}")
    print(f"claims: {figures}")
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
