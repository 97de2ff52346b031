"""The brake of a fleet: when too many targets fail in one tick, the rest of what is scheduled is held.

One target that fails is its own affair. Many at once are a sign that something common is broken (a role taken away,
an endpoint in the dark, a change at Azure, a mistake of ours), and going on would carry it through the whole fleet.
Counted is what failed in one tick, in a place that all instances see; a new tick begins to count anew. Not counted
are failures that the next try may mend and that of a target which only a person can judge. Leaks, healing, what was
begun, and what a person asked for know no brake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.ports import Failures


@dataclass(frozen=True)
class Brake:
    """The brake of one tick. `limit` is how many targets may fail before it is on."""

    failures: Failures
    tick: datetime
    limit: int

    async def is_on(self) -> bool:
        return await self.failures.count(self.tick) > self.limit

    async def note(self, account: str) -> None:
        """This account's target failed in this tick. Noted once, however often it is said."""
        await self.failures.note(self.tick, account)
