"""Deadlines as a calendar (iCalendar, RFC 5545) that people and teams subscribe to.

An entry keeps its identifier when its time changes, so that a calendar program moves it and does not show it twice. No
other app has an entry with that identifier, so one program can show the calendars of several apps.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from shared.announce.deadlines import Deadline

REFRESH = timedelta(hours=6)
LENGTH = timedelta(minutes=30)  # some calendar programs do not show an entry without a length


def calendar(deadlines: Iterable[Deadline], now: datetime) -> str:
    """Return the text of the calendar. `now` is when it was made."""
    made = Calendar()
    made.add("prodid", "-//key-rotation//deadlines//EN")
    made.add("version", "2.0")
    made.add("name", "Key rotation")
    made.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for deadline in deadlines:
        made.add_component(_event(deadline, now))
    return str(made.to_ical(), "utf-8")


def _event(deadline: Deadline, now: datetime) -> Event:
    event, at = Event(), deadline.falls_at.astimezone(UTC)  # the calendar would have to describe any other time zone
    event.add("uid", f"{deadline.id}@key-rotation")
    event.add("dtstamp", now)
    event.add("dtstart", at)
    event.add("dtend", at + (deadline.length or LENGTH))
    held = " (on hold)" if deadline.on_hold or deadline.held_until else ""
    event.add("summary", f"{deadline.target.name}: {deadline.what}{held}")
    event.add("status", "TENTATIVE" if held else "CONFIRMED")
    lines = ["On hold: the account is misconfigured, so nothing is done for it."] if deadline.on_hold else []
    if deadline.held_until:
        lines.append(f"A person put the target on hold until {deadline.held_until:%Y-%m-%d %H:%M} UTC.")
    lines += [f"{deadline.says}.", "Announced." if deadline.announced else "Not announced yet; it may move."]
    lines += [f"After the next deployment to {deadline.after_deployment}."] if deadline.after_deployment else []
    lines += [f"Owner: {deadline.target.owner}."] if deadline.target.owner else []
    event.add("description", "\n".join(lines))
    return event
