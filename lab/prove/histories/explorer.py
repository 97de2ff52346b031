"""Breadth-first search through all states of a life: first the histories without a fault, then those with one fault.

A state is explored with the smallest number of faults that leads to it, and not again with more. Each state remembers
how it was reached with the fewest faults, so the history of a violation is a shortest one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from lab.prove.histories import moves, on_record, refusals
from lab.prove.histories.at_rest import must_be_settled
from lab.prove.histories.canonical import canonical
from lab.prove.histories.disturbed import Ending
from lab.prove.histories.judge import Broken, during
from lab.prove.histories.lives import Life
from lab.prove.histories.state import State
from lab.prove.histories.undisturbed import Trace, listing_is_current, tick_finds, undisturbed
from shared.domain.requests import Request

MOST_TICKS = 4  # that may be needed to come to rest


@dataclass(frozen=True)
class Violation:
    """A broken promise.

    broken: Which promise, in words.
    history: What happened, from the beginning on.
    """

    broken: str
    history: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"  {number}. {step}" for number, step in enumerate(self.history, 1)]
        return "\n".join([f"BROKEN: {self.broken}", *lines])


@dataclass
class Explorer:
    """Explores one life.

    life: What is explored.
    faults: How many faults one history may have.
    thorough: See `explore`.
    until: When to stop, on the monotonic clock, in seconds.
    most_violations: How many violations to find before stopping.
    found: Each state, with the state before it and what happened in between.
    violations, transitions, longest_to_rest, out_of_time, seconds: The results.
    """

    life: Life
    faults: int
    thorough: bool = False
    until: float = float("inf")
    most_violations: int = 1
    found: dict[State, tuple[State | None, str]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    transitions: int = 0
    longest_to_rest: int = 0
    out_of_time: bool = False
    seconds: float = 0
    _spent: dict[State, int] = field(default_factory=dict)
    _rests: dict[State, tuple[int, int]] = field(default_factory=dict)
    _steps: dict[State, int] = field(default_factory=dict)
    _rests_refused: set[State] = field(default_factory=set)

    def explore(self) -> None:
        """Explore until nothing is left, the time is over or enough violations were found."""
        began = time.monotonic()
        self._all()
        self.seconds = time.monotonic() - began

    def _all(self) -> None:
        levels: list[list[State]] = [[] for _ in range(self.faults + 1)]
        for name, state in self.life.begins.items():
            self._reach(state, None, f"{self.life.name}: {name}", 0, levels)
        for spent in range(self.faults + 1):
            self._level(spent, levels)

    def _level(self, spent: int, levels: list[list[State]]) -> None:
        frontier = levels[spent]
        for state in frontier:  # this list grows during the loop
            if time.monotonic() > self.until:
                self.out_of_time = True
            if self.out_of_time or len(self.violations) >= self.most_violations:
                return
            if self._spent[state] == spent:
                self._expand(state, spent, levels)

    def _expand(self, state: State, spent: int, levels: list[list[State]]) -> None:
        try:
            for ending in self._ways_out(state, free=spent == self.faults):
                self.transitions += 1
                if spent + ending.cost <= self.faults:
                    self._reach(ending.state, state, ending.words, spent + ending.cost, levels)
        except Broken as broken:
            history = [*self._history(state), *broken.doing]
            self.violations.append(Violation(str(broken), tuple(history)))

    def _reach(self, state: State, before: State | None, words: str, spent: int, levels: list[list[State]]) -> None:
        state = canonical(state, self.life.target.cadence)
        if spent < self._spent.get(state, len(levels)):
            self._spent[state] = spent
            self.found[state] = (before, words)
            levels[spent].append(state)

    def _history(self, state: State | None) -> list[str]:
        steps: list[str] = []
        while state is not None:
            state, words = self.found[state]
            steps.append(words)
        return steps[::-1]

    def _ways_out(self, state: State, *, free: bool) -> Iterator[Ending]:
        with during("a turn"):
            plain = undisturbed(self.life, state)
        self._is_found_and_ends(state, plain)
        yield from moves.time_passes(state, self.life.target.cadence)
        yield from (one for one in moves.people_act(self.life, state) if not free or not one.cost)
        tried = []
        for name, request in moves.reasons_for_a_turn(self.life, state):
            with during(name):
                trace = plain if request is None else undisturbed(self.life, state, request)
                if self.life.late is not None:
                    moves.late_reads_change_nothing(self.life, state, request, trace)
            yield Ending(name, trace.end, trace.versions, cost=0)
            if (
                not free and not self.life.calm and trace.steps not in tried
            ):  # requests with the same steps need one trial
                tried.append(trace.steps)
                yield from self._going_wrong(state, name, request, trace)

    def _is_found_and_ends(self, state: State, plain: Trace) -> None:
        """Check that the timer's listing and the turn agree on whether there is work, and that the work ends."""
        acts = self._canonical(plain.end) != state or plain.events > 0
        moves.repeating_changes_nothing(self.life, state, plain)
        with during("then ticks, with everything available"):
            self.to_rest(state)
        if state.refusing is not None:
            with during("then ticks, while that lasts"):
                self._rests_while_refused(state)
            if tick_finds(self.life, state) and refusals.tick_must_wait(state):
                raise Broken("P13: a tick queues a turn although Azure has asked to wait")
            return
        if not listing_is_current(self.life, state) or not state.topic_up:
            return
        queued = tick_finds(self.life, state)
        if queued != acts:
            raise Broken("P9: a tick queues no turn, but there is work" if acts else "P5: ticks queue turns for ever")

    def _going_wrong(self, state: State, words: str, request: Request | None, trace: Trace) -> Iterator[Ending]:
        """Check P5, the count: a fault causes no more extra versions than are allowed."""
        with during(words):
            usual = trace.versions + self.to_rest(trace.end)[1]
            for ending in moves.disturbed(self.life, state, request, trace, thorough=self.thorough):
                with during(ending.words):
                    extra = ending.versions + self.to_rest(ending.state)[1] - usual
                    if extra > ending.allowed:
                        raise Broken(f"P5: {extra} versions more than without the fault")
                yield ending._replace(words=f"{words}; {ending.words}")

    def to_rest(self, state: State) -> tuple[int, int]:
        """Return how many ticks, with everything available, bring this state to rest, and how many versions they write.

        Raises Broken if the ticks find no rest, or what they leave is not settled.
        """
        state = self._canonical(state._replace(topic_up=True, refusing=None))
        if state in self._rests:
            return self._rests[state]
        path = [state]
        while path[-1] not in self._rests:
            trace = self._tick(path[-1])
            after = self._canonical(trace.end)
            if after == path[-1]:
                self._at_rest(after, trace)
            elif after in path or len(path) > MOST_TICKS:
                raise Broken("P5: ticks do not bring the target to rest")
            else:
                self._steps[path[-1]] = trace.versions
                path.append(after)
        for before, after in zip(path[-2::-1], path[:0:-1], strict=True):
            ticks, versions = self._rests[after]
            self._rests[before] = (ticks + 1, versions + self._steps.pop(before))
            self.longest_to_rest = max(self.longest_to_rest, ticks + 1)
        return self._rests[state]

    def _tick(self, state: State) -> Trace:
        """Return what a tick does: a turn, which carries out the leak on record if there is one. While keys are off the
        leak waits, and the tick's other turn does the work."""
        repeats = state.record is not None and state.key_auth
        return undisturbed(self.life, state, on_record.request_of(state.record) if repeats and state.record else None)

    def _rests_while_refused(self, state: State) -> None:
        """Check that ticks find rest while calls are refused, without making keys. Raises Broken."""
        path = [state]
        while path[-1] not in self._rests_refused:
            trace = self._tick(path[-1])
            after = self._canonical(trace.end)
            if after == path[-1]:
                if trace.end.keys != after.keys:
                    raise Broken("P13: every tick regenerates a key again, because something else is refused")
                break
            if after in path or len(path) > MOST_TICKS:
                raise Broken("P5: ticks find no rest while calls are refused")
            path.append(after)
        self._rests_refused.update(path)

    def _at_rest(self, state: State, trace: Trace) -> None:
        if trace.events or trace.versions or trace.end.keys != state.keys:
            raise Broken("P5: every tick repeats the same work")
        if state.reported and (state.record is None if not state.key_auth else not _waits_for_a_person(state)):
            raise Broken("a key that was reported as leaked and put on record works, and no tick will end it")
        must_be_settled(state, self.life.target)
        self._rests[state] = (0, 0)

    def _canonical(self, state: State) -> State:
        return canonical(state, self.life.target.cadence)


def _waits_for_a_person(state: State) -> bool:
    """Return whether a person has disabled the version, and the leak stays on record until the version is enabled."""
    version = state.version
    return state.record is not None and version is not None and not version.enabled and not version.withdrawn
