"""`python -m lab.prove.drill`: the leak drill in each situation, with its times. Exit code 1 if anything broke."""

import argparse
import asyncio
import sys

from lab.prove.drill.leak import Situation, drill


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.prove.drill", description=__doc__)
    parser.add_argument("--consumers", type=int, default=6)
    given = parser.parse_args()
    broken = 0
    for situation in Situation:
        played = asyncio.run(drill(situation, given.consumers))
        print(f"drill: {played}", flush=True)
        for what in played.broken:
            print(f"drill: {what}")
        broken += bool(played.broken)
    print(f"drill: {len(Situation) - broken} of {len(Situation)} held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
