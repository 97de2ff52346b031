"""`make bench`: measures start-up, turns and ticks. It prints figures and judges nothing; tests check the limits."""

import argparse
import asyncio
import sys

from lab.bench.fleet import fleet
from lab.bench.start import start
from lab.bench.turns import turns


def main() -> int:
    """Run all measurements, print their lines and return 0."""
    parser = argparse.ArgumentParser(prog="python -m lab.bench", description=__doc__)
    parser.add_argument("--targets", type=int, default=2000, help="number of targets in the largest fleet")
    given = parser.parse_args()
    for line in start():
        print(line, flush=True)
    for line in asyncio.run(turns()):
        print(line, flush=True)
    sizes = tuple(size for size in (100, 500, 2000, 10_000) if size <= given.targets)
    for line in asyncio.run(fleet(sizes or (given.targets,))):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
