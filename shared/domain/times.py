"""Times and durations as text, checked where text becomes a time.

Tags, messages and settings are text that anybody may have written. A time far outside any key's life cannot be used
(adding a period to the year 9999 overflows), so it is refused here, and no other code has to think of it. Durations are
ISO 8601, such as `P30D` or `PT24H`, or short, such as `30d`, `24h` or `1d12h`. Months and years are refused: they have
no fixed length.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

import isodate

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = timedelta(days=3660)

_SHORT = re.compile(
    r"(?=[0-9])(?:(?P<days>[0-9]{1,9})d)?(?:(?P<hours>[0-9]{1,9})h)?"
    r"(?:(?P<minutes>[0-9]{1,9})m(?:in)?)?(?:(?P<seconds>[0-9]{1,9})s)?"
)
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_STAMPED = re.compile(r"\d{8}T\d{6}\.\d{1,6}Z", re.ASCII)


def sane(moment: datetime) -> datetime:
    """Return the moment in UTC. Raises ValueError if it is not between 1970 and 2200."""
    if not FIRST <= moment < LAST:
        raise ValueError(f"{moment.isoformat()} is not a time between {FIRST:%Y} and {LAST:%Y}")
    return moment.astimezone(UTC)


def seconds_text(moment: datetime) -> str:
    """Return the seconds since 1970 as text, with microseconds only if there are any."""
    whole = int(moment.timestamp())
    return f"{whole}.{moment.microsecond:06d}" if moment.microsecond else str(whole)


def from_seconds(text: str) -> datetime:
    """Read what `seconds_text` wrote. Raises ValueError."""
    whole, _, fraction = text.partition(".")
    return sane(datetime.fromtimestamp(int(whole), UTC).replace(microsecond=int(fraction or 0)))


def sane_length(length: timedelta) -> timedelta:
    """Return the length. Raises ValueError if it is longer than ten years."""
    if length > LONGEST:
        raise ValueError(f"{length.days} days is longer than ten years")
    return length


def sane_lead(seconds: int) -> timedelta:
    """Return a number of seconds as a length. Raises ValueError if it is negative or longer than ten years."""
    if not 0 <= seconds <= LONGEST.total_seconds():
        raise ValueError(f"{seconds} seconds is not a lead time")
    return timedelta(seconds=seconds)


def parse_duration(text: str) -> timedelta:
    """Read a duration: ISO 8601, or whole days, hours, minutes and seconds in this order, such as `30d` or `1d12h`.

    Raises ValueError, with an example, for anything else and for a duration of zero.
    """
    short = _SHORT.fullmatch(text.strip())
    try:
        length = isodate.parse_duration(text.strip()) if short is None else _length(short)
    except (isodate.ISO8601Error, ValueError, OverflowError, ArithmeticError):
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as P30D or PT24H, and not 30d or 24h") from None
    if not isinstance(length, timedelta):
        raise ValueError(f"{text!r} has months or years, which have no fixed length: write days")  # noqa: TRY004
    if length <= timedelta(0):
        raise ValueError(f"{text!r} is not longer than zero")
    return sane_length(length)


def _length(short: re.Match[str]) -> timedelta:
    """Return the length that the short form names. Raises OverflowError if it is too long."""
    return timedelta(**{unit: int(number) for unit, number in short.groupdict().items() if number})


def iso_duration(length: timedelta) -> str:
    """Return the duration as ISO 8601: the reverse of `parse_duration`."""
    return str(isodate.duration_isoformat(length))


def share_of(name: str) -> float:
    """Return a number from 0 up to 1 that follows from the name alone, so that things with other names are spread
    out."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64


def stamp(moment: datetime) -> str:
    """Return a time as a tag holds it: UTC, to the microsecond, without characters that need quoting."""
    return moment.astimezone(UTC).strftime(_STAMP)


def unstamp(text: str) -> datetime:
    """Read what `stamp` wrote. Raises ValueError. An overview reads thousands, and `strptime` would take most of it."""
    if not _STAMPED.fullmatch(text):
        raise ValueError(f"{text!r} is not a time such as 20260302T090000.000000Z")
    return sane(datetime.fromisoformat(text))
