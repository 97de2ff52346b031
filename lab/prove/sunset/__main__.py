"""`python -m lab.prove.sunset [--short]`: the sunset drill with its figures. Exit code 1 if it fails."""

import argparse
import asyncio
import sys

from rich.console import Console

from lab.prove.sunset.cast import LONG, SHORT
from lab.prove.sunset.judge import broken, table_of_accounts, table_of_calls, words
from lab.prove.sunset.story import play


def main() -> int:
    """Run the drill, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.sunset", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a look-back of 7 days instead of 35")
    parser.add_argument("--clients", type=int, default=3, metavar="N", help="clients of each consumer (3)")
    given = parser.parse_args()
    played = asyncio.run(play(SHORT if given.short else LONG, given.clients))
    console = Console(width=160)
    console.print(table_of_accounts(played), table_of_calls(played))
    found = broken(played)
    for line in (*words(played), *(f"BROKEN: {what}" for what in found)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    requests = sum(one.made.total() for one in played.consumers.values())
    console.print(f"sunset: {requests} requests in {played.timetable.end} days, which took {played.seconds:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
