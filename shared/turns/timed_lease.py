"""A lease for a turn whose caller waits: no step begins when the time for the answer is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import OutOfTime
from shared.ports import Clock, Lease


@dataclass(frozen=True)
class TimedLease:
    """A lease under which no step begins after a certain time, because a caller waits for the answer.

    lease: The lease itself.
    clock: Where the time comes from.
    until: When the time is over, in UTC.
    target: The target's name, for the error.
    """

    lease: Lease
    clock: Clock
    until: datetime
    target: str

    def check(self) -> None:
        """Raises LeaseLost if the lease is lost, and OutOfTime if the time is over."""
        self.lease.check()
        if self.clock.now() >= self.until:
            raise OutOfTime(self.target, "the time for this answer is over; another turn continues the work.")

    async def wait(self, clock: Clock, time: timedelta) -> None:
        """Wait that long, or until the lease is lost. Raises LeaseLost."""
        await self.lease.wait(clock, time)
