"""One moment of the small world, as a value: what Azure holds, and what a witness must remember to judge.

It is always the same time here, `NOW`; when time passes, everything else moves into the past. Between turns a state
is a value to compare and to look up, so a history can go on from it in any number of ways at no cost.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.keys import KeySlot
from shared.publication import Marks
from shared.telling import Telling

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
    updated: datetime = NOW
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
    for a published key that is dead; `owed` are happenings that nobody was told of yet."""

    keys: tuple[int, int]
    key_auth: bool = True
    version: Version | None = None
    topic_up: bool = True
    sunset: datetime | None = None
    grips: tuple[Grip, Grip] = (Grip(), Grip())
    owed: frozenset[tuple[str, int]] = frozenset()
    excused: bool = False
    warned: tuple[datetime, timedelta] | None = None
    sunset_said: tuple[datetime, bool] | None = None
    off_said: datetime | None = None
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
        version = version._replace(marks=marks, created=version.created - time, updated=version.updated - time)
    first, second = (_grip_later(grip, time) for grip in state.grips)
    return state._replace(
        version=version,
        sunset=state.sunset and state.sunset - time,
        grips=(first, second),
        warned=state.warned and (state.warned[0] - time, state.warned[1]),
        sunset_said=state.sunset_said and (state.sunset_said[0] - time, state.sunset_said[1]),
        off_said=state.off_said and state.off_said - time,
    )


def _grip_later(grip: Grip, time: timedelta) -> Grip:
    return grip._replace(until=grip.until and grip.until - time, deadline=grip.deadline and grip.deadline - time)


@lru_cache(maxsize=100_000)
def _marks_later(marks: Marks, time: timedelta) -> Marks:
    def telling(one: Telling | None) -> Telling | None:
        return one and Telling(one.deadline - time, one.lead)

    told = marks.told
    told = replace(
        told,
        rotation=telling(told.rotation),
        retirement=telling(told.retirement),
        sunset=telling(told.sunset),
        debts=tuple(replace(debt, at=debt.at - time) for debt in told.debts),
    )
    return replace(marks, since=marks.since - time, until=marks.until and marks.until - time, told=told)
