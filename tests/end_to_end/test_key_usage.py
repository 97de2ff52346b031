"""Before keys end, the app reads the call log: a consumer that still calls with a key keeps them alive."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.domain.names import LEASE_CONTAINER
from shared.domain.told import Told, ToldDeadline
from tests.end_to_end.calls import Doors, noted
from tests.end_to_end.conftest import a_host, kinds, published, tick, works

ENDED = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
def ended(azure: Azure) -> Azure:
    """The account chat, whose sunset was announced and was reached yesterday."""
    account = azure.world.accounts.named("chat")
    account.tags["key-rotation-sunset"] = f"{ENDED:%Y-%m-%d}"
    published(azure, account, days_ago=10)
    noted(azure, "chat", told=Told(origin=True, sunset=ToldDeadline(ENDED, timedelta(days=1))))
    return azure


def counting(azure: Azure) -> AbstractAsyncContextManager[FunctionHost]:
    """Return a host of the app that counts calls. Each begins without what an earlier process remembers."""
    return a_host(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id)


async def a_call(azure: Azure, http: ClientSession) -> None:
    """Call the account as a consumer does, with the key from the vault."""
    account = azure.world.accounts.named("chat")
    url = f"{azure.world.endpoint(account)}openai/v1/chat/completions"
    headers = {"api-key": azure.world.vaults["keys"].get_secret("chat-key").value}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]}
    async with http.post(url, json=body, headers=headers, ssl=azure.ssl_context) as answered:
        assert answered.status == 200
    azure.world.clock.advance(20 * 60)  # until its rows can be queried


def everybody_has_left_keys(azure: Azure) -> None:
    """Replace the calls in the log by calls that were made without a key, one on each day of the look-back."""
    azure.world.workspace.calls.clear()
    for day in range(36):
        azure.world.workspace.note(
            azure.world.accounts.named("chat").id, caller="a consumer that has left keys", ago=3600 + day * 86400
        )


async def test_keys_end_when_the_last_caller_has_stopped_using_them(ended, azure, http) -> None:
    await a_call(azure, http)
    async with counting(azure) as host:
        await tick(host)
        seen = await Doors(host, http).get("targets/chat")
    assert works(azure, "chat")
    assert seen.data["reason"] == "still-used"
    everybody_has_left_keys(azure)
    azure.world.blobs.containers.pop(LEASE_CONTAINER)  # the survey of that day is a day old by then
    async with counting(azure) as host:
        await tick(host)
    assert azure.world.accounts.named("chat").disable_local_auth is True
    assert kinds(azure, "chat")[-1] == "KeyAuthDisabled"


async def test_keys_stay_while_the_call_log_is_down_and_other_targets_are_served(ended, azure, http) -> None:
    everybody_has_left_keys(azure)
    azure.world.down.add("logs")
    async with counting(azure) as host:
        await tick(host)
        seen = await Doors(host, http).get("targets/chat")
        assert "could not count calls" in str(seen.data)
        assert works(azure, "chat")
        assert works(azure, "search")
        azure.world.down.discard("logs")
        await tick(host)
    assert azure.world.accounts.named("chat").disable_local_auth is True
