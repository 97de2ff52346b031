"""Values of a wrong type in bodies are refused with 400, as Azure does, and nothing of them is stored."""

import json
from typing import Any

import aiohttp
import pytest

from lab.emulator.seed import VAULT
from lab.emulator.serve import Azure
from lab.emulator.snapshot import snapshot
from tests.lab.emulator.clients import Clients

KV, ARM = "api-version=2026-04-01", "api-version=2025-09-01"
ENABLE = {"operation": "Merge", "properties": {"tags": {"a": "b"}}}


async def send(azure: Azure, session: aiohttp.ClientSession, clients: Clients, method: str, url: str, body: Any) -> Any:
    """Send a body with a valid token, and return status and answer."""
    resource = azure.urls["arm"] if url.startswith(azure.urls["arm"]) else "https://vault.azure.net"
    headers = {"Authorization": f"Bearer {await clients.token(resource)}"}
    async with session.request(method, url, data=json.dumps(body), headers=headers) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": {"a": 1}},
        {"tags": []},
        {"tags": "a"},
        {"attributes": {"exp": "soon"}},
        {"attributes": {"exp": 1.5}},
        {"attributes": {"nbf": True}},
        {"attributes": {"enabled": "no"}},
        {"attributes": {"exp": 10**30}},
        {"attributes": []},
        {"contentType": 1},
        {"value": 1},
        {"value": None},
    ],
    ids=str,
)
async def test_a_secret_with_a_wrong_type_is_a_bad_parameter_and_is_not_stored(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients, wrong: dict[str, Any]
) -> None:
    url = f"{azure.world.vaults[VAULT].url}/secrets/chat?{KV}"
    status, answer = await send(azure, session, clients, "PUT", url, {"value": "v", **wrong})
    assert (status, answer["error"]["code"]) == (400, "BadParameter")
    assert azure.world.vaults[VAULT].secrets == {}


@pytest.mark.parametrize("wrong", [{"tags": {"a": 1}}, {"attributes": {"enabled": "no"}}, {"attributes": {"exp": "x"}}])
async def test_an_update_of_a_secret_with_a_wrong_type_changes_nothing(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients, wrong: dict[str, Any]
) -> None:
    vault = azure.world.vaults[VAULT]
    vault.set_secret("chat", "v", tags={"a": "b"})
    azure.world.clock.freeze()
    before = snapshot(azure.world)
    status, answer = await send(azure, session, clients, "PATCH", f"{vault.url}/secrets/chat?{KV}", wrong)
    assert (status, answer["error"]["code"]) == (400, "BadParameter")
    assert snapshot(azure.world) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"tags": {"a": 1}},
        {"tags": []},
        {"sku": "S0"},
        {"sku": {"name": 1}},
        {"sku": {}},
        {"properties": []},
        {"properties": {"networkAcls": "closed"}},
        {"properties": {"networkAcls": {"defaultAction": "Maybe"}}},
        {"properties": {"networkAcls": {"ipRules": {}}}},
        {"properties": {"networkAcls": {"ipRules": [{"value": 1}]}}},
        {"properties": {"networkAcls": {"ipRules": [{}]}}},
        {
            "properties": {
                "networkAcls": {"virtualNetworkRules": [{"id": "x", "ignoreMissingVnetServiceEndpoint": "y"}]}
            }
        },
        {"properties": {"publicNetworkAccess": "Sometimes"}},
        {"properties": {"publicNetworkAccess": True}},
        {"properties": {"disableLocalAuth": "yes"}},
    ],
    ids=str,
)
async def test_an_account_with_a_wrong_type_is_a_bad_request_and_is_not_stored(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients, wrong: dict[str, Any]
) -> None:
    account = azure.world.accounts.named("account-001")
    before = (account.etag, dict(account.tags), account.sku, account.network_acls, account.public_network_access)
    status, answer = await send(azure, session, clients, "PATCH", f"{azure.urls['arm']}{account.id}?{ARM}", wrong)
    assert (status, answer["error"]["code"]) == (400, "BadRequest")
    assert (account.etag, account.tags, account.sku, account.network_acls, account.public_network_access) == before


async def test_network_rules_as_the_azure_cli_sends_them_are_stored(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients
) -> None:
    account = azure.world.accounts.named("account-001")
    subnet = {"id": "/subscriptions/s/subnets/app", "ignoreMissingVnetServiceEndpoint": True}
    rules = {"defaultAction": "Deny", "ipRules": [], "virtualNetworkRules": [subnet]}
    url = f"{azure.urls['arm']}{account.id}?api-version=2026-05-15-preview"
    status, answer = await send(azure, session, clients, "PATCH", url, {"properties": {"networkAcls": rules}})
    assert (status, answer["properties"]["networkAcls"]) == (200, rules)
    assert account.network_acls == rules


async def test_a_deleted_secret_is_returned_without_its_value(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients
) -> None:
    vault = azure.world.vaults[VAULT]
    vault.set_secret("chat", "s3cret")
    status, answer = await send(azure, session, clients, "DELETE", f"{vault.url}/secrets/chat?{KV}", None)
    assert status == 200
    assert "value" not in answer
    assert answer["recoveryId"].endswith("/deletedsecrets/chat")


@pytest.mark.parametrize("version", ["2026-04-01", "7.4"])
async def test_the_versions_of_the_client_library_and_of_the_azure_cli_are_accepted_by_key_vault(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients, version: str
) -> None:
    vault = azure.world.vaults[VAULT]
    for number in range(30):
        vault.set_secret(f"secret-{number}", "v")
    url = f"{vault.url}/secrets?api-version={version}"
    status, answer = await send(azure, session, clients, "GET", url, None)
    assert (status, len(answer["value"])) == (200, 25)
    assert f"api-version={version}&" in answer["nextLink"]


@pytest.mark.parametrize("name", ["api-version", "API-VERSION", "Api-Version"])
@pytest.mark.parametrize("version", ["2025-09-01", "2026-05-15-preview"])
async def test_resource_manager_takes_both_versions_and_the_name_in_any_case(
    azure: Azure, session: aiohttp.ClientSession, clients: Clients, name: str, version: str
) -> None:
    account = azure.world.accounts.named("account-001")
    url = f"{azure.urls['arm']}{account.id}?{name}={version}"
    assert (await send(azure, session, clients, "GET", url, None))[0] == 200
