"""The function app in the local host, in Microsoft's worker code, against the emulated Azure over TLS."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from lab.emulator.accounts import Account
from lab.emulator.serve import Azure, running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.simulation.published import publish_as_rotated
from shared.domain.told import Told, ToldDeadline

ROOT = Path(__file__).resolve().parents[2]
SCHEDULE = {"ROTATION_SCHEDULE": "0 0 0 1 1 *"}  # once a year: the tests fire the timer themselves
# As often as ticks come, so that the first one observes everything.
SETTINGS = {**SCHEDULE, "FUNCTIONS_WORKER_RUNTIME": "python", "ROTATION_LOOK_EVERY": "PT10M"}
type Start = Callable[..., AsyncIterator[FunctionHost]]


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    """The emulated Azure with two accounts that are enrolled by a tag and one that is not."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements").subscribe("team")
    for name in ("chat", "search"):
        world.accounts.add(name, tags={"key-rotation": "on"})
    world.accounts.add("legacy")
    async with running(world) as served:
        yield served


@pytest.fixture
async def host(azure: Azure) -> AsyncIterator[FunctionHost]:
    async with a_host(azure) as started:
        yield started


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def a_host(azure: Azure, **settings: str) -> FunctionHost:
    """Return the app's host with the settings of the emulated Azure and more settings."""
    options = HostOptions(stop_timeout=10)
    return FunctionHost(ROOT, settings={**azure.settings, **SETTINGS, **settings}, options=options)


async def tick(host: FunctionHost) -> None:
    """Run one tick and every turn that follows from it."""
    ticked = await host.fire_timer("tick")
    assert ticked.succeeded, ticked.error
    await host.idle()


def published(
    azure: Azure, account: Account, *, days_ago: float, previous: bool = False, announced: bool = False
) -> None:
    """Publish as a rotation `days_ago` days ago would have: key 1 live, key 2 the spare or still the previous key."""
    since = datetime.now(UTC) - timedelta(days=days_ago)
    until = since + timedelta(days=3)
    retirement = ToldDeadline(until, timedelta(days=1)) if announced else None
    facts = {"until": until} if previous else {}
    publish_as_rotated(azure.world, account, since, told=Told(origin=True, retirement=retirement), **facts)


def works(azure: Azure, name: str) -> bool:
    """Return whether the account accepts the key in the vault (P1)."""
    account = azure.world.accounts.named(name)
    value = azure.world.vaults["keys"].get_secret(f"{name}-key").value
    return azure.world.accounts.key_accepted(account, value)


def kinds(azure: Azure, name: str) -> list[str]:
    """Return the types of the accepted events about an account, in order."""
    events = azure.world.topics["announcements"].events
    return [event["type"].removeprefix("KeyRotation.") for event in events if event["source"].endswith(f"/{name}")]
