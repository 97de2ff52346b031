"""`python -m lab.prove.lives --seeds N`: exit code 1 if a life broke a promise."""

import argparse
import sys

from lab.prove.lives.soak import WEIGHTS, WITH_BAD_DAYS, soak


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.lives", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many lives, and as many with bad days (200)")
    parser.add_argument("--first", type=int, default=1, help="the first seed; a seed always gives the same life")
    parser.add_argument("--actions", type=int, default=150, help="actions in each life (150)")
    parser.add_argument("--targets", type=int, default=3, help="targets in each life (3)")
    given, broken = parser.parse_args(), 0
    for name, weights in (("lives", WEIGHTS), ("lives with bad days", WITH_BAD_DAYS)):
        figures = soak(
            given.seeds,
            given.actions,
            given.targets,
            given.first,
            say=lambda text: sys.stdout.write(f"{text}\n"),
            weights=weights,
        )
        sys.stdout.write(
            f"{name}: {figures.seeds} seeds, {figures.actions} actions, {figures.checks} checks of the promises, "
            f"{len(figures.broken)} broken, {figures.seconds:.0f} s\n"
        )
        broken += len(figures.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
