"""Breadth-first search through all states of a life: first the histories without a fault, then those with one fault.

From every state the ticks that follow, at each moment that anybody names, must bring the target to rest, and the judge
looks at what they leave.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.prove.trials import judge, moments, moves
from lab.prove.trials.judge import Broken
from lab.prove.trials.lives import HOUR, Life
from lab.prove.trials.moves import Ending
from lab.prove.trials.state import State

MOST_TICKS = 120  # until rest; more are for ever


@dataclass(frozen=True)
class Violation:
    """A broken promise.

    broken: Which promise, in words.
    history: What happened, from the beginning on.
    """

    broken: str
    history: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.broken}\n" + "\n".join(f"    {step}" for step in self.history)


@dataclass
class Explorer:
    """The exploration of one life.

    life: The life.
    faults: How many faults and acts of others one history may have.
    until: When to stop, on the monotonic clock, in seconds.
    found: Each state, with the state before it and what happened in between.
    violations, transitions, seconds, out_of_time: The results.
    """

    life: Life
    faults: int
    until: float = float("inf")
    found: dict[State, tuple[State | None, str]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    transitions: int = 0
    seconds: float = 0
    out_of_time: bool = False
    _levels: list[list[State]] = field(default_factory=list)
    _ticked: dict[State, State] = field(default_factory=dict)
    _rests: set[State] = field(default_factory=set)

    def explore(self) -> None:
        """Explore until nothing is left, the time is over, or a violation was found."""
        began = time.monotonic()
        self._levels = [[] for _ in range(self.faults + 1)]
        self._reach(Ending(self.life.name, self.life.begins, 0), None, 0)
        for spent, level in enumerate(self._levels):
            self._level(level, spent)
        self.seconds = time.monotonic() - began

    def _level(self, level: list[State], spent: int) -> None:
        for state in level:  # this list grows during the loop
            self.out_of_time = self.out_of_time or time.monotonic() > self.until
            if self.out_of_time or self.violations:
                return
            try:
                for ending in self._ways_out(state, spent):
                    self.transitions += 1
                    self._reach(ending, state, spent + ending.cost)
            except Broken as broken:
                doing = tuple(getattr(broken, "__notes__", ()))
                self.violations.append(Violation(str(broken), (*self._history(state), *doing)))

    def _reach(self, ending: Ending, before: State | None, spent: int) -> None:
        if ending.state not in self.found:
            self.found[ending.state] = (before, ending.words)
            self._levels[spent].append(ending.state)

    def _ways_out(self, state: State, spent: int) -> Iterator[Ending]:
        self.to_rest(state)
        ticked = self._tick(state)
        plain = (*moves.usual(self.life, state, ticked), *moves.acts(self.life, state, ticked))
        yield from (one for one in plain if spent + one.cost <= self.faults)
        if spent < self.faults:
            yield from moves.disturbed(self.life, state)

    def _history(self, state: State | None) -> list[str]:
        steps: list[str] = []
        while state is not None:
            now = state.now
            state, words = self.found[state]
            steps.append(f"{now:%d %b %H:%M:%S} {words}")
        return steps[::-1]

    def to_rest(self, state: State) -> None:
        """Let ticks follow at every moment that anybody names, and judge what they leave. Raises Broken."""
        path: list[State] = []
        try:
            while state not in self._rests:
                path.append(state)
                after = self._next(state, len(path))
                if after is None:
                    break
                state = after
        except Broken as broken:
            broken.add_note("then ticks at every moment that matters")
            raise
        self._rests.update(path)

    def _next(self, state: State, ticks: int) -> State | None:
        """Return the state after the next tick, or at the next moment. None if it is at rest. Raises Broken."""
        if ticks > MOST_TICKS:
            raise Broken("P5: ticks do not bring the target to rest")
        after = self._tick(state)
        if after != state:
            return after
        moment = moments.following(state, self.life.target)
        if moment is not None and moment <= self._last_moment(state):
            return state._replace(now=moment)
        self._at_rest(state)
        return None

    def _last_moment(self, state: State) -> datetime:
        """Return until when rest is waited for: a trial that is planned or has just begun still comes to its end."""
        trial = state.trial
        if trial is None or (trial["begun"] and datetime.fromisoformat(trial["begun"]) < self.life.until - 6 * HOUR):
            return self.life.until
        return self.life.until + timedelta(hours=30)

    def _tick(self, state: State) -> State:
        if state not in self._ticked:
            self._ticked[state] = moves.tick(self.life, state)
        return self._ticked[state]

    def _at_rest(self, state: State) -> None:
        """Judge a state some hours after everything, and once more after the tick that comes then."""
        later = state._replace(now=max(state.now, self._last_moment(state)) + 3 * HOUR)
        for _ in range(3):
            later = self._tick(later)
        judge.settled(later, self.life.target)
