"""Rate limits as Azure publishes them, off until a test asks for them.

A token bucket serves Azure Resource Manager, a sliding window Key Vault and Azure OpenAI. Both answer one
question: may this one pass, and if not, after how many seconds is it worth asking again? Refused calls do not
count against a window.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.emulator.clock import Clock

# Seconds since 1970 leave a float some 1e-7 of room; a refill must not be missed by that.
_HAIR = 1e-5


@dataclass
class Bucket:
    """`capacity` tokens, refilled at `rate` a second."""

    capacity: float
    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1 - _HAIR:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


@dataclass
class Window:
    """At most `limit` calls in any `seconds`."""

    limit: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float:
        while self.times and self.times[0] <= now - self.seconds + _HAIR:
            self.times.popleft()
        if len(self.times) >= self.limit:
            return self.times[0] + self.seconds - now
        self.times.append(now)
        return 0.0


class Limits:
    """Every bucket and window of the world; `wait` is 0 when the call may pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.on = False
        self._held: dict[tuple[str, ...], Bucket | Window] = {}

    def _wait(self, name: tuple[str, ...], make: Callable[[float], Bucket | Window]) -> int:
        if not self.on:
            return 0
        now = self._clock.now()
        limit = self._held.get(name)
        if limit is None:
            limit = self._held[name] = make(now)
        return math.ceil(limit.take(now))

    def arm(self, subscription: str, caller: str, kind: str) -> int:
        """Reads 250 and 25 a second, writes and deletes 200 and 10 a second, each per principal."""
        capacity, rate = (250.0, 25.0) if kind == "reads" else (200.0, 10.0)
        return self._wait(("arm", subscription, caller, kind), lambda now: Bucket(capacity, rate, capacity, now))

    def vault(self, vault: str, *, creates: bool) -> int:
        limit = 300 if creates else 4000
        return self._wait(("kv", vault, str(creates)), lambda _: Window(limit, 10.0))

    def inference(self, account: str) -> int:
        return self._wait(("aoai", account), lambda _: Window(30, 1.0))
