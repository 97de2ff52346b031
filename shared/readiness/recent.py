"""Answers about single accounts that this process gave just now: who asks again within minutes costs nothing more.

Without it, everybody who may read could have the logs, Resource Graph and the vaults asked as often as they like, and
turns would wait for the same quotas.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

KEPT_FOR = timedelta(minutes=5)
MOST = 200  # answers


class RecentAnswers:
    """The answers of the last `KEPT_FOR`. New ones are made one after the other, so turns have the logs beside it."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, object, Any]] = {}
        self._one = asyncio.Lock()

    async def of[T](self, key: str, what: object, now: datetime, make: Callable[[], Awaitable[T]]) -> T:
        """Return the answer that was given just now, or make one and keep it. Raises what making it raises.

        key: What it is about.
        what: What it depends on. If that has changed, the kept answer is none.
        now: The time, in UTC.
        """
        async with self._one:
            self._kept = {each: one for each, one in self._kept.items() if timedelta(0) <= now - one[0] < KEPT_FOR}
            known = self._kept.get(key)
            if known is not None and known[1] == what:
                return known[2]  # type: ignore[no-any-return]
            made = await make()
            if len(self._kept) < MOST:
                self._kept[key] = (now, what, made)
            return made
