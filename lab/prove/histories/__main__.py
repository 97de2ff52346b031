"""`python -m lab.prove.histories [--faults N] [--seconds LIMIT] [--thorough]`: exit code 1 if a promise was broken."""

from __future__ import annotations

import argparse
import sys

from lab.prove.histories import BOUNDS, explore
from lab.prove.histories.lives import SHORT, bad_days, cadence_in_days, ending, keys_back, lives, no_identity


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="lab.prove.histories", description="Explore every history of one target.")
    parser.add_argument("--faults", type=int, default=1, help="the most faults and interferences in one history (1)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this many seconds")
    parser.add_argument(
        "--thorough", action="store_true", help="late calls arrive at any call, and no life has a shorter cadence"
    )
    parser.add_argument(
        "--days", type=int, nargs="+", default=[10, 3, 4, 1], help="period, overlap and warnings in days (10 3 4 1)"
    )
    given = parser.parse_args()
    among = [*lives(cadence_in_days(*given.days), None if given.thorough else SHORT), *bad_days(), no_identity()]
    figures = explore(given.faults, among, thorough=given.thorough, seconds=given.seconds, out=say)
    say(str(figures))
    more = explore(given.faults + 1, [ending()], seconds=given.seconds, out=say)
    fewer = explore(max(given.faults - 1, 0), keys_back(), seconds=given.seconds, out=say)
    say(BOUNDS)
    return 1 if any(one.violations for one in (figures, more, fewer)) else 0


def say(line: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
