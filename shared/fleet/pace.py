"""The pace of a tick: when each of its turns begins, so that turns never meet the limits that Azure has published.

A tick queues its turns with delays, and the queue holds the clock: how many instances of the app there are does not
matter, and nothing is shared between them. Azure limits writes for each subscription and new secrets for each vault
(docs/facts.md, Keys; Vault). Each of these is a lane here, a bucket with a burst and a rate. A quarter is left out of
all lanes: it is for people and leaks, whose turns never wait.

What does not fit before the next tick is left out, and that tick finds it again. The last turn of a lane begins so long
before the next tick that the lane is full again by then. So every tick may begin with the whole burst, without knowing
what the tick before it did.

No function here reads a clock or makes a call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heapify, heappop, heappush
from math import floor

from shared.domain.model import Adopt, Target
from shared.domain.rates import Rates

SHARE = 0.75  # of what Azure allows; the rest is for people and leaks
BURST_SECONDS = 20  # a bucket of writes holds what comes in within this time: 200 at 10 a second
REFILL = 0.98  # of the rate at which that bucket fills: late answers must not empty it
LONGEST = timedelta(minutes=50)  # the tags in a message are valid for an hour
SHORTEST = timedelta(minutes=1)
USUAL = timedelta(minutes=10)  # between two ticks, where nothing says how long
SUBSCRIPTION, VAULT = "subscription", "vault"
type LaneName = tuple[str, str]
type Lanes = tuple[LaneName, ...]


@dataclass(frozen=True)
class Cost:
    """What a turn calls at most of what Azure limits (docs/decisions/0001).

    writes: Calls of Azure Resource Manager that count as writes: `listKeys` does, too.
    creations: New versions of secrets.
    """

    writes: int
    creations: int


LEAK = Cost(writes=4, creations=1)  # lists the keys twice and regenerates both: no turn costs more
ROTATION = Cost(writes=3, creations=1)  # lists the keys, regenerates one, and lists them again
ADOPTION = Cost(writes=2, creations=1)  # lists the keys before and after it publishes one
OBSERVATION = Cost(writes=1, creations=0)  # lists the keys


def cost_of_adoption(target: Target) -> Cost:
    """Return what the first publication of a target costs: that of a rotation if it begins with a new key."""
    return ROTATION if target.adopt is Adopt.ROTATE else ADOPTION


@dataclass(frozen=True)
class Planned:
    """A turn that a tick wants to queue.

    target: Whose turn it is.
    cost: What it calls at most.
    """

    target: Target
    cost: Cost

    @property
    def needs(self) -> tuple[tuple[LaneName, int], ...]:
        """The lanes that it uses, each with how much of it."""
        writes = ((SUBSCRIPTION, self.target.account.subscription.casefold()), self.cost.writes)
        creations = ((VAULT, self.target.vault_url.casefold()), self.cost.creations)
        return tuple(one for one in (writes, creations) if one[1])


@dataclass
class Lane:
    """What is left of one limit, second by second.

    burst: The most that may be used at once.
    rate: What comes in each second.
    last: The last second in which it may be used, so that it is full again by the next tick.
    left: What is left in the second `at`.
    at: The second for which `left` was counted.
    closed_at: The last second in which a turn found too little of it. Later turns do not pass that turn.
    """

    burst: float
    rate: float
    last: int
    left: float
    at: int = 0
    closed_at: int = -1

    def has(self, needed: int, second: int) -> bool:
        """Return whether that much is left in this second. If not, nobody gets anything in this second any more."""
        self.left = min(self.burst, self.left + (second - self.at) * self.rate)
        self.at = second
        enough = second <= self.last and self.closed_at != second and needed <= self.left
        if not enough:
            self.closed_at = second
        return enough

    def take(self, needed: int) -> None:
        """Use that much, which must be there (see `has`)."""
        self.left -= needed


@dataclass
class Pace:
    """The lanes of one tick.

    rates: The rates that the app counts on.
    horizon: How long it is until the next tick.
    """

    rates: Rates
    horizon: timedelta
    _lanes: dict[LaneName, Lane] = field(default_factory=dict)

    def slots(self, turns: Sequence[Planned]) -> list[timedelta | None]:
        """Return for each turn how long after now it begins, in whole seconds. None: it does not fit before the next
        tick.

        Earlier turns come first, unless only one of their two lanes has something left: then a later turn that needs
        the other lane alone goes before them.
        """
        found: list[timedelta | None] = [None] * len(turns)
        queues = _by_lanes(turns)
        second = 0
        while queues:
            heads = [(queue[0], name) for name, queue in queues.items()]
            for number in self._served(second, heads, queues, turns):
                found[number] = timedelta(seconds=second)
            queues = {name: queue for name, queue in queues.items() if queue and self._goes_on(name, second)}
            second += 1
        return found

    def _served(
        self,
        second: int,
        heads: list[tuple[int, Lanes]],
        queues: dict[Lanes, deque[int]],
        turns: Sequence[Planned],
    ) -> Iterator[int]:
        """Yield the turns that begin in this second, the earliest first, and take them off their queues."""
        heapify(heads)
        while heads:
            number, name = heappop(heads)
            needs = [(self._lane(lane), needed) for lane, needed in turns[number].needs]
            if not all(lane.has(needed, second) for lane, needed in needs):
                continue
            for lane, needed in needs:
                lane.take(needed)
            yield number
            queue = queues[name]
            queue.popleft()
            if queue:
                heappush(heads, (queue[0], name))

    def _goes_on(self, name: Lanes, second: int) -> bool:
        return all(second < self._lane(lane).last for lane in name)

    def _lane(self, name: LaneName) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = self._lane_of_writes() if name[0] == SUBSCRIPTION else self._lane_of_creations()
        return self._lanes[name]

    def _lane_of_writes(self) -> Lane:
        return self._new_lane(SHARE * BURST_SECONDS * self.rates.arm_writes, REFILL * self.rates.arm_writes)

    def _lane_of_creations(self) -> Lane:
        """Azure counts new versions in any ten seconds and lets nobody save them up: so there is no burst beyond a
        second's."""
        return self._new_lane(SHARE * self.rates.secret_creations, SHARE * self.rates.secret_creations)

    def _new_lane(self, burst: float, rate: float) -> Lane:
        """Return a full lane. If the next tick comes soon, only half of what fits may go at once. One turn fits in
        every tick, however soon the next one comes."""
        seconds = self.horizon.total_seconds()
        burst = max(min(burst, rate * seconds / 2), LEAK.writes)
        return Lane(burst, rate, max(0, floor(seconds - burst / rate)), burst)


def _by_lanes(turns: Sequence[Planned]) -> dict[Lanes, deque[int]]:
    """Return the numbers of the turns by the lanes that they use: turns with the same lanes never pass each other."""
    queues: dict[Lanes, deque[int]] = {}
    for number, turn in enumerate(turns):
        queues.setdefault(tuple(lane for lane, _ in turn.needs), deque()).append(number)
    return queues


def until_next(interval: timedelta, took: timedelta) -> timedelta:
    """Return for how long from now a tick may queue turns: until the next tick, and 50 minutes after it began at most.

    interval: The time between two ticks.
    took: How long this tick has taken so far. A tick that takes nearly all of the interval queues for a minute.
    """
    interval = min(interval, LONGEST)
    return max(interval - took, min(interval, SHORTEST))
