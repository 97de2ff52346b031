"""The function app with its settings, timer and queue. The handlers are the real ones; the host is imitated."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from lab.emulator.serve import Azure
from lab.emulator.world import World
from shared import wiring
from shared.copies.looks import CopyLooks
from shared.domain.errors import FixConfiguration, RotationError
from shared.fleet.rotation import Rotation
from shared.handlers import daily_survey, event_grid, http, one_turn, pages, timer_and_queue
from shared.handlers.invocation import TurnFailed
from shared.readers.ports import Rights
from shared.readiness.ports import ReadOnly
from shared.settings import readers
from shared.wiring import Opened
from tests.runbook.alarms import Telemetry
from tests.support.real_parts import WorldClock

TRIES = 3
RETRY = 30  # seconds until the host offers a message again (host.json)


@dataclass
class App:
    """One function app, which can be restarted with other settings.

    azure: The emulated Azure.
    monkeypatch: Replaces the app's `Rotation` in the handlers.
    stack: Closes what was opened when the test ends.
    settings: The app settings.
    queue: The messages that are queued.
    stopped: Whether the app is stopped.
    opened: The app's parts. None if its settings are invalid.
    wrong: Why the settings are invalid. None if they are valid.
    last_tick: When the timer ran last, as the host tells the timer function.
    """

    azure: Azure
    monkeypatch: pytest.MonkeyPatch
    stack: AsyncExitStack
    settings: dict[str, str] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    stopped: bool = False
    opened: Opened | None = None
    wrong: FixConfiguration | None = None
    last_tick: str | None = None

    def __post_init__(self) -> None:
        self.settings = {**self.azure.settings, **self.settings}
        self.telemetry = Telemetry(self.world.clock)
        root = logging.getLogger()
        root.addHandler(self.telemetry)
        self.stack.callback(root.removeHandler, self.telemetry)
        for handlers in (timer_and_queue, http, one_turn, event_grid, pages):
            self.monkeypatch.setattr(handlers, "rotation", self.rotation)
        self.monkeypatch.setattr(http, "invalid_settings", lambda: self.wrong)
        for handlers in (daily_survey, http):
            self.monkeypatch.setattr(handlers, "read_only", self.read_only)
        self.monkeypatch.setattr(http, "rights", self.rights)
        self.monkeypatch.setattr(http, "copy_looks", self.copy_looks)
        self.monkeypatch.setattr(readers, "now", self.world.clock.utcnow)

    @property
    def world(self) -> World:
        """The state of the emulated Azure."""
        return self.azure.world

    async def start(self, **settings: str) -> None:
        """Start or restart the app with these settings changed. An empty text removes a setting."""
        self.settings = {name: text for name, text in {**self.settings, **settings}.items() if text}
        self.stopped = False
        try:
            opened = await self.stack.enter_async_context(wiring.opened(self.settings))
        except FixConfiguration as error:
            self.opened, self.wrong = None, error
            return
        opened.rotation.outside = replace(opened.rotation.outside, clock=WorldClock(self.world.clock))
        self.opened, self.wrong = opened, None

    async def rotation(self) -> Rotation:
        """Return the app's `Rotation`. Raises the error of the settings if they are invalid."""
        if self.opened is None:
            assert self.wrong is not None
            raise self.wrong
        return self.opened.rotation

    async def read_only(self) -> ReadOnly:
        """Return what the app sees beyond its targets."""
        assert self.opened is not None
        return self.opened.read_only

    async def rights(self) -> Rights:
        """Return who has which right, as a handler asks for it."""
        assert self.opened is not None
        return self.opened.rights()

    async def copy_looks(self) -> CopyLooks:
        """Return the looks for copies, as a handler asks for them."""
        assert self.opened is not None
        return self.opened.copy_looks

    async def tick(self) -> None:
        """Run the timer and then all queued messages, unless the app is stopped."""
        await self.timer()
        await self.work()

    async def timer(self) -> None:
        """Run the timer function once, unless the app is stopped."""
        if self.stopped:
            return
        error: Exception | None = None
        try:
            now = self.world.clock.utcnow().isoformat()
            self.queue += await timer_and_queue.tick(self.last_tick, now, past_due=False)
            self.last_tick = now
        except RotationError as wrong:
            error = wrong
        self.telemetry.ended("tick", error)

    async def work(self) -> None:
        """Handle every queued message: up to three tries, then the poison queue, which may queue it again for later."""
        waiting, self.queue = self.queue, []
        while waiting and not self.stopped:
            kept = await self._message(waiting.pop(0).encode())
            self.queue += [kept] if kept else []
        self.queue += waiting

    async def _message(self, body: bytes) -> str | None:
        for tries in range(1, TRIES + 1):
            try:
                await timer_and_queue.turn(body, tries)
            except (TurnFailed, RotationError) as error:
                self.telemetry.ended("turn", error)
                self.pass_time(seconds=RETRY)
            else:
                self.telemetry.ended("turn")
                return None
        return await timer_and_queue.turn_poison(body)

    def pass_time(self, **time: float) -> None:
        """Advance the clock. The arguments are those of `timedelta`."""
        self.world.clock.advance(timedelta(**time).total_seconds())

    async def live_for(self, *, every: timedelta = timedelta(hours=6), **time: float) -> None:
        """Advance the clock by this much time, with a tick at regular intervals."""
        end = self.world.clock.utcnow() + timedelta(**time)
        while self.world.clock.utcnow() < end:
            self.world.clock.advance(every.total_seconds())
            await self.tick()

    async def look(self) -> None:
        """Run a tick two hours later, which observes the keys of every target."""
        self.pass_time(hours=2)
        await self.tick()

    async def storage_is_lost(self) -> None:
        """Delete all leases and queued messages."""
        self.queue.clear()
        self.last_tick = None
        for name in list(self.world.blobs.containers):
            del self.world.blobs.containers[name]

    def rings(self, alert: str) -> bool:
        """Return whether an alert of infra/alerts.bicep fires now."""
        return self.telemetry.rings(alert)
