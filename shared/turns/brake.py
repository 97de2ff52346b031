"""The brake: if too many targets fail in one tick, the remaining scheduled work of that tick is held.

One target that fails is its own problem. Many at once show that something common is broken (a role was removed, an
endpoint is unreachable, Azure changed, we made a mistake), and going on would carry that through the whole fleet.
Failures are counted for each tick, in a place that all instances of the app share. Failures that the next try may solve
do not count, nor does a target that only a person can judge. Leaks, repairs, work that has begun and requests of people
are never held.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.ports import Failures


@dataclass(frozen=True)
class Brake:
    """The brake of one tick.

    failures: Where failures are counted.
    tick: The tick whose failures count, by its time.
    limit: How many targets may fail before the brake is on.
    """

    failures: Failures
    tick: datetime
    limit: int

    async def is_on(self) -> bool:
        """Return whether more targets failed than the limit allows. Raises a RotationError if they cannot be
        counted."""
        return await self.failures.count(self.tick) > self.limit

    async def note(self, account: str) -> None:
        """Record that this account's target failed in this tick. Recording it again changes nothing."""
        await self.failures.note(self.tick, account)
