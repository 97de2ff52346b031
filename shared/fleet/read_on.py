"""Read several listings at the same time, page after page, so that a slow or a long one costs the others nothing.

Each page is one call with a time of its own. What there is no time for is read in a later tick, from where this one
stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import RotationError, Throttled, TryLater, UnexpectedAnswer
from shared.fleet.known import Known

AT_ONCE = 16  # pages
AT_ONCE_FOR_A_LEAK = 64  # pages; a leaked key works until they are read
ALL_SECONDS = 180  # for all listings together; a tick must also have time for what it found

type PageOf[T] = Callable[[str | None], Awaitable[tuple[Mapping[str, T], str | None]]]


@dataclass
class Stopped:
    """Which listings did not come to their end, and why.

    failed: Those of which nothing was read, or that an error ended.
    unfinished: Those that were too long for the time. The next tick goes on with them.
    """

    failed: dict[str, RotationError] = field(default_factory=dict)
    unfinished: dict[str, RotationError] = field(default_factory=dict)

    @property
    def errors(self) -> dict[str, RotationError]:
        """All of them, as errors."""
        return {**self.failed, **self.unfinished}


async def read_on[T](
    listings: Mapping[str, tuple[Known[T], PageOf[T]]], what: str, now: datetime, *, at_once: int = AT_ONCE
) -> Stopped:
    """Read all listings to their end, or as far as there is time. Those that were not seen for longest come first.

    listings: For each thing what is known of its listing, and what reads one page of it.
    what: What a listing shows, in words: "accounts".
    """
    stopped, gate = Stopped(), asyncio.Semaphore(at_once)
    ends_at = asyncio.get_running_loop().time() + ALL_SECONDS

    async def read(thing: str) -> None:
        known, page = listings[thing]
        known.begin(now)
        try:
            async with asyncio.timeout_at(ends_at):
                await _to_its_end(known, page, gate, now)
        except RotationError as error:
            stopped.failed[thing] = error
        except TimeoutError:
            _note(stopped, thing, known, what)

    oldest_first = sorted(listings, key=lambda thing: str(listings[thing][0].whole_at or ""))
    await asyncio.gather(*map(read, oldest_first))
    return stopped


async def _to_its_end[T](known: Known[T], page: PageOf[T], gate: asyncio.Semaphore, now: datetime) -> None:
    seen: set[str | None] = set()
    resumed = known.after
    while True:
        if known.after in seen:
            raise UnexpectedAnswer(str(known.after), "a listing comes back to a page that it has shown.")
        seen.add(known.after)
        async with gate:
            try:
                entries, after = await page(known.after)
            except RotationError as error:
                if resumed is None or known.after != resumed or isinstance(error, Throttled):
                    raise
                resumed = known.after = None  # such an address is not valid for ever, and this one may fail for ever
                known.begin(now)
                seen.clear()
                continue
        known.take(entries, after, now)
        if after is None:
            return


def _note[T](stopped: Stopped, thing: str, known: Known[T], what: str) -> None:
    """Note that there was no time for the rest of a listing."""
    read = len(known.shown)
    whole = f"was last seen whole at {known.whole_at:%Y-%m-%d %H:%M} UTC" if known.whole_at else "was never seen whole"
    said = f"not all of its {what} could be listed within {ALL_SECONDS} seconds. {read} were seen now, and it {whole}."
    if known.after is None:
        stopped.failed[thing] = TryLater(thing, said)
    else:
        stopped.unfinished[thing] = TryLater(thing, said, "nothing; the next check goes on with the others")
