"""What the host notes of the timer: when it last ran and when it was due next. Where it notes nothing, what counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.fleet.pace import SHORTEST, USUAL
from shared.fleet.rotation import Rotation

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def since(last: str | None, app: Rotation, now: datetime) -> datetime | None:
    """Return the time of the last run, as the host notes it. None if it notes none: for a timer that never ran it
    writes the year 1.

    The host notes none for a schedule that is due more than once in every minute (docs/facts.md, Timers). Then the last
    tick is this process's, or else one interval of the schedule ago.
    """
    moment = _noted(last)
    if moment is not None:
        return moment if moment > _LONG_AGO else None
    pause = app.settings.pause
    return None if pause is None else app.ticked_at or now - pause


def interval(last: str | None, due: str | None, app: Rotation, now: datetime) -> timedelta:
    """Return the time between two ticks, in which this one's turns begin.

    The host notes when the timer last ran and when it was due after that. If that is still to come, somebody runs the
    timer by hand, and its own run comes then. Without such notes the time since this process's last tick counts.
    """
    if app.settings.pause is not None:
        return app.settings.pause
    before, then = _noted(last), _noted(due)
    if then is not None and then - now > SHORTEST:
        return then - now
    if before is not None and then is not None and before > _LONG_AGO:
        return max(then - before, SHORTEST)
    return max(now - app.ticked_at, SHORTEST) if app.ticked_at else USUAL


def _noted(text: str | None) -> datetime | None:
    """Return the time that the host notes; None if it notes none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
