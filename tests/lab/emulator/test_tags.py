"""The tags of an account, the subscriptions and the cloud's addresses: what the Azure CLI asks Resource Manager for."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

Ask = Callable[..., Awaitable[tuple[int, Any]]]
VERSION = "api-version=2024-11-01"


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    async def asked(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {await clients.token(azure.urls['arm'])}"}
        async with session.request(method, azure.urls["arm"] + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    return asked


@pytest.fixture
def tags_path(azure: Azure) -> str:
    account = azure.world.accounts.named("account-001")
    account.tags = {"Team": "chat", "env": "prod"}
    return f"{account.id}/providers/Microsoft.Resources/tags/default?{VERSION}"


@pytest.mark.parametrize(
    ("operation", "given", "left"),
    [
        ("Merge", {"new": "1"}, {"Team": "chat", "env": "prod", "new": "1"}),
        ("Merge", {"ENV": "test"}, {"Team": "chat", "ENV": "test"}),
        ("merge", {}, {"Team": "chat", "env": "prod"}),
        ("Replace", {"new": "1"}, {"new": "1"}),
        ("Replace", {}, {}),
        ("Delete", {"env": "prod"}, {"Team": "chat"}),
        ("Delete", {"env": "test"}, {"Team": "chat", "env": "prod"}),
        ("Delete", {"TEAM": ""}, {"env": "prod"}),
    ],
)
async def test_a_patch_of_the_tags_merges_replaces_or_deletes(
    azure: Azure, ask: Ask, tags_path: str, operation: str, given: dict[str, str], left: dict[str, str]
) -> None:
    status, answer = await ask("PATCH", tags_path, {"operation": operation, "properties": {"tags": given}})
    assert (status, answer["properties"]["tags"]) == (200, left)
    assert answer["type"] == "Microsoft.Resources/tags"
    assert azure.world.accounts.named("account-001").tags == left
    assert (await ask("GET", tags_path))[1] == answer


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"operation": "Merge"}, {"operation": "Purge", "properties": {"tags": {}}},
        {"operation": 1, "properties": {"tags": {}}}, {"operation": "Merge", "properties": {"tags": []}},
        {"operation": "Merge", "properties": {"tags": {"a": 1}}}, {"operation": "Merge", "properties": "tags"},
    ],
    ids=str,
)  # fmt: skip
async def test_an_invalid_patch_of_the_tags_changes_nothing(
    azure: Azure, ask: Ask, tags_path: str, wrong: dict[str, Any]
) -> None:
    status, answer = await ask("PATCH", tags_path, wrong)
    assert (status, answer["error"]["code"]) == (400, "InvalidRequestContent")
    assert azure.world.accounts.named("account-001").tags == {"Team": "chat", "env": "prod"}


async def test_tags_cannot_be_written_without_the_right_to(azure: Azure, ask: Ask, tags_path: str) -> None:
    azure.world.directory.revoke("app")
    status, answer = await ask("PATCH", tags_path, {"operation": "Merge", "properties": {"tags": {"a": "b"}}})
    assert status == 403
    assert "Microsoft.Resources/tags/write" in answer["error"]["message"]


async def test_the_subscriptions_are_those_in_which_the_caller_has_a_role(azure: Azure, ask: Ask) -> None:
    elsewhere = azure.world.accounts.add("elsewhere", subscription="another")
    listed = (await ask("GET", "/subscriptions?api-version=2022-12-01"))[1]["value"]
    assert [one["subscriptionId"] for one in listed] == [azure.world.subscription, "another"]
    assert {one["tenantId"] for one in listed} == {azure.world.directory.tenant}
    role = next(iter(azure.world.directory.roles))
    azure.world.directory.revoke("app")
    azure.world.directory.assign("app", role, elsewhere.id)
    listed = (await ask("GET", "/subscriptions?api-version=2022-12-01"))[1]["value"]
    assert [one["subscriptionId"] for one in listed] == ["another"]
    assert (await ask("GET", "/subscriptions/another?api-version=2022-12-01"))[0] == 200
    assert (await ask("GET", f"/subscriptions/{azure.world.subscription}?api-version=2022-12-01"))[0] == 404


async def test_the_addresses_of_the_cloud_are_shown_without_a_token(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{azure.urls['arm']}/metadata/endpoints?api-version=2022-09-01") as answer:
        shown = await answer.json()
    assert shown["resourceManager"] == azure.urls["arm"]
    assert set(shown) >= {"name", "authentication", "suffixes"}


async def test_a_role_of_another_identity_shows_no_subscription(azure: Azure, ask: Ask) -> None:
    azure.world.directory.add(Identity("other"), "Everything that is imitated")
    azure.world.directory.revoke("app")
    assert (await ask("GET", "/subscriptions?api-version=2022-12-01"))[1]["value"] == []
