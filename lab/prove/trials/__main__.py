"""`python -m lab.prove.trials [--faults N] [--seconds LIMIT] [--life NAME]`: exit code 1 if a promise was broken.

After the exploration each planted mistake is played, and must be found.
"""

from __future__ import annotations

import argparse
import sys

from lab.prove.trials import BOUNDS, explore
from lab.prove.trials.lives import lives
from lab.prove.trials.planted_mistakes import MISTAKES, life_of


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
    found = [name for name in MISTAKES if _is_found(name)]
    say(f"planted mistakes: {len(found)} of {len(MISTAKES)} found.")
    say(BOUNDS)
    return 1 if figures.violations or len(found) < len(MISTAKES) else 0


def _is_found(name: str) -> bool:
    """Return whether the explorer finds a planted mistake, and print it if it does not."""
    mistake = MISTAKES[name]
    with mistake.plant():
        figures = explore(mistake.faults, [life_of(mistake)], out=lambda _: None)
    found = any(one.broken.startswith(mistake.broken) for one in figures.violations)
    if not found:
        say(f"NOT FOUND: {name}")
    return found


def say(line: str) -> None:
    """Print a line immediately."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
