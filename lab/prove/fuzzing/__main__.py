"""`python -m lab.prove.fuzzing --inputs N`: exit code 1 if an input was neither handled nor refused with a name."""

import argparse
import sys

from lab.prove.fuzzing.fuzz import fuzz


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.fuzzing", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="inputs of each kind (20000)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    given = parser.parse_args()
    figures = fuzz(given.inputs, given.first)
    for name, tried in figures.tried.items():
        print(f"fuzzing: {name}: {tried} inputs tried, {figures.refused.get(name, 0)} refused by name")
    for finding in figures.findings[:50]:
        print(f"fuzzing: {finding}")
    print(f"fuzzing: {len(figures.findings)} findings, {figures.seconds:.0f} s")
    return 1 if figures.findings else 0


if __name__ == "__main__":
    sys.exit(main())
