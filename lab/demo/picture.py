"""The live picture: one line of signs for each account, the consumers' count, and the last things that happened."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lab.demo import scene
from lab.demo.observer import Moment, Witness

COLOURS = {"A": "cyan", "w": "yellow", "R": "bold green", "x": "magenta", "!": "bold red", "H": "bold cyan", "F": "red"}
WEIGHT = "-·wxAR!HF"  # where a day saw several things, the weightier one is shown
NAMES, CALLS = 7, 22
LEGEND = "A adopted  w announced  R rotated  - overlap  x previous key retired  ! incident  H healed"


def picture(witness: Witness, lives: list[dict[str, Any]], now: float, width: int = 150) -> Group:
    """The picture for a terminal of so many columns; where a hundred days do not fit, the latest are shown."""
    day = min(witness.day(now), scene.DAYS)
    room = max(20, min(scene.DAYS, width - NAMES - CALLS - 8))
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", min_width=NAMES, no_wrap=True)
    table.add_column(width=room, no_wrap=True)
    table.add_column(min_width=CALLS, no_wrap=True)
    for account in scene.PERIODS:
        table.add_row(account, lane(witness.moments, account, day)[-room:], _calls(lives, account))
    title = f"Day {day:5.1f} of {scene.DAYS}, a day is a second"
    return Group(Panel(table, title=title, title_align="left"), Text(LEGEND, "dim"), *_last(witness.moments))


def lane(moments: list[Moment], account: str, day: float) -> Text:
    """A character for each day that has begun."""
    signs = ["·"] * (int(day) + 1)
    overlap_since: int | None = None
    for moment in sorted(moments, key=lambda one: one.day):
        place = int(moment.day)
        if moment.account not in (account, "") or place >= len(signs):
            continue
        if moment.sign == "x" and overlap_since is not None:
            signs[overlap_since + 1 : place] = [_weightier(s, "-") for s in signs[overlap_since + 1 : place]]
        overlap_since = place if moment.sign == "R" else None if moment.sign == "x" else overlap_since
        signs[place] = _weightier(signs[place], moment.sign)
    line = Text()
    for sign in signs[: scene.DAYS]:
        line.append(sign, COLOURS.get(sign, "dim"))
    return line


def _weightier(one: str, other: str) -> str:
    one = "-" if one == "·" and other == "-" else one
    return max(one, other, key=WEIGHT.find)


def _calls(lives: list[dict[str, Any]], account: str) -> Text:
    mine = [life for life in lives if life["account"] == account]
    made, failed = sum(life["made"] for life in mine), sum(life["failed"] for life in mine)
    return Text(f"{made:6} calls, {failed} failed", "red" if failed else "green")


def _last(moments: list[Moment], most: int = 9) -> list[Text]:
    told = [moment for moment in moments if moment.sign != "·"][-most:]
    return [say(moment) for moment in told]


def say(moment: Moment) -> Text:
    """A moment in words."""
    text = Text(f"  day {moment.day:5.1f}  {moment.account or 'all':7} ", "dim")
    text.append(moment.words, COLOURS.get(moment.sign, ""))
    return text
