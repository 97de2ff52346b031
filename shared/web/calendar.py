"""Deadlines as a calendar (iCalendar, RFC 5545) that people and teams subscribe to.

An entry keeps its identity while its moment moves, so that a calendar moves it and does not show it twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from shared.announce.deadlines import Deadline

REFRESH = timedelta(hours=6)
LENGTH = timedelta(minutes=30)  # a moment without a length is not shown by every calendar


def calendar(deadlines: Iterable[Deadline], now: datetime) -> str:
    """The text of the calendar."""
    made = Calendar()
    made.add("prodid", "-//key-rotation//deadlines//EN")
    made.add("version", "2.0")
    made.add("name", "Key rotation")
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for deadline in deadlines:
        made.add_component(_event(deadline, now))
    return str(made.to_ical(), "utf-8")


def _event(deadline: Deadline, now: datetime) -> Event:
    event, at = Event(), deadline.falls_at.astimezone(UTC)  # another zone would have to be described in the calendar
    event.add("uid", f"{deadline.target}.{deadline.what}@key-rotation")
    event.add("dtstamp", now)
    event.add("dtstart", at)
    event.add("dtend", at + LENGTH)
    event.add("summary", f"{deadline.target}: {deadline.what}")
    lines = [f"{deadline.says}.", "Announced." if deadline.announced else "Not announced yet; it may move."]
    lines += [f"After the next deployment to {deadline.after_deployment}."] if deadline.after_deployment else []
    lines += [f"Owner: {deadline.owner}."] if deadline.owner else []
    event.add("description", "\n".join(lines))
    return event
