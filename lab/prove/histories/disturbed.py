"""Turns with one fault: every call of a turn is tried with everything that can go wrong there.

    killed          the process ends before the call or after its effect
    refused         the call has no effect and fails; for a proof, the network is closed
    answer lost     the call has its effect, and the turn gets a TryLater
    written twice   the client repeats a write of the secret by itself
    by hand         a person regenerates a key just before the call

`two_runners` has the cases with a second process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lab.prove.histories.judge import during
from lab.prove.histories.lives import Life
from lab.prove.histories.refusals import Refusal
from lab.prove.histories.state import KEY1, KEY2, State
from lab.prove.histories.undisturbed import Trace, a_world
from lab.prove.histories.walk import Walk
from shared.domain.errors import TryLater
from shared.domain.keys import KeySlot
from shared.domain.requests import Request
from shared.ports import Answer, KeyAttempt

TOUCHED_BY_KEYS = ("list the keys", "regenerate", "try the key", "publish", "switch keys off")


class Ending(NamedTuple):
    """How one way out of a state ends.

    words: What happened, in words.
    state: The state afterwards.
    versions: How many versions of the secret were written.
    allowed: How many versions more than an undisturbed turn it may cause until rest. Default 1.
    cost: How many faults it counts as. Default 1.
    """

    words: str
    state: State
    versions: int
    allowed: int = 1
    cost: int = 1


@dataclass(frozen=True)
class Disturber:
    """Repeats one turn, each time with another fault.

    life, state, request: The turn: whose it is, where it starts, what started it.
    trace: The same turn without a fault.
    """

    life: Life
    state: State
    request: Request | None
    trace: Trace

    def endings(self) -> Iterator[Ending]:
        """Yield how the turn ends with each fault. Raises Broken if a promise breaks."""
        yield from self._killed()
        for number, (call, writes) in enumerate(zip(self.trace.calls, self.trace.writes, strict=True)):
            yield self._refused(number, call)
            if self.state.refusing is None:
                yield from (
                    self._refused_for_long(one, number, call)
                    for one in self.life.refusals
                    if call.startswith(one.calls)
                )
            if writes:
                yield self._lost(number, call)
            if call.startswith("publish"):
                yield self._twice(number, call)
            if call.startswith(TOUCHED_BY_KEYS) and call != self.trace.calls[number - 1]:
                yield from (self._by_hand(number, call, slot) for slot in (KEY1, KEY2))

    def _refused_for_long(self, refusal: Refusal, number: int, call: str) -> Ending:
        def happens(walk: Walk) -> None:
            walk.world.state = walk.world.state._replace(refusing=refusal.begun())

        return self._walked(number, f"{refusal.begins} just before the call to {call}", happens)

    def upto(self, number: int) -> Walk:
        """Return the turn, stopped before the call of this number, from 0."""
        walk = Walk(a_world(self.life, self.state, self.request), self.request)
        for _ in range(number):
            walk.let_through()
        return walk

    def _killed(self) -> Iterator[Ending]:
        begun = a_world(self.life, self.state, self.request).state
        yield Ending("the process is killed before its first effect", begun, 0)
        before = begun
        for number, state in enumerate(self.trace.after[:-1]):
            if state is not before:
                written = sum(call.startswith("publish") for call in self.trace.calls[: number + 1])
                yield Ending(f"the process is killed after the call to {self.trace.calls[number]}", state, written)
            before = state

    def _refused(self, number: int, call: str) -> Ending:
        def happens(walk: Walk) -> None:
            if call == "try the key":
                walk.answer(KeyAttempt(Answer.NETWORK_REFUSED, "the network is closed"))
            else:
                walk.answer(None, TryLater("the service", "is unavailable."))

        return self._walked(number, f"the call to {call} is refused", happens)

    def _lost(self, number: int, call: str) -> Ending:
        def happens(walk: Walk) -> None:
            walk.effect()
            unclear = call.startswith("regenerate")  # as the adapter says it: the turn looks whether it happened
            walk.answer(None, TryLater("the service", "did not answer.", unclear=unclear))

        return self._walked(number, f"the answer of the call to {call} is lost", happens)

    def _twice(self, number: int, call: str) -> Ending:
        def happens(walk: Walk) -> None:
            walk.effect()
            walk.let_through()

        return self._walked(number, f"the client repeats the call to {call}", happens)

    def _by_hand(self, number: int, call: str, slot: KeySlot) -> Ending:
        def happens(walk: Walk) -> None:
            if walk.world.state.key_auth:
                walk.world.by_others = True
                walk.world.regenerate(slot)
                walk.world.by_others = False

        return self._walked(number, f"a person regenerates {slot} just before the call to {call}", happens, allowed=2)

    def _walked(self, number: int, words: str, happens: Callable[[Walk], None], allowed: int = 1) -> Ending:
        with during(words):
            walk = self.upto(number)
            happens(walk)
            walk.finish()
        return Ending(words, walk.world.state, walk.world.versions, allowed)
