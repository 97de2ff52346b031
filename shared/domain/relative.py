"""Moments and lengths as people say them: "in 23 h", "5 days ago", "Wed 25 Nov 2026, 09:00 UTC".

Page and terminal use these words. A number is rounded: minutes below 90 minutes, hours below 36 hours, then days.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


def length_in_words(length: timedelta) -> str:
    """Return a length without its sign, such as "40 s", "12 min", "23 h" or "5 days"."""
    seconds = abs(length.total_seconds())
    if seconds < 1.5 * _MINUTE:
        return f"{round(seconds)} s"
    if seconds < 90 * _MINUTE:
        return f"{round(seconds / _MINUTE)} min"
    if seconds < 36 * _HOUR:
        return f"{round(seconds / _HOUR)} h"
    return f"{round(seconds / _DAY)} days"


def away(moment: datetime, now: datetime) -> str:
    """Return how far a moment is from now: "in 23 h", "5 days ago", or "now" within a second."""
    length = moment - now
    if abs(length) < timedelta(seconds=1):
        return "now"
    words = length_in_words(length)
    return f"in {words}" if length > timedelta(0) else f"{words} ago"


def exact(moment: datetime) -> str:
    """Return a moment with its weekday, in UTC and to the minute."""
    return f"{moment.astimezone(UTC):%a} {moment.astimezone(UTC).day} {moment.astimezone(UTC):%b %Y, %H:%M} UTC"


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a number with its noun: "1 target", "3 targets". `several`: the plural, if it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
