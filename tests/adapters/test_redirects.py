"""No client follows a redirect: what the app sends, and what it believes, stays with the hosts that settings name."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from lab.emulator.serve import Azure
from shared.domain.errors import RotationError
from shared.domain.keys import KeySlot
from tests.adapters.test_event_grid import announcements
from tests.support.real_parts import Parts, Spoiled
from tests.support.vault_publications import publish

CALLS: dict[str, Callable[[Parts], Awaitable[Any]]] = {
    "kv.setSecret": publish,
    "kv.getSecret": lambda parts: parts.vault.latest(parts.target()),
    "arm.listKeys": lambda parts: parts.accounts.list_keys(parts.target().account),
    "arm.regenerateKey": lambda parts: parts.accounts.regenerate(parts.target().account, KeySlot.KEY2),
    "eg.publish": lambda parts: parts.rotation.outside.announcer.announce(announcements(parts), datetime.now(UTC)),
}


@pytest.fixture
async def elsewhere(azure: Azure) -> AsyncIterator[tuple[str, list[str]]]:
    """An address on another port, and the methods of the requests that reach it."""
    reached: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        reached.append(request.method)
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=azure._server_context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/", reached
    await runner.cleanup()


@pytest.mark.parametrize("operation", CALLS)
async def test_a_redirect_is_an_error_and_nothing_is_sent_on(
    parts: Parts, spoiled: Spoiled, elsewhere: tuple[str, list[str]], operation: str
) -> None:
    there, reached = elsewhere
    await publish(parts)  # so that the token is at hand and the next answer is the one that redirects
    spoiled.next(operation, lambda _: web.Response(status=307, headers={"Location": there}))
    with pytest.raises(RotationError):
        await CALLS[operation](parts)
    assert not reached
