"""A turn that is stepped by hand: it stops before each call, and goes on when its driver says so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from lab.prove.histories.lives import settings_for
from lab.prove.trials import judge
from lab.prove.trials.fakes import Call, Runner
from lab.prove.trials.state import ORDERS
from lab.prove.trials.world import World
from shared.domain.requests import LeakRequest, Request
from shared.fleet.rotation import Rotation
from shared.turns.report import Outcome
from shared.turns.turn import take_turn


@dataclass
class Walk:
    """One turn, stopped before its next call.

    world: What the turn acts on.
    request: What started the turn. None: a tick.
    runner: The ports of the turn.
    call: The next call. None when the turn has ended.
    outcome: The outcome, once the turn has ended.
    """

    world: World
    request: Request | None = None
    runner: Runner = field(init=False)
    call: Call | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        self.runner = Runner(self.world, self.request)
        turn = _turn(self.world, self.request, self.runner)
        self._turn = turn
        self._go(lambda: turn.send(None))

    def let_through(self) -> None:
        """Let the call have its effect and return its answer to the turn."""
        self.answer(*self.effect())

    def effect(self) -> tuple[Any, Exception | None]:
        """Let the call have its effect, and return its answer or its error. Raises Broken, and LookupError if the turn
        has ended."""
        if self.call is None:
            raise LookupError("the turn has ended")
        try:
            return self.call.effect(), None
        except judge.Broken:
            self.die()
            raise
        except Exception as error:  # noqa: BLE001 - a refusal, which is the answer to the turn
            return None, error

    def answer(self, result: Any, error: BaseException | None = None) -> None:  # noqa: ANN401
        """Pass an answer or an error to the turn, which goes on to its next call or to its end."""
        if error is not None:
            self._go(lambda: self._turn.throw(error))
        else:
            self._go(lambda: self._turn.send(result))

    def finish(self) -> Outcome:
        """Let all remaining calls through and return the outcome."""
        while self.call is not None:
            self.let_through()
        if self.outcome is None:
            raise LookupError("the turn ended without an outcome")
        return self.outcome

    def die(self) -> None:
        """Kill the process: nothing of the turn runs any more."""
        self.runner.dead = True
        self._turn.close()
        self.call = None

    def __del__(self) -> None:
        self.runner.dead = True  # an abandoned turn is dead: it must not run its clean-up

    def _go(self, step: Callable[[], Call]) -> None:
        try:
            self.call = step()
        except StopIteration as end:
            self.call, self.outcome = None, end.value
            judge.must_show_no_key([str(self.outcome), str(self.outcome and self.outcome.data())])


def _turn(world: World, request: Request | None, runner: Runner) -> Coroutine[Any, Any, Outcome]:
    """Return the turn as the app takes it: a leak goes on record first, and a tick knows that there are orders."""
    if isinstance(request, LeakRequest):
        return Rotation(settings_for(world.target), runner.outside).turn(world.target, request)
    ordered = request is None and world.state.note(ORDERS) is not None
    return take_turn(world.target, request, runner.outside, ordered=ordered)
