"""Two processes at one target, of which the first loses its lease at one of its calls.

    lost        the first process pauses after the call, a second one takes a whole turn, and then the first one goes on
    on its way  the call of the first process is under way when its lease ends, and arrives before some call of the
                second process or after its turn

While the lease is held, a second process must be answered busy at every call. A report of a leak takes the lease over.
After its turn the leaked value must not work, whichever call of the first process arrives late. The second process
finds reads that are up to date, because who takes a target over does not wait for the other's writes (decision 0017).
A lost lease is tried with a second process only where the first one still writes afterwards: one that stops is the same
as one that was killed, and `disturbed` tries that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lab.prove.histories.disturbed import Disturber, Ending
from lab.prove.histories.judge import Broken, during
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
class TwoRunners:
    """Repeats a turn with a second process, which comes with a tick or takes over because of a leak.

    first: The turn of the first process.
    thorough: See `explore`.
    """

    first: Disturber
    thorough: bool = False

    def endings(self) -> Iterator[Ending]:
        """Yield how the two turns end. Raises Broken if a promise breaks."""
        trace = self.first.trace
        for number, (call, writes) in enumerate(zip(trace.calls, trace.writes, strict=True)):
            if number + 1 < len(trace.calls) and self._goes_on(number):
                yield from self._lost(number, call)
            if writes:
                yield from self._on_its_way(number, call)

    def _goes_on(self, number: int) -> bool:
        walk = self.first.upto(number)
        answer = walk.effect()
        _second_is_answered_busy(walk.world)
        walk.runner.lease.lost = True
        walk.answer(*answer)
        while walk.call is not None and not walk.call.writes:
            walk.let_through()
        goes_on = walk.call is not None
        walk.die()
        return goes_on

    def _lost(self, number: int, call: str) -> Iterator[Ending]:
        for name, request in self._seconds():
            words = f"the lease is lost after the call to {call}; {name} starts and ends before this turn goes on"
            with during(words):
                walk = self.first.upto(number)
                answer = walk.effect()
                walk.runner.lease.lost = True
                walk.world.reads.end()
                reported = _begin(walk.world, request)
                outcome = Walk(walk.world, request).finish()
                walk.answer(*answer)
                walk.finish()
                _leak_is_over(walk.world, reported, request, outcome)
            yield _ending(walk, words, request)

    def _on_its_way(self, number: int, call: str) -> Iterator[Ending]:
        """Yield the endings in which the call arrives while the second process takes its turn, or after that."""
        for name, request in self._seconds():
            passing = 0 if self.thorough else len(_MEETS) * 4
            ended = False
            while not ended:
                words = f"the call to {call} is late and the lease is lost; {name} starts"
                with during(words):
                    walk = self.first.upto(number)
                    walk.runner.lease.lost = True
                    walk.world.reads.end()
                    reported = _begin(walk.world, request)
                    second = Walk(walk.world, request)
                    _pass(second, passing)
                    where = (
                        f"before that turn's call to {second.call.words or second.call.name}"
                        if second.call
                        else "after that turn"
                    )
                    ended, passing = second.call is None, passing + 1
                    with during(f"the late call arrives {where}"):
                        outcome = _arrive(walk, second)
                    if call.startswith("publish"):
                        walk.world.forget()
                    _leak_is_over(walk.world, reported, request, outcome)
                yield _ending(walk, f"{words}, and the call arrives {where}", request)

    def _seconds(self) -> Iterator[tuple[str, Request | None]]:
        yield "another turn", None
        if self.first.life.refusals:
            return  # the world remembers one leak on record; two reports at once are in other lives
        leaks = ("the live key leaked", "both keys leaked") if self.thorough else ("the live key leaked",)
        for leak in leaks:
            request: Request = replace(REQUESTS[leak], id=ANOTHER)
            yield f"a turn that takes over because {leak}", request


def _pass(second: Walk, passing: int) -> None:
    """Let the second process run up to a call that the late one can affect, after it has made `passing` of them."""
    while second.call is not None:
        if second.call.name in _MEETS:
            if passing == 0:
                return
            passing -= 1
        second.let_through()


def _begin(world: World, request: Request | None) -> State:
    """Let the world receive the request, and return the state at the time of the report."""
    reported = world.state
    world.receive(request)
    return reported


def _leak_is_over(world: World, reported: State, request: Request | None, outcome: Outcome) -> None:
    """Check that the reported value does not work any more, after a second turn if the first one failed."""
    if not isinstance(request, LeakRequest):
        return
    if outcome.result is Result.FAILED:
        outcome = Walk(world, request).finish()
    if world.state.key_auth and outcome.result is not Result.FAILED:
        leak_was_ended(reported, world.state, request)


def _arrive(walk: Walk, second: Walk) -> Outcome:
    """Let the late call have its effect, the second turn end, and the first one go on with its answer."""
    walk.world.by_others = True
    answer = walk.effect()
    walk.world.by_others = False
    outcome = second.finish()
    walk.answer(*answer)
    walk.finish()
    return outcome


def _ending(walk: Walk, words: str, second: Request | None) -> Ending:
    return Ending(words, walk.world.state, walk.world.versions, allowed=3 if second is None else 5)


def _second_is_answered_busy(world: World) -> None:
    before = world.state
    outcome = Walk(world, held=True).finish()
    if outcome.result is not Result.BUSY or world.state is not before:
        raise Broken("P6: a second process took a turn while the target was held")
