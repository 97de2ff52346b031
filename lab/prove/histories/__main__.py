"""`python -m lab.prove.histories [--faults N] [--seconds LIMIT] [--thorough]`: exits 1 on a violation."""

from __future__ import annotations

import argparse
import sys

from lab.prove.histories import BOUNDS, explore
from lab.prove.histories.lives import SHORT, ending, lives, rhythm


def main() -> int:
    parser = argparse.ArgumentParser(prog="lab.prove.histories", description="Every history of one target.")
    parser.add_argument("--faults", type=int, default=1, help="faults and interferences in one history, at most")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--thorough", action="store_true", help="late calls land anywhere, and no life is short")
    parser.add_argument("--days", type=int, nargs="+", default=[10, 3, 4, 1], help="period, overlap, warnings")
    asked = parser.parse_args()
    among = lives(rhythm(*asked.days), None if asked.thorough else SHORT)
    figures = explore(asked.faults, among, thorough=asked.thorough, seconds=asked.seconds, out=say)
    say(str(figures))
    more = explore(asked.faults + 1, [ending()], seconds=asked.seconds, out=say)
    say(BOUNDS)
    return 1 if figures.violations or more.violations else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
