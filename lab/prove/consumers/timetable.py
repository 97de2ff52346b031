"""What happens in which cycle. In a cycle each account is rotated once, and its previous key ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

EVERY_WHICH_LEAK_HURRIES = 4
EVERY_WHICH_LEAK_IS_TYPED = 6


class Phase(StrEnum):
    """In which turn the app's process is killed."""

    ROTATION = "a rotation"
    RETIREMENT = "the end of a previous key"
    LEAK = "the turn of a leak"


# The calls at which it is killed, in turn: before a call nothing has arrived, after it the answer is lost.
CALLS = {
    Phase.ROTATION: (
        ("arm.regenerateKey", "after"), ("kv.setSecret", "before"), ("kv.setSecret", "after"),
        ("aoai.models", "after"), ("arm.regenerateKey", "before"), ("eg.publish", "before"), ("eg.publish", "after"),
    ),
    Phase.RETIREMENT: (
        ("arm.regenerateKey", "after"), ("arm.regenerateKey", "before"), ("kv.updateSecret", "before"),
        ("eg.publish", "after"), ("kv.updateSecret", "after"),
    ),
    Phase.LEAK: (
        ("kv.setSecret", "after"), ("arm.regenerateKey", "after"), ("kv.setSecret", "before"), ("eg.publish", "before"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Kill:
    """One kill of the app's process.

    phase: In which turn.
    operation: At which call.
    when: `before` the call has its effect, or `after` it.
    """

    phase: Phase
    operation: str
    when: str


@dataclass(frozen=True)
class Leak:
    """One report of a leaked live key.

    account: The number of the account, from 0.
    hurried: Whether it comes in the overlap, so that the previous key ends early, too.
    typed: Whether it is reported on the command line, in a process of its own, and not over HTTP.
    """

    account: int
    hurried: bool
    typed: bool = False


@dataclass(frozen=True)
class Cycle:
    """What happens in one cycle.

    leaks: The leaks, one after the other.
    kill: The kill. None: none.
    outage: Whether the vault is out before the rotation.
    """

    leaks: tuple[Leak, ...] = ()
    kill: Kill | None = None
    outage: bool = False


@dataclass(frozen=True)
class Timetable:
    """How much is played.

    accounts: How many accounts there are. Each has consumers of its own of every kind.
    consumers: How many callers there are at least, in all.
    rotations: How many scheduled rotations there are at least, of all accounts together.
    leaks, kills: How many there are. At most one kill in a cycle.
    max_age: For how many real seconds a consumer uses a key that it has read (every second account: half as long).
    pause_ms: How long a caller waits between two requests, in milliseconds.
    outage: Whether there is an outage of the vault.
    """

    accounts: int
    consumers: int
    rotations: int
    leaks: int
    kills: int
    max_age: float
    pause_ms: int
    outage: bool = True

    def callers(self, kinds: int) -> int:
        """Return how many callers each process has if there are that many kinds of consumers."""
        return math.ceil(self.consumers / (self.accounts * kinds))

    def age(self, account: int) -> float:
        """Return the longest age of a key for the consumers of an account, in real seconds."""
        return self.max_age / (1 + account % 2)

    def cycles(self) -> list[Cycle]:
        """Return what happens, cycle by cycle. Raises ValueError if there are more kills than cycles."""
        many = math.ceil(self.rotations / self.accounts)
        if self.kills > many:
            raise ValueError(f"{self.kills} kills do not fit into {many} cycles: there is one in a cycle at most")
        leaks = _spread([self._leak(number) for number in range(self.leaks)], many)
        kills = _spread(list(range(self.kills)), many)
        cycles = []
        for number in range(many):
            kill = next(
                (_kill(one, has_leak=any(not leak.typed for leak in leaks[number])) for one in kills[number]), None
            )
            cycles.append(Cycle(tuple(leaks[number]), kill, outage=self.outage and number == many // 3))
        return cycles

    def _leak(self, number: int) -> Leak:
        return Leak(
            number % self.accounts,
            hurried=number % EVERY_WHICH_LEAK_HURRIES == EVERY_WHICH_LEAK_HURRIES - 1,
            typed=number % EVERY_WHICH_LEAK_IS_TYPED == EVERY_WHICH_LEAK_IS_TYPED - 2,
        )


def _spread[T](things: list[T], places: int) -> list[list[T]]:
    """Return the things in that many places, in order and as evenly as it can be."""
    spread: list[list[T]] = [[] for _ in range(places)]
    for number, thing in enumerate(things):
        spread[int((number + 0.5) * places / len(things))].append(thing)
    return spread


def _kill(number: int, *, has_leak: bool) -> Kill:
    phase = list(Phase)[number % len(Phase)]
    if phase is Phase.LEAK and not has_leak:
        phase = Phase.ROTATION
    calls = CALLS[phase]
    return Kill(phase, *calls[number // len(Phase) % len(calls)])


LONG = Timetable(accounts=4, consumers=64, rotations=200, leaks=20, kills=20, max_age=3.0, pause_ms=250)
SHORT = Timetable(accounts=1, consumers=8, rotations=3, leaks=1, kills=1, max_age=1.0, pause_ms=50)
