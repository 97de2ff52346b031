"""Both keys of a target over time: the data of the picture, its name for people who cannot see it, and the list.

Every deadline that `deadlines` yields is a point here and an entry of the list, at the very moment that everybody shows
(P11). A target without a plan, because it is misconfigured or cannot be read, is shown as last known until now, and
open from then on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.announce.deadlines import Deadline, DeadlineKind, deadlines
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.publication import Origin, Publication
from shared.domain.relative import exact, length_in_words
from shared.domain.text import plain
from shared.fleet.history import said_by
from shared.web.pages.keys.notices import Notice, is_doubtful, notices_of
from shared.web.pages.keys.reach import TimeReach
from shared.web.pages.keys.spans import LONG_AGO, KeyChange, KeyLanes, Span, SpanKind, add_past, add_plan


class PointKind(StrEnum):
    """What happens at a point. The values are the classes of the drawing."""

    NEW_KEY = "new-key"
    KEY_ENDS = "key-ends"
    KEYS_END = "keys-end"
    HEALED = "healed"
    TRIAL = "trial"


_KINDS = {
    DeadlineKind.ROTATION: PointKind.NEW_KEY,
    DeadlineKind.RETIREMENT: PointKind.KEY_ENDS,
    DeadlineKind.SUNSET: PointKind.KEYS_END,
    DeadlineKind.TRIAL: PointKind.TRIAL,
}
_MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Point:
    """One moment that the picture marks.

    kind: What happens.
    falls_at: When, in UTC. A deadline that is overdue keeps its date, and is drawn at `now`.
    slot: The lane. None if it concerns both.
    planned: Whether it lies ahead.
    says: What happens, as a sentence without its full stop.
    doubtful: Whether it only comes if all keys have not ended by then, as they should.
    """

    kind: PointKind
    falls_at: datetime
    slot: KeySlot | None
    planned: bool
    says: str
    doubtful: bool = False


@dataclass(frozen=True)
class ListedMoment:
    """One line of the list that says the same as the picture.

    falls_at: When, in UTC.
    exact: The same in words.
    says: What happens, as a sentence without its full stop.
    planned: Whether it lies ahead.
    """

    falls_at: datetime
    exact: str
    says: str
    planned: bool


@dataclass(frozen=True)
class Timeline:
    """Both keys of a target, between two moments.

    begins: The first moment, in UTC.
    ends: The last moment, in UTC.
    now: The moment between past and future, in UTC.
    lanes: What each key is, without gaps.
    points: What happens, in the order of time.
    notices: The announcements: accepted ones, and those to come.
    sentence: What the picture shows, in words.
    entries: The same as a list, the earliest first.
    """

    begins: datetime
    ends: datetime
    now: datetime
    lanes: Mapping[KeySlot, tuple[Span, ...]]
    points: tuple[Point, ...]
    notices: tuple[Notice, ...]
    sentence: str
    entries: tuple[ListedMoment, ...]


def timeline_of(
    situation: Situation, reach: TimeReach, versions: Sequence[Publication] = (), *, planned: bool = True
) -> Timeline:
    """Return a target's timeline around the situation's `now`.

    reach: How far it looks.
    versions: The versions of its secret, in any order. Without them, the latest version alone tells the past.
    planned: Whether anything is planned: not for a target that is misconfigured or that cannot be read.
    """
    begins, ends = reach.around(situation.now)
    if not situation.seen.key_auth:
        return _keyless(situation.target.name, begins, situation.now, ends)
    coming, lanes = tuple(deadlines(situation)) if planned else (), KeyLanes()
    add_past(lanes, situation, versions)
    add_plan(lanes, situation, coming, ends)
    points = [*_changed(lanes), *_healed(situation, versions)]
    points += [_of_deadline(one, situation, coming) for one in coming]
    shown = tuple(sorted((one for one in points if _is_shown(one, begins, situation.now, ends)), key=_by_time))
    notices = tuple(one for one in notices_of(situation, coming, versions) if begins <= one.falls_at < ends)
    sentence = _sentence(situation, lanes, coming)
    entries = _entries(shown, notices)
    return Timeline(begins, ends, situation.now, lanes.spans(begins, ends), shown, notices, sentence, entries)


def unknown_timeline(name: str, reach: TimeReach, now: datetime) -> Timeline:
    """Return the timeline of a target of which nothing is known."""
    begins, ends = reach.around(now)
    sentence = f"Nothing is known of the keys of {name}, and nothing is planned."
    return Timeline(begins, ends, now, KeyLanes().spans(begins, ends), (), (), sentence, ())


def _keyless(name: str, begins: datetime, now: datetime, ends: datetime) -> Timeline:
    lanes = KeyLanes()
    lanes.both_become(SpanKind.KEYLESS, LONG_AGO)
    sentence = f"The account of {name} accepts no keys."
    return Timeline(begins, ends, now, lanes.spans(begins, ends), (), (), sentence, ())


def _is_shown(point: Point, begins: datetime, now: datetime, ends: datetime) -> bool:
    """Return whether a point lies in the picture. One that is overdue is drawn at `now`."""
    return (point.planned and point.falls_at < now) or begins <= point.falls_at < ends


def _by_time(point: Point) -> tuple[datetime, str]:
    return point.falls_at, point.kind


def _changed(lanes: KeyLanes) -> Iterator[Point]:
    """Yield what the versions say, and what follows from the next rotation."""
    for one in lanes.changes:
        kind = PointKind.KEY_ENDS if one.ends else PointKind.NEW_KEY
        yield Point(kind, one.happens_at, one.slot, one.planned, _words_of(one))


def _words_of(one: KeyChange) -> str:
    if one.ends:
        return f"{one.slot.words} {'stops' if one.planned else 'stopped'} working{one.end}"
    return f"new key: {one.slot.words} {'becomes' if one.planned else 'became'} live"


def _healed(situation: Situation, versions: Sequence[Publication]) -> Iterator[Point]:
    latest = situation.seen.publication
    for one in {one.version: one for one in [*versions, *([latest] if latest else [])]}.values():
        slot = situation.live if one is latest else one.slot
        if slot and one.marks and one.marks.origin is Origin.HEALED and one.created <= situation.now:
            yield Point(PointKind.HEALED, one.created, slot, planned=False, says=said_by(one.marks, slot, one.created))


def _of_deadline(one: Deadline, situation: Situation, coming: Sequence[Deadline]) -> Point:
    """Return the point of a deadline. A rotation is drawn in the lane of the key that comes, an end in its own."""
    slot = {DeadlineKind.ROTATION: one.key.other, DeadlineKind.RETIREMENT: one.key}.get(one.what)
    says, doubtful = _promise(one, situation, coming), is_doubtful(one, coming)
    return Point(_KINDS[one.what], one.falls_at, slot, planned=True, says=says, doubtful=doubtful)


def _promise(one: Deadline, situation: Situation, coming: Sequence[Deadline]) -> str:
    says = {
        DeadlineKind.ROTATION: f"new key: {one.key.other.words} becomes live",
        DeadlineKind.RETIREMENT: f"{one.key.words} stops working",
        DeadlineKind.SUNSET: "all keys end",
        DeadlineKind.TRIAL: f"keys are off for {length_in_words(one.length)}, for a trial" if one.length else "a trial",
    }[one.what]
    says += (
        f", or after a deployment to {plain(one.after_deployment)}, if that is sooner" if one.after_deployment else ""
    )
    says += " (announced)" if one.announced else " (not announced yet)"
    says += ", unless all keys have ended by then" if is_doubtful(one, coming) else ""
    if situation.seen.unheard is not None:
        says += ", not before anybody is known to hear it"
    return says + (": it is due" if one.falls_at <= situation.now else "")


def _entries(points: Sequence[Point], notices: Sequence[Notice]) -> tuple[ListedMoment, ...]:
    lines = [(one.falls_at, one.says, one.planned) for one in points]
    lines += [(one.falls_at, one.says, not one.accepted) for one in notices]
    return tuple(ListedMoment(moment, exact(moment), says, planned) for moment, says, planned in sorted(lines))


def _sentence(situation: Situation, lanes: KeyLanes, coming: Sequence[Deadline]) -> str:
    """Return what the picture shows, as sentences. It is the picture's name for those who cannot see it."""
    now, said = situation.now, [f"The keys of {plain(situation.target.name)} over time."]
    for slot in KeySlot:
        (current, *_) = lanes.spans(now, now + _MOMENT)[slot]
        before = next(iter(reversed(lanes.spans(LONG_AGO, now)[slot])), current)
        said.append(_state(slot, current.kind, before))
    said += [f"{_capital(_promise(one, situation, coming))}: {exact(one.falls_at)}." for one in coming]
    return " ".join(said if coming else [*said, "Nothing is planned."])


def _state(slot: KeySlot, current: SpanKind, before: Span) -> str:
    """Return what a key is now. What is open from now on is told as it was last known."""
    kind = before.kind if current in (SpanKind.OPEN, SpanKind.PLANNED) else current
    words = {
        SpanKind.LIVE: f"is live since {exact(before.begins)}",
        SpanKind.PREVIOUS: "still works, and is not the published one",
        SpanKind.ENDED: "has ended",
        SpanKind.PLANNED: "is about to become live",
        SpanKind.OPEN: "is not known",
        SpanKind.KEYLESS: "is not accepted",
    }[kind]
    return f"{_capital(slot.words)} {words}."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
