"""Azure's published rate limits. They are off until a test sets `Limits.on`.

Azure Resource Manager has token buckets; Key Vault, Azure OpenAI and Azure Resource Graph are imitated by sliding
windows (docs/facts.md, Keys; Vault; Calls; Reads). Both kinds answer whether a call may pass, and if not, after how
many seconds to try again. A refused call does not count. A bucket of ARM belongs to one subscription and one identity,
so two programs with the same identity share it; a vault's window is shared by everybody.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal

from lab.emulator.clock import Clock

Kind = Literal["reads", "writes"]
# Tokens and tokens a second of one identity in one subscription; all identities together have so many times as much.
ARM: dict[Kind, tuple[float, float]] = {"reads": (250.0, 25.0), "writes": (200.0, 10.0)}
ALL_IDENTITIES = 15
# Calls of one vault within the seconds; all vaults of a subscription together have so many times as many.
CREATES, OTHERS, VAULT_SECONDS = 300, 4000, 10.0
ALL_VAULTS = 5
# Queries of Azure Resource Graph that one caller may send within the seconds.
GRAPH, GRAPH_SECONDS = 15, 5.0
# A float of seconds since 1970 is exact to about 1e-7; rounding must not delay a refill.
_TOLERANCE = 1e-5
# Another program's calls are made up for when the limit is used next. Older ones have been forgotten by every limit.
_REMEMBERED = 60.0


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

    def wait(self, now: float) -> float:
        """Return the seconds from `now` until a call may pass, 0 if it may pass now."""
        self.tokens = min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)
        self.at = max(self.at, now)
        return 0.0 if self.tokens >= 1 - _TOLERANCE else (1 - self.tokens) / self.rate

    def count(self, _now: float) -> None:
        """Count one call."""
        self.tokens -= 1


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

    def wait(self, now: float) -> float:
        """Return the seconds from `now` until a call may pass, 0 if it may pass now."""
        while self.times and self.times[0] <= now - self.seconds + _TOLERANCE:
            self.times.popleft()
        return 0.0 if len(self.times) < self.limit else self.times[0] + self.seconds - now

    def count(self, now: float) -> None:
        """Count one call at time `now`."""
        self.times.append(now)


@dataclass
class Rival:
    """Another program that uses the same limit, as often as the limit lets it.

    per_second: How many calls a second it makes.
    at: Up to when its calls were counted, in seconds since 1970.
    """

    per_second: float
    at: float

    def call(self, limit: Bucket | Window, now: float) -> None:
        """Count the program's calls up to `now`. Those that the limit refuses are not made again."""
        self.at = max(self.at, now - _REMEMBERED)
        while self.at + 1 / self.per_second <= now:
            self.at += 1 / self.per_second
            if not limit.wait(self.at):
                limit.count(self.at)


