"""The announcements of a target over time: which were accepted, as far as that is on record, and which are to come.

A record keeps the shortest lead time at which a deadline was announced. Longer ones are covered by it and not on
record, so they are not shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.announce.deadlines import Deadline, DeadlineKind
from shared.announce.outstanding import outstanding
from shared.decide.carried_over import valid_told
from shared.decide.situation import Situation
from shared.domain.publication import Publication
from shared.domain.told import Told, ToldDeadline
from shared.fleet.history import published_at

_NAMES = {
    DeadlineKind.ROTATION: "the new key",
    DeadlineKind.RETIREMENT: "the end of the previous key",
    DeadlineKind.SUNSET: "the end of all keys",
    DeadlineKind.TRIAL: "the start of a trial",
}


@dataclass(frozen=True)
class Notice:
    """One announcement.

    falls_at: When it was or will be due, in UTC. One that waits to be accepted stands at the present moment.
    accepted: Whether Event Grid has accepted it.
    says: What it announces, as a sentence without its full stop.
    label: The same in a few words, for the picture. Empty if it needs none there.
    """

    falls_at: datetime
    accepted: bool
    says: str
    label: str = ""


def notices_of(situation: Situation, coming: Sequence[Deadline], versions: Sequence[Publication]) -> list[Notice]:
    """Return a target's announcements, the earliest first.

    coming: Its deadlines. Without them, none is to come.
    versions: The versions of its secret, in any order.
    """
    found = [*_accepted(situation, versions)]
    if coming:
        found += _waiting(situation)
        for deadline in coming:
            found += [] if is_doubtful(deadline, coming) else _to_come(deadline, situation)
    unique = {(one.falls_at, one.accepted, one.says): one for one in found}
    return sorted(unique.values(), key=lambda one: one.falls_at)


def is_doubtful(deadline: Deadline, coming: Sequence[Deadline]) -> bool:
    """Return whether a deadline only comes if all keys have not ended by then."""
    sunset = next((one.falls_at for one in coming if one.what is DeadlineKind.SUNSET), None)
    return deadline.what is not DeadlineKind.SUNSET and sunset is not None and sunset <= deadline.falls_at


def _accepted(situation: Situation, versions: Sequence[Publication]) -> Iterator[Notice]:
    latest = situation.seen.publication
    for one in versions:
        if latest is None or one.version != latest.version:
            yield from _on_record(one, one.told, situation.now)
    if latest is not None and latest.marks is not None:
        yield from _on_record(latest, valid_told(situation), situation.now)


def _on_record(version: Publication, told: Told, now: datetime) -> Iterator[Notice]:
    begins = published_at(version)
    if told.origin and begins <= now:
        yield Notice(begins, True, f"announced: {version.slot.words if version.slot else 'a key'} is published")
    for kind, one in _told(told):
        falls_at = begins if one.lead is None else max(begins, one.deadline - one.lead)
        if falls_at <= now:
            warning = f"{lead_words(one.lead)} before it" if one.lead is not None else "as soon as it was known"
            yield Notice(falls_at, True, f"announced: {_NAMES[kind]}, {warning}")


def _told(told: Told) -> Iterator[tuple[DeadlineKind, ToldDeadline]]:
    kinds = DeadlineKind.ROTATION, DeadlineKind.RETIREMENT, DeadlineKind.SUNSET
    for kind, one in zip(kinds, (told.rotation, told.retirement, told.sunset), strict=True):
        if one is not None:
            yield kind, one


def _waiting(situation: Situation) -> Iterator[Notice]:
    for one in outstanding(situation):
        yield Notice(situation.now, False, f"not accepted yet: {one.kind.value.partition('.')[2]}")


def _to_come(deadline: Deadline, situation: Situation) -> Iterator[Notice]:
    """Yield the warnings of a deadline, and the announcement that it has come."""
    name, now = _NAMES[deadline.what], situation.now
    for lead in situation.target.cadence.warnings:
        if deadline.falls_at - lead > now:
            words = lead_words(lead)
            yield Notice(deadline.falls_at - lead, False, f"to be announced: {name}, {words} before it", _label(words))
    if deadline.falls_at > now:
        yield Notice(deadline.falls_at, False, f"to be announced: {name} has come")


def _label(words: str) -> str:
    """Return a warning's name: `14-day warning`."""
    return f"{words.removesuffix('s').replace(' ', '-')} warning"


def lead_words(lead: timedelta) -> str:
    """Return a lead time in words, in the largest unit of which it has a whole number: `14 days`, `1 hour`."""
    for unit, name in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if lead % unit == timedelta(0):
            return f"{lead // unit} {name}{'' if lead // unit == 1 else 's'}"
    return f"{int(lead.total_seconds())} seconds"
