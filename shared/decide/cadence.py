"""When. From a publication's marks and a target's rhythm: due when, retire when, which deadlines were crossed.

Deadlines are crossed, not hit: a warning is owed from the moment its lead is crossed until it was accepted, so a
missed tick delays it and cannot lose it. Of several leads crossed at once only the nearest is said; it covers
the longer ones. No clock is read here: `now` comes in through the door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.domain.told import ToldDeadline

LONGEST_SENDING = timedelta(minutes=5)


@dataclass(frozen=True)
class DueNotice:
    """One announcement of a deadline that should be made now. `lead` is none for the first word about it."""

    deadline: datetime
    lead: timedelta | None

    def told_deadline(self) -> ToldDeadline:
        return ToldDeadline(self.deadline, self.lead)


def due_at(marks: Marks, cadence: Cadence) -> datetime:
    """The moment rotation should happen: one period after this version was made, or sooner where a deployment was
    waited for and went live, or its latest moment comes."""
    scheduled = marks.since + cadence.period
    return min(scheduled, marks.awaited.due or scheduled) if marks.awaited else scheduled


def within_window(moment: datetime, cadence: Cadence) -> datetime:
    """The first moment at or after `moment` at which scheduled work may happen."""
    return cadence.window.next_open(moment) if cadence.window else moment


def rotation_at(marks: Marks, cadence: Cadence) -> datetime:
    """When a scheduled rotation will be carried out: due, and inside the window."""
    return within_window(due_at(marks, cadence), cadence)


def ending_at(marks: Marks, cadence: Cadence, now: datetime) -> datetime | None:
    """The deadline to announce for the previous key: the end of its overlap, but never sooner than the notice
    from `now` (P3: if announcing was impossible, the deadline moves). None when no previous key is left."""
    if marks.previous is None or marks.until is None:
        return None
    return _deadline(marks.until, marks.told.retirement, cadence, now)


def announced_in_time(told: ToldDeadline | None, not_before: datetime, now: datetime) -> bool:
    """Whether a deadline was accepted by Event Grid, for a moment that is not in the future any more. The
    announced deadline was at least the notice away when it was announced (`ending_at`), so this is P3."""
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
    """The announcement of `deadline` that is owed now, if any.

    The ladder's rungs are the leads; with `at_once` there is also a first word, owed as soon as the deadline is
    known. A told deadline that has moved since counts as untold; what an untold one leaves for the sending
    (`slack`) must not make two announcements of one, so its leads are judged by that much later.
    """
    known = told is not None and told.deadline == deadline
    judged = now if known else now + slack
    lowest = min((lead for lead in leads if deadline - lead <= judged), default=None)
    if lowest is None:
        return DueNotice(deadline, None) if at_once and not known else None
    if told is not None and known and told.lead is not None and told.lead <= lowest:
        return None
    return DueNotice(deadline, lowest)


def observation_due(name: str, every: timedelta, since: datetime, now: datetime) -> bool:
    """Whether a target's own moment for a full look was crossed between two ticks.

    A listing shows dates and tags but not keys, so every target is looked at once per `every` to find a live
    key that somebody regenerated. The moment follows from the name: the same question gets the same answer,
    and a fleet is spread out.
    """
    if now - since >= every:
        return True
    seconds = every.total_seconds()
    offset = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8]) / 2**64 * seconds
    return (now.timestamp() - offset) // seconds > (since.timestamp() - offset) // seconds


def sunset_at(sunset: datetime, told: ToldDeadline | None, cadence: Cadence, now: datetime) -> datetime:
    """The end of keys to announce: the agreed date, but never sooner than the notice from `now` (P3)."""
    return _deadline(sunset, told, cadence, now)


def sending(cadence: Cadence) -> timedelta:
    """The time an announcement may take until it is accepted."""
    return min(LONGEST_SENDING, cadence.notice / 10)


def _deadline(wanted: datetime, told: ToldDeadline | None, cadence: Cadence, now: datetime) -> datetime:
    """What was told stands, unless it can come sooner by now (a date was moved, a window removed). What is told anew
    leaves room for the sending itself, which may take its time before it is accepted."""
    fresh = within_window(max(wanted, now + cadence.notice + sending(cadence)), cadence)
    return min(told.deadline, fresh) if told is not None and told.deadline >= wanted else fresh
