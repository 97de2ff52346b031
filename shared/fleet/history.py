"""What happened to a target: every version of its secret, in words, the newest first.

The tags of a version say what made it, for whom, and how long the key before it was promised to work. That promise
leaves the tags once the key has ended, so the end of an older key is then told as it was announced (`EndKind`).
Nothing is decided here, and tags are shown as they are: whoever may write the secret may have written them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, Publication, SecretState
from shared.domain.text import plain
from shared.domain.told import Happened

MOST_VERSIONS = 50  # that are shown; Key Vault lists them in no order, so all pages are read before they are cut
SCHEDULE = "schedule"
_SLOW_WRITE = timedelta(minutes=5)  # no repair writes a version so long after the moment that its marks name


class EndKind(StrEnum):
    """How the end of a key is known. The values are words that follow `key 1 stopped working`."""

    ON_RECORD = ""
    PLANNED = ", as planned"
    AT_ONCE = ", without an overlap"


@dataclass(frozen=True)
class LiveTime:
    """The time in which one version was the latest of our own.

    publication: The version.
    marks: Its facts.
    slot: The slot whose key it holds.
    begins: When it was published, in UTC.
    ends: When the next version replaced it, in UTC. None for the latest one.
    previous_ends: When the other slot's older value stopped working, or is promised to, in UTC; never later than
        `ends`. None if there was no such value, or its end is not known.
    end: How `previous_ends` is known.
    """

    publication: Publication
    marks: Marks
    slot: KeySlot
    begins: datetime
    ends: datetime | None
    previous_ends: datetime | None
    end: EndKind


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to a target's keys.

    happened_at: When, in UTC.
    says: What happened, as a sentence without its full stop.
    key: The slot that it happened to. None if it is not known.
    fingerprint: The fingerprint of the key that it happened to. None if it is not known.
    by: Who wanted it: a person, a pipeline, `schedule`, or empty if nobody of ours did.
    why: The reason that was given. Empty without one.
    request: The id of the request. None if there was none.
    version: The id of the version that says so.
    proven: Whether the key was proven before it was published. None if nothing was published.
    disabled: Whether the version is disabled, so that nobody can read it.
    exact: Whether the moment is on record. If not, it is the one that was planned.
    """

    happened_at: datetime
    says: str
    key: KeySlot | None
    fingerprint: Fingerprint | None
    by: str
    why: str
    request: str | None
    version: str
    proven: bool | None = None
    disabled: bool = False
    exact: bool = True


@dataclass(frozen=True)
class History:
    """What is known of a target's past.

    entries: What happened, the newest first.
    versions: The versions that say so, the newest first.
    older: How many more versions there are, which are not shown.
    """

    entries: tuple[HistoryEntry, ...] = ()
    versions: tuple[Publication, ...] = ()
    older: int = 0


def history_of(target: Target, versions: Sequence[Publication], now: datetime) -> History:
    """Return what the versions of a target's secret say about its past.

    versions: All versions, in any order, as a listing shows them: without values.
    now: The time, in UTC. An end that is promised for later has not happened.
    """
    newest_first = sorted(versions, key=lambda one: one.created, reverse=True)
    shown = newest_first[:MOST_VERSIONS]
    ages = {one.version: -number for number, one in enumerate(shown)}
    entries = [*(_published(one) for one in reversed(shown)), *_ends(target, shown, now)]
    entries.sort(key=lambda one: (one.happened_at, ages[one.version], one.proven is None))
    entries.reverse()
    return History(tuple(entries), tuple(shown), len(newest_first) - len(shown))


def live_times(target: Target, versions: Sequence[Publication]) -> list[LiveTime]:
    """Return when each version with our marks was the latest, the oldest first."""
    ours = [one for one in versions if one.marks is not None and one.slot is not None]
    ours.sort(key=published_at)
    found = [_live_time(target, one, following) for one, following in pairwise([*ours, None]) if one is not None]
    return [one for one in found if one is not None]


def published_at(publication: Publication) -> datetime:
    """Return when a version was published, in UTC. A version that was published again keeps the date of its key."""
    marks = publication.marks
    return publication.created if marks is None or marks.origin is Origin.HEALED else marks.since


