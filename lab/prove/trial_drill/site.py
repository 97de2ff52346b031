"""The place of the drill: the emulated Azure with two accounts, and the instances of the app, which can be killed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from lab.emulator.accounts import Account, KeyUse, Lag, fingerprint
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, in_environment, running_in_thread
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.prove.sunset.site import ANSWER, BY_MOVED_CLOCK, MODULE, READER, TOPIC, USER, VAULT, lay_out_app
from lab.prove.trial_drill.cast import DEPLOYED, TRIED, UNTIL_KNOWN

_OPTIONS = HostOptions(stop_timeout=10, health_seconds=0)  # its calls come by the machine's clock


@dataclass
class Site:
    """The place of one drill.

    azure, http: The emulated Azure, and a session for the app's HTTP routes.
    app: The folder of the app.
    settings: The settings of the app.
    ahead: The file that tells the app how many seconds its clock is ahead of the machine's.
    instances: How many hosts run the app.
    hosts: The hosts that run now. Empty while the app is dead.
    copied: The key that was copied from each account, before anything happened.
    """

    azure: Azure
    http: aiohttp.ClientSession
    app: Path
    settings: dict[str, str]
    ahead: Path
    instances: int
    hosts: list[FunctionHost] = field(default_factory=list)
    copied: dict[str, str] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The state of the emulated Azure."""
        return self.azure.world

    def now(self) -> float:
        """Return the time of the drill, in seconds since 1970."""
        return self.world.clock.now()

    def account(self, name: str) -> Account:
        """Return an account."""
        return self.world.accounts.named(name)

    def later(self, seconds: float) -> None:
        """Let this time pass, for Azure and for the app. The app must be idle, or dead."""
        self.world.clock.advance(seconds)
        self.ahead.write_text(str(self.world.clock.offset))

    async def start(self) -> None:
        """Start every instance of the app."""
        for _ in range(self.instances):
            host = FunctionHost(self.app, settings=self.settings, options=_OPTIONS)
            await host.start()
            self.hosts.append(host)

    async def kill(self) -> None:
        """Kill every process of the app. None is started again before `start`."""
        hosts, self.hosts = self.hosts, []
        for host in hosts:
            await host.kill_worker()
            await host.stop()

    async def check(self) -> None:
        """Let the app make one check and every turn that follows from it. Raises AssertionError if the check fails."""
        ticked = await self.hosts[0].fire_timer("tick")
        if not ticked.succeeded:
            raise AssertionError(f"a check failed: {ticked.error}")
        await self.idle()

    async def idle(self) -> None:
        """Wait until no instance has anything to do."""
        await asyncio.gather(*(host.idle(120) for host in self.hosts))

    async def ask(self, method: str, path: str, body: object) -> dict[str, Any]:
        """Return what an HTTP route of the app answers. Raises AssertionError for a refusal."""
        host = self.hosts[-1]
        url, headers = f"{host.url}/api/{path}", {"x-functions-key": host.keys.default}
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            found: dict[str, Any] = await answer.json(content_type=None)
            if answer.status not in (200, 202):
                raise AssertionError(f"{method} {path} was answered {answer.status}: {found}")
            return found

    def uses(self, account: str) -> list[KeyUse]:
        """Return every use of the copied key of an account, as the account saw it, oldest first."""
        mark = fingerprint(self.copied[account])
        return [one for one in list(self.world.accounts.uses) if one.fingerprint == mark and "chat" in one.operation]

    def told(self) -> list[tuple[str, str, datetime]]:
        """Return the accepted events, each with account, kind and time."""
        return [
            (
                one["source"].rpartition("/")[2],
                one["type"].removeprefix("KeyRotation."),
                datetime.fromisoformat(one["time"]),
            )
            for one in self.world.topics[TOPIC].events
        ]


@asynccontextmanager
async def a_site(instances: int) -> AsyncIterator[Site]:
    """Run the two accounts and the app until the block ends. The time is the noon after the machine's."""
    world = _world()
    with tempfile.TemporaryDirectory(prefix="trial-drill-") as folder, running_in_thread(world) as azure:
        ahead = Path(folder) / "seconds-ahead"
        ahead.write_text(str(world.clock.offset))
        settings = {**azure.settings, "FUNCTIONS_WORKER_RUNTIME": "python", "ROTATION_SCHEDULE": "0 0 0 1 1 *"}
        settings |= {"DRILL_SECONDS_AHEAD": str(ahead), "PYTHON_SCRIPT_FILE_NAME": BY_MOVED_CLOCK}
        with in_environment(azure):
            app = lay_out_app(Path(folder) / "app", MODULE)
            async with aiohttp.ClientSession() as http:
                site = Site(azure, http, app, settings, ahead, instances)
                site.copied = {name: site.account(name).keys["key1"].value for name in (TRIED, DEPLOYED)}
                try:
                    await site.start()
                    yield site
                finally:
                    await asyncio.gather(*(host.stop() for host in site.hosts))


def _world() -> World:
    """Return the two accounts, both enrolled, and an identity for the consumers of each."""
    world = World()
    world.clock.set(datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1))
    world.add_vault(VAULT)
    world.add_topic(TOPIC).subscribe("team")
    world.directory.define(READER, USER)
    for name in (TRIED, DEPLOYED):
        lag = Lag(local_auth_after=UNTIL_KNOWN)
        account = world.accounts.add(name, tags={"key-rotation": "on"}, lag=lag)
        world.directory.add(Identity(name), READER.name)
        world.directory.assign(name, USER.name, account.id)
    world.faults.add("aoai.chat", "delay", seconds=ANSWER, times=0)
    return world
