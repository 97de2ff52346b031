"""A turn, walked call by call by hand: stopped before each call, and let go on when its driver says so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from lab.prove.histories import judge, waiting
from lab.prove.histories.fakes import Call, Runner
from lab.prove.histories.world import World
from shared.domain.requests import Request
from shared.turns.report import Outcome
from shared.turns.turn import take_turn


@dataclass
class Walk:
    """One runner's turn, standing before its next call. `call` is none when the turn has ended."""

    world: World
    request: Request | None = None
    held: bool = False
    runner: Runner = field(init=False)
    call: Call | None = None
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        self.runner = Runner(self.world, self.request, self.held)
        runner = self.runner
        turn = take_turn(self.world.target, self.request, runner.outside)
        self._turn: Coroutine[Any, Any, Outcome] = turn
        self._go(lambda: turn.send(None))

    def let_through(self) -> None:
        """The call has its effect and its answer comes back."""
        result, error = self.effect()
        self.answer(result, error)

    def effect(self) -> tuple[Any, Exception | None]:
        """The call's effect, its answer being held back."""
        call = self.call
        if call is None:
            raise LookupError("the turn has ended")
        try:
            return call.effect(), None
        except judge.Broken as broken:
            broken.doing.append(f"at the call to {call.words or call.name}")
            self.die()
            raise
        except Exception as error:  # noqa: BLE001 - the world's refusal, which the turn is to hear
            return None, error

    def answer(self, result: Any, error: BaseException | None = None) -> None:  # noqa: ANN401
        if error is not None:
            self._go(lambda: self._turn.throw(error))
        else:
            self._go(lambda: self._turn.send(result))

    def finish(self) -> Outcome:
        while self.call is not None:
            self.let_through()
        if self.outcome is None:
            raise LookupError("the turn ended without an outcome")
        return self.outcome

    def die(self) -> None:
        self.runner.dead = True
        self._turn.close()
        self.call = None

    def __del__(self) -> None:
        self.runner.dead = True  # a turn that nobody drives any more is dead: it must not try to tidy up

    def _go(self, step: Callable[[], Call]) -> None:
        try:
            self.call = step()
        except StopIteration as end:
            self.call, self.outcome = None, end.value
            self.world.state = waiting.answered(self.world.state, self.request, end.value)
            judge.nothing_is_shown(str(self.outcome), str(self.outcome and self.outcome.data()))
