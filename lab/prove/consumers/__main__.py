"""`python -m lab.prove.consumers`: the load proof with its figures. Exit code 1 if it fails, 2 without a toolchain."""

import argparse
import asyncio
import sys
from dataclasses import replace

from rich.console import Console

from lab.prove.consumers.judge import broken, table, words
from lab.prove.consumers.kinds import KINDS, lacks
from lab.prove.consumers.story import play
from lab.prove.consumers.timetable import LONG, SHORT, Timetable


def main() -> int:
    """Run the proof, print its figures and return the exit code."""
    given = _parser().parse_args()
    without = [name for name in given.without.split(",") if name]
    unknown = sorted(set(without) - set(KINDS))
    if unknown:
        print(f"There is no kind {', '.join(unknown)}. Kinds are: {', '.join(KINDS)}.", file=sys.stderr)
        return 2
    kinds = {name: start for name, start in KINDS.items() if name not in without}
    missing = lacks(kinds)
    for lack in missing.values():
        print(lack, file=sys.stderr)
    if missing:
        print(f"Or leave these consumers out: --without {','.join([*without, *missing])}", file=sys.stderr)
        return 2
    played = asyncio.run(play(_timetable(given), kinds))
    console = Console(width=120)
    console.print(table(played))
    found = broken(played)
    for line in (*words(played), *(f"BROKEN: {what}" for what in found)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    left_out = f", without {', '.join(without)}" if without else ""
    print(f"consumers: {'broken' if found else 'held'} in {played.seconds:.0f} s{left_out}")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.prove.consumers", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few rotations with 8 consumers at one account")
    parser.add_argument("--without", default="", metavar="KINDS", help="kinds to leave out, such as go,java")
    for name in ("accounts", "consumers", "rotations", "leaks", "kills"):
        parser.add_argument(f"--{name}", type=int, metavar="N")
    return parser


def _timetable(given: argparse.Namespace) -> Timetable:
    names = ("accounts", "consumers", "rotations", "leaks", "kills")
    chosen = {name: getattr(given, name) for name in names if getattr(given, name) is not None}
    return replace(SHORT if given.short else LONG, **chosen)


if __name__ == "__main__":
    sys.exit(main())
