"""`python -m lab.prove.trial_drill [--short]`: the trial drill with its figures. Exit code 1 if it fails."""

import argparse
import asyncio
import sys

from rich.console import Console

from lab.prove.trial_drill.judge import broken, table_of_calls, words
from lab.prove.trial_drill.story import play


def main() -> int:
    """Run the drill, print its figures and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.prove.trial_drill", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one instance of the app, and fewer calls")
    parser.add_argument("--clients", type=int, default=3, metavar="N", help="clients of each consumer (3)")
    given = parser.parse_args()
    played = asyncio.run(play(given.clients) if given.short else play(given.clients, instances=2, each=100))
    console = Console(width=160)
    console.print(table_of_calls(played))
    found = broken(played)
    for line in (*words(played), *(f"BROKEN: {what}" for what in found)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    requests = sum(one.made.total() for one in played.consumers.values())
    console.print(f"trial drill: {requests} requests, which took {played.seconds:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
