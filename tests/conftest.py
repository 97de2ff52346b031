"""A served world and the app's real parts for every test that asks for them.

Waiting between an Azure client's own attempts is noted, not waited.
"""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running
from lab.emulator.surfaces.common import Surface
from shared.adapters import blob_lease
from tests.support.real_parts import Parts, Spoiled, parts_over


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the Azure clients would have waited between their attempts."""
    noted: list[float] = []

    async def sleep(self: AsyncHttpTransport, duration: float) -> None:
        noted.append(duration)

    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    return noted


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """Answers that the next requests get instead of the world's."""
    plans, serve = Spoiled(), Surface._serve

    async def spoiling(self: Surface, call: Any, handler: Any, entry: Any) -> Any:
        return plans.spoil(call.operation, await serve(self, call, handler, entry))

    monkeypatch.setattr(Surface, "_serve", spoiling)
    return plans


@pytest.fixture
async def azure(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> AsyncIterator[Azure]:
    async with running(sample_world(2)) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        yield served


@pytest.fixture
async def parts(azure: Azure) -> AsyncIterator[Parts]:
    async with parts_over(azure) as wired:
        yield wired


@pytest.fixture
def lease_time(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease's time is the emulated world's: it passes when a test says so, on the service's side and on ours."""
    azure.world.clock.freeze()
    clock = SimpleNamespace(monotonic=azure.world.clock.now, time=azure.world.clock.now)
    monkeypatch.setattr(blob_lease, "time", clock)
