"""The next fourteen days as a bar chart, for fleets with too many dates for a list. Plain numbers; a template draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from shared.announce.deadlines import DeadlineKind
from shared.domain.relative import counted
from shared.findings.dates import Date

DAYS = 14
WIDTH, HEIGHT = 420, 128  # units of the drawing
_TOP, _BASE = 16, 100  # where the tallest bar begins, and where all bars stand
_BAR = 20


@dataclass(frozen=True)
class DayBar:
    """One day.

    x: The middle of the bar.
    left: Its left edge.
    width: Its width.
    ends_y, ends_height: Where the part for ends of keys begins, and its height.
    new_y, new_height: Where the part for new keys begins, and its height.
    total: How many dates the day has.
    weekday: The day of the week, in two letters.
    day: The day of the month.
    says: The same in words.
    """

    x: float
    left: float
    width: float
    ends_y: float
    ends_height: float
    new_y: float
    new_height: float
    total: int
    weekday: str
    day: str
    says: str


@dataclass(frozen=True)
class Chart:
    """The chart.

    bars: The days.
    total: How many dates they have together.
    ends: How many of these are ends of keys.
    new: How many are new keys.
    unannounced: How many ends of keys within the next three days are not announced yet.
    held: How many ends of keys have no date, because they wait.
    """

    bars: tuple[DayBar, ...]
    total: int
    ends: int
    new: int
    unannounced: int
    held: int

    @property
    def sentence(self) -> str:
        """What the picture shows, in words."""
        counts = f"{counted(self.ends, 'end')} of keys and {counted(self.new, 'new key')}"
        busy = "; ".join(bar.says for bar in self.bars if bar.total)
        return f"The next {DAYS} days: {counts}. {busy}." if busy else f"The next {DAYS} days: nothing ends."


def chart_of(dates: Iterable[Date], now: datetime) -> Chart:
    """Return the chart of these dates. Days are those of UTC."""
    today = now.astimezone(UTC).date()
    per_day: dict[date, list[Date]] = {today + timedelta(days=ahead): [] for ahead in range(DAYS)}
    dates = list(dates)
    held = sum(one.falls_at is None and one.kind is not DeadlineKind.ROTATION for one in dates)
    for one in dates:
        day = one.falls_at.astimezone(UTC).date() if one.falls_at else None
        if day in per_day:
            per_day[day].append(one)
    tallest = max(map(len, per_day.values())) or 1
    bars = tuple(_bar(at, day, found, tallest) for at, (day, found) in enumerate(per_day.items()))
    shown = [one for found in per_day.values() for one in found]
    ends = [one for one in shown if one.kind is not DeadlineKind.ROTATION]
    soon = [one for one in ends if one.falls_at and one.falls_at - now <= timedelta(days=3)]
    unannounced = sum(not one.announced for one in soon)
    return Chart(bars, len(shown), len(ends), len(shown) - len(ends), unannounced, held)


def _bar(at: int, day: date, found: list[Date], tallest: int) -> DayBar:
    ends = sum(one.kind is not DeadlineKind.ROTATION for one in found)
    new = len(found) - ends
    unit = (_BASE - _TOP) / tallest
    x = round((at + 0.5) * WIDTH / DAYS, 1)
    new_height, ends_height = round(new * unit, 1), round(ends * unit, 1)
    return DayBar(
        x=x,
        left=x - _BAR / 2,
        width=_BAR,
        ends_y=round(_BASE - new_height - ends_height, 1),
        ends_height=ends_height,
        new_y=round(_BASE - new_height, 1),
        new_height=new_height,
        total=len(found),
        weekday=f"{day:%a}"[:2],
        day=str(day.day),
        says=f"{day:%a} {day.day} {day:%b}: {counted(ends, 'end')}, {counted(new, 'new key')}",
    )
