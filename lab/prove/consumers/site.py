"""The place of the load proof: the emulated Azure, accounts, and the app in the host by a clock that is moved."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, cast

import aiohttp

from lab.emulator.accounts import Account, fingerprint
from lab.emulator.directory import Identity, Role
from lab.emulator.faults import Rule
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.vaults import Secret
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.prove.consumers.timetable import Kill
from lab.prove.sunset.site import BY_MOVED_CLOCK, ROOT, lay_out_app
from lab.prove.sunset.site import HERE as SUNSET
from lab.simulation.published import publish_as_rotated

VAULT, TOPIC = "keys", "announcements"
PERIOD, LAG = timedelta(days=3), timedelta(hours=24)
END_ANNOUNCED = "KeyRotation.RetirementAnnounced"
SETTINGS = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "ROTATION_SCHEDULE": "0 0 0 1 1 *",  # the proof fires the timer
    "ROTATION_PERIOD": "P3D",
    "ROTATION_OVERLAP": "PT24H",
    "ROTATION_CONSUMER_LAG": "PT24H",
    "ROTATION_NOTICE": "PT12H",
    "ROTATION_WARNINGS": "PT6H",
}
PATIENCE = 180.0  # real seconds after which a wait counts as endless
LEASE_AND_MORE = 61.0  # seconds; by then the lease of a killed process has ended, and its message is visible again
MOST_CHECKS = 10  # checks after which something that must come has not come
ANSWER = 0.05  # seconds until a model answers
READER = Role("Secret reader", data_actions=("Microsoft.KeyVault/vaults/secrets/getSecret/action",))


@dataclass
class Site:
    """The place of one proof.

    azure, host, http: The emulated Azure, the host with the app, and a session for the app's HTTP routes.
    accounts: The accounts, in order.
    ahead: The file that tells the app how many seconds its clock is ahead of the machine's.
    settings: The app's settings, for commands.
    published_at: When a secret was written last, by the clock of this process (`time.monotonic`).
    """

    azure: Azure
    host: FunctionHost
    http: aiohttp.ClientSession
    accounts: list[Account]
    ahead: Path
    settings: dict[str, str]
    published_at: float = 0.0

    def __post_init__(self) -> None:
        self.world.faults.add("kv.setSecret", "hook", hook=self._note_publication, when="after", times=0)

    def _note_publication(self, _: Entry) -> None:
        self.published_at = time.monotonic()

    @property
    def world(self) -> World:
        """The state of the emulated Azure."""
        return self.azure.world

    def secret(self, account: Account) -> Secret:
        """Return the secret of an account, with all its versions."""
        return self.world.vaults[VAULT].secrets[f"{account.name}-key"]

    def published(self, account: Account) -> str:
        """Return the fingerprint of the published key of an account."""
        return fingerprint(self.secret(account).latest.value)

    def accepts(self, account: Account, mark: str) -> bool:
        """Return whether an account still has the key with this fingerprint."""
        return mark in {fingerprint(key.value) for key in account.keys.values()}

    def announced_end(self) -> float:
        """Return the latest moment for which the end of a previous key was announced, in seconds since 1970. 0 if none
        was. It is after the lag if a kill came before the announcement: the notice counts from then."""
        events = [one.event for one in self.world.topics[TOPIC].accepted if one.event["type"] == END_ANNOUNCED]
        return max((datetime.fromisoformat(one["data"]["deadline"]).timestamp() for one in events), default=0.0)

    def move_to(self, moment: float) -> None:
        """Move the clock to a moment, in seconds since 1970, unless it is past it already. The app must be idle."""
        clock = self.world.clock
        clock.advance(max(0.0, moment - clock.now()))
        part = self.ahead.with_name("part")
        part.write_text(str(clock.offset))
        part.replace(self.ahead)  # the app reads it at any time, and never half of it

    async def check(self) -> None:
        """Let the app check, and wait for every turn that follows. It may fail, or be killed: the world is judged."""
        await self.host.worker_ready(PATIENCE)
        await self.host.fire_timer("tick")
        await self.host.idle(PATIENCE)

    async def check_until(self, is_done: Callable[[], bool]) -> bool:
        """Let the app check until something is done, a minute apart. Return whether it was done in the end."""
        for _ in range(MOST_CHECKS):
            await self.check()
            if is_done():
                return True
            self.move_to(self.world.clock.now() + LEASE_AND_MORE)
        return False

    async def kill_at(self, kill: Kill) -> Rule:
        """Let the app's process be killed at this call, and return the rule that does so."""
        pid = await self.host.worker_ready(PATIENCE)
        when = cast('Literal["before", "after"]', kill.when)
        return self.world.faults.add(kill.operation, "signal", pid=pid, when=when, target="", times=1)

    async def report_leak(self, account: Account) -> str:
        """Report over HTTP that the live key of an account has leaked. Return what went wrong, or an empty text."""
        url, headers = f"{self.host.url}/api/targets/{account.name}/leak", {"x-functions-key": self.host.keys.default}
        body = {"key": "live", "reason": "found in a public repository"}
        async with self.http.post(url, json=body, headers=headers) as answer:
            await answer.read()
            return "" if answer.status == 200 else f"it was answered with {answer.status}"

    async def type_leak(self, account: Account) -> str:
        """Report the same on the command line. Return what went wrong, or an empty text."""
        command = (sys.executable, "-m", "lab.prove.consumers.command_by_moved_clock", "leak", account.name)
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *command, "--key", "live", "--reason", "found in a public repository",
            cwd=ROOT, env=inherited | self.settings, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return f"the command ended with code {process.returncode}: {said.decode()[-500:]}" if process.returncode else ""


