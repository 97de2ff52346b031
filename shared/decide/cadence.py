"""Times, computed from a version's marks and a target's cadence: when to rotate, when to end, what to announce when.

Deadlines are crossed, not hit: an announcement is due from the moment its lead time is crossed until it was accepted,
so a missed check delays it and cannot lose it. If several lead times were crossed at once, only the shortest is
announced; it covers the longer ones. No clock is read here: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks, Origin
from shared.domain.requests import Follow
from shared.domain.scheduled import scheduled_at
from shared.domain.times import share_of
from shared.domain.told import ToldDeadline

LONGEST_SENDING = timedelta(minutes=5)
LAPSES_AFTER = timedelta(days=8)  # an announced end of all keys that has not come by then is announced anew


@dataclass(frozen=True)
class DueNotice:
    """An announcement of a deadline that is due now.

    deadline: The moment that is announced, in UTC.
    lead: The lead time that was crossed. None for the first announcement of a deadline, made as soon as it is known.
    """

    deadline: datetime
    lead: timedelta | None


def due_at(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
    """Return when the rotation is due: as `scheduled_at` says, or sooner after an awaited deployment.

    named: The expiry date of the version, if this app has written it.

    The window and the previous key can delay the rotation itself; see `schedule.rotation`.
    """
    scheduled = scheduled_at(marks, target, named)
    return min(scheduled, rotates_from(marks, target.cadence) or scheduled)


def rotates_from(marks: Marks, cadence: Cadence) -> datetime | None:
    """Return from when on an awaited deployment makes a rotation due, in UTC. None if it makes none due, or not yet.

    Readers of the vault may still hold a key that it held until the last rotation, so that key keeps its overlap, also
    where a person confirmed that both old values end.
    """
    begins = marks.awaited.rotates_from(cadence.overlap) if marks.awaited else None
    if begins is None or marks.awaited is None or marks.awaited.then is not Follow.END:
        return begins
    held_before = marks.origin is not Origin.ADOPTED and marks.previous is not None
    return max(begins, marks.since + cadence.overlap) if held_before else begins


def within_window(moment: datetime, cadence: Cadence) -> datetime:
    """Return the first time at or after `moment` at which scheduled work may happen."""
    return cadence.window.next_open(moment) if cadence.window else moment


def ending_at(marks: Marks, cadence: Cadence, now: datetime) -> datetime | None:
    """Return the deadline to announce for the previous key. None if there is no previous key.

    It is the end of the overlap, and never sooner than the notice from `now`: if announcing was impossible, the
    deadline moves (P3).
    """
    if marks.previous is None or marks.until is None:
        return None
    return _deadline(marks.until, marks.told.retirement, cadence, now)


def sunset_at(sunset: datetime, told: ToldDeadline | None, cadence: Cadence, now: datetime) -> datetime:
    """Return the end of keys to announce: the agreed date, and never sooner than the notice from `now` (P3)."""
    return _deadline(sunset, told, cadence, now)


def has_lapsed(told: ToldDeadline, now: datetime) -> bool:
    """Return whether an announced end has not come for so long that nobody expects it any more: whoever held it back
    let it pass. A window opens within a week, so it does not wait that long for one."""
    return now - told.deadline > LAPSES_AFTER


def announced_in_time(told: ToldDeadline | None, not_before: datetime, now: datetime) -> bool:
    """Return whether an accepted announcement allows the end at `now`, for an end that may not come before
    `not_before`.

    The announced deadline was at least the notice away when it was announced (`ending_at`), so this is P3.
    """
    return told is not None and not_before <= told.deadline <= now


def due_notice(
    deadline: datetime,
    leads: Sequence[timedelta],
    told: ToldDeadline | None,
    now: datetime,
    *,
    at_once: bool,
    slack: timedelta = timedelta(0),
) -> DueNotice | None:
    """Return the announcement of `deadline` that is due now. None if there is none.

    leads: The lead times at which the deadline is announced.
    told: The announcement that was accepted last. If it named another deadline, this one counts as not announced.
    at_once: Whether the deadline is also announced as soon as it is known, before the first lead time.
    slack: The time that sending may take. A deadline that was not announced yet is judged that much later, so that its
        first announcement and its first lead time do not become two announcements.
    """
    known = told is not None and told.deadline == deadline
    judged = now if known else now + slack
    shortest = min((lead for lead in leads if deadline - lead <= judged), default=None)
    if shortest is None:
        return DueNotice(deadline, None) if at_once and not known else None
    if told is not None and known and told.lead is not None and told.lead <= shortest:
        return None
    return DueNotice(deadline, shortest)


def observation_due(name: str, every: timedelta, since: datetime, now: datetime) -> bool:
    """Return whether a target's own moment for a full observation was crossed between two checks.

    A listing shows dates and tags but no keys, so every target is observed once in `every` to find a live key that
    somebody regenerated. The moment follows from the name: equal questions get equal answers, and a fleet is spread
    out.
    """
    if now - since >= every:
        return True
    seconds = every.total_seconds()
    offset = share_of(name) * seconds
    return (now.timestamp() - offset) // seconds > (since.timestamp() - offset) // seconds


def sending_time(cadence: Cadence) -> timedelta:
    """Return how long an announcement may take until it is accepted: a tenth of the notice, at most five minutes."""
    return min(LONGEST_SENDING, cadence.notice / 10)


def _deadline(wanted: datetime, told: ToldDeadline | None, cadence: Cadence, now: datetime) -> datetime:
    """Return the deadline to announce.

    An announced deadline stands, unless it can come sooner by now (a date was moved, a window was removed). A new one
    leaves room for the sending.
    """
    fresh = within_window(max(wanted, now + cadence.notice + sending_time(cadence)), cadence)
    return min(told.deadline, fresh) if told is not None and told.deadline >= wanted else fresh
