"""What can happen next to a target: each way out of a state, with words for a reader and with its cost.

Time, ticks and requests cost nothing. A fault at a call of a turn costs one, and so does what others do, between two
turns or at a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from lab.prove.trials import actors, moments, requests
from lab.prove.trials.actors import Act
from lab.prove.trials.judge import Broken
from lab.prove.trials.lives import Life
from lab.prove.trials.state import State
from lab.prove.trials.walk import Walk
from shared.domain.errors import TryLater
from shared.domain.requests import Request
from shared.turns.message import read_message
from shared.turns.notes import LEAKS


class Ending(NamedTuple):
    """How one way out of a state ends.

    words: What happened, in words.
    state: The state afterwards.
    cost: How many faults it counts as.
    """

    words: str
    state: State
    cost: int = 1


def usual(life: Life, state: State, ticked: State) -> Iterator[Ending]:
    """Yield time, ticks and requests. Time that passes before a tick that has something to do costs one fault.

    ticked: The state after a tick.
    """
    moment = moments.following(state, life.target)
    if moment is not None and moment <= life.until:
        missed = int(ticked != state)
        words = f"time passes until {moment:%d %b %H:%M}{' without a tick' if missed else ''}"
        yield Ending(words, state._replace(now=moment), missed)
    for words, request in reasons(life, state):
        yield Ending(words, turn(life, state, request), 0)


def reasons(life: Life, state: State) -> Iterator[tuple[str, Request | None]]:
    """Yield the reasons for a turn: a tick, a leak on record, and every request that was not made yet."""
    yield "a tick", None
    yield from (("a tick repeats the leak on record", one) for one in on_record(state))
    yield from ((name, one) for name, one in life.requests.items() if name not in state.asked)


def on_record(state: State) -> list[Request]:
    """Return the leaks on record."""
    found = [read_message(text.encode()) for name, text in state.notes if name.startswith(LEAKS)]
    return [one.request for one in found if one.request is not None]


def begun(life: Life, state: State, request: Request | None) -> Walk:
    """Return the turn of a request, before its first call. The request counts as received."""
    names = [name for name, one in life.requests.items() if one is request]
    received = requests.received(state, request)
    asked = received._replace(asked=received.asked | set(names)).remember(unseen=None)
    return Walk(life.world(asked), request)


def turn(life: Life, state: State, request: Request | None) -> State:
    """Return the state after a turn without a fault. Raises Broken."""
    return _finished(begun(life, state, request), request)


def tick(life: Life, state: State) -> State:
    """Return the state after a tick: the turns of the leaks on record, and one more."""
    for request in on_record(state):
        state = turn(life, state, request)
    return turn(life, state, None)


def acts(life: Life, state: State, ticked: State) -> Iterator[Ending]:
    """Yield what others do between two turns. In a life in which that is free, it costs nothing after a tick.

    ticked: The state after a tick.
    """
    for name, act in life.acts.items():
        after = act(state)
        if after is not None:
            yield Ending(name, after, 0 if life.free and ticked == state else 1)


def disturbed(life: Life, state: State) -> Iterator[Ending]:
    """Yield how each turn ends with each fault at each of its calls."""
    for words, request in reasons(life, state):
        seen: set[State] = set()
        calls = _calls(life, state, request)
        for number, (call, writes) in enumerate(calls):
            for fault, happens in _faults(life, call, writes=writes):
                walk = _upto(life, state, request, number)
                at = f"{words}; {fault} at the call to {call}"
                after = _tried(at, walk, happens, request)
                if after not in seen:
                    seen.add(after)
                    yield Ending(at, after)


def _tried(words: str, walk: Walk, happens: Callable[[Walk], None], request: Request | None) -> State:
    try:
        happens(walk)
        return _finished(walk, request)
    except Broken as broken:
        broken.add_note(words)
        raise


def _finished(walk: Walk, request: Request | None) -> State:
    if walk.runner.dead:
        return walk.world.state
    outcome = walk.finish()
    return requests.answered(walk.world.state, request, outcome)


def _calls(life: Life, state: State, request: Request | None) -> list[tuple[str, bool]]:
    walk, found = begun(life, state, request), []
    while walk.call is not None:
        found.append((walk.call.name, walk.call.writes))
        walk.let_through()
    return found


def _upto(life: Life, state: State, request: Request | None, number: int) -> Walk:
    walk = begun(life, state, request)
    for _ in range(number):
        walk.let_through()
    return walk


def _faults(life: Life, call: str, *, writes: bool) -> Iterator[tuple[str, Callable[[Walk], None]]]:
    """Yield what can go wrong at a call that waits, each with its words."""
    if writes:
        yield "the process is killed before it,", Walk.die
        yield "the process is killed after it,", _killed_after
        yield "no answer comes", _lost
    yield "it is refused", lambda walk: walk.answer(None, TryLater("the service", "is unavailable."))
    if "lease" in call:
        return
    yield "the lease is lost, another turn runs,", lambda walk: _lost_lease(life, walk, None)
    if life.leak is not None:
        yield "a leak takes over", lambda walk: _lost_lease(life, walk, life.leak)
    for name, act in life.acts.items():
        if act is actors.days_pass:  # no turn lasts so long
            continue
        yield name, partial(_acted, act)
    if call == "read the account":
        yield "the account shows what was before,", _late


def _killed_after(walk: Walk) -> None:
    walk.effect()
    walk.die()


def _lost(walk: Walk) -> None:
    walk.effect()
    unclear = walk.call is not None and walk.call.name.startswith("regenerate")
    walk.answer(None, TryLater("the service", "did not answer.", unclear=unclear))


def _lost_lease(life: Life, walk: Walk, request: Request | None) -> None:
    """Let another turn run as a whole. The call that waits is not made, because this turn notices in time."""
    walk.runner.lease.lost = True
    world = walk.world
    world.state = turn(life, world.state, request)
    walk.answer(None, TryLater("the service", "was not asked."))


def _acted(act: Act, walk: Walk) -> None:
    after = act(walk.world.state)
    if after is not None:
        before = walk.world.state
        same = (after.key_auth, after.policy, after.notes) == (before.key_auth, before.policy, before.notes)
        walk.world.surprised = walk.world.surprised or not same
        walk.world.state = after


def _late(walk: Walk) -> None:
    walk.world.late = 1
