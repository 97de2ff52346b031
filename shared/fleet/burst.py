"""Many events about one thing within a moment lead to two turns at most, and none of them is lost.

The first event queues a turn at once. The next one queues a turn that nobody sees for `MOMENT`. That turn begins after
every event that comes while it is hidden, and observes what these were about, so they need no turn of their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOMENT = timedelta(seconds=10)


@dataclass
class Burst:
    """What the latest events about one thing led to, in this process.

    queued_at: When a turn was last queued for it, in UTC. None before the first one.
    hidden_until: Until when a queued turn is hidden at the least. None if none is.
    busy: Events about the thing are handled one after the other, so that each knows what the one before led to.
    """

    queued_at: datetime | None = None
    hidden_until: datetime | None = None
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_served(self, now: datetime) -> bool:
        """Return whether a turn is queued that begins later than now, so that nothing needs to be queued."""
        return self._follows(now) and self.hidden_until is not None and now < self.hidden_until

    def is_going_on(self, now: datetime) -> bool:
        """Return whether a turn was queued for it within the last moment."""
        return self._follows(now) and self.queued_at is not None and now - self.queued_at < MOMENT

    def note(self, now: datetime, *, hidden: bool) -> None:
        """Note that a turn was queued.

        now: A time before it was queued, in UTC.
        hidden: Whether nobody sees it for a moment.
        """
        self.queued_at, self.hidden_until = now, now + MOMENT if hidden else None

    def _follows(self, now: datetime) -> bool:
        """Return whether the clock has not been set back since: then nothing is known."""
        return self.queued_at is not None and self.queued_at <= now


@dataclass
class Bursts:
    """The things that events were about within the last moment.

    by_thing: By what the events name.
    """

    by_thing: dict[str, Burst] = field(default_factory=dict)

    def of(self, thing: str, now: datetime) -> Burst:
        """Return what the latest events about a thing led to. Those of other things are forgotten if over."""
        over = [one for one, burst in self.by_thing.items() if not (burst.busy.locked() or burst.is_going_on(now))]
        for one in over:
            if one != thing:
                del self.by_thing[one]
        return self.by_thing.setdefault(thing, Burst())
