"""Whether anybody hears the end of a key, as a fact for the decision.

Azure is asked once an hour at most, for all targets together. An answer that did not come is kept as long: until then
it is not known who listens, and ends that need a listener wait.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from shared.announce.listening import Hearing
from shared.domain.model import Observation, Target
from shared.ports import Listeners, Outside

ASK_EVERY = timedelta(hours=1)
LONGEST = 20.0  # seconds to wait for Azure's answer, because turns wait for it


class Unknown:
    """Listeners that nobody can ask for, because a setting is missing.

    why: Why, as a sentence.
    next_step: What makes them known.
    """

    def __init__(self, why: str, next_step: str) -> None:
        self._why, self._next_step = why, next_step

    async def hearing(self, now: datetime) -> Hearing:
        """Return that nothing is known of them, whatever the time."""
        return Hearing(now, unknown=self._why, next_step=self._next_step)


class AskedHourly:
    """Listeners that are asked for at most once in `ASK_EVERY`, however many targets want to know.

    listeners: Asks Azure.
    """

    def __init__(self, listeners: Listeners) -> None:
        self._listeners = listeners
        self._known: Hearing | None = None
        self._asking = asyncio.Lock()

    async def hearing(self, now: datetime) -> Hearing:
        """Return the last answer if it is younger than `ASK_EVERY`, otherwise ask. Raises nothing."""
        async with self._asking:
            if self._known is None or now - self._known.now >= ASK_EVERY:
                self._known = await self._ask(now)
            return self._known

    async def _ask(self, now: datetime) -> Hearing:
        try:
            async with asyncio.timeout(LONGEST):
                return await self._listeners.hearing(now)
        except TimeoutError:
            why = f"Azure did not answer within {LONGEST:.0f} s."
            return Hearing(now, unknown=why, next_step="nothing; it is asked again in an hour")


async def with_listeners(outside: Outside, target: Target, seen: Observation) -> Observation:
    """Return the observation with why nobody is known to hear the end of this target's key.

    Unchanged if ends need no listener (the setting is off). Raises nothing.
    """
    if outside.ends_need is None:
        return seen
    hearing = await outside.ends_need.hearing(outside.clock.now())
    return replace(seen, unheard=hearing.unheard(target.secret_url))
