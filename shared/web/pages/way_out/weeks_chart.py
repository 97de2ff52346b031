"""The fleet week by week as stacked columns. Plain numbers; the template `key_use.html` draws.

A week that nobody recorded has no column. It is drawn for two widths, of which the style shows the one that fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.domain.readiness import Stage
from shared.domain.relative import counted
from shared.readiness.kinds import Week
from shared.readiness.weeks import name_of_week

_UPWARDS = tuple(Stage)  # the goal stands at the bottom
_LEAST = 1.5  # the height of the smallest part, so that one account of ten thousand is seen
_LINES = 4  # of the scale, about
_APART = 30  # units from one name at the right to the next, which has two lines


@dataclass(frozen=True)
class WeeksLayout:
    """The measures of one form of the chart.

    name: The class of the form.
    width, height: The whole size.
    left, right: Where the columns begin and end.
    top, base: Where the tallest column ends, and where all stand.
    dates: How many dates it has room for.
    names: Whether the parts of the last column are named beside it.
    """

    name: str
    width: float
    height: float
    left: float
    right: float
    top: float
    base: float
    dates: int
    names: bool


WIDE_WEEKS = WeeksLayout("wide", 760, 300, 46, 590, 12, 270, 8, names=True)
NARROW_WEEKS = WeeksLayout("narrow", 330, 230, 36, 326, 10, 200, 5, names=False)


@dataclass(frozen=True)
class StagePart:
    """The accounts at one stage in one week.

    stage: The stage.
    y: Where the part begins, seen from above.
    height: Its height.
    """

    stage: Stage
    y: float
    height: float


@dataclass(frozen=True)
class WeekColumn:
    """One week.

    x: The left edge of its column.
    width: Its width.
    middle: Where its date stands.
    date: Its Monday in short: "23 Nov". Empty if there is no room.
    parts: Its parts. Empty for a week that nobody recorded.
    """

    x: float
    width: float
    middle: float
    date: str
    parts: tuple[StagePart, ...]


@dataclass(frozen=True)
class PartName:
    """The name of a part of the last column, beside it.

    y: Where it stands.
    text: What it says: "97 moving".
    change: How that differs from the week before: "+4". Empty if it does not, or if that week was not recorded.
    """

    y: float
    text: str
    change: str


@dataclass(frozen=True)
class WeeksDrawing:
    """The chart in one form.

    layout: Its measures.
    columns: The weeks, the oldest first.
    lines: The lines of its scale: where each stands, and its number.
    names: The names beside the last column.
    """

    layout: WeeksLayout
    columns: tuple[WeekColumn, ...]
    lines: tuple[tuple[float, str], ...]
    names: tuple[PartName, ...]


@dataclass(frozen=True)
class WeekRow:
    """One week as a row of a table.

    monday: The day on which it began, in words.
    name: The ISO week.
    counts: How many accounts were at each stage, in the order of the stages. Empty if nobody recorded it.
    key_calls: How many calls with a key were logged in the seven days before.
    """

    monday: str
    name: str
    counts: tuple[int, ...]
    key_calls: int


@dataclass(frozen=True)
class WeeksChart:
    """The chart, and the same as a table.

    drawings: It, drawn for several widths.
    rows: The weeks, the latest first.
    sentence: What it shows, in words.
    """

    drawings: tuple[WeeksDrawing, ...]
    rows: tuple[WeekRow, ...]
    sentence: str


def weeks_chart_of(weeks: Sequence[Week], now: datetime, most: int) -> WeeksChart | None:
    """Return the chart of the last weeks, this one included. None if none of them was recorded.

    weeks: What was recorded, in any order.
    most: How many weeks it shows at most. Those before the first recorded one are left out.
    """
    recorded = {one.name: one for one in weeks}
    mondays = [monday_of(now) - timedelta(weeks=back) for back in range(most - 1, -1, -1)]
    while mondays and _name(mondays[0]) not in recorded:
        del mondays[0]
    if not mondays:
        return None
    shown = [(monday, recorded.get(_name(monday))) for monday in mondays]
    rows = tuple(_row(monday, week) for monday, week in reversed(shown))
    return WeeksChart(tuple(_drawn(shown, form) for form in (WIDE_WEEKS, NARROW_WEEKS)), rows, _sentence(shown))


def monday_of(moment: datetime) -> date:
    """Return the Monday of the week of a moment, in UTC."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def _drawn(shown: list[tuple[date, Week | None]], layout: WeeksLayout) -> WeeksDrawing:
    tallest = max(_total(week.counts) for _, week in shown if week)
    step = _step(tallest)
    top = max(step, math.ceil(tallest / step) * step)
    unit = (layout.base - layout.top) / top
    columns = tuple(_columns(shown, layout, unit))
    lines = tuple((round(layout.base - number * unit, 1), f"{number:,}") for number in range(0, top + 1, step))
    return WeeksDrawing(layout, columns, lines, _names(shown, columns[-1], layout))


