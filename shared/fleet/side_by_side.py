"""Ask several things at the same time, so that one that does not answer costs the others nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable

from shared.domain.errors import RotationError, TryLater

AT_ONCE = 16
EACH_SECONDS = 60  # for one of them
ALL_SECONDS = 180  # for all of them together; a tick must also have time for what it found


async def side_by_side(
    things: Iterable[str], take: Callable[[str], Awaitable[None]], doing: str
) -> dict[str, RotationError]:
    """Call `take` for each thing, and return why it failed for some of them.

    They come in random order: if there is not time for all, other ones are left out the next time.
    doing: Completes the sentence "... could not be listed within 60 seconds".
    """
    failed: dict[str, RotationError] = {}
    gate, ends_at = asyncio.Semaphore(AT_ONCE), asyncio.get_running_loop().time() + ALL_SECONDS

    async def taken(thing: str) -> None:
        try:
            async with asyncio.timeout_at(ends_at), gate, asyncio.timeout(EACH_SECONDS):
                await take(thing)
        except RotationError as error:
            failed[thing] = error
        except TimeoutError:
            failed[thing] = TryLater(thing, f"{doing} within {EACH_SECONDS} seconds.")

    everything = list(things)
    await asyncio.gather(*map(taken, random.sample(everything, len(everything))))
    return failed
