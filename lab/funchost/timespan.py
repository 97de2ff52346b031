"""Reads durations of the form `[d.]hh:mm:ss[.fraction]`, in which host.json and timer schedules are written.

ISO 8601 durations such as `PT5M` are refused.
"""

import re
from datetime import timedelta

_FORM = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")


def parse_timespan(text: str) -> timedelta:
    """Return the duration. Raises ValueError if the text has another form or a part is out of range."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration of the form [d.]hh:mm:ss")
    days, hours, minutes, seconds, fraction = match.groups()
    if int(hours) > 23 or int(minutes) > 59 or int(seconds or 0) > 59:
        raise ValueError(f"{text!r} has a part out of range: hours to 23, minutes and seconds to 59")
    return timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")[:6]),
    )
