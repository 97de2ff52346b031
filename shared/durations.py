"""Durations as people write them in settings and tags: ISO 8601, such as `P30D` or `PT24H`.

Months and years are refused: they are no fixed time, and a deadline must be one.
"""

from __future__ import annotations

from datetime import timedelta

import isodate

from shared.moments import sane_length


def parse(text: str) -> timedelta:
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


def iso(length: timedelta) -> str:
    """The reverse of `parse`."""
    return str(isodate.duration_isoformat(length))
