"""`python -m lab.prove.trials [--faults N] [--seconds LIMIT] [--life NAME]`: exit code 1 if a promise was broken."""

from __future__ import annotations

import argparse
import sys

from lab.prove.trials import BOUNDS, explore
from lab.prove.trials.lives import lives


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="lab.prove.trials", description="Explore trials, holds and agreed ends.")
    parser.add_argument("--faults", type=int, default=1, help="the most faults and acts of others in one history (1)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this many seconds")
    parser.add_argument("--life", default="", help="only lives whose name begins so")
    given = parser.parse_args()
    among = [one for one in lives() if one.name.startswith(given.life)]
    figures = explore(given.faults, among, seconds=given.seconds, out=say)
    say(str(figures))
    say(BOUNDS)
    return 1 if figures.violations else 0


def say(line: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
