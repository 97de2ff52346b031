"""`python -m lab.bench.fleets`: many keys due at once, long listings and leaks, in the running app with Azure's limits.

The app runs in local function hosts on one storage account: Azurite if its command is found or named, otherwise the
emulated one. The clock is real, so sizes decide how long it takes: minutes, or with --full an hour and more.
Each fleet is run twice: first without limits, in more subscriptions and vaults, which says what this machine can do.
"""

import argparse
import asyncio
import shutil
import sys

from lab.bench.fleets import table
from lab.bench.fleets.cases import cases
from lab.bench.fleets.leaks import SIZES, leaks
from lab.bench.fleets.measured import measure

INSTANCES = (1, 2, 5)
LEAKS = "leaks"


def main(arguments: list[str] | None = None) -> int:
    """Measure what the arguments name, print one line for each, and return 0."""
    return asyncio.run(_run(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    names = [*(case.name for case in cases(full=False)), LEAKS]
    parser = argparse.ArgumentParser(
        prog="python -m lab.bench.fleets", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the full sizes, with 1, 2 and 5 instances")
    parser.add_argument("--only", action="append", choices=names, help="measure only this; may be repeated")
    parser.add_argument("--instances", type=int, action="append", metavar="N", help="how many instances the app has")
    parser.add_argument("--no-machine", action="store_true", help="leave out the runs without limits")
    parser.add_argument("--azurite", default=shutil.which("azurite"), help="the command that starts Azurite")
    return parser


async def _run(given: argparse.Namespace) -> int:
    chosen = [case for case in cases(full=given.full) if not given.only or case.name in given.only]
    instances = given.instances or (INSTANCES if given.full else (1,))
    if chosen:
        print(
            f"Storage: {'Azurite' if given.azurite else 'the emulated one'}.\n\n{table.head(table.FLEETS)}", flush=True
        )
    for case in chosen:
        for count in instances:
            row = await measure(case, count, given.azurite, machine=not given.no_machine)
            print(table.line(row.cells()), flush=True)
    if not given.only or LEAKS in given.only:
        print(f"\n{table.head(table.LEAKS)}", flush=True)
        for size in SIZES if given.full else SIZES[:2]:
            for leak in await leaks([size]):
                print(table.line(leak.cells()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
