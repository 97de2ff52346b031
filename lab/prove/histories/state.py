"""One moment of the small world, as a value: what Azure holds, and what a witness must remember to judge.

It is always the same time here, `NOW`; when time passes, everything else moves into the past. Between turns a state
is a value to compare and to look up, so a history can go on from it in any number of ways at no cost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.domain.keys import KeySlot
from shared.domain.publication import Marks
from shared.domain.requests import AwaitedDeployment
from shared.domain.told import ToldDeadline

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY1, KEY2 = KeySlot.KEY1, KeySlot.KEY2


class Version(NamedTuple):
    """The latest version of the secret. `serial` tells it from the ones before it while a turn runs."""

    value: int
    slot: KeySlot | None = None
    ours: bool = False
    marks: Marks | None = None
    enabled: bool = True
    created: datetime = NOW
    serial: int = 0


class Grip(NamedTuple):
    """What the witness knows of one slot's present value: whether somebody may hold it, until when it was promised
    to work, the deadline last announced for it and whether that was in time, whether it was reported as leaked, and
    whether its successor was published because of that."""

    held: bool = False
    until: datetime | None = None
    deadline: datetime | None = None
    in_time: bool = False
    leaked: bool = False
    must_go: bool = False


class State(NamedTuple):
    """Azure's side first; from `grips` on, the witness's memory. `excused` is set while somebody else is to blame
    for a published key that is dead; `outstanding` are happenings that nobody was told of yet; `warned` are the moments that
    were announced for the rotation, each with its nearest lead; `off_said` is the number under which an end of all keys
    was announced, `off_before` that of the end before it; `awaits` is the deployment that somebody was told is waited
    for, `wait_said` the one that Event Grid accepted as waited for."""

    keys: tuple[int, int]
    key_auth: bool = True
    version: Version | None = None
    topic_up: bool = True
    sunset: datetime | None = None
    grips: tuple[Grip, Grip] = (Grip(), Grip())
    outstanding: frozenset[tuple[str, int]] = frozenset()
    excused: bool = False
    warned: frozenset[tuple[datetime, timedelta]] = frozenset()
    sunset_said: tuple[datetime, bool] | None = None
    off_said: int | None = None
    off_before: int | None = None
    awaits: AwaitedDeployment | None = None
    wait_said: AwaitedDeployment | None = None
    fresh: int = 2

    @property
    def marks(self) -> Marks | None:
        return self.version.marks if self.version else None

    @property
    def live(self) -> int | None:
        """0 or 1: the slot that holds the published value."""
        return self.keys.index(self.version.value) if self.version and self.version.value in self.keys else None


def index(slot: KeySlot) -> int:
    return 0 if slot is KEY1 else 1


def later(state: State, time: timedelta) -> State:
    """The same world after some time in which nothing happened."""
    version = state.version
    if version is not None:
        marks = _marks_later(version.marks, time) if version.marks else None
        version = version._replace(marks=marks, created=version.created - time)
    first, second = (_grip_later(grip, time) for grip in state.grips)
    return state._replace(
        version=version,
        sunset=state.sunset and state.sunset - time,
        grips=(first, second),
        warned=frozenset((deadline - time, lead) for deadline, lead in state.warned),
        sunset_said=state.sunset_said and (state.sunset_said[0] - time, state.sunset_said[1]),
        awaits=armed_later(state.awaits, time),
        wait_said=armed_later(state.wait_said, time),
    )


def _grip_later(grip: Grip, time: timedelta) -> Grip:
    return grip._replace(until=grip.until and grip.until - time, deadline=grip.deadline and grip.deadline - time)


@lru_cache(maxsize=100_000)
def _marks_later(marks: Marks, time: timedelta) -> Marks:
    def told_deadline(one: ToldDeadline | None) -> ToldDeadline | None:
        return one and ToldDeadline(one.deadline - time, one.lead)

    told = marks.told
    told = replace(
        told,
        rotation=told_deadline(told.rotation),
        retirement=told_deadline(told.retirement),
        sunset=told_deadline(told.sunset),
        carried_over=tuple(replace(carried, happened_at=carried.happened_at - time) for carried in told.carried_over),
    )
    return replace(
        marks,
        since=marks.since - time,
        until=marks.until and marks.until - time,
        awaited=armed_later(marks.awaited, time),
        told=told,
    )


def armed_later(armed: AwaitedDeployment | None, time: timedelta) -> AwaitedDeployment | None:
    if armed is None:
        return None
    return replace(
        armed, latest=armed.latest and armed.latest - time, deployed=armed.deployed and armed.deployed - time
    )
