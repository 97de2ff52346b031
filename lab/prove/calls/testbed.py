"""The testbed: one emulated Azure over TLS, and the function app in the local host.

The app's worker is a process of its own and is used for many scenes. Each scene starts with an empty Azure: what the
scene before left is removed, and the clock is reset.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from lab.emulator.accounts import Account
from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.prove.calls.scenes import TOPIC, VAULT
from shared.adapters.blob_throttles import PREFIX as NOTED_WAITS
from shared.domain.names import LEASE_CONTAINER, QUEUE
from shared.domain.times import stamp, unstamp

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {
    "ROTATION_SCHEDULE": "0 0 0 1 1 *",  # the test fires the timer
    "ROTATION_LOOK_EVERY": "PT0.001S",  # every tick observes every target
    "FUNCTIONS_WORKER_RUNTIME": "python",
}
QUEUES = (QUEUE, f"{QUEUE}-poison")
PATIENCE = 180.0  # seconds after which a wait counts as endless
HOUR = 3600.0  # seconds
LEASE_AND_MORE = 61.0  # seconds; by then the lease of a dead process has ended and a failed message is visible again


@dataclass
class AppTestbed:
    """One emulated Azure and one host.

    azure, host: The two.
    played: How many scenes were played here.
    logs_from: Where the log records of the present scene begin.
    runs_from: Where the function runs of the present scene begin.
    names: The accounts of all scenes so far.
    """

    azure: Azure
    host: FunctionHost
    played: int = 0
    logs_from: int = 0
    runs_from: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        """The emulated Azure's state."""
        return self.azure.world

    def clear(self, scene: str) -> Account:
        """Remove everything of the scene before, and return a new account that is enrolled by its tag."""
        self._forget()
        self.played += 1
        name = f"{scene}-{self.played}"
        self.names.append(name)
        self.logs_from, self.runs_from = len(self.host.logs), len(self.host.activity.finished)
        return self.world.accounts.add(name, tags={"key-rotation": "on"})

    def _forget(self) -> None:
        world = self.world
        world.clock.offset = 0.0
        world.faults.clear()
        world.journal.clear()
        world.accounts.uses.clear()
        world.vaults[VAULT].secrets.clear()
        world.vaults[VAULT].read_lag = 0.0
        world.topics[TOPIC].accepted.clear()
        for account in list(world.accounts):
            world.accounts.remove(account.id)
        for queue in QUEUES:
            world.queues.create(queue)
            world.queues.clear(queue)

    async def act(self, message: str = "") -> None:
        """Fire the timer, or queue a person's message instead, and wait for every turn that follows."""
        if message:
            self.world.queues.put(QUEUE, base64.b64encode(message.encode()).decode())
        else:
            await self.host.fire_timer("tick")
        await self.host.idle(PATIENCE)

    async def later(self) -> None:
        """Fire the timer a minute later."""
        self.world.clock.advance(LEASE_AND_MORE)
        await self.act()

    async def an_hour_later(self) -> None:
        """Let an hour pass for what is queued and for the waits that are noted, and start another process.

        The app reads this machine's clock, so what it has noted is moved into the past instead.
        """
        self.world.clock.advance(HOUR)
        container = self.world.blobs.containers.get(LEASE_CONTAINER)
        for name, blob in container.blobs.items() if container else ():
            if name.startswith(NOTED_WAITS):
                earlier = {
                    which: unstamp(blob.metadata[which]) - timedelta(seconds=HOUR) for which in ("since", "until")
                }
                blob.metadata |= {which: stamp(moment) for which, moment in earlier.items()}
        await self.fresh_process()
        await self.host.idle(PATIENCE)

    async def fresh_process(self) -> None:
        """Start the app's process again, as after a cold start: without tokens, connections and clients."""
        await self.host.kill_worker()
        await self.host.worker_ready(PATIENCE)

    @property
    def waiting(self) -> int:
        """How many messages are on the queues, visible or not."""
        return sum(self.world.queues.length(queue) for queue in QUEUES)


@asynccontextmanager
async def a_testbed() -> AsyncIterator[AppTestbed]:
    """Run an emulated Azure and a host until the block ends."""
    world = World()
    world.add_vault(VAULT)
    world.add_topic(TOPIC)
    async with running(world) as azure:
        options = HostOptions(stop_timeout=10, health_seconds=0)  # its calls come by the clock
        async with FunctionHost(ROOT, settings={**azure.settings, **SETTINGS}, options=options) as host:
            yield AppTestbed(azure, host)
