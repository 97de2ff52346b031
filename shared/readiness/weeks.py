"""The fleet week by week: one row for each ISO week, made by the first survey of the week that asked the logs.

If that one could not see everything, a later one of the same week that saw more takes its place.

A week in which none did is missing, and is a gap in the chart: nobody can know later what it was like.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.ports import Views
from shared.readiness.kinds import Survey, Week

log = logging.getLogger(LOGGER)
MOST_WEEKS = 261  # five years
FORM = 1  # of what is kept; what has another form counts as absent
_WEEK = timedelta(days=7)
_TRIES = 3


def name_of_week(moment: datetime) -> str:
    """Return the ISO week in which a moment lies: `2026-W48`."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02d}"


def week_of(survey: Survey) -> Week | None:
    """Return the row that a survey makes. None if it did not ask the logs: then it knows no calls."""
    if survey.until is None:
        return None
    first = (survey.until - _WEEK).date()
    days = (day for one in survey.entries if one.usage for day in one.usage.days)
    calls = sum(day.with_key for day in days if day.day > first)
    return Week(name_of_week(survey.asked_at), survey.counts(), calls, not survey.problems)


def with_week(weeks: Sequence[Week], week: Week) -> tuple[Week, ...]:
    """Return the weeks with this one, in their order. A week keeps its row unless this one is better; the oldest weeks
    are forgotten."""
    known = {one.name: one for one in weeks}
    if week.name not in known or week.is_better_than(known[week.name]):
        known[week.name] = week
    return tuple(known[name] for name in sorted(known))[-MOST_WEEKS:]


def packed_weeks(weeks: Sequence[Week]) -> bytes:
    """Return the weeks as the bytes of the blob."""
    import msgspec  # only a process that keeps or shows weeks needs it

    return zlib.compress(msgspec.json.encode(_KeptWeeks(tuple(weeks))))


def read_weeks(data: bytes) -> tuple[Week, ...] | None:
    """Return the weeks of these bytes. None if they cannot be read, such as those of another release."""
    import msgspec

    try:
        kept = msgspec.json.decode(zlib.decompress(data), type=_KeptWeeks)
    except (zlib.error, ValueError, TypeError, RecursionError) as problem:
        log.warning("readiness: the weeks that were kept cannot be read: %s", type(problem).__name__)
        return None
    return kept.weeks if kept.form == FORM else None


async def load_weeks(views: Views | None) -> tuple[Week, ...]:
    """Return the weeks that are kept, the oldest first. None of them if they cannot be read; then the log says so."""
    try:
        found = await views.read() if views else None
    except RotationError as error:
        log.warning("readiness: the weeks could not be read: %s", error)
        return ()
    return (read_weeks(found[0]) or ()) if found else ()


async def record_week(views: Views | None, survey: Survey) -> None:
    """Add the week of a survey to those that are kept, unless it has a row as good. Raises what the storage raises.

    Weeks that cannot be read are not written over: they may be those of a newer release.
    """
    week = week_of(survey)
    if views is None or week is None:
        return
    for _ in range(_TRIES):
        found = await views.read()
        weeks = read_weeks(found[0]) if found else ()
        if weeks is None:
            return
        more = with_week(weeks, week)
        if more == tuple(weeks) or await views.write(packed_weeks(more), found[1] if found else None):
            return
    log.info("readiness: other checks were writing the weeks, so the next survey adds this one")


@dataclass(frozen=True)
class _KeptWeeks:
    weeks: tuple[Week, ...]
    form: int = FORM
