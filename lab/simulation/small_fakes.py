"""The emulated clock, logs and topic behind the ports that a runner knows them by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lab.simulation.interruptions import Killed
from lab.simulation.refusals import translated
from shared.announce.announcements import Announcement
from shared.domain.errors import FixConfiguration
from shared.domain.model import AccountId

if TYPE_CHECKING:
    from lab.simulation.fakes import Runner

RENEW_EVERY = timedelta(seconds=5)
LOOK_BACK = timedelta(days=7)


class ClockDoor:
    """The world's frozen clock. Sleeping moves it, and renews the leases that the runner holds meanwhile."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def now(self) -> datetime:
        return self._runner.world.clock.utcnow()

    async def sleep(self, time: timedelta) -> None:
        if self._runner.dead:
            raise Killed
        while time > timedelta(0):
            step = min(time, RENEW_EVERY)
            self._runner.world.clock.advance(step.total_seconds())
            self._runner.leases.renew()
            time -= step


class LogsDoor:
    """The world's one workspace, asked as far back as the app asks by default."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def key_calls(self, account: AccountId) -> int:
        workspace = self._runner.world.workspace
        with translated(f"workspace {workspace.id}", "count calls with a key"):
            logged, calls = await self._runner.call(
                "logs.query", str(account), lambda: workspace.count(str(account), LOOK_BACK.total_seconds())
            )
        if not logged:
            raise FixConfiguration(str(account), "no call of any kind was logged.")
        return calls


class AnnouncerDoor:
    """The world's one topic."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        topic = next(iter(self._runner.world.topics.values()))
        events = [announcement.wire(now) for announcement in announcements]
        with translated(topic.name, "announce"):
            await self._runner.call("eg.publish", topic.id, lambda: topic.publish(events))
