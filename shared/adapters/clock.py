"""The real clock: the time in UTC, and waiting without holding anybody up."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, time: timedelta) -> None:
        await asyncio.sleep(time.total_seconds())
