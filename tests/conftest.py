"""Fixtures for all tests: the emulated Azure on this machine, and the app's real parts connected to it.

Azure's clients do not really wait between their attempts; how long they would wait is recorded. Here also stands which
tests are long: `make test` leaves those out, and `make test-long` runs them.
"""

from collections.abc import AsyncIterator
from pathlib import Path
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

# What goes through every call, every history or every entry of the runbook, or waits for other programs many times.
LONG = (
    "cli/test_commands.py",
    "docs/test_docs.py",
    "docs/test_names.py",
    "end_to_end",
    "fleet/test_long_listings.py",
    "handlers/test_many_due.py",
    "handlers/test_many_interrupted.py",
    "histories",
    "infra/test_names.py",
    "infra/test_sign_in_script.py",
    "infra/test_types.py",
    "lab/demo",
    "lab/prove",
    "recordings",
    "runbook",
    "samples/test_doctor_in_javascript.py",
    "turns/test_other_writers.py",
    "web/pages/keys/test_timeline_of_lives.py",
    "web/pages/keys/test_timeline_properties.py",
)
_TESTS = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the long tests, before the marks choose what runs."""
    for item in items:
        place = item.path.relative_to(_TESTS).as_posix() if item.path.is_relative_to(_TESTS) else ""
        if any(place == one or place.startswith(f"{one}/") for one in LONG):
            item.add_marker(pytest.mark.long)


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