def _columns(shown: list[tuple[date, Week | None]], layout: WeeksLayout, unit: float) -> Iterator[WeekColumn]:
    room = min((layout.right - layout.left) / len(shown), 90)
    every = -(-len(shown) // layout.dates)
    for at, (monday, week) in enumerate(shown):
        middle = layout.left + (at + 0.5) * room
        dated = (len(shown) - 1 - at) % every == 0
        yield WeekColumn(
            round(middle - room * 0.38, 1),
            round(room * 0.76, 1),
            round(middle, 1),
            _short(monday) if dated else "",
            tuple(_parts(week.counts, layout.base, unit)) if week else (),
        )


def _parts(counts: Mapping[Stage, int], base: float, unit: float) -> Iterator[StagePart]:
    y = base
    for stage in _UPWARDS:
        number = counts.get(stage, 0)
        if number:
            height = max(number * unit, _LEAST)
            y -= height
            yield StagePart(stage, round(y, 1), round(height, 1))


def _names(shown: list[tuple[date, Week | None]], last: WeekColumn, layout: WeeksLayout) -> tuple[PartName, ...]:
    """Return the names of the parts of the last column, apart from one another, from below."""
    week = shown[-1][1]
    if not layout.names or week is None:
        return ()
    before = shown[-2][1] if len(shown) > 1 else None
    found: list[PartName] = []
    highest = layout.base + _APART
    for part in last.parts:
        y = min(part.y + part.height / 2, highest - _APART)
        highest = y
        number = week.counts.get(part.stage, 0)
        found.append(PartName(round(y, 1), f"{number:,} {part.stage.words}", _change(number, part.stage, before)))
    return _moved_down(found, layout.top)


def _moved_down(names: list[PartName], top: float) -> tuple[PartName, ...]:
    """Return the names, moved so that the highest one stays inside the picture."""
    too_high = top - names[-1].y if names else 0
    return tuple(PartName(one.y + max(0, too_high), one.text, one.change) for one in names)


def _change(number: int, stage: Stage, before: Week | None) -> str:
    more = number - before.counts.get(stage, 0) if before else 0
    return f"{'+' if more > 0 else '−'}{abs(more):,}" if more else ""


def _row(monday: date, week: Week | None) -> WeekRow:
    counts = tuple(week.counts.get(stage, 0) for stage in Stage) if week else ()
    return WeekRow(f"{_short(monday)} {monday.year}", _name(monday), counts, week.key_calls if week else 0)


def _sentence(shown: list[tuple[date, Week | None]]) -> str:
    recorded = [(monday, week) for monday, week in shown if week]
    missing = len(shown) - len(recorded)
    (first, then), (last, now) = recorded[0], recorded[-1]
    said = [f"{counted(len(shown), 'week')} of {_total(now.counts):,} accounts, stacked by how far they are."]
    if first != last:
        said.append(f"In the week of {_short(first)}: {_counts(then.counts)}.")
    said.append(f"In the week of {_short(last)}: {_counts(now.counts)}.")
    said += [f"{counted(missing, 'week was', 'weeks were')} not recorded."] if missing else []
    return " ".join(said)


def _counts(counts: Mapping[Stage, int]) -> str:
    return ", ".join(f"{counts.get(stage, 0):,} {stage.words}" for stage in Stage)


def _total(counts: Mapping[Stage, int]) -> int:
    return sum(counts.values())


def _name(monday: date) -> str:
    return name_of_week(datetime(monday.year, monday.month, monday.day, tzinfo=UTC))


def _short(monday: date) -> str:
    return f"{monday.day} {monday:%b}"


def _step(tallest: int) -> int:
    """Return how far the lines of the scale are apart: 1, 2 or 5 with as many zeros as it takes."""
    wanted = max(1, tallest / _LINES)
    power: int = 10 ** int(math.log10(wanted))
    steps: Iterable[int] = (1, 2, 5, 10)
    return next(power * one for one in steps if power * one >= wanted)
