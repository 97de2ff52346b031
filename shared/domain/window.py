"""The hours in which scheduled work may happen, in a local time zone.

`Mon-Fri 09:00-16:00 Europe/Berlin` is a `Window`. All arguments and results are in UTC. It is computed here because the
timer cannot do it: the time zone settings of Azure Functions are not supported on Flex and Linux Consumption
(docs/facts.md, Timers). Hours that a change to summer time skips or repeats are treated as the zone does.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHAPE = re.compile(
    r"^(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))?"
    r" (?P<opens>\d\d:\d\d)-(?P<closes>\d\d:\d\d) (?P<zone>[A-Za-z0-9_+/-]+)$"
)
_MOST_DAYS = 16  # a weekly window whose only hour is skipped once opens a week later
_DAY_SECONDS = 24 * 60 * 60
_EXAMPLE = "Mon-Fri 09:00-16:00 Europe/Berlin"


@dataclass(frozen=True)
class Window:
    """Days of the week and local hours.

    days: The weekdays; 0 is Monday.
    opens: The local time at which it opens.
    closes: The local time at which it closes. That minute is not part of the window.
    zone: The name of the time zone, such as Europe/Berlin.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: str

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read `Mon-Fri 09:00-16:00 Europe/Berlin`. Raises ValueError, saying what is wrong, with an example."""
        shape = _SHAPE.match(text.strip())
        if shape is None:
            raise ValueError(f"{text!r} is not of the form '{_EXAMPLE}'")
        days = _days(shape["first"], shape["last"] or shape["first"])
        opens, closes = _hour(shape["opens"]), _hour(shape["closes"])
        if opens >= closes:
            raise ValueError(f"{text!r} opens at {opens:%H:%M}, which is not before it closes, {closes:%H:%M}")
        _zone(shape["zone"])
        return cls(days, opens, closes, shape["zone"])

    def open_at(self, moment: datetime) -> bool:
        """Return whether the window is open at that moment."""
        local = moment.astimezone(_zone(self.zone))
        return local.weekday() in self.days and self.opens <= local.time() < self.closes

    def next_open(self, moment: datetime) -> datetime:
        """Return the first moment at or after `moment` at which the window is open, in UTC.

        An hour that comes twice when summer time ends counts both times, also if the window was closed in between.
        Raises ValueError if it does not open within 16 days, such as a window without days.
        """
        for start, end in self._pieces(moment):
            opening = self._opening(start)
            if opening is not None and opening < end:
                return opening
        raise ValueError(f"the window {self} does not open within {_MOST_DAYS} days of {moment.isoformat()}")

    def _pieces(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the time from `moment` on in pieces of a day at most, within each of which no clock is changed."""
        for ahead in range(_MOST_DAYS):
            start = moment.astimezone(UTC) + timedelta(days=ahead)
            changed, end = self._change(start), start + timedelta(days=1)
            yield start, changed or end
            if changed is not None:
                yield changed, end

    def _change(self, start: datetime) -> datetime | None:
        """Return when the clocks of the zone are changed within a day of `start`. None if they are not."""
        zone, first = _zone(self.zone), int(start.timestamp())
        seconds, before = range(first, first + _DAY_SECONDS + 1), start.astimezone(zone).utcoffset()

        def changed_by(second: int) -> bool:
            return datetime.fromtimestamp(second, zone).utcoffset() != before

        if not changed_by(seconds[-1]):
            return None
        return datetime.fromtimestamp(seconds[bisect_left(seconds, True, key=changed_by)], UTC)

    def _opening(self, start: datetime) -> datetime | None:
        """Return when it is first open on that day or the next, if the clocks go on as they go at `start`."""
        if self.open_at(start):
            return start
        local = start.astimezone(_zone(self.zone)).replace(tzinfo=None)
        for day in (local.date(), local.date() + timedelta(days=1)):
            opens = datetime.combine(day, self.opens)
            if day.weekday() in self.days and opens >= local:
                return start + (opens - local)
        return None

    def __str__(self) -> str:
        names = ",".join(_DAYS[day] for day in sorted(self.days))
        return f"{names} {self.opens:%H:%M}-{self.closes:%H:%M} {self.zone}"


def _days(first: str, last: str) -> frozenset[int]:
    for name in (first, last):
        if name not in _DAYS:
            raise ValueError(f"{name!r} is not one of {', '.join(_DAYS)}")
    start, end = _DAYS.index(first), _DAYS.index(last)
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def _hour(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time of day such as 09:00") from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone such as Europe/Berlin or UTC") from None
