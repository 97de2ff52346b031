"""What each of the two keys is, from when until when: the lanes of a timeline.

The past comes from the versions of the secret, the future from the same dates that everybody shows (`schedule`, by way
of `deadlines`). A key's lane is a row of spans without gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from shared.announce.deadlines import Deadline, DeadlineKind
from shared.decide.cadence import within_window
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.publication import Origin, Publication
from shared.fleet.history import EndKind, LiveTime, live_times

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_ROTATIONS = 60  # that are planned ahead in one picture: it has no room for more


class SpanKind(StrEnum):
    """What a key is during a span. The values are the classes of the drawing."""

    LIVE = "live"
    PLANNED = "planned"
    PREVIOUS = "previous"
    ENDED = "ended"
    OPEN = "open"
    KEYLESS = "keyless"


@dataclass(frozen=True)
class Span:
    """One key for some time.

    kind: What it is: live, live as planned, the previous key that still works, ended, open (not planned, or not
        known), or keyless (the account accepts no key).
    begins: From when, in UTC.
    ends: Until when, in UTC.
    """

    kind: SpanKind
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class KeyChange:
    """A moment at which a key changes, beside those that `deadlines` names.

    happens_at: When, in UTC.
    slot: The slot that it happens to.
    ends: Whether its value stops working. If not, it becomes the live key.
    planned: Whether it lies ahead: what follows from the next rotation, by the settings of today.
    end: How an end of the past is known.
    """

    happens_at: datetime
    slot: KeySlot
    ends: bool
    planned: bool = False
    end: EndKind = EndKind.ON_RECORD


@dataclass
class KeyLanes:
    """Both lanes while they are put together, moment after moment.

    kinds: For each slot, from which moment on it is what.
    changes: New keys and ends that are not deadlines, in the order in which they were added.
    """

    kinds: dict[KeySlot, list[tuple[datetime, SpanKind]]] = field(
        default_factory=lambda: {slot: [(LONG_AGO, SpanKind.OPEN)] for slot in KeySlot}
    )
    changes: list[KeyChange] = field(default_factory=list)

    def becomes(self, slot: KeySlot, kind: SpanKind, begins: datetime) -> None:
        """Say what a slot is from that moment on. What was said of later moments is dropped."""
        self.kinds[slot] = [one for one in self.kinds[slot] if one[0] < begins] + [(begins, kind)]

    def both_become(self, kind: SpanKind, begins: datetime) -> None:
        """Say what both slots are from that moment on."""
        for slot in KeySlot:
            self.becomes(slot, kind, begins)

    def spans(self, begins: datetime, ends: datetime) -> Mapping[KeySlot, tuple[Span, ...]]:
        """Return both lanes between two moments: without gaps, and neighbours differ."""
        return {slot: tuple(_spans(kinds, begins, ends)) for slot, kinds in self.kinds.items()}


def _spans(kinds: Sequence[tuple[datetime, SpanKind]], begins: datetime, ends: datetime) -> Iterable[Span]:
    found: list[Span] = []
    following = [*(moment for moment, _ in kinds[1:]), ends]
    for (since, kind), until in zip(kinds, following, strict=True):
        first, last = max(since, begins), min(until, ends)
        if first >= last:
            continue
        if found and found[-1].kind is kind:
            found[-1] = Span(kind, found[-1].begins, last)
        else:
            found.append(Span(kind, first, last))
    return found


def add_past(lanes: KeyLanes, situation: Situation, versions: Sequence[Publication]) -> None:
    """Add what the versions say, up to now. The latest version is the situation's own, whatever the listing showed."""
    times = live_times(situation.target, _with_latest(versions, situation))
    times = [one for one in times if one.begins < situation.now]
    if not times:
        _add_unmarked(lanes, situation)
        return
    _add_before(lanes, times[0], situation)
    for one in times:
        _add_version(lanes, one, situation)


def _with_latest(versions: Sequence[Publication], situation: Situation) -> list[Publication]:
    """Return the versions with the situation's own as the last one. Its slot is told by its value, not by its label."""
    latest = situation.seen.publication
    if latest is None:
        return list(versions)
    known = [one for one in versions if one.created < latest.created and one.version != latest.version]
    return [*known, replace(latest, slot=situation.live)]


def _add_unmarked(lanes: KeyLanes, situation: Situation) -> None:
    """A secret without our marks shows since when its value is published, and which key that is."""
    publication, live = situation.seen.publication, situation.seen.live
    if publication is not None and live is not None:
        lanes.becomes(live, SpanKind.LIVE, min(publication.created, situation.now))


