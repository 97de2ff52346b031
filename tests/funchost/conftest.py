"""Hosts for the tests: with the sample apps, and with or without storage behind them."""

import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.emulator import World
from lab.emulator.serve import running
from lab.funchost import FunctionHost, HostOptions
from lab.funchost.storage import Storage

APPS = Path(__file__).parent / "apps"
NO_STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=nobody;AccountKey=bm9ib2R5;"
    "BlobEndpoint=http://127.0.0.1:9/nobody;QueueEndpoint=http://127.0.0.1:9/nobody"
)


def settings_with(connection: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": connection,
        "Other": connection,
        "TICK": "0 0 3 1 Jan *",
        "WORK_QUEUE": "work",
        "AzureWebJobs.switched_off.Disabled": "true",
    }


def workers_of(pid: int) -> list[int]:
    """The worker processes among the children of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if b"lab.funchost.worker" in Path(f"/proc/{each}/cmdline").read_bytes()]


type StartHost = Callable[..., Any]


@pytest.fixture
async def start_host(settings: dict[str, str]) -> AsyncIterator[StartHost]:
    """Starts hosts with any settings; they stop when the test ends, and the storage account after them."""
    async with AsyncExitStack() as stack:

        async def start(app: str, settings: Mapping[str, str], host_id: str = "", **options: Any) -> FunctionHost:
            limits = HostOptions(**{"stop_timeout": 5, **options})
            host = FunctionHost(APPS / app, settings=settings, host_id=host_id or uuid.uuid4().hex, options=limits)
            return await stack.enter_async_context(host)

        yield start


@pytest.fixture
async def host(start_host: StartHost, settings: dict[str, str]) -> FunctionHost:
    """The app with every trigger; nothing listens, so that a function runs only when a test asks for it."""
    return await start_host("every", settings, listeners=False)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def settings() -> AsyncIterator[dict[str, str]]:
    """Settings with an empty storage account behind them."""
    async with running(World()) as azure:
        yield {
            **settings_with(azure.settings["AzureWebJobsStorage"]),
            **{name: azure.settings[name] for name in ("SSL_CERT_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER")},
        }


@pytest.fixture
async def storage(settings: dict[str, str]) -> AsyncIterator[Storage]:
    """Clients of the same account, for what a test puts there and finds there."""
    clients = Storage(settings)
    await clients.open()
    yield clients
    await clients.close()
