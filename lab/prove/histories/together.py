"""Two runners at one target, the first of which loses its lease at one of its calls.

    lost        it stands still after the call, a second runner takes a whole turn, and then it wakes up
    on its way  its call is out already when the lease goes, and lands before some call of the second one, or after it

While the lease is held, a second runner is told busy at every call; one that comes because a key leaked takes the lease
over, which is losing it for the first one, and must see the leaked value dead, whatever of the first one lands late.
A lost lease is tried with a second runner only where the first one goes on writing after it: one that stops was as
good as killed, and that is tried anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.prove.histories.disturbed import Disturber, Ending
from lab.prove.histories.judge import Broken, while_
from lab.prove.histories.lives import REQUESTS
from lab.prove.histories.state import State
from lab.prove.histories.undisturbed import leak_was_ended
from lab.prove.histories.walk import Walk
from lab.prove.histories.world import World
from shared.domain.requests import LeakRequest, Request
from shared.turns.report import Outcome, Result

ANOTHER = "another-request"
_MEETS = ("read the secret", "list the keys", "regenerate", "publish", "announce", "note", "withdraw")


@dataclass(frozen=True)
class Together:
    """The second runner comes with a tick, or takes over because a key leaked."""

    first: Disturber
    thorough: bool = False

    def endings(self) -> Iterator[Ending]:
        trace = self.first.trace
        for number, (call, writes) in enumerate(zip(trace.calls, trace.writes, strict=True)):
            if number + 1 < len(trace.calls) and self._goes_on(number):
                yield from self._lost(number, call)
            if writes:
                yield from self._on_its_way(number, call)

    def _goes_on(self, number: int) -> bool:
        walk = self.first.upto(number)
        answer = walk.effect()
        _second_is_told_busy(walk.world)
        walk.runner.lease.lost = True
        walk.answer(*answer)
        while walk.call is not None and not walk.call.writes:
            walk.let_through()
        goes_on = walk.call is not None
        walk.die()
        return goes_on

    def _lost(self, number: int, call: str) -> Iterator[Ending]:
        for name, request in self._seconds():
            words = f"it loses its lease after it could {call}; {name} comes and ends before it wakes up"
            with while_(words):
                walk = self.first.upto(number)
                answer = walk.effect()
                walk.runner.lease.lost = True
                reported = _begin(walk.world, request)
                outcome = Walk(walk.world, request).finish()
                walk.answer(*answer)
                walk.finish()
                _leak_is_over(walk.world, reported, request, outcome)
            yield _ending(walk, words, request)

    def _on_its_way(self, number: int, call: str) -> Iterator[Ending]:
        """The late call lands where the second one has passed so many of the calls that it can matter to."""
        for name, request in self._seconds():
            passing = 0 if self.thorough else len(_MEETS) * 4
            ended = False
            while not ended:
                words = f"its call to {call} is late and its lease lost; {name} comes"
                with while_(words):
                    walk = self.first.upto(number)
                    walk.runner.lease.lost = True
                    reported = _begin(walk.world, request)
                    second = Walk(walk.world, request)
                    _pass(second, passing)
                    where = f"before that can {second.call.words or second.call.name}" if second.call else "after that"
                    ended, passing = second.call is None, passing + 1
                    with while_(f"the late call lands {where}"):
                        outcome = _land(walk, second)
                    if call.startswith("publish"):
                        walk.world.forget()
                    _leak_is_over(walk.world, reported, request, outcome)
                yield _ending(walk, f"{words}, and the call lands {where}", request)

    def _seconds(self) -> Iterator[tuple[str, Request | None]]:
        yield "another turn", None
        leaks = ("the live key leaked", "both keys leaked") if self.thorough else ("the live key leaked",)
        for leak in leaks:
            taken: Request = replace(REQUESTS[leak], id=ANOTHER)
            yield f"a turn takes over because {leak}", taken


def _pass(second: Walk, passing: int) -> None:
    """Up to the call that matters after so many others."""
    while second.call is not None:
        if second.call.name in _MEETS:
            if passing == 0:
                return
            passing -= 1
        second.let_through()


def _begin(world: World, request: Request | None) -> State:
    """A leak is reported. What it is about is what stands there now."""
    reported = world.state
    world.hear(request)
    return reported


def _leak_is_over(world: World, reported: State, request: Request | None, outcome: Outcome) -> None:
    """A turn that failed is asked for again; then what was reported does not work any more."""
    if not isinstance(request, LeakRequest):
        return
    if outcome.result is Result.FAILED:
        outcome = Walk(world, request).finish()
    if world.state.key_auth and outcome.result is not Result.FAILED:
        leak_was_ended(reported, world.state, request)


def _land(walk: Walk, second: Walk) -> Outcome:
    """The late call has its effect, the second one ends, and the first one hears its answer."""
    walk.world.somebody_else = True
    answer = walk.effect()
    walk.world.somebody_else = False
    outcome = second.finish()
    walk.answer(*answer)
    walk.finish()
    return outcome


def _ending(walk: Walk, words: str, second: Request | None) -> Ending:
    return Ending(words, walk.world.state, walk.world.versions, allowed=3 if second is None else 5)


def _second_is_told_busy(world: World) -> None:
    before = world.state
    outcome = Walk(world, held=True).finish()
    if outcome.result is not Result.BUSY or world.state is not before:
        raise Broken("P6: a second runner was let in while the target was held")
