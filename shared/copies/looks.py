"""The looks of one process: one at a time, and what it found is used again for a minute.

A look may ask for 2,000 lists. Somebody who reloads a page, or turns to the next one, must not ask for as many again,
and several looks at once would take the calls that rotations need (docs/decisions/0034-copies.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.copies.find import CopiesSeen, look_for_copies
from shared.copies.ports import KeyHolders
from shared.ports import Clock

_USED_AGAIN = timedelta(minutes=1)
_HOUR = 3600  # seconds: so often a look goes on to other resources, where there are more than one may ask for


@dataclass(frozen=True)
class CopyLook:
    """One look.

    ended: When it ended, in UTC.
    groups: In which management groups.
    near: The id of the subscription that came first, in lower case. Empty for none.
    seen: What it found.
    """

    ended: datetime
    groups: tuple[str, ...]
    near: str
    seen: CopiesSeen

    def serves(self, groups: tuple[str, ...], near: str, now: datetime) -> bool:
        """Return whether it can stand for a look that begins now.

        Where nothing had to wait, the order is no matter. One that asked for no list has found nothing, or had no time;
        another one may see more.
        """
        is_fresh = self.ended <= now < self.ended + _USED_AGAIN
        is_same = self.groups == groups and (self.near == near or self.seen.is_whole)
        return is_fresh and is_same and self.seen.lists > 0


class CopyLooks:
    """Looks into all places, for everybody in this process.

    holders: What is asked.
    """

    def __init__(self, holders: KeyHolders) -> None:
        self._holders = holders
        self._one = asyncio.Lock()
        self._last: CopyLook | None = None

    async def look(self, clock: Clock, groups: Sequence[str] = (), near: str = "") -> CopyLook:
        """Return a look of the last minute, or look now. Waits for one that is under way. Raises nothing.

        groups: The names of the management groups to look in. None: everything that the identity can read.
        near: The id of the subscription to look into first. Empty for none.
        """
        async with self._one:
            now, wanted = clock.now(), (tuple(groups), near.lower())
            if self._last is None or not self._last.serves(*wanted, now):
                start = int(now.timestamp()) // _HOUR
                first = [near] if near else []
                seen = await look_for_copies(self._holders, groups, near=first, start=start)
                self._last = CopyLook(clock.now(), *wanted, seen)
            return self._last
