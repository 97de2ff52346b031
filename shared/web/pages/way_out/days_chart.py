"""The calls of one account day by day. Plain numbers; the template `key_use.html` draws.

Calls with a key and calls by identity have a lane each, with a scale of its own: three calls with a key would be
invisible beside a million others, and they are what matters. A day on which nothing at all was logged is a gap, because
nobody knows whether there were calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.domain.relative import counted
from shared.domain.usage import DayOfCalls, Usage

_LEAST = 2.0  # the height of the lowest bar
_LETTERS = 6.5  # units for a letter of the words in a gap


@dataclass(frozen=True)
class DaysLayout:
    """The measures of one form of the chart.

    name: The class of the form.
    width, height: The whole size.
    lane: The height of the tallest bar of a lane.
    key_base, identity_base: Where the bars of both lanes stand.
    axis: Where the dates stand.
    dates: How many days lie between two dates of the axis.
    """

    name: str
    width: float
    height: float
    lane: float
    key_base: float
    identity_base: float
    axis: float
    dates: int


WIDE_DAYS = DaysLayout("wide", 720, 178, 48, 74, 148, 168, 7)
NARROW_DAYS = DaysLayout("narrow", 330, 178, 48, 74, 148, 168, 14)


@dataclass(frozen=True)
class CallsBar:
    """The calls of one kind on one day.

    kind: `key` or `identity`.
    x: Its left edge.
    y: Its upper edge.
    width: Its width.
    height: Its height.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class LogGap:
    """Days in a row on which nothing was logged.

    x: Where they begin.
    width: How wide they are.
    says: What stands in the middle. Empty if there is no room.
    """

    x: float
    width: float
    says: str


@dataclass(frozen=True)
class DaysDrawing:
    """The chart in one form.

    layout: Its measures.
    bars: The bars of both lanes.
    gaps: The days without a log.
    dates: The dates of the axis: where each stands, and its text.
    """

    layout: DaysLayout
    bars: tuple[CallsBar, ...]
    gaps: tuple[LogGap, ...]
    dates: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class DayRow:
    """One day as a row of a table.

    day: The day, in words.
    logged: Whether anything was logged.
    with_key: How many calls were made with a key.
    by_identity: How many calls were made by identity.
    """

    day: str
    logged: bool
    with_key: int
    by_identity: int


@dataclass(frozen=True)
class DaysChart:
    """The chart, and the same as a table.

    drawings: It, drawn for several widths.
    rows: The days, the latest first.
    most_key, most_identity: The most calls of each kind on one day, which the tallest bar of a lane shows.
    sentence: What it shows, in words.
    """

    drawings: tuple[DaysDrawing, ...]
    rows: tuple[DayRow, ...]
    most_key: int
    most_identity: int
    sentence: str


def days_chart_of(usage: Usage) -> DaysChart:
    """Return the chart of the calls of one account, over the whole span."""
    days = _days(usage)
    most_key = max((one.with_key for one in usage.days), default=0)
    most_identity = max((one.by_identity for one in usage.days), default=0)
    drawings = tuple(_drawn(days, form, most_key, most_identity) for form in (WIDE_DAYS, NARROW_DAYS))
    rows = tuple(_row(day, one) for day, one in reversed(days))
    return DaysChart(drawings, rows, most_key, most_identity, _sentence(days, usage))


def _days(usage: Usage) -> list[tuple[date, DayOfCalls | None]]:
    """Return the days of the span. The first and the last one are not whole, so without a log they are left out."""
    logged = {one.day: one for one in usage.days}
    number = (usage.until.date() - usage.since.date()).days + 1
    days = [(day, logged.get(day)) for day in (usage.since.date() + timedelta(days=at) for at in range(number))]
    if logged and days[0][1] is None:
        del days[0]
    if logged and days[-1][1] is None:
        del days[-1]
    return days


def _drawn(days: list[tuple[date, DayOfCalls | None]], layout: DaysLayout, key: int, identity: int) -> DaysDrawing:
    room = layout.width / len(days)
    bars = tuple(
        bar for at, (_, one) in enumerate(days) if one for bar in _bars(at * room, room, one, layout, key, identity)
    )
    last = len(days) - 1
    dates = [(at, day) for at, (day, _) in enumerate(days) if (last - at) % layout.dates == layout.dates // 2]
    axis = tuple((round((at + 0.5) * room, 1), f"{day.day} {day:%b}") for at, day in dates)
    return DaysDrawing(layout, bars, tuple(_gaps(days, room)), axis)


def _bars(
    x: float, room: float, one: DayOfCalls, layout: DaysLayout, most_key: int, most_identity: int
) -> Iterator[CallsBar]:
    lanes = (
        ("key", one.with_key, most_key, layout.key_base),
        ("identity", one.by_identity, most_identity, layout.identity_base),
    )
    for kind, calls, most, base in lanes:
        if calls:
            height = max(layout.lane * calls / most, _LEAST)
            left, width = round(x + room * 0.12, 1), round(room * 0.76, 1)
            yield CallsBar(kind, left, round(base - height, 1), width, round(height, 1))


def _gaps(days: list[tuple[date, DayOfCalls | None]], room: float) -> Iterator[LogGap]:
    begins: int | None = None
    for at, one in enumerate([one for _, one in days] + [DayOfCalls(days[-1][0], 0, 0)]):
        if one is None:
            begins = at if begins is None else begins
        elif begins is not None:
            width = (at - begins) * room
            words = "nothing logged"
            says = words if len(words) * _LETTERS < width else "no log" if width > 6 * _LETTERS else ""
            yield LogGap(round(begins * room, 1), round(width, 1), says)
            begins = None


def _row(day: date, one: DayOfCalls | None) -> DayRow:
    return DayRow(_short(day), one is not None, one.with_key if one else 0, one.by_identity if one else 0)


def _sentence(days: Sequence[tuple[date, DayOfCalls | None]], usage: Usage) -> str:
    first, last = days[0][0], days[-1][0]
    said = [f"Calls of each day from {_short(first)} to {_short(last)}, in UTC."]
    said.append(f"With a key: {_kind([(one.day, one.with_key) for one in usage.days])}.")
    said.append(f"By identity: {_kind([(one.day, one.by_identity) for one in usage.days])}.")
    silent = sum(one is None for _, one in days)
    said += [f"On {counted(silent, 'day')} nothing was logged."] if silent else []
    return " ".join(said)


def _kind(days: list[tuple[date, int]]) -> str:
    total, busy = sum(calls for _, calls in days), [(calls, day) for day, calls in days if calls]
    if not busy:
        return "none"
    most, day = max(busy)
    return f"{counted(total, 'call')} on {counted(len(busy), 'day')}, most on {_short(day)} ({most:,})"


def _short(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
