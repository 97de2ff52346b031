"""The real clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class RealClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, time: timedelta) -> None:
        """Wait for that long. Other work goes on."""
        await asyncio.sleep(time.total_seconds())
