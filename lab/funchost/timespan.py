"""The `[d.]hh:mm:ss[.fraction]` durations of host.json and of timers. ISO 8601 durations are refused, as there."""

import re
from datetime import timedelta

_FORM = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?")


def parse_timespan(text: str) -> timedelta:
    """A ValueError tells what is wrong with it."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a duration of the form hh:mm:ss")
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
