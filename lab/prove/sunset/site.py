"""The place of the drill: the emulated Azure, the app in the host by the same clock, and days that pass."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from lab.emulator.accounts import Account, Lag
from lab.emulator.directory import Identity, Role
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, in_environment, running_in_thread
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.prove.sunset.cast import ADDRESSES, JOB, PARTS, Part, Timetable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
APP = ("function_app.py", "host.json", "shared")
BY_MOVED_CLOCK = "app_by_moved_clock.py"
MODULE = HERE / BY_MOVED_CLOCK  # gives the app the drill's clock
TOPIC, VAULT = "announcements", "keys"
DAY = 24 * 3600.0
UNTIL_OFF = 300.0  # seconds until an account's data plane knows that keys are off, as Azure needs some minutes
ANSWER = 0.1  # seconds until a model answers; without it the consumers would only measure this machine
READER = Role("Secret reader", data_actions=("Microsoft.KeyVault/vaults/secrets/getSecret/action",))
USER = Role(
    "Cognitive Services OpenAI User",
    data_actions=("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action",),
)


@dataclass
class Site:
    """The place of one drill.

    azure, host, http: The emulated Azure, the host with the app, and a session for the app's HTTP routes.
    began: Noon of the first day, in UTC.
    ahead: The file that tells the app how many seconds its clock is ahead of the machine's.
    day: Which day it is, from 0.
    """

    azure: Azure
    host: FunctionHost
    http: aiohttp.ClientSession
    began: datetime
    ahead: Path
    day: int = 0

    def account(self, part: Part) -> Account:
        """Return the account of a part."""
        return self.azure.world.accounts.named(part)

    def date(self, day: int) -> str:
        """Return the date of a day."""
        return f"{self.began + timedelta(days=day):%Y-%m-%d}"

    def day_of(self, moment: float) -> int:
        """Return on which day a moment is, given in seconds since 1970."""
        return int((moment - self.began.timestamp()) // DAY)

    def next_day(self) -> None:
        """Let 24 hours pass."""
        self.day += 1
        self.later(DAY)

    def later(self, seconds: float) -> None:
        """Let this time pass, for Azure and for the app. The app must be idle."""
        clock = self.azure.world.clock
        clock.advance(seconds)
        self.ahead.write_text(str(clock.offset))

    async def check(self) -> None:
        """Let the app make one check and every turn that follows from it. Raises AssertionError if the check fails."""
        self.azure.world.journal.clear()
        ticked = await self.host.fire_timer("tick")
        if not ticked.succeeded:
            raise AssertionError(f"the check of day {self.day} failed: {ticked.error}")
        await self.host.idle(120)

    def asked(self) -> list[Entry]:
        """Return the requests since the last check began, the app's and the consumers'."""
        return list(self.azure.world.journal.entries)

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what an HTTP route of the app answers. Raises ClientResponseError for an error."""
        url, headers = f"{self.host.url}/api/{path}", {"x-functions-key": self.host.keys.default}
        async with self.http.get(url, headers=headers) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)


async def until(is_true: Callable[[], bool], limit: float = 60) -> None:
    """Return as soon as it is true. Raises TimeoutError after `limit` seconds."""
    async with asyncio.timeout(limit):
        while not is_true():  # noqa: ASYNC110 - requests of other tasks change it
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_site(timetable: Timetable) -> AsyncIterator[Site]:
    """Run the six accounts and the app until the block ends. It is noon of the first day."""
    world = _world()
    with tempfile.TemporaryDirectory(prefix="sunset-drill-") as folder, running_in_thread(world) as azure:
        ahead = Path(folder) / "seconds-ahead"
        ahead.write_text(str(world.clock.offset))
        settings = {**azure.settings, **_settings(timetable), "ROTATION_LOG_WORKSPACE_ID": world.workspace.id}
        settings |= {"DRILL_SECONDS_AHEAD": str(ahead), "PYTHON_SCRIPT_FILE_NAME": BY_MOVED_CLOCK}
        options = HostOptions(stop_timeout=10, health_seconds=0)  # its calls come by the machine's clock
        with in_environment(azure):
            app = lay_out_app(Path(folder) / "app", MODULE)
            async with FunctionHost(app, settings=settings, options=options) as host, aiohttp.ClientSession() as http:
                yield Site(azure, host, http, world.clock.utcnow().replace(minute=0, second=0, microsecond=0), ahead)


def lay_out_app(folder: Path, module: Path) -> Path:
    """Lay out the shipped app in a folder, and beside it the module that gives it a moved clock. Return the folder."""
    folder.mkdir()
    for name in APP:
        (folder / name).symlink_to(ROOT / name)
    (folder / module.name).symlink_to(module)
    return folder


def _settings(timetable: Timetable) -> dict[str, str]:
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "ROTATION_SCHEDULE": "0 0 0 1 1 *",  # the drill fires the timer
        "ROTATION_LOG_LOOK_BACK": f"P{timetable.look_back}D",
        "ROTATION_CALLERS": json.dumps({JOB: [f"{ADDRESSES[Part.FORGOTTEN]}0/24"]}),
    }


def _world() -> World:
    """Return the six accounts, all of them enrolled, and an identity for the consumers of each."""
    world = World()
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    world.clock.set(noon)
    world.workspace.calls = deque()
    world.add_vault(VAULT)
    world.add_topic(TOPIC).subscribe("team")
    reader = shipped_roles()["readinessReader"]
    world.directory.define(reader, READER, USER)
    world.directory.assign("app", reader.name)
    for part in PARTS:
        _add_account(world, part)
    world.faults.add("aoai.chat", "delay", seconds=ANSWER, times=0)
    return world


def _add_account(world: World, part: Part) -> None:
    tags = {"key-rotation": "on", "key-rotation-owner": f"{part}-team"}
    if part is Part.FORGOTTEN:  # its owner knows of copies, so the key stays for half a year
        tags["key-rotation-period"] = "P180D"
    facts: dict[str, Any] = {"subdomain": None} if part is Part.REGIONAL else {}
    account = world.accounts.add(part, tags=tags, lag=Lag(local_auth_after=UNTIL_OFF), **facts)
    world.directory.add(Identity(part), READER.name)
    world.directory.assign(part, USER.name, account.id)
