"""Fixed dates for tests. Day 0 is Monday, 2 March 2026, and every history begins at nine in the morning, UTC."""

from datetime import UTC, datetime, timedelta

_FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAY = tuple(_FIRST + timedelta(days=number) for number in range(400))


def at(*, day: int = 0, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """Return a moment, given by the day of the history and the hour of that day in UTC."""
    return DAY[day] + timedelta(hours=hour, minutes=minute, seconds=second)


START = at(day=0)


def days(number: float) -> timedelta:
    """Return this number of days."""
    return timedelta(days=number)


def hours(number: float) -> timedelta:
    """Return this number of hours."""
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    """Return this number of minutes."""
    return timedelta(minutes=number)


SENDING = minutes(5)  # the time that a deadline which is announced again leaves for sending the event
