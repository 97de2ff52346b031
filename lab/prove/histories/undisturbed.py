"""A turn in which nothing goes wrong, and what must be true of it.

It keeps the world as it was after every call: each of these is also what is left by a process that is killed there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache

from lab.prove.histories import waiting
from lab.prove.histories.fakes import Runner
from lab.prove.histories.judge import Broken
from lab.prove.histories.lives import NEW, Life, settings_for
from lab.prove.histories.state import NOW, State
from lab.prove.histories.walk import Walk
from lab.prove.histories.world import World
from shared.domain.errors import PersonMustLook
from shared.domain.requests import LeakedKey, LeakRequest, Request
from shared.fleet.rotation import Rotation
from shared.turns.observe import presume
from shared.turns.report import Outcome, Result


@dataclass(frozen=True)
class Trace:
    """A whole turn. `after` holds the world after each of `calls`; its end is the last of them."""

    calls: tuple[str, ...]
    writes: tuple[bool, ...]
    after: tuple[State, ...]
    outcome: Outcome
    versions: int
    events: int

    @property
    def steps(self) -> tuple[object, ...]:
        return (self.calls, self.after)

    @property
    def end(self) -> State:
        return self.after[-1]


def a_world(life: Life, state: State, request: Request | None = None) -> World:
    """The world in this state. Who reports a leak has reported it, whatever becomes of the turn."""
    world = World(state, life.target_in(state))
    world.hear(request)
    return world


def undisturbed(life: Life, state: State, request: Request | None = None) -> Trace:
    world = a_world(life, state, request)
    walk = Walk(world, request)
    calls, writes, after = [], [], []
    while walk.call is not None:
        calls.append(walk.call.words or walk.call.name)
        writes.append(walk.call.writes)
        walk.let_through()
        after.append(world.state)
    outcome = walk.finish()
    _went_well(state, world.state, request, outcome)
    if request is not None and request.id == NEW:
        waiting.went_well(state, world.state, request, outcome, world.target)
    return Trace(tuple(calls), tuple(writes), tuple(after), outcome, world.versions, world.events)


def _went_well(start: State, end: State, request: Request | None, outcome: Outcome) -> None:
    if outcome.result is Result.FAILED:
        if outcome.reason == PersonMustLook.__name__:
            return
        raise Broken(f"P5: a turn fails though nothing goes wrong: {outcome.why}")
    if end.excused and end.key_auth:
        raise Broken("P1: a look has come to its end and the published key is still dead")
    if isinstance(request, LeakRequest) and request.id == NEW and end.key_auth:
        leak_was_ended(start, end, request)


def leak_was_ended(start: State, end: State, request: LeakRequest) -> None:
    """The values that were reported, as they were at that moment, are gone."""
    live = start.live
    if live is None:
        return
    leaked = {
        LeakedKey.LIVE: {start.keys[live]},
        LeakedKey.PREVIOUS: {start.keys[1 - live]} if _spare_is_previous(start, live) else set(),
        LeakedKey.BOTH: set(start.keys),
    }[request.key]
    if leaked & set(end.keys):
        raise Broken("a key that was reported as leaked works after the turn that was asked to end it")


def _spare_is_previous(state: State, live: int) -> bool:
    return state.grips[1 - live].held


def tick_finds(life: Life, state: State) -> bool:
    """Whether a tick's cheap look queues a turn, at no particular moment."""
    world = a_world(life, state)
    runner = Runner(world)
    rotation = Rotation(settings_for(world.target), runner.outside)
    found = _loop().run_until_complete(rotation.tick(NOW, NOW))
    return bool(found.turns or found.problems)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A tick looks at many vaults at once, so it cannot be stepped by hand. Here it makes no call that waits."""
    return asyncio.new_event_loop()


def listing_tells_all(life: Life, state: State) -> bool:
    """Whether what a tick presumes is what is there: nobody has touched the account since it was last looked at."""
    world = a_world(life, state)
    presumed = presume(world.listed(), None)
    if presumed is None or presumed.key_auth != state.key_auth:
        return False
    return not state.key_auth or dict(presumed.keys) == {slot: key.fingerprint for slot, key in world.keys().items()}