def _add_before(lanes: KeyLanes, first: LiveTime, situation: Situation) -> None:
    """Before the first known version, one period is known: a rotation or a repair followed something."""
    marks = first.marks
    rotated = min(marks.last_rotation or first.begins, first.begins)
    since = rotated - situation.target.cadence.period
    if marks.origin is Origin.ADOPTED:
        return
    if marks.last_rotation is None:  # repaired before its first rotation: the same slot was live
        lanes.becomes(first.slot, SpanKind.LIVE, since)
        return
    lanes.becomes(first.slot, SpanKind.ENDED, since)
    lanes.becomes(first.slot.other, SpanKind.LIVE, since)
    lanes.becomes(first.slot, SpanKind.LIVE, rotated)
    lanes.becomes(first.slot.other, SpanKind.PREVIOUS, rotated)
    if rotated < first.begins:
        lanes.changes.append(KeyChange(rotated, first.slot, ends=False))


def _add_version(lanes: KeyLanes, one: LiveTime, situation: Situation) -> None:
    slot, other, now = one.slot, one.slot.other, situation.now
    latest = situation.seen.publication is not None and one.publication.version == situation.publication.version
    if lanes.kinds[other][-1][1] is SpanKind.LIVE:  # two cannot be live; what became of the other is not on record
        lanes.becomes(other, SpanKind.OPEN, one.begins)
    lanes.becomes(slot, SpanKind.LIVE, one.begins)
    if one.marks.origin is Origin.ROTATED:
        lanes.changes.append(KeyChange(one.begins, slot, ends=False))
    in_use = latest and situation.spare_in_use
    if in_use and not situation.marks.leaked:
        lanes.becomes(other, SpanKind.PREVIOUS, one.begins)
    elif in_use:
        _add_end(lanes, one, now)
    elif one.previous_ends is not None:
        _add_end(lanes, one, min(one.previous_ends, now))


def _add_end(lanes: KeyLanes, one: LiveTime, ended_at: datetime) -> None:
    """Add the end of the key before a version. The versions before a repair may have told it already."""
    other = one.slot.other
    if ended_at > one.begins:
        lanes.becomes(other, SpanKind.PREVIOUS, one.begins)
    elif lanes.kinds[other][-1][1] is SpanKind.ENDED:
        return
    lanes.becomes(other, SpanKind.ENDED, ended_at)
    if one.ends is None or ended_at < one.ends:
        lanes.changes.append(KeyChange(ended_at, other, ends=True, end=one.end))


def add_plan(lanes: KeyLanes, situation: Situation, coming: Sequence[Deadline], until: datetime) -> None:
    """Add what is planned from now `until` then, by the dates in `coming`. Without dates, everything is open."""
    by_kind = {one.what: max(one.falls_at, situation.now) for one in coming}
    if DeadlineKind.ROTATION not in by_kind:
        lanes.both_become(SpanKind.OPEN, situation.now)
        return
    lanes.becomes(situation.live, SpanKind.PLANNED, situation.now)
    ends_at = by_kind.get(DeadlineKind.RETIREMENT)
    if ends_at is not None:
        lanes.becomes(situation.spare, SpanKind.ENDED, ends_at)
    _add_rotations(lanes, situation, by_kind[DeadlineKind.ROTATION], until)
    if DeadlineKind.SUNSET in by_kind:
        sunset = by_kind[DeadlineKind.SUNSET]
        # An end that waits, for callers to leave or for a listener, has no known moment.
        waits = sunset <= situation.now or situation.seen.unheard is not None
        lanes.both_become(SpanKind.OPEN if waits else SpanKind.KEYLESS, sunset)
        lanes.changes = [one for one in lanes.changes if not one.planned or one.happens_at < sunset]


def _add_rotations(lanes: KeyLanes, situation: Situation, rotation: datetime, until: datetime) -> None:
    """Add the next rotation and those that follow from it until then, each with the end of the key before it."""
    cadence, live = situation.target.cadence, situation.live
    for number in range(_MOST_ROTATIONS):
        ends_at = within_window(rotation + cadence.overlap, cadence)
        lanes.becomes(live.other, SpanKind.PLANNED, rotation)
        lanes.becomes(live, SpanKind.PREVIOUS, rotation)
        if number:  # the first one is a deadline, with a point of its own
            lanes.changes.append(KeyChange(rotation, live.other, ends=False, planned=True))
        if situation.seen.unheard is not None:  # ends wait for a listener, and what follows waits with them
            lanes.becomes(live, SpanKind.OPEN, ends_at)
            return
        lanes.becomes(live, SpanKind.ENDED, ends_at)
        lanes.changes.append(KeyChange(ends_at, live, ends=True, planned=True))
        rotation, live = max(within_window(rotation + cadence.period, cadence), ends_at), live.other
        if rotation >= until:
            return
