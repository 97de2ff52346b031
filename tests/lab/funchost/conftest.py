"""Fixtures that start hosts with the test apps, with or without a storage account."""

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
    """Return settings for the app `every`, with this connection string for storage."""
    return {
        "AzureWebJobsStorage": connection,
        "Other": connection,
        "TICK": "0 0 3 1 Jan *",
        "WORK_QUEUE": "work",
        "AzureWebJobs.switched_off.Disabled": "true",
    }


def workers_of(pid: int) -> list[int]:
    """Return the ids of the worker processes among a process's children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in children if b"lab.funchost.worker" in Path(f"/proc/{each}/cmdline").read_bytes()]


type StartHost = Callable[..., Any]


@pytest.fixture
async def start_host(settings: dict[str, str]) -> AsyncIterator[StartHost]:
    """Starts hosts with any settings. They stop when the test ends, before the storage account does."""
    async with AsyncExitStack() as stack:

        async def start(app: str, settings: Mapping[str, str], host_id: str = "", **options: Any) -> FunctionHost:
            limits = HostOptions(**{"stop_timeout": 5, **options})
            host = FunctionHost(APPS / app, settings=settings, host_id=host_id or uuid.uuid4().hex, options=limits)
            return await stack.enter_async_context(host)

        yield start


@pytest.fixture
async def host(start_host: StartHost, settings: dict[str, str]) -> FunctionHost:
    """The app `every` without listeners: a function runs only when a test starts it."""
    return await start_host("every", settings, listeners=False)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a cookie jar."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
async def settings() -> AsyncIterator[dict[str, str]]:
    """Settings for the app `every`, with an empty storage account."""
    async with running(World()) as azure:
        yield {
            **settings_with(azure.settings["AzureWebJobsStorage"]),
            **{name: azure.settings[name] for name in ("SSL_CERT_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER")},
        }


@pytest.fixture
async def storage(settings: dict[str, str]) -> AsyncIterator[Storage]:
    """Clients for the same account, to prepare and check its content."""
    clients = Storage(settings)
    await clients.open()
    yield clients
    await clients.close()
