"""The live picture of `make demo`: a timeline for each account, the consumers' figures and the latest events."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from lab.demo import scene
from lab.demo.observer import Moment, Observer

COLOURS = {"A": "cyan", "w": "yellow", "R": "bold green", "x": "magenta", "!": "bold red", "H": "bold cyan", "F": "red"}
PRIORITY = "-·wxAR!HF"  # if several things happened on one day, the later one in this list is shown
NAMES, CALLS = 7, 22
LEGEND = "A adopted  w announced  R rotated  - overlap  x previous key retired  ! incident  H drift healed"


def picture(observer: Observer, stats: list[dict[str, Any]], now: float, width: int = 150) -> Group:
    """Return the picture for a terminal that is `width` columns wide.

    stats: The consumers' figures. now: Seconds since 1970. If not all days fit, the latest are shown.
    """
    day = min(observer.day(now), scene.DAYS)
    room = max(20, min(scene.DAYS, width - NAMES - CALLS - 8))
    table = Table.grid(padding=(0, 1))
    table.add_column(style="bold", min_width=NAMES, no_wrap=True)
    table.add_column(width=room, no_wrap=True)
    table.add_column(min_width=CALLS, no_wrap=True)
    for account in scene.PERIODS:
        table.add_row(account, timeline(observer.moments, account, day)[-room:], _calls(stats, account))
    title = f"Day {day:5.1f} of {scene.DAYS}, a day is a second"
    return Group(Panel(table, title=title, title_align="left"), Text(LEGEND, "dim"), *_last(observer.moments))


def timeline(moments: list[Moment], account: str, day: float) -> Text:
    """Return a line with one character for each day that has begun."""
    signs = ["·"] * (int(day) + 1)
    overlap_since: int | None = None
    for moment in sorted(moments, key=lambda one: one.day):
        place = int(moment.day)
        if moment.account not in (account, "") or place >= len(signs):
            continue
        if moment.sign == "x" and overlap_since is not None:
            signs[overlap_since + 1 : place] = [_more_important(s, "-") for s in signs[overlap_since + 1 : place]]
        overlap_since = place if moment.sign == "R" else None if moment.sign == "x" else overlap_since
        signs[place] = _more_important(signs[place], moment.sign)
    line = Text()
    for sign in signs[: scene.DAYS]:
        line.append(sign, COLOURS.get(sign, "dim"))
    return line


def _more_important(one: str, other: str) -> str:
    one = "-" if one == "·" and other == "-" else one
    return max(one, other, key=PRIORITY.find)


def _calls(stats: list[dict[str, Any]], account: str) -> Text:
    mine = [one for one in stats if one["account"] == account]
    made, failed = sum(one["made"] for one in mine), sum(one["failed"] for one in mine)
    return Text(f"{made:6} calls, {failed} failed", "red" if failed else "green")


def _last(moments: list[Moment], most: int = 9) -> list[Text]:
    latest = [moment for moment in moments if moment.sign != "·"][-most:]
    return [in_words(moment) for moment in latest]


def in_words(moment: Moment) -> Text:
    """Return what happened as one line of text."""
    text = Text(f"  day {moment.day:5.1f}  {moment.account or 'all':7} ", "dim")
    text.append(moment.words, COLOURS.get(moment.sign, ""))
    return text