def _live_time(target: Target, one: Publication, following: Publication | None) -> LiveTime | None:
    if one.marks is None or one.slot is None:
        return None
    until, end = _end_of_previous(target, one, one.marks, one.slot.other)
    ends = published_at(following) if following else None
    if until is not None and following is not None and ends is not None and ends < until:
        # The slot was regenerated for the next version, unless that one repairs this one and repeats its promise.
        until, end = ends, end if following.slot is one.slot else EndKind.ON_RECORD
    return LiveTime(one, one.marks, one.slot, published_at(one), ends, until, end)


def _end_of_previous(target: Target, one: Publication, marks: Marks, slot: KeySlot) -> tuple[datetime | None, EndKind]:
    """Return when the other slot's older value ended or will end, and how that is known."""
    if marks.previous is not None:
        return marks.until, EndKind.ON_RECORD
    carried = [one for one in marks.told.carried_over if one.happened is Happened.ENDED and one.slot is slot]
    if carried and carried[-1].happened_at > marks.since:
        return carried[-1].happened_at, EndKind.ON_RECORD
    if marks.told.retirement is not None:
        return marks.told.retirement.deadline, EndKind.PLANNED
    if marks.origin is Origin.ROTATED:  # without an announcement only a leaked key ends
        return marks.since, EndKind.AT_ONCE
    if marks.last_rotation is None:
        return (one.updated if marks.spare else None), EndKind.PLANNED
    return marks.last_rotation + target.cadence.overlap, EndKind.PLANNED


def _ends(target: Target, versions: Sequence[Publication], now: datetime) -> Iterator[HistoryEntry]:
    """Yield the ends of keys. A version that repairs another one repeats its promise, which then ends once."""
    times = live_times(target, versions)
    for one, following in pairwise([*times, None]):
        if one is None or one.previous_ends is None or one.previous_ends > now:
            continue
        if following is not None and following.slot is one.slot and following.previous_ends is not None:
            continue
        yield _end(one, one.previous_ends, next((old for old in reversed(times) if old.begins < one.begins), None))


def _end(one: LiveTime, ended_at: datetime, before: LiveTime | None) -> HistoryEntry:
    slot = one.slot.other
    value = one.marks.previous or (before.marks.live if before and before.slot is slot else None)
    says = f"{slot.words} stopped working" + (", because it leaked" if one.marks.leaked else one.end)
    requester = one.marks.requester if one.marks.leaked else None
    by = plain(requester.by) if requester and requester.by else SCHEDULE
    why = plain(requester.why) if requester else ""
    request = requester.id if requester else None
    exact = one.end is EndKind.ON_RECORD
    return HistoryEntry(ended_at, says, slot, value, by, why, request, one.publication.version, exact=exact)


def _published(one: Publication) -> HistoryEntry:
    """Return what a version itself says: what made it."""
    disabled = one.state is SecretState.DISABLED
    marks = one.marks
    if marks is None or one.slot is None:
        says = "a version without this app's tags was written"
        return HistoryEntry(one.created, says, one.slot, None, "", "", None, one.version, None, disabled)
    requester = marks.requester if marks.origin is Origin.ROTATED else None
    by = (plain(requester.by) or SCHEDULE) if requester else ""
    why, request = (plain(requester.why), requester.id) if requester else ("", None)
    return HistoryEntry(
        published_at(one),
        said_by(marks, one.slot, one.created),
        one.slot,
        marks.live,
        by,
        why,
        request,
        one.version,
        not marks.unproven,
        disabled,
    )


def said_by(marks: Marks, slot: KeySlot, created: datetime) -> str:
    """Return what made a version with these marks, as a sentence without its full stop.

    created: When the version was written, in UTC.
    """
    without_proof = ", without a proof" if marks.unproven else ""
    match marks.origin:
        case Origin.ADOPTED:
            return f"{slot.words} adopted: its rotation is scheduled since then{without_proof}"
        case Origin.ROTATED:
            resumed = ", with a value that had been made before" if marks.resumed else ""
            return f"{slot.words} published{resumed}{without_proof}"
        case Origin.HEALED:
            if created - marks.since > _SLOW_WRITE:
                return f"{slot.words} published again over another version{without_proof}"
            return f"{slot.words} was regenerated by somebody else; its new value published{without_proof}"
        case _:
            assert_never(marks.origin)
