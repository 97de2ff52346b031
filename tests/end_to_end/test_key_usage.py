"""Before keys end the deployed app asks the log: a consumer that calls with a key keeps them alive, and then leaves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.domain.told import Told, ToldDeadline
from tests.end_to_end.calls import Doors, noted
from tests.end_to_end.conftest import a_host, kinds, published, tick, works

ENDED = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest.fixture
async def counting(azure: Azure) -> AsyncIterator[FunctionHost]:
    """The account chat, whose sunset was announced and was yesterday."""
    account = azure.world.accounts.named("chat")
    account.tags["key-rotation-sunset"] = f"{ENDED:%Y-%m-%d}"
    published(azure, account, days_ago=10)
    noted(azure, "chat", told=Told(origin=True, sunset=ToldDeadline(ENDED, timedelta(days=1))))
    async with a_host(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as started:
        yield started


async def a_call(azure: Azure, http: ClientSession) -> None:
    """A consumer's call, with the key that the vault holds."""
    account = azure.world.accounts.named("chat")
    url = f"{azure.world.endpoint(account)}openai/v1/chat/completions"
    headers = {"api-key": azure.world.vaults["keys"].get_secret("chat-key").value}
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "?"}]}
    async with http.post(url, json=body, headers=headers, ssl=azure.ssl_context) as answered:
        assert answered.status == 200


def everybody_has_left_keys(azure: Azure) -> None:
    """A look-back later: what is in the log was called without a key."""
    azure.world.workspace.calls.clear()
    azure.world.workspace.note(azure.world.accounts.named("chat").id, caller="a consumer that has left keys behind")


async def test_keys_end_when_the_last_caller_has_left_them(counting, azure, http) -> None:
    doors = Doors(counting, http)
    await a_call(azure, http)
    await tick(counting)
    seen = await doors.get("targets/chat")
    assert works(azure, "chat")
    assert seen.data["reason"] == "still-used"
    everybody_has_left_keys(azure)
    await tick(counting)
    assert azure.world.accounts.named("chat").disable_local_auth is True
    assert kinds(azure, "chat")[-1] == "KeyAuthDisabled"


async def test_while_the_log_is_out_keys_stay_and_the_other_target_is_served(counting, azure, http) -> None:
    everybody_has_left_keys(azure)
    azure.world.down.add("logs")
    await tick(counting)
    seen = await Doors(counting, http).get("targets/chat")
    assert "could not count calls with a key" in str(seen.data)
    assert works(azure, "chat")
    assert works(azure, "search")
    azure.world.down.discard("logs")
    await tick(counting)
    assert azure.world.accounts.named("chat").disable_local_auth is True
