"""Timer schedules: NCRONTAB expressions of six fields (five: without seconds) and constant intervals, all in UTC.

`{second} {minute} {hour} {day} {month} {day-of-week}`. A field is `*`, a value, a range `a-b`, a step `*/n`, `a-b/n`
or `a/n` (from a to the end), or a list of these. Months and days of the week may be names. A day must match both day
fields, as on the Functions host and unlike in Unix cron. Five or six fields and UTC: docs/facts.md, Timers. Running
the timer is left to `timers`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lab.funchost.errors import ScheduleError
from lab.funchost.timespan import parse_timespan

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FIELDS = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day-of-week", 0, 6, _DAYS),
)
_ELEMENT = re.compile(r"(?:(\*)|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/(\d+))?")
_LONGEST_GAP = timedelta(days=366 * 8)  # 29 February, across a year such as 2100 that is not a leap year


@dataclass(frozen=True, slots=True)
class Cron:
    """An NCRONTAB expression.

    text: The expression as it was written.
    seconds, minutes, hours: The allowed values, in ascending order.
    days: The allowed days of the month.
    months: The allowed months, January is 1.
    weekdays: The allowed days of the week, Sunday is 0.
    """

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time strictly later than `moment`, in UTC. Raises ScheduleError if there is none."""
        start = (moment.astimezone(UTC) + timedelta(seconds=1)).replace(microsecond=0)
        day = start.replace(hour=0, minute=0, second=0)
        while day - start < _LONGEST_GAP:
            earliest = start if day.date() == start.date() else day
            if self._day_matches(day) and (found := self._in_day(earliest)):
                return found
            day += timedelta(days=1)
        raise ScheduleError(f"the schedule {self.text!r} is never due")

    def _day_matches(self, day: datetime) -> bool:
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def _in_day(self, earliest: datetime) -> datetime | None:
        floor = (earliest.hour, earliest.minute, earliest.second)
        for hour in self.hours:
            if hour < floor[0]:
                continue
            for minute in self.minutes:
                if (hour, minute) < floor[:2]:
                    continue
                for second in self.seconds:
                    if (hour, minute, second) >= floor:
                        return earliest.replace(hour=hour, minute=minute, second=second)
        return None


@dataclass(frozen=True, slots=True)
class Interval:
    """A schedule that is due a fixed time after the last time.

    text: The interval as it was written.
    every: The time between two runs.
    """

    text: str
    every: timedelta

    def next_after(self, moment: datetime) -> datetime:
        """Return the due time that follows `moment`, in UTC."""
        return moment.astimezone(UTC) + self.every


type Schedule = Cron | Interval


def parse_schedule(text: str) -> Schedule:
    """Read an NCRONTAB expression or, if the text contains a colon, an interval as in `timespan`.

    Raises ScheduleError, which names the invalid field.
    """
    if ":" in text:
        return _interval(text)
    parts = text.split()
    if len(parts) == 5:
        parts.insert(0, "0")
    if len(parts) != 6:
        raise ScheduleError(f"the schedule {text!r} has {len(parts)} fields; use six, or five without seconds")
    fields = [_field(part, text, *rule) for part, rule in zip(parts, _FIELDS, strict=True)]
    ordered = [tuple(sorted(values)) for values in fields[:3]]
    cron = Cron(text, ordered[0], ordered[1], ordered[2], *(frozenset(values) for values in fields[3:]))
    cron.next_after(datetime(2000, 1, 1, tzinfo=UTC))
    return cron


def is_due_within_a_minute(schedule: Schedule) -> bool:
    """Return whether the schedule is due more than once in every minute (docs/facts.md, Timers).

    A schedule that also restricts minutes, hours, days or months is not: it has longer pauses.
    """
    if isinstance(schedule, Interval):
        return schedule.every < timedelta(minutes=1)
    at_all_times = (len(schedule.minutes), len(schedule.hours), len(schedule.days)) == (60, 24, 31)
    return at_all_times and len(schedule.months) == 12 and len(schedule.weekdays) == 7 and len(schedule.seconds) > 1


def _interval(text: str) -> Interval:
    try:
        every = parse_timespan(text)
    except ValueError as error:
        raise ScheduleError(f"the schedule {text!r} is not an interval: {error}") from None
    if not every:
        raise ScheduleError(f"the schedule {text!r} is an interval of zero seconds")
    return Interval(text, every)


def _field(part: str, text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    values: set[int] = set()
    for element in part.split(","):
        match = _ELEMENT.fullmatch(element)
        if match is None:
            raise ScheduleError(f"the schedule {text!r}: {element!r} is invalid in the {name} field")
        values |= _values(match, text, name, low, high, names)
    return values


def _values(match: re.Match[str], text: str, name: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    star, first_text, last_text, step_text = match.groups()
    step = int(step_text or 1)
    first = low if star else _number(first_text, low, names)
    last = high if star or (step_text and not last_text) else _number(last_text or first_text, low, names)
    if first is None or last is None or not low <= first <= last <= high or step < 1:
        raise ScheduleError(
            f"the schedule {text!r}: {match.group()!r} is invalid in the {name} field ({low} to {high})"
        )
    return set(range(first, last + 1, step))


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    """Return the number, or the number of a name (three letters or more are enough); None if it is neither."""
    if text.isdecimal():
        return int(text)
    fitting = [index for index, name in enumerate(names) if len(text) >= 3 and name.startswith(text.lower())]
    return low + fitting[0] if fitting else None
