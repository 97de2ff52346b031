"""The emulator answers like the real services in every recorded case that no specification describes.

Each case of `specs/observed/http-responses.json` that concerns the emulator is reproduced here by its name. Parts that
vary (names, ids, key values) are compared by shape.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from lab.emulator import Account
from lab.emulator.seed import TOPIC, VAULT
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

Ask = Callable[..., Awaitable[tuple[int, Any, Any]]]
ARM = "api-version=2025-09-01"
KV = "api-version=2026-04-01"
MODELS = "openai/models?api-version=2024-10-21"


def case(observed: dict[str, Any], service: str, name: str) -> dict[str, Any]:
    """Return the recorded case whose name begins with `name`."""
    [found] = [one for one in observed[service] if one["case"].startswith(name)]
    return found


def form(pattern: str) -> re.Pattern[str]:
    """Return a recorded text as a pattern; text in braces or after an ellipsis may be anything."""
    parts = re.split(r"\{[^}]*\}|\s?\.\.\.|'10'|'read'|`[^`]*`", pattern)
    return re.compile(".*".join(re.escape(part) for part in parts) + ".*", re.DOTALL)


def agrees(body: Any, recorded: Any) -> None:
    """Check that an error has the recorded codes and wording."""
    error, expected = body["error"], recorded["error"]
    assert error["code"] == expected["code"]
    assert error.get("innererror") == expected.get("innererror")
    assert form(expected["message"]).fullmatch(error["message"]), error["message"]


@pytest.fixture
def account(azure: Azure) -> Account:
    return azure.world.accounts.named("account-001")


@pytest.fixture
def ask(session: aiohttp.ClientSession, clients: Clients) -> Ask:
    async def send(method: str, url: str, audience: str = "", **options: Any) -> tuple[int, Any, Any]:
        headers = dict(options.pop("headers", {}))
        if audience:
            headers["Authorization"] = f"Bearer {await clients.token(audience)}"
        async with session.request(method, url, headers=headers, **options) as answer:
            text = await answer.text()
            body = await answer.json() if text else None
            return answer.status, answer.headers, body

    return send


@pytest.fixture
def arm(azure: Azure, account: Account, ask: Ask) -> Ask:
    async def send(method: str = "POST", what: str = "/listKeys", audience: str = "own", **options: Any) -> Any:
        target = options.pop("target", account.id)
        audience = azure.urls["arm"] if audience == "own" else audience
        return await ask(method, f"{azure.urls['arm']}{target}{what}?{ARM}", audience, **options)

    return send


@pytest.mark.parametrize(("what", "body"), [("/listKeys", None), ("/regenerateKey", {"keyName": "Key1"})])
async def test_list_and_regenerate_keys_answer_with_the_recorded_headers(
    arm: Ask, observed: dict[str, Any], what: str, body: Any
) -> None:
    recorded = case(observed, "arm", "regenerateKey / listKeys success")
    status, headers, keys = await arm(what=what, json=body)
    assert status == recorded["status"]
    assert set(keys) == set(recorded["body"])
    assert headers["Content-Length"] == "189"
    for line in recorded["headers_seen"][:6]:
        name, _, value = line.partition(": ")
        assert headers[name] == value
    assert "x-ms-ratelimit-remaining-subscription-global-writes" in headers
    assert not {"Location", "Azure-AsyncOperation", "ETag"} & set(headers)


async def test_list_keys_of_an_account_with_disabled_keys_is_a_bad_request(
    azure: Azure, account: Account, arm: Ask, observed: dict[str, Any]
) -> None:
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    recorded = case(observed, "arm", "listKeys when properties.disableLocalAuth")
    status, headers, body = await arm()
    assert status == recorded["status"]
    assert body == recorded["body"]
    assert "x-ms-failure-cause" not in headers


async def test_arm_refuses_an_unknown_account_as_recorded(account: Account, arm: Ask, observed: dict[str, Any]) -> None:
    recorded = case(observed, "arm", "no such account")
    status, headers, body = await arm(target=account.id + "x")
    assert (status, headers["x-ms-failure-cause"]) == (recorded["status"], "gateway")
    agrees(body, recorded["body"])


async def test_arm_refuses_a_missing_bearer_token_as_recorded(arm: Ask, observed: dict[str, Any]) -> None:
    recorded = case(observed, "arm", "bad or missing bearer token")
    status, headers, body = await arm(audience="")
    assert status == recorded["status"]
    assert body == recorded["body"]
    for name, value in recorded["headers"].items():
        assert headers[name] == value


async def test_arm_refuses_a_caller_without_the_role_as_recorded(
    azure: Azure, account: Account, arm: Ask, observed: dict[str, Any]
) -> None:
    azure.world.directory.revoke("app")
    recorded = case(observed, "arm", "caller lacks the role")
    status, headers, body = await arm(what="/regenerateKey", json={"keyName": "Key1"})
    assert (status, headers["x-ms-failure-cause"]) == (recorded["status"], "gateway")
    agrees(body, recorded["body"])
    assert account.id in body["error"]["message"]


async def test_arm_throttles_a_caller_as_recorded(azure: Azure, arm: Ask, observed: dict[str, Any]) -> None:
    world = azure.world
    world.clock.freeze()
    world.limits.on = True
    while not world.limits.arm(world.subscription, world.app.object_id, "reads"):
        pass
    recorded = case(observed, "arm", "ARM throttled")
    status, headers, body = await arm("GET", "")
    assert status == recorded["status"]
    assert int(headers["Retry-After"]) >= 1
    agrees(body, recorded["body"])
    assert "'read' requests" in body["error"]["message"]


async def test_arm_answers_an_update_as_recorded(account: Account, arm: Ask, observed: dict[str, Any]) -> None:
    before = account.etag
    status, headers, body = await arm("PATCH", "", json={"tags": {"a": "b"}})
    assert status == case(observed, "arm", "account PATCH/PUT")["status"]
    assert (body["properties"]["provisioningState"], body["tags"]) == ("Succeeded", {"a": "b"})
    assert body["etag"] != before
    assert "Azure-AsyncOperation" not in headers


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_vault_challenges_the_first_request_as_recorded(
    azure: Azure, ask: Ask, observed: dict[str, Any], method: str
) -> None:
    recorded = case(observed, "key_vault", "first request")
    status, headers, body = await ask(method, f"{azure.settings['ROTATION_VAULT_URL']}/secrets/chat?{KV}")
    assert status == recorded["status"]
    assert form(recorded["headers"]["www-authenticate"]).fullmatch(headers["WWW-Authenticate"])
    # Newer versions of the service put a number before the recorded text.
    assert body["error"]["message"] == "AKV10000: " + recorded["body"]["error"]["message"]
    assert azure.world.vaults[VAULT].secrets == {}


@pytest.fixture
def kv(azure: Azure, ask: Ask) -> Ask:
    async def send(method: str = "GET", path: str = "/secrets/chat/", **options: Any) -> Any:
        url = azure.settings["ROTATION_VAULT_URL"] + path
        return await ask(method, f"{url}?{KV}", "https://vault.azure.net", **options)

    return send


async def test_a_vault_sends_the_recorded_headers(azure: Azure, kv: Ask, observed: dict[str, Any]) -> None:
    azure.world.vaults[VAULT].set_secret("chat", "v")
    _, headers, _ = await kv()
    for line in case(observed, "key_vault", "response headers")["headers_seen"]:
        assert line.partition(":")[0] in headers
    assert "ETag" not in headers


@pytest.mark.parametrize("path", ["/secrets/chat/", "/deletedsecrets/chat"])
async def test_a_vault_refuses_an_unknown_secret_as_recorded(kv: Ask, observed: dict[str, Any], path: str) -> None:
    recorded = case(observed, "key_vault", "no such secret")
    status, _, body = await kv(path=path)
    assert (status, body["error"]["code"]) == (recorded["status"], recorded["body"]["error"]["code"])
    expected = "Deleted Secret not found: chat" if "deleted" in path else "Secret not found: chat"
    assert body["error"]["message"] == expected


async def test_a_vault_refuses_to_set_a_soft_deleted_name_as_recorded(
    azure: Azure, kv: Ask, observed: dict[str, Any]
) -> None:
    azure.world.vaults[VAULT].set_secret("chat", "v")
    azure.world.vaults[VAULT].delete_secret("chat")
    recorded = case(observed, "key_vault", "set on a soft-deleted name")
    status, _, body = await kv("PUT", "/secrets/chat", json={"value": "w"})
    assert status == recorded["status"]
    agrees(body, recorded["body"])


async def test_a_vault_refuses_to_read_a_disabled_version_as_recorded(
    azure: Azure, kv: Ask, observed: dict[str, Any]
) -> None:
    azure.world.vaults[VAULT].set_secret("chat", "v", enabled=False)
    recorded = case(observed, "key_vault", "get of a disabled version")
    status, _, body = await kv()
    assert (status, body) == (recorded["status"], recorded["body"])


async def test_a_vault_returns_an_expired_version_as_recorded(azure: Azure, kv: Ask, observed: dict[str, Any]) -> None:
    azure.world.vaults[VAULT].set_secret("chat", "v", expires=1)
    status, _, body = await kv()
    assert (status, body["value"]) == (case(observed, "key_vault", "get of an expired version")["status"], "v")


async def test_a_vault_refuses_a_caller_without_the_data_role_as_recorded(
    azure: Azure, kv: Ask, observed: dict[str, Any]
) -> None:
    azure.world.directory.revoke("app")
    recorded = case(observed, "key_vault", "caller lacks the data role")
    status, _, body = await kv("PUT", "/secrets/chat", json={"value": "w"})
    assert status == recorded["status"]
    agrees(body, recorded["body"])


async def test_a_vault_firewall_refuses_as_recorded(azure: Azure, kv: Ask, observed: dict[str, Any]) -> None:
    azure.world.vaults[VAULT].firewall_closed = True
    recorded = case(observed, "key_vault", "vault firewall")
    status, _, body = await kv()
    assert status == recorded["status"]
    agrees(body, recorded["body"])


async def test_a_vault_throttles_as_recorded(azure: Azure, kv: Ask, observed: dict[str, Any]) -> None:
    azure.world.faults.add("kv.getSecret", "status", status=429, code="Throttled", retry_after=2)
    status, headers, _ = await kv()
    assert (status, headers["Retry-After"]) == (case(observed, "key_vault", "throttled")["status"], "2")


@pytest.fixture
def probe(azure: Azure, account: Account, ask: Ask) -> Ask:
    async def send(key: str | None = None, **options: Any) -> Any:
        headers = {"api-key": key or account.keys["key1"].value}
        return await ask("GET", azure.world.endpoint(account) + MODELS, headers=headers, **options)

    return send


async def test_azure_openai_refuses_a_wrong_or_missing_key_as_recorded(
    azure: Azure, account: Account, ask: Ask, probe: Ask, observed: dict[str, Any]
) -> None:
    recorded = case(observed, "azure_openai", "wrong, old or missing key")
    for status, headers, body in (await probe("wrong"), await ask("GET", azure.world.endpoint(account) + MODELS)):
        assert status == recorded["status"]
        assert body == recorded["bodies"][0]
        assert headers["Content-Length"] == "224"
        assert "apim-request-id" in headers


async def test_azure_openai_refuses_disabled_keys_as_recorded(
    azure: Azure, account: Account, probe: Ask, observed: dict[str, Any]
) -> None:
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    recorded = case(observed, "azure_openai", "keys disabled")
    status, _, body = await probe()
    assert (status, body) == (recorded["status"], recorded["body"])


async def test_azure_openai_network_rules_refuse_as_recorded(
    azure: Azure, account: Account, probe: Ask, observed: dict[str, Any]
) -> None:
    azure.world.accounts.update(account.id, {"network_acls": {"defaultAction": "Deny", "ipRules": []}})
    recorded = case(observed, "azure_openai", "network rules refuse the caller")
    status, headers, body = await probe()
    assert (status, body) == (recorded["status"], recorded["body"])
    assert headers["policy-id"] == "ThrowExceptionDueToTrafficDenied"
    azure.world.accounts.update(
        account.id, {"network_acls": {"defaultAction": "Deny", "ipRules": [{"value": "127.0.0.1"}]}}
    )
    assert (await probe())[0] == 200


async def test_disabled_public_access_refuses_before_the_key_is_checked(
    azure: Azure, account: Account, probe: Ask, observed: dict[str, Any]
) -> None:
    azure.world.accounts.update(account.id, {"public_network_access": "Disabled"})
    recorded = case(observed, "azure_openai", "public network access disabled")
    status, _, body = await probe("a wrong key")
    assert (status, body) == (recorded["status"], recorded["body"])
    assert azure.world.accounts.uses == []


async def test_the_regional_host_refuses_an_account_with_network_rules_as_recorded(
    azure: Azure, ask: Ask, observed: dict[str, Any]
) -> None:
    regional = azure.world.accounts.add("regional", subdomain=None, location="westus3")
    headers = {"api-key": regional.keys["key1"].value}
    assert (await ask("GET", f"{azure.urls['aoai']}/westus3/{MODELS}", headers=headers))[0] == 200
    azure.world.accounts.update(regional.id, {"network_acls": {"defaultAction": "Deny"}})
    recorded = case(observed, "azure_openai", "network rules set but the regional host")
    status, _, body = await ask("GET", f"{azure.urls['aoai']}/westus3/{MODELS}", headers=headers)
    assert (status, body) == (recorded["status"], recorded["body"])


async def test_azure_openai_throttles_probes_as_recorded(
    azure: Azure, account: Account, probe: Ask, observed: dict[str, Any]
) -> None:
    azure.world.clock.freeze()
    azure.world.limits.on = True
    while not azure.world.limits.inference(account.id):
        pass
    recorded = case(observed, "azure_openai", "too many requests")
    status, headers, body = await probe()
    assert (status, body["error"]["code"]) == (recorded["status"], recorded["body"]["error"]["code"])
    assert "exceeded call rate limit" in body["error"]["message"]
    assert {"retry-after", "retry-after-ms", "x-ratelimit-remaining-requests"} <= {name.lower() for name in headers}


async def test_azure_openai_refuses_a_token_without_the_data_role_as_recorded(
    azure: Azure, account: Account, ask: Ask, observed: dict[str, Any]
) -> None:
    azure.world.directory.revoke("app")
    recorded = case(observed, "azure_openai", "Entra token accepted but the data role is missing")
    url = azure.world.endpoint(account) + MODELS
    status, _, body = await ask("GET", url, "https://cognitiveservices.azure.com")
    assert status == recorded["status"]
    agrees(body, recorded["body"])


@pytest.mark.parametrize("role", ["all roles", "no role"])
async def test_azure_openai_refuses_a_token_without_a_custom_subdomain_as_reported(
    azure: Azure, ask: Ask, observed: dict[str, Any], role: str
) -> None:
    regional = azure.world.accounts.add("regional", subdomain=None, location="westus3")
    if role == "no role":
        azure.world.directory.revoke("app")
    reported = case(observed, "azure_openai", "Entra token sent to the regional host")
    url = azure.world.endpoint(regional) + MODELS
    status, _, body = await ask("GET", url, "https://cognitiveservices.azure.com")
    assert status == reported["status"]
    agrees(body, reported["body"])
    assert (await ask("GET", url, headers={"api-key": regional.keys["key2"].value}))[0] == 200


@pytest.fixture
def publish(azure: Azure, ask: Ask) -> Ask:
    async def send(**options: Any) -> Any:
        url = azure.settings["EVENT_GRID_TOPIC_ENDPOINT"] + "?api-version=2018-01-01"
        headers = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
        events = [{"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "data": {}}]
        facts = {"json": events, "headers": headers, **options}
        return await ask("POST", url, "https://eventgrid.azure.net", **facts)

    return send


async def test_event_grid_accepts_a_publish_as_recorded(azure: Azure, publish: Ask, observed: dict[str, Any]) -> None:
    recorded = case(observed, "event_grid", "publish accepted")
    status, headers, body = await publish()
    assert (status, body) == (recorded["status"], recorded["body"])
    for line in recorded["headers_seen"]:
        name, _, value = line.partition(": ")
        assert headers[name] == value if value else name in headers
    assert len(azure.world.topics[TOPIC].events) == 1


async def test_event_grid_refuses_a_publisher_without_the_role_as_recorded(
    azure: Azure, publish: Ask, observed: dict[str, Any]
) -> None:
    azure.world.directory.revoke("app")
    recorded = case(observed, "event_grid", "token without the send role")
    status, _, body = await publish()
    assert status == recorded["status"]
    agrees(body, recorded["body"])


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_event_grid_refuses_a_batch_that_is_too_large_as_recorded(publish: Ask, observed: dict[str, Any]) -> None:
    events = [{"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "data": {"x": "x" * 1024 * 1024}}]
    assert (await publish(json=events))[0] == case(observed, "event_grid", "body or batch over 1 MB")["status"]


async def test_the_identity_endpoint_returns_a_token_as_recorded(
    azure: Azure, ask: Ask, observed: dict[str, Any]
) -> None:
    recorded = case(observed, "managed_identity", "App Service / Functions token")
    url = f"{azure.settings['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=https://management.azure.com"
    status, _, body = await ask("GET", url, headers={"X-IDENTITY-HEADER": azure.settings["IDENTITY_HEADER"]})
    assert status == recorded["status"]
    assert {name: type(value) for name, value in body.items()} == {
        name: type(value) for name, value in recorded["body"].items()
    }
    assert body["resource"] == "https://management.azure.com"


@pytest.mark.parametrize("given", [{}, {"X-IDENTITY-HEADER": "wrong"}])
async def test_the_identity_endpoint_refuses_a_wrong_header_as_recorded(
    azure: Azure, ask: Ask, observed: dict[str, Any], given: dict[str, str]
) -> None:
    recorded = case(observed, "managed_identity", "error")
    url = f"{azure.settings['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=https://management.azure.com"
    status, _, body = await ask("GET", url, headers=given)
    assert (status, body) == (recorded["status"], recorded["body"])