async def until(is_true: Callable[[], bool], limit: float = PATIENCE) -> bool:
    """Wait until it is true, or until a number of real seconds has passed. Return whether it is true."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while not is_true():
        if loop.time() >= end:
            return False
        await asyncio.sleep(0.1)  # other processes change it, and tell nobody
    return True


@asynccontextmanager
async def a_site(accounts: int, kinds: list[str], module: Path | None = None) -> AsyncIterator[Site]:
    """Run the emulated Azure with that many accounts, and the app, until the block ends.

    kinds: The kinds of consumers. Each account has an identity for each of them.
    module: The module with the app. Default: the shipped app by a moved clock.
    """
    world = _world(accounts, kinds)
    module = module or SUNSET / BY_MOVED_CLOCK
    with tempfile.TemporaryDirectory(prefix="load-proof-") as folder, running_in_thread(world) as azure:
        for account in world.accounts:
            publish_as_rotated(world, account, datetime.now(UTC) - PERIOD + timedelta(hours=1), period=PERIOD)
        ahead = Path(folder) / "seconds-ahead"
        ahead.write_text("0")
        more = {"DRILL_SECONDS_AHEAD": str(ahead), "PYTHON_SCRIPT_FILE_NAME": module.name}
        settings = {**azure.settings, **SETTINGS, **more}
        options = HostOptions(stop_timeout=10, health_seconds=0)  # its calls come by the machine's clock
        app = lay_out_app(Path(folder) / "app", module)
        async with (
            FunctionHost(app, settings=settings, options=options) as host,
            aiohttp.ClientSession() as http,
        ):
            yield Site(azure, host, http, list(world.accounts), ahead, settings)


def identity_of(account: str, kind: str) -> str:
    """Return the name of the identity of the consumers of an account and kind."""
    return f"{account}-{kind}"


def _world(accounts: int, kinds: list[str]) -> World:
    world = World()
    world.add_vault(VAULT)
    world.add_topic(TOPIC).subscribe("team")
    world.directory.define(READER)
    facts: dict[str, Any] = {"tags": {"key-rotation": "on"}}
    for number in range(1, accounts + 1):
        account = world.accounts.add(f"chat-{number}", **facts)
        for kind in kinds:
            world.directory.add(Identity(identity_of(account.name, kind)), READER.name)
    world.faults.add("aoai.chat", "delay", seconds=ANSWER, times=0)
    return world
