"""`python -m lab.prove.drill`: the leak drill in each scenario, with its times. Exit code 1 if one failed."""

import argparse
import asyncio
import sys

from lab.prove.drill.leak import Scenario, drill


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.drill", description=__doc__)
    parser.add_argument("--consumers", type=int, default=6)
    given = parser.parse_args()
    broken = 0
    for scenario in Scenario:
        played = asyncio.run(drill(scenario, given.consumers))
        print(f"drill: {played}", flush=True)
        for what in played.broken:
            print(f"drill: {what}")
        broken += bool(played.broken)
    print(f"drill: {len(Scenario) - broken} of {len(Scenario)} held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
