"""What happened to the keys in the last days, as far as the published versions and the app's records tell it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.keys import KeySlot
from shared.domain.publication import Marks, Origin
from shared.findings.facts import Facts
from shared.findings.status import Status, TargetStatus
from shared.web.pages.links import Links

SHOWN_FOR = timedelta(days=7)
MOST = 8  # entries


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    happened_at: When, in UTC.
    target: The target's name.
    link: The address of its page. Empty if the target is not known any more.
    says: What happened.
    by: Who or what did it, and why.
    """

    happened_at: datetime
    target: str
    link: str
    says: str
    by: str


def happened_in(status: Status, facts: Facts, links: Links) -> tuple[Event, ...]:
    """Return the latest events of these targets, the latest first."""
    since = status.now - SHOWN_FOR
    names = {one.name: links.target(one.row.target) for one in status.targets}
    events = [event for one in status.targets for event in _of_target(one, links)]
    for leak in facts.leaks:
        if leak.target in names:
            by = leak.request.by if leak.request and leak.request.by else "not known"
            events.append(Event(leak.queued_at, leak.target, names[leak.target], "a leak was reported", by))
    recent = (one for one in events if since <= one.happened_at <= status.now)
    return tuple(sorted(recent, key=lambda one: (one.happened_at, one.target), reverse=True)[:MOST])


def _of_target(one: TargetStatus, links: Links) -> Iterator[Event]:
    seen = one.row.seen
    publication = seen.publication if seen else None
    marks = publication.marks if publication else None
    if publication is None or marks is None:
        return
    key = publication.slot or KeySlot.KEY1
    yield Event(marks.since, one.name, links.target(one.row.target), _says(marks, key), _by(marks))


def _says(marks: Marks, key: KeySlot) -> str:
    proof = ", without a proof" if marks.unproven else ""
    match marks.origin:
        case Origin.ADOPTED:
            return f"adopted; {key.words} is in the vault"
        case Origin.HEALED:
            return f"somebody regenerated a key; {key.words} published in its place{proof}"
        case Origin.ROTATED:
            return f"new key: {key.words} published{proof}"


def _by(marks: Marks) -> str:
    who = marks.requester
    if who.by:
        return f"{who.by}: {who.why}" if who.why else who.by
    return "repaired by the app" if marks.origin is Origin.HEALED else "on schedule"
