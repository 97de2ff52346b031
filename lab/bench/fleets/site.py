"""The app as it runs in Azure: some instances on one storage account, all against one emulated Azure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import ResourceNotFoundError

from lab.bench.fleets.cases import Plan
from lab.bench.fleets.processes import ROOT, ServedAzure, a_storage, an_azure
from lab.funchost.host import FunctionHost
from lab.funchost.options import HostOptions
from lab.funchost.storage import Storage
from shared.domain.names import QUEUE, STORAGE

_EVERY = 10  # minutes between two ticks, as by default
_START_SECONDS = 15
_PAUSE = 0.25
_QUIET = 4  # so many looks in a row must find nothing: a message is nowhere for a moment between queue and function


@dataclass
class Site:
    """The running app and its Azure.

    azure: The emulated Azure.
    hosts: The app's instances. The first one has the timer.
    storage: The client of the storage account that they share.
    session: The HTTP session for the control interface and the app.
    """

    azure: ServedAzure
    hosts: list[FunctionHost]
    storage: Storage
    session: aiohttp.ClientSession

    async def look(self, path: str) -> dict[str, Any]:
        """GET a path of the control interface and return its JSON."""
        async with self.session.get(f"{self.azure.control}{path}") as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found

    async def post(self, path: str, body: Mapping[str, object]) -> tuple[int, str]:
        """POST to a path of the app's first instance with its function key, and return status and text."""
        host = self.hosts[0]
        headers = {"x-functions-key": host.keys.default}
        async with self.session.post(f"{host.url}/api/{path}", json=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def tick(self, limit: float) -> None:
        """Fire the timer, and return when nothing runs and nothing is queued, hidden messages included.

        Raises RuntimeError if the tick fails and TimeoutError after `limit` seconds.
        """
        ticked = await self.hosts[0].fire_timer("tick")
        if not ticked.succeeded:
            raise RuntimeError(f"the tick failed: {ticked.error}")
        quiet, end = 0, time.monotonic() + limit
        while quiet < _QUIET:
            if time.monotonic() > end:
                raise TimeoutError(f"turns were still queued after {limit:.0f} seconds")
            await asyncio.sleep(_PAUSE)
            quiet = 0 if await self._busy() else quiet + 1

    def given_up(self) -> int:
        """Return how many messages were moved to the poison queue."""
        return sum(len(host.activity.finished_of("turn_poison")) for host in self.hosts)

    async def _busy(self) -> bool:
        queued = [await self._queued(name) for name in (QUEUE, f"{QUEUE}-poison")]
        return any(queued) or any(host.activity.running for host in self.hosts)

    async def _queued(self, name: str) -> int:
        try:
            found = await self.storage.queue(STORAGE, name).get_queue_properties()
        except ResourceNotFoundError:
            return 0
        return int(found.approximate_message_count or 0)


def schedule(now: datetime | None = None) -> dict[str, str]:
    """Return the setting of a timer that is due ten minutes from now, less a few seconds.

    The bench fires the timer itself. But the app reads from the schedule how long its turns may take.
    """
    begin = (now or datetime.now(UTC)) - timedelta(seconds=_START_SECONDS)
    return {"ROTATION_SCHEDULE": f"{begin.second} {begin.minute % _EVERY}-59/{_EVERY} * * * *"}


@asynccontextmanager
async def a_site(
    plan: Plan, instances: int = 1, *, azurite: str | None = None, app: Path = ROOT, settings: Mapping[str, str] = {}
) -> AsyncIterator[Site]:
    """Start an emulated Azure and so many instances of the app, and stop all at the end.

    azurite: The command that starts Azurite. None: the app's storage is the emulated Azure's.
    app: The folder of the app.
    settings: More settings of the app.
    """
    async with AsyncExitStack() as stack:
        azure = await stack.enter_async_context(an_azure(plan))
        own = await stack.enter_async_context(a_storage(azurite))
        given = {**azure.settings, "FUNCTIONS_WORKER_RUNTIME": "python", **schedule(), **own, **settings}
        storage = Storage(given)
        await storage.open()
        stack.push_async_callback(storage.close)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(300)))
        options = HostOptions(stop_timeout=10, health_seconds=0)
        hosts = [FunctionHost(app, settings=given, host_id="bench", options=options) for _ in range(instances)]
        for host in hosts:
            await stack.enter_async_context(host)
        yield Site(azure, hosts, storage, session)
