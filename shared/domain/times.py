"""Which times can be meant. Tags, messages and settings are text that anybody may have written.

A time far outside of any key's life cannot be calculated with (adding a period to the year 9999 overflows), so it
is refused where text becomes a time, and nothing behind that has to think of it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import isodate

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=3660)


def sane(moment: datetime) -> datetime:
    """The same moment, in UTC. Raises ValueError for one that nobody can mean."""
    if not FIRST <= moment < LAST:
        raise ValueError(f"{moment.isoformat()} is not a time between {FIRST:%Y} and {LAST:%Y}")
    return moment.astimezone(UTC)


def seconds_text(moment: datetime) -> str:
    """Seconds since 1970 as text, with the microseconds only where there are any."""
    whole = int(moment.timestamp())
    return f"{whole}.{moment.microsecond:06d}" if moment.microsecond else str(whole)


def from_seconds(text: str) -> datetime:
    """The reverse of `seconds_text`. Raises ValueError."""
    whole, _, fraction = text.partition(".")
    return sane(datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(fraction or 0)))


def sane_length(length: timedelta) -> timedelta:
    """The same length. Raises ValueError for one longer than ten years."""
    if length > LONGEST:
        raise ValueError(f"{length.days} days is longer than ten years")
    return length


def sane_lead(seconds: int) -> timedelta:
    """So many seconds as a length. Raises ValueError."""
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"{seconds} seconds is no lead of a deadline")
    return timedelta(seconds=seconds)


def parse_duration(text: str) -> timedelta:
    """Raises ValueError with an example."""
    try:
        length = isodate.parse_duration(text.strip())
    except (isodate.ISO8601Error, ValueError, OverflowError, ArithmeticError):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P30D or PT24H") from None
    if not isinstance(length, timedelta):
        raise ValueError(f"{text!r} has months or years, which are no fixed time: write days")  # noqa: TRY004
    if length <= timedelta(0):
        raise ValueError(f"{text!r} is not longer than nothing")
    return sane_length(length)


def iso_duration(length: timedelta) -> str:
    """The reverse of `parse_duration`."""
    return str(isodate.duration_isoformat(length))
