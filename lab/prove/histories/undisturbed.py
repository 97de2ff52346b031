"""A turn without any fault, and what must be true of it.

Its trace keeps the state after every call, which is also the state that a process leaves when it is killed there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import cache

from lab.prove.histories import deployments, refusals, values
from lab.prove.histories.fakes import Runner
from lab.prove.histories.judge import Broken
from lab.prove.histories.late_reads import LateReads
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
    """A whole turn.

    calls: Its calls in words, in order.
    writes: For each call, whether it changes something.
    after: The state after each call.
    outcome: What the turn returned.
    versions: How many versions it wrote.
    events: How many events were accepted.
    """

    calls: tuple[str, ...]
    writes: tuple[bool, ...]
    after: tuple[State, ...]
    outcome: Outcome
    versions: int
    events: int

    @property
    def steps(self) -> tuple[object, ...]:
        """What the turn did; equal for requests that lead to the same calls and states."""
        return (self.calls, self.after)

    @property
    def end(self) -> State:
        """The state after the last call."""
        return self.after[-1]


def a_world(life: Life, state: State, request: Request | None = None) -> World:
    """Return a world in this state. A request counts as received, whatever becomes of its turn."""
    world = World(
        state, life.target_in(state), reads=LateReads(life.late), records_leaks=bool(life.refusals) or life.on_record
    )
    world.receive(request)
    return world


def undisturbed(life: Life, state: State, request: Request | None = None) -> Trace:
    """Take a turn without any fault. Raises Broken if it fails or breaks a promise."""
    world = a_world(life, state, request)
    walk = Walk(world, request)
    calls, writes, after = [], [], []
    while walk.call is not None:
        calls.append(walk.call.words or walk.call.name)
        writes.append(walk.call.writes)
        walk.let_through()
        after.append(world.state)
    outcome = walk.finish()
    if outcome.error is not None and state.refusing is not None:
        refusals.must_be_told(state, outcome)
        return Trace(tuple(calls), tuple(writes), tuple(after), outcome, world.versions, world.events)
    _went_well(state, world.state, request, outcome)
    if request is not None and request.id == NEW:
        deployments.must_be_noted(state, world.state, request, outcome, world.target)
    return Trace(tuple(calls), tuple(writes), tuple(after), outcome, world.versions, world.events)


def _went_well(start: State, end: State, request: Request | None, outcome: Outcome) -> None:
    if outcome.result is Result.FAILED:
        if outcome.reason == PersonMustLook.__name__:
            return
        raise Broken(f"P5: a turn without a fault fails: {outcome.why}")
    if end.excused and end.key_auth:
        raise Broken("P1: after a whole turn the published key still does not work")
    if isinstance(request, LeakRequest) and request.id == NEW and end.key_auth:
        leak_was_ended(start, end, request)


def leak_was_ended(start: State, end: State, request: LeakRequest) -> None:
    """Check that the reported values, as they were at the time of the report, do not work any more. Raises Broken."""
    live = start.live
    if live is None:
        return
    leaked = {
        LeakedKey.LIVE: {start.keys[live]},
        LeakedKey.PREVIOUS: {start.keys[1 - live]} if _spare_is_previous(start, live) else set(),
        LeakedKey.BOTH: set(start.keys),
    }[request.key or LeakedKey.BOTH]
    if leaked & set(end.keys):
        raise Broken("a key that was reported as leaked works after the turn that had to end it")


def _spare_is_previous(state: State, live: int) -> bool:
    return state.key_facts[1 - live].in_use


def tick_finds(life: Life, state: State) -> bool:
    """Return whether the timer's listing queues a turn, or reports a problem."""
    world = a_world(life, state)
    runner = Runner(world)
    outside = replace(runner.outside, throttles=refusals.KnownWaits(state, world.target))
    rotation = Rotation(settings_for(world.target), outside)
    found = _loop().run_until_complete(rotation.tick(NOW, NOW))
    return bool(found.turns or found.problems)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return an event loop for ticks. They list vaults concurrently, so they cannot be stepped by hand."""
    return asyncio.new_event_loop()


def listing_is_current(life: Life, state: State) -> bool:
    """Return whether the listing still describes account and secret: nobody changed them since a turn last read them.

    A listing shows no value, so that it is not current where somebody has put tags of ours on another value.
    """
    if state.version is not None and state.marks is not None and state.marks.live != values.mark(state.version.value):
        return False
    world = a_world(life, state)
    presumed = presume(world.listed(), None)
    if presumed is None or presumed.key_auth != state.key_auth or presumed.takes_identity != state.has_subdomain:
        return False
    version = state.version
    if state.key_auth and version is not None and version.enabled and version.withdrawn:
        return False
    return not state.key_auth or dict(presumed.keys) == {slot: key.fingerprint for slot, key in world.keys().items()}
