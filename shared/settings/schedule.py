"""The schedule of the ticks, as far as the app must know it: NCRONTAB, which the function host reads and keeps.

The host tells each tick when the last one ran, except for a schedule that is due more than once in every minute
(docs/facts.md, Timers). Only for such a schedule the app must know by itself how long the last tick is ago.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

_MINUTE = 60  # seconds
_FIELD = re.compile(r"[0-9A-Za-z*/,-]+")
_SECONDS = re.compile(r"(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?")


def pause_within_a_minute(text: str) -> timedelta | None:
    """Return the longest pause between two ticks if the schedule is due more than once in every minute; else None.

    An interval such as `00:10:00`, which some plans take instead, is left to the host. Raises ValueError if the text is
    no schedule. The host would then serve no timer and say so only in its own log.
    """
    fields = text.split()
    if len(fields) == 1 and ":" in text:
        return None
    if len(fields) not in (5, 6) or not all(map(_FIELD.fullmatch, fields)):
        raise ValueError(f"{text[:60]!r} is not a schedule of six fields such as 0 */10 * * * *")
    due = sorted(_seconds(fields[0])) if len(fields) == 6 else [0]
    if len(due) < 2 or any(field != "*" for field in fields[1:]):
        return None
    return timedelta(seconds=max(later - earlier for earlier, later in pairwise([*due, due[0] + _MINUTE])))


def _seconds(field: str) -> set[int]:
    """Return the seconds of a minute that a schedule's first field names. Raises ValueError if it is invalid."""
    found: set[int] = set()
    for element in field.split(","):
        match = _SECONDS.fullmatch(element)
        if match is None:
            raise ValueError(f"{element!r} is not a part of the field for seconds")
        found |= _range(match)
    return found


def _range(match: re.Match[str]) -> set[int]:
    star, first, last, step = match.groups()
    begin = 0 if star else int(first)
    end = _MINUTE - 1 if star or (step and not last) else int(last or first)
    if not begin <= end < _MINUTE or step in ("0", "00"):
        raise ValueError(f"{match.group()!r} is not a part of the field for seconds, 0 to 59")
    return set(range(begin, end + 1, int(step or 1)))
