"""Fixtures: a served world, released clients for it, and a check of every exchange.

Each test that uses `azure` gets a new world. When the test ends, each of its exchanges with a service that has an
OpenAPI description is compared with that description.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ManagedIdentityCredential

from lab.emulator.directory import EVERYTHING
from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running
from lab.emulator.surfaces.common import Surface
from tests.lab.emulator.clients import Clients
from tests.lab.emulator.contract import DESCRIPTIONS, Exchange, problems

# Models on the v1 path; tags, subscriptions and the cloud's addresses, whose descriptions are not kept here.
WITHOUT_DESCRIPTION = re.compile(r"/v1/models|/Microsoft\.Resources/tags/|/subscriptions(/[^/]+)?\?|/metadata/")
OBSERVED = Path(__file__).parent / "specs" / "observed" / "http-responses.json"


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Exchange]]:
    """Every exchange of the test, in order. A test that makes answers malformed on purpose clears the list."""
    seen: list[Exchange] = []
    answer = Surface.answer

    async def recorded(self: Surface, request: web.Request) -> web.StreamResponse:
        response = await answer(self, request)
        body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
        closed = request.transport is None or request.transport.is_closing()
        if not closed:
            sent = await request.read()
            seen.append(Exchange(self.service, request.method, str(request.url), sent, response.status, body))
        return response

    monkeypatch.setattr(Surface, "answer", recorded)
    yield seen
    described = [one for one in seen if one.service in DESCRIPTIONS and not WITHOUT_DESCRIPTION.search(one.url)]
    problems_by_exchange = {str(one): problems_found for one in described if (problems_found := problems(one))}
    assert not problems_by_exchange, problems_by_exchange


@pytest.fixture
async def azure(exchanges: list[Exchange], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Azure]:
    """A served world with two accounts, in which the app may do everything."""
    world = sample_world(2)
    world.directory.revoke("app")
    world.directory.assign("app", EVERYTHING.name)  # the emulator imitates more than the app's roles allow
    async with running(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            monkeypatch.setenv(name, served.settings[name])
        yield served


@pytest.fixture
async def session(azure: Azure) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=azure.ssl_context)) as opened:
        yield opened


@pytest.fixture
async def clients(azure: Azure, session: aiohttp.ClientSession) -> AsyncIterator[Clients]:
    transport: Any = AioHttpTransport(session=session, session_owner=False)
    credential = ManagedIdentityCredential(client_id=azure.settings["AZURE_CLIENT_ID"], transport=transport)
    async with Clients(azure, credential, transport) as made:
        yield made


@pytest.fixture(scope="session")
def observed() -> dict[str, Any]:
    return json.loads(OBSERVED.read_text())
