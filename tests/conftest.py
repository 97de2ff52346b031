"""Fixtures for all tests: the emulated Azure on this machine, and the app's real parts connected to it.

Azure's clients do not really wait between their attempts; how long they would wait is recorded.
"""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport
from hypothesis import settings

from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running
from lab.emulator.surfaces.common import Surface
from shared.adapters import blob_lease
from tests.support.real_parts import Parts, Spoiled, parts_over

# How long one example takes says something about the machine, and nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long Azure's clients would have waited between their attempts, in seconds."""
    noted: list[float] = []

    async def sleep(self: AsyncHttpTransport, duration: float) -> None:
        noted.append(duration)

    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    return noted


@pytest.fixture
def spoiled(monkeypatch: pytest.MonkeyPatch) -> Spoiled:
    """Changes to the answers of the next requests, by operation."""
    plans, serve = Spoiled(), Surface._serve

    async def spoiling(self: Surface, call: Any, handler: Any, entry: Any) -> Any:
        return plans.spoil(call.operation, await serve(self, call, handler, entry))

    monkeypatch.setattr(Surface, "_serve", spoiling)
    return plans


@pytest.fixture
async def azure(monkeypatch: pytest.MonkeyPatch, waits: list[float]) -> AsyncIterator[Azure]:
    """An emulated Azure with two accounts, and a managed identity for this process."""
    async with running(sample_world(2)) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        yield served


@pytest.fixture
async def parts(azure: Azure) -> AsyncIterator[Parts]:
    """The app's real parts, connected to the emulated Azure."""
    async with parts_over(azure) as wired:
        yield wired


@pytest.fixture
def lease_time(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases go by the emulated world's clock, which passes only when a test says so, for service and app alike."""
    azure.world.clock.freeze()
    clock = SimpleNamespace(monotonic=azure.world.clock.now, time=azure.world.clock.now)
    monkeypatch.setattr(blob_lease, "time", clock)