class Limits:
    """Every bucket and window of a world.

    `arm`, `vault` and `inference` count one call and return the whole seconds to wait before it may pass, 0 if it may
    pass now.

    on: Whether limits apply. Default False: every call may pass.
    asks: How a refusal says how long to wait: in `seconds` or as a `date`.
    shut: Subscriptions (ids) and vaults (resource ids) in lower case that refuse every call, with the seconds that they
        ask to wait. They do so whether limits are on or not.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.on = False
        self.asks: Literal["seconds", "date"] = "seconds"
        self.shut: dict[str, int] = {}
        self._held: dict[tuple[str, ...], Bucket | Window] = {}
        self._rivals: dict[tuple[str, ...], Rival] = {}

    def arm(self, subscription: str, caller: str, kind: Kind) -> int:
        """Count a call to Azure Resource Manager. `kind` is `reads` or `writes`; POST actions are writes.

        Each principal has, per subscription, 250 reads refilled at 25 a second, and 200 writes refilled at 10 a second;
        all principals together have 15 times that (docs/facts.md, Keys).
        """
        if wait := self.shut.get(subscription.lower()):
            return wait
        return self._wait(self._own(subscription, caller, kind), self._everybodys(subscription, kind))

    def left(self, subscription: str, caller: str, kind: Kind) -> tuple[int, int]:
        """Return how many calls to ARM the principal may make now, and how many all principals together.

        With limits off, nothing is counted: a call leaves all but itself.
        """
        if subscription.lower() in self.shut:
            return 0, 0
        own, everybodys = self._own(subscription, caller, kind), self._everybodys(subscription, kind)
        if not self.on:
            return int(own.capacity) - 1, int(everybodys.capacity) - 1
        for bucket in (own, everybodys):
            bucket.wait(self._clock.now())
        return int(own.tokens + _TOLERANCE), int(everybodys.tokens + _TOLERANCE)

    def vault(self, vault: str, *, creates: bool) -> int:
        """Count a call to a vault, given by its resource id: 300 new versions and 4,000 other calls in 10 seconds, and
        five times that for all vaults of the subscription (docs/facts.md, Vault)."""
        if wait := self.shut.get(vault.lower()):
            return wait
        return self._wait(self._window(vault, creates=creates), self._all_vaults(vault, creates=creates))

    def inference(self, account: str) -> int:
        """Count a call to an account's data plane: 30 calls a second (docs/facts.md, Calls)."""
        window = self._limit(("aoai", account), lambda _: Window(30, 1.0))
        return self._wait(window)

    def graph(self, caller: str) -> tuple[int, int, int]:
        """Count a query of Azure Resource Graph: 15 of one caller within 5 seconds (docs/facts.md, Reads).

        Returns the whole seconds to wait before it may pass, 0 if it may pass now; how many more may pass after it; and
        the whole seconds after which all of them may.
        """
        window = self._limit(("graph", caller), lambda _: Window(GRAPH, GRAPH_SECONDS))
        wait = self._wait(window) if self.on else 0
        used = len(window.times) if isinstance(window, Window) and self.on else 1
        return wait, max(0, GRAPH - used), math.ceil(GRAPH_SECONDS)

    def share_arm(self, subscription: str, caller: str, kind: Kind, per_second: float) -> None:
        """Let another program of the same principal make calls to ARM from now on. 0 ends it."""
        self._own(subscription, caller, kind)
        self._share(("arm", subscription.lower(), caller, kind), per_second)

    def share_vault(self, vault: str, per_second: float, *, creates: bool = True) -> None:
        """Let another program, of whatever principal, make calls to a vault from now on. 0 ends it."""
        self._window(vault, creates=creates)
        self._share(("kv", vault.lower(), str(creates)), per_second)

    def retry_after(self, wait: float) -> dict[str, str]:
        """Return the header that asks to wait. A date counts from the machine's clock, as the header Date does."""
        return {"Retry-After": formatdate(time.time() + wait, usegmt=True) if self.asks == "date" else f"{wait:g}"}

    def _share(self, name: tuple[str, ...], per_second: float) -> None:
        self._rivals.pop(name, None)
        if per_second:
            self._rivals[name] = Rival(per_second, self._clock.now())

    def _own(self, subscription: str, caller: str, kind: Kind) -> Bucket:
        return self._bucket(("arm", subscription.lower(), caller, kind), kind, 1)

    def _everybodys(self, subscription: str, kind: Kind) -> Bucket:
        return self._bucket(("arm", subscription.lower(), kind), kind, ALL_IDENTITIES)

    def _bucket(self, name: tuple[str, ...], kind: Kind, times: int) -> Bucket:
        capacity, rate = (size * times for size in ARM[kind])
        return self._limit(name, lambda now: Bucket(capacity, rate, capacity, now))

    def _window(self, vault: str, *, creates: bool) -> Window:
        return self._calls(("kv", vault.lower(), str(creates)), creates=creates, times=1)

    def _all_vaults(self, vault: str, *, creates: bool) -> Window:
        subscription = vault.lower().strip("/").split("/")[1]
        return self._calls(("kv", subscription, str(creates)), creates=creates, times=ALL_VAULTS)

    def _calls(self, name: tuple[str, ...], *, creates: bool, times: int) -> Window:
        limit = (CREATES if creates else OTHERS) * times
        return self._limit(name, lambda _: Window(limit, VAULT_SECONDS))

    def _limit[T: (Bucket, Window)](self, name: tuple[str, ...], make: Callable[[float], T]) -> T:
        """Return the limit of a name as it is now, after the calls of another program that shares it."""
        now = self._clock.now()
        held = self._held.get(name) or self._held.setdefault(name, make(now))
        if rival := self._rivals.get(name):
            rival.call(held, now)
        return held  # type: ignore[return-value]  # a name stands for one kind of limit

    def _wait(self, *limits: Bucket | Window) -> int:
        """Count a call against all limits if none refuses it. Return the whole seconds to wait otherwise."""
        now = self._clock.now()
        wait = max(limit.wait(now) for limit in limits) if self.on else 0.0
        if self.on and not wait:
            for limit in limits:
                limit.count(now)
        return math.ceil(wait)
