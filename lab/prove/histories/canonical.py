"""Which states are the same: what can never matter again is forgotten, and names are given by place.

    keys are numbered in the order in which they stand in the state; a key that is named nowhere is gone
    the slots are exchanged so that the one the publication names is key 1: nothing depends on which it is
    a deadline that is over is over just now, and what was promised until then is promised no more
    ends of keys are counted from the latest on
    a repeated request is the same as the one before it, whatever its id was
    when and how the keys last changed places matters to requests that come late; all requests here come at once

Merging by mistake would hide histories, so each line leans on a fact of the deciding code that tests hold: the
answers for a state and for its canonical form are compared in tests/prove.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from lab.prove.histories import values, waiting
from lab.prove.histories.state import KEY1, KEY2, NOW, Grip, State, Version
from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.domain.requests import Requester
from shared.domain.told import Told, ToldDeadline

EARLIER = NOW - timedelta(days=1)
SAME_REQUEST = "the-last-request"


def canonical(state: State, rhythm: Cadence) -> State:
    """The one state that stands for all that are the same."""
    return _renumbered(_the_same_slots(_without_the_past(state, rhythm)))


def _without_the_past(state: State, rhythm: Cadence) -> State:
    version, ends = state.version, state.marks.told.ends if state.marks else 0
    if version is not None:
        marks = version.marks and _marks_without_the_past(version.marks, rhythm)
        version = version._replace(
            marks=marks,
            created=NOW if marks else max(version.created, NOW - rhythm.period),
            serial=0,
        )
    sunset, said = state.sunset, state.sunset_said
    first, second = map(_grip_without_the_past, state.grips)
    return state._replace(
        version=version,
        sunset=sunset and max(sunset, NOW),
        grips=(first, second),
        warned=frozenset(one for one in state.warned if one[0] >= NOW),
        sunset_said=said and (max(said[0], NOW), said[1]),
        off_said=None if state.off_said is None else max(state.off_said - ends, -1),
        off_before=None if state.off_before is None or state.off_before < ends else state.off_before - ends,
        awaits=waiting.without_the_past(state.awaits, SAME_REQUEST),
        wait_said=waiting.without_the_past(state.wait_said, SAME_REQUEST),
    )


def _grip_without_the_past(grip: Grip) -> Grip:
    until = grip.until if grip.until and grip.until > NOW else None
    return grip._replace(until=until, deadline=grip.deadline and max(grip.deadline, NOW))


@lru_cache(maxsize=100_000)
def _marks_without_the_past(marks: Marks, rhythm: Cadence) -> Marks:
    told, due, scheduled = marks.told, waiting.due(marks, rhythm), marks.since + rhythm.period
    ending = told.retirement.deadline if told.retirement else marks.until
    told = replace(
        told,
        rotation=_expected(told.rotation, ending if marks.previous and ending and ending > due else due),
        retirement=_telling(told.retirement, marks.until),
        sunset=told.sunset and ToldDeadline(max(told.sunset.deadline, NOW), told.sunset.lead),
        ends=0,
        carried_over=tuple(replace(carried, happened_at=NOW) for carried in told.carried_over),
    )
    return replace(
        marks,
        since=max(scheduled, NOW) - rhythm.period,
        until=marks.until and max(marks.until, NOW),
        rotated=None,
        resumed=False,
        told=told,
        requester=Requester(marks.request and SAME_REQUEST),
        awaited=waiting.without_the_past(marks.awaited, SAME_REQUEST),
    )


def _expected(told: ToldDeadline | None, deadline: datetime) -> ToldDeadline | None:
    """An announced rotation is the one that is expected, or another one: when that was is all the same once it is
    over."""
    if told is None:
        return None
    same = told.deadline == deadline
    return ToldDeadline(max(told.deadline, NOW if same else EARLIER), told.lead)


def _telling(told: ToldDeadline | None, until: datetime | None) -> ToldDeadline | None:
    """A deadline that was announced stays on its side of what it was announced for; without that it is nothing."""
    if told is None or until is None:
        return None
    return ToldDeadline(max(told.deadline, NOW if told.deadline >= until else EARLIER), told.lead)


def _the_same_slots(state: State) -> State:
    version = state.version
    if version is None or version.marks is None or version.slot is not KEY2:
        return state
    version = version._replace(slot=KEY1, marks=_debts_exchanged(version.marks))
    return state._replace(keys=state.keys[::-1], grips=state.grips[::-1], version=version)


def _debts_exchanged(marks: Marks) -> Marks:
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
        outstanding=frozenset((what, names[number]) for what, number in state.outstanding),
        fresh=len(names),
    )


def _numbers(state: State) -> Iterator[int]:
    """Every key that is named anywhere, in the order of its place."""
    yield from state.keys
    if state.version is not None:
        yield state.version.value
        if state.version.marks is not None:
            yield from _marked(state.version.marks)
    yield from sorted(number for _, number in state.outstanding)


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
    sealed = values.sealed_with(marks.sealed_endpoint or "")
    told: Told = replace(
        marks.told, carried_over=tuple(replace(carried, value=to[carried.value]) for carried in marks.told.carried_over)
    )
    return replace(
        marks,
        live=to[marks.live],
        previous=marks.previous and to[marks.previous],
        spare=marks.spare and to[marks.spare],
        sealed_endpoint=None if sealed is None else values.seal(dict(names)[sealed]),
        told=told,
    )
