"""Azure's published rate limits. They are off until a test sets `Limits.on`.

Azure Resource Manager has token buckets; Key Vault and Azure OpenAI are imitated by sliding windows (docs/facts.md,
Keys; Vault; Calls). Both kinds answer whether a call may pass, and if not, after how many seconds to try
again. A refused call does not count.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.emulator.clock import Clock

# A float of seconds since 1970 is exact to about 1e-7; rounding must not delay a refill.
_TOLERANCE = 1e-5


@dataclass
class Bucket:
    """A token bucket.

    capacity: The largest number of tokens.
    rate: Tokens added per second.
    tokens: Tokens available at time `at`.
    at: When `tokens` was last computed, in seconds since 1970.
    """

    capacity: float
    rate: float
    tokens: float
    at: float

    def take(self, now: float) -> float:
        """Take one token at time `now` and return 0, or return the seconds until one is available."""
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1 - _TOLERANCE:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


@dataclass
class Window:
    """A sliding window.

    limit: The largest number of calls within `seconds`.
    seconds: The length of the window.
    times: When the counted calls were made, in seconds since 1970, oldest first.
    """

    limit: int
    seconds: float
    times: deque[float] = field(default_factory=deque)

    def take(self, now: float) -> float:
        """Count one call at time `now` and return 0, or return the seconds until one may pass."""
        while self.times and self.times[0] <= now - self.seconds + _TOLERANCE:
            self.times.popleft()
        if len(self.times) >= self.limit:
            return self.times[0] + self.seconds - now
        self.times.append(now)
        return 0.0


class Limits:
    """Every bucket and window of a world.

    The methods count one call and return the whole seconds to wait before it may pass, 0 if it may pass now.

    on: Whether limits apply. Default False: every call may pass.
    """

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
        """Count a call to Azure Resource Manager. `kind` is `reads` or `writes`; POST actions are writes.

        Each principal has, per subscription, 250 reads refilled at 25 a second, and 200 writes refilled at 10 a second
        (docs/facts.md, Keys).
        """
        capacity, rate = (250.0, 25.0) if kind == "reads" else (200.0, 10.0)
        return self._wait(("arm", subscription, caller, kind), lambda now: Bucket(capacity, rate, capacity, now))

    def vault(self, vault: str, *, creates: bool) -> int:
        """Count a call to a vault: 300 new versions and 4,000 other calls in 10 seconds (docs/facts.md, Vault)."""
        limit = 300 if creates else 4000
        return self._wait(("kv", vault, str(creates)), lambda _: Window(limit, 10.0))

    def inference(self, account: str) -> int:
        """Count a call to an account's data plane: 30 calls a second (docs/facts.md, Calls)."""
        return self._wait(("aoai", account), lambda _: Window(30, 1.0))
