"""The canonical form of a state: states with the same future become equal, so that the exploration ends.

    keys are numbered in the order in which they appear in the state; a key that appears nowhere is dropped
    the slots are swapped so that the published one is key 1: nothing depends on which slot it is
    a deadline in the past becomes now, and a promise that lasted until then is dropped. an announced end of all keys
    that has lapsed stays so
    ends of all keys are counted from the one before the latest, and so are withdrawn versions, up to three
    the id of the last request is replaced by a fixed one
    when and how the last rotation happened is dropped: it matters only to late requests, and here none is late.
    whether there was one at all is kept: the first rotation comes a little earlier

A wrong merge would hide histories. So tests/lab/prove/test_histories.py takes a turn from states and from their
canonical forms, and compares the results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from lab.prove.histories import deployments, keys_back, other_writers, values
from lab.prove.histories.state import KEY2, NOW, Copy, KeyFacts, Leak, State, Version
from shared.decide.cadence import LAPSES_AFTER
from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.domain.requests import Requester
from shared.domain.told import Told, ToldDeadline
from shared.turns.secret_notes import CLOCKS_DIFFER

LAPSED = NOW - LAPSES_AFTER - timedelta(seconds=1)
EARLIER, LONG_AGO = NOW - timedelta(days=1), NOW - timedelta(days=100)
SAME_REQUEST, ON_RECORD = "the-last-request", "a-leak-on-record"


def canonical(state: State, cadence: Cadence) -> State:
    """Return the state that represents all states with the same future. `cadence` is that of the target."""
    return _renumbered(_with_seals(_the_same_slots(_with_numbers(_without_the_past(state, cadence), state))))


def _with_numbers(merged: State, state: State) -> State:
    least = state.copy.least if state.copy else 0
    return _with_each_version(merged, lambda one: one._replace(marks=_numbered(one.marks, least)))


def _with_seals(state: State) -> State:
    """Return the state with seals only as far as they can count: with the own key, and with a key of the account."""
    return _with_each_version(state, lambda one: one._replace(marks=one.marks and _seal_that_counts(one, state.keys)))


def _seal_that_counts(version: Version, keys: tuple[int, int]) -> Marks | None:
    marks = version.marks
    if marks is None or marks.seal is None:
        return marks
    live, other = values.makers(marks.seal)
    own = live if live is not None and values.mark(live) == marks.live else None
    seal = values.seal(own, other if other in keys else None)
    return replace(marks, seal=None if seal == values.seal(None, None) else seal)


def _with_each_version(state: State, change: Callable[[Version], Version]) -> State:
    return state._replace(
        version=state.version and change(state.version),
        earlier=state.earlier and tuple(change(one) for one in state.earlier),
    )


def _without_the_past(state: State, cadence: Cadence) -> State:
    version = state.version
    if version is not None:
        marks = version.marks and _marks_without_the_past(version.marks, cadence, state.record)
        version = version._replace(
            marks=marks,
            created=NOW if marks else max(version.created, NOW - cadence.period),
            serial=0,
        )
    if state.earlier is not None and state.version is not None and version is not None:
        return _with_earlier(_facts_without_the_past(state, version, cadence), state, cadence)
    merged = _facts_without_the_past(state, version, cadence)
    return merged if state.copy is None else merged._replace(copy=_only_copy(state.copy, state, cadence))


def _only_copy(copy: Copy, state: State, cadence: Cadence) -> Copy | None:
    """Return the copy of the marks that were noted while keys were off, if that version is still the latest one."""
    if state.version is None or copy.serial != state.version.serial or copy.marks is None:
        return None
    return copy._replace(serial=0, marks=_numbered(_marks_without_the_past(copy.marks, cadence), 0), overwritten=None)


def _with_earlier(merged: State, state: State, cadence: Cadence) -> State:
    """Return the state with its earlier versions and the app's note, where the times at which versions were written
    matter: a version that is younger than its marks was copied."""
    latest, earlier, copy = state.version, state.earlier or (), state.copy
    if latest is None or merged.version is None:
        return merged
    created = max(latest.created, NOW - cadence.period)
    if latest.marks is not None and latest.created - latest.marks.since > CLOCKS_DIFFER:
        marks = merged.version.marks
        created = max(created, marks.since + 2 * CLOCKS_DIFFER) if marks else created
    that_matter = tuple(_that_matter(state, earlier, cadence))
    serials = {one.serial: -number for number, one in enumerate((latest, *that_matter))}
    kept = tuple(
        _with_marks(one, one.marks and _marks_without_the_past(one.marks, cadence))._replace(serial=serials[one.serial])
        for one in that_matter
    )
    return merged._replace(
        version=merged.version._replace(created=created), earlier=kept, copy=copy and _copy(copy, serials, cadence)
    )


def _that_matter(state: State, earlier: Sequence[Version], cadence: Cadence) -> Iterator[Version]:
    """Yield the earlier versions that can matter: the youngest one whose key works, and the youngest one whose key does
    not. Only where somebody else's version lies over ours, all that ours says matters; otherwise which keys it names.
    """
    covered, latest = other_writers.covered(state), state.version
    known = set()
    for one in earlier:
        works, is_again = one.value in state.keys, latest is not None and one.value == latest.value
        if one == covered:
            yield one
        elif works not in known and (not is_again or _is_put_back(latest, works)):
            yield _with_marks(one, one.marks and _names_of_keys(one.marks, cadence))
        known.add(works)


def _is_put_back(latest: Version | None, works: bool) -> bool:
    """Return whether somebody put a dead value back, so that it matters that an earlier version held it."""
    return latest is not None and latest.touched and not works


def _with_marks(version: Version, marks: Marks | None) -> Version:
    """Return an earlier version with other marks. It is as old as these, or younger if it was younger than its own."""
    if marks is None or version.marks is None:
        return version._replace(created=NOW, marks=marks)
    copied = version.created - version.marks.since > CLOCKS_DIFFER
    return version._replace(created=marks.since + (2 * CLOCKS_DIFFER if copied else timedelta(0)), marks=marks)


@lru_cache(maxsize=100_000)
def _names_of_keys(marks: Marks, cadence: Cadence) -> Marks:
    until = NOW if marks.previous else None
    facts = {"previous": marks.previous, "until": until, "spare": marks.spare, "seal": marks.seal}
    return Marks(marks.live, marks.origin, NOW - cadence.period, **facts)  # type: ignore[arg-type]


def _copy(copy: Copy, serials: Mapping[int, int], cadence: Cadence) -> Copy:
    least = min(copy.least, 1)  # see `_numbered`
    over = copy.overwritten if copy.overwritten and NOW - copy.overwritten < cadence.period else None
    if copy.serial is None or copy.serial not in serials or copy.marks is None:
        return Copy(overwritten=over, least=least)
    marks = _numbered(_marks_without_the_past(copy.marks, cadence), copy.least)
    return Copy(serials[copy.serial], copy.slot, marks, over, least)


def _numbered(marks: Marks | None, least: int) -> Marks | None:
    """Return marks whose number says only whether they count, if they are the first that do, or not any more."""
    return marks and replace(marks, number=int(marks.number >= least > 0))


def _facts_without_the_past(state: State, version: Version | None, cadence: Cadence) -> State:
    ends = state.marks.told.ends if state.marks else 0
    first_end = ends - min(ends, 1)
    sunset, announced = state.sunset, state.announced_sunset
    first, second = map(_key_facts_without_the_past, state.key_facts)
    return state._replace(
        version=version,
        sunset=sunset and _lapsed_or_now(sunset),
        key_facts=(first, second),
        warned=frozenset(one for one in state.warned if one[0] >= NOW),
        announced_sunset=announced and (_lapsed_or_now(announced[0]), announced[1]),
        announced_off=None if state.announced_off is None else max(state.announced_off - first_end, -1),
        earlier_off=None if state.earlier_off is None or state.earlier_off < ends else state.earlier_off - first_end,
        promised_wait=deployments.without_the_past(state.promised_wait, SAME_REQUEST),
        announced_wait=deployments.without_the_past(state.announced_wait, SAME_REQUEST),
        record=state.record and _record(state.record, state.marks),
        reported=state.reported & set(state.keys),
        keyless=keys_back.counted_from(state, first_end, cadence),
    )


def _lapsed_or_now(deadline: datetime) -> datetime:
    """Return an announced end of all keys: of its past, only whether it has lapsed."""
    return LAPSED if NOW - deadline > LAPSES_AFTER else max(deadline, NOW)


def _record(leak: Leak, marks: Marks | None) -> Leak:
    """Return a leak on record. Whether its request made the version matters, but not what its id is."""
    answered = marks is not None and marks.request == leak.id
    return leak._replace(id=SAME_REQUEST if answered else ON_RECORD)


def _key_facts_without_the_past(facts: KeyFacts) -> KeyFacts:
    until = facts.until if facts.until and facts.until > NOW else None
    return facts._replace(until=until, deadline=facts.deadline and max(facts.deadline, NOW))


@lru_cache(maxsize=100_000)
def _marks_without_the_past(marks: Marks, cadence: Cadence, record: Leak | None = None) -> Marks:
    if record is not None:  # its words mean the keys of its own time, so the past matters
        told = replace(marks.told, ends=min(marks.told.ends, 1))
        return replace(marks, requester=Requester(marks.request and SAME_REQUEST), told=told)
    told, due, scheduled = marks.told, deployments.due(marks, cadence), marks.since + cadence.period
    ending = told.retirement.deadline if told.retirement else marks.until
    told = replace(
        told,
        rotation=_expected(told.rotation, ending if marks.previous and ending and ending > due else due),
        retirement=_retirement(told.retirement, marks.until),
        sunset=told.sunset and ToldDeadline(_lapsed_or_now(told.sunset.deadline), told.sunset.lead),
        ends=min(told.ends, 1),
        carried_over=tuple(replace(carried, happened_at=NOW) for carried in told.carried_over),
    )
    return replace(
        marks,
        since=max(scheduled, NOW) - cadence.period,
        until=marks.until and max(marks.until, NOW),
        rotated=marks.rotated and LONG_AGO,
        resumed=False,
        told=told,
        requester=Requester(marks.request and SAME_REQUEST),
        awaited=deployments.without_the_past(marks.awaited, SAME_REQUEST),
    )


def _expected(told: ToldDeadline | None, deadline: datetime) -> ToldDeadline | None:
    """Return an announced rotation: whether it is the expected one matters, but not when another one was."""
    if told is None:
        return None
    past = NOW if told.deadline == deadline else LONG_AGO
    return ToldDeadline(told.deadline if told.deadline > NOW else past, told.lead)


def _retirement(told: ToldDeadline | None, until: datetime | None) -> ToldDeadline | None:
    """Return an announced end: it stays before or after the end that is promised now. None without a promise."""
    if told is None or until is None:
        return None
    return ToldDeadline(max(told.deadline, NOW if told.deadline >= until else EARLIER), told.lead)


def _the_same_slots(state: State) -> State:
    version = state.version
    if version is None or version.marks is None or version.slot is not KEY2:
        return state
    copy = state.copy
    if copy is not None and copy.slot is not None and copy.marks is not None:
        copy = copy._replace(slot=copy.slot.other, marks=_carried_over_swapped(copy.marks))
    return state._replace(
        keys=state.keys[::-1],
        key_facts=state.key_facts[::-1],
        version=_swapped(version),
        earlier=state.earlier and tuple(_swapped(one) for one in state.earlier),
        copy=copy,
    )


def _swapped(version: Version) -> Version:
    return version._replace(
        slot=version.slot and version.slot.other, marks=version.marks and _carried_over_swapped(version.marks)
    )


def _carried_over_swapped(marks: Marks) -> Marks:
    if not marks.told.carried_over:
        return marks
    carried_over = tuple(replace(carried, slot=carried.slot.other) for carried in marks.told.carried_over)
    return replace(marks, told=replace(marks.told, carried_over=carried_over))


def _renumbered(state: State) -> State:
    names: dict[int, int] = {}
    for number in _numbers(state):
        names.setdefault(number, len(names))
    renamed = tuple(names.items())
    if all(before == after for before, after in renamed):
        return state._replace(fresh=len(names))
    version = state.version
    return state._replace(
        keys=(names[state.keys[0]], names[state.keys[1]]),
        version=version and _version_renumbered(version, renamed),
        earlier=state.earlier and tuple(_version_renumbered(one, renamed) for one in state.earlier),
        copy=state.copy
        and state.copy._replace(marks=state.copy.marks and _marks_renumbered(state.copy.marks, renamed)),
        outstanding=frozenset((event, names[number]) for event, number in state.outstanding),
        fresh=len(names),
        record=state.record and state.record._replace(values=frozenset(names[one] for one in state.record.values)),
        reported=frozenset(names[number] for number in state.reported),
        noted=state.noted and (names[state.noted[0]], None if state.noted[1] is None else names[state.noted[1]]),
    )


def _numbers(state: State) -> Iterator[int]:
    """Yield every key that appears anywhere in the state, in a fixed order."""
    yield from state.keys
    yield from (number for number in state.noted or () if number is not None)
    if state.version is not None:
        yield state.version.value
        if state.version.marks is not None:
            yield from _marked(state.version.marks)
    yield from sorted(number for _, number in state.outstanding)
    yield from sorted(state.record.values) if state.record else ()
    for one in state.earlier or ():
        yield one.value
        yield from _marked(one.marks) if one.marks else ()
    yield from _marked(state.copy.marks) if state.copy and state.copy.marks else ()


def _marked(marks: Marks) -> Iterator[int]:
    for mark in (marks.live, marks.previous, marks.spare, *(carried.value for carried in marks.told.carried_over)):
        if mark is not None:
            yield values.number_of(mark)


def _version_renumbered(version: Version, names: tuple[tuple[int, int], ...]) -> Version:
    marks = version.marks and _marks_renumbered(version.marks, names)
    return version._replace(value=dict(names)[version.value], marks=marks)


@lru_cache(maxsize=100_000)
def _marks_renumbered(marks: Marks, names: tuple[tuple[int, int], ...]) -> Marks:
    to = {values.mark(before): values.mark(after) for before, after in names}
    names_of = dict(names)
    makers = values.makers(marks.seal) if marks.seal else None
    told: Told = replace(
        marks.told, carried_over=tuple(replace(carried, value=to[carried.value]) for carried in marks.told.carried_over)
    )
    return replace(
        marks,
        live=to[marks.live],
        previous=marks.previous and to[marks.previous],
        spare=marks.spare and to[marks.spare],
        seal=makers and values.seal(*(None if one is None else names_of[one] for one in makers)),
        told=told,
    )
