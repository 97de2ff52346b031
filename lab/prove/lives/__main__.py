"""`python -m lab.prove.lives --seeds N`: exit code 1 if a life broke a promise."""

import argparse
import sys

from lab.prove.lives.soak import WEIGHTS, WITH_BAD_DAYS, WITH_SWITCHES, soak


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.lives", description=__doc__)
    parser.add_argument(
        "--seeds",
        type=int,
        default=200,
        help="how many lives, as many with bad days, and a quarter with switches (200)",
    )
    parser.add_argument("--first", type=int, default=1, help="the first seed; a seed always gives the same life")
    parser.add_argument("--actions", type=int, default=150, help="actions in each life (150)")
    parser.add_argument("--targets", type=int, default=3, help="targets in each life (3)")
    given, broken = parser.parse_args(), 0
    kinds = (
        ("lives", WEIGHTS, given.seeds),
        ("lives with bad days", WITH_BAD_DAYS, given.seeds),
        ("lives in which keys are switched off and on", WITH_SWITCHES, (given.seeds + 3) // 4),
    )
    for name, weights, seeds in kinds:
        figures = soak(
            seeds,
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
