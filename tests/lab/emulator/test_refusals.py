"""Requests that are invalid or not imitated are refused with a reason and change nothing."""

import ast
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.emulator.seed import TOPIC, VAULT
from lab.emulator.serve import Azure
from lab.emulator.snapshot import snapshot
from tests.lab.emulator.clients import Clients

Ask = Callable[..., Awaitable[tuple[int, str]]]
AUDIENCES = {
    "arm": "https://management.azure.com",
    "kv": "https://vault.azure.net",
    "eg": "https://eventgrid.azure.net",
    "blob": "https://storage.azure.com",
    "queue": "https://storage.azure.com",
}
ACCOUNT = "/subscriptions/{s}/resourceGroups/emulated/providers/Microsoft.CognitiveServices/accounts/account-001"
ACCOUNTS = "/subscriptions/{s}/providers/Microsoft.CognitiveServices/accounts"
ARM = "api-version=2025-09-01"
KV = "api-version=2026-04-01"
EG = f"/{TOPIC}/api/events?api-version=2018-01-01"
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    """Sends an authenticated request; {s} in the path stands for the subscription."""

    async def send(service: str, method: str, path: str, **options: Any) -> tuple[int, str]:
        base = azure.world.vaults[VAULT].url if service == "kv" else azure.urls[service]
        headers = dict(options.pop("headers", {}))
        if service in AUDIENCES:
            headers["Authorization"] = f"Bearer {await clients.token(AUDIENCES[service])}"
        url = base + path.replace("{s}", azure.world.subscription)
        async with session.request(method, url, headers=headers, **options) as answer:
            return answer.status, await answer.text()

    return send


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("arm", "PUT", f"{ACCOUNT}?{ARM}"),
        ("arm", "DELETE", f"{ACCOUNT}?{ARM}"),
        ("arm", "GET", f"{ACCOUNT}/deployments?{ARM}"),
        ("arm", "GET", "/subscriptions/{s}/resources?api-version=2024-11-01"),
        ("arm", "GET", "/subscriptions/{s}/providers?api-version=2024-11-01"),
        ("arm", "PUT", f"{ACCOUNT}/providers/Microsoft.Resources/tags/default?api-version=2024-11-01"),
        ("kv", "POST", f"/secrets/chat/backup?{KV}"),
        ("kv", "GET", f"/keys?{KV}"),
        ("eg", "POST", "/topics/t:publish"),
        ("aoai", "POST", "/account-001/openai/v1/embeddings"),
        ("identity", "GET", "/metadata/identity/oauth2/token"),
        ("logs", "GET", "/v1/workspaces/w/metadata"),
        ("blob", "GET", "/devstoreaccount1?comp=properties&restype=service"),
        ("queue", "GET", "/devstoreaccount1?comp=stats&restype=service"),
        ("queue", "PUT", "/devstoreaccount1/q?comp=acl"),
    ],
)
async def test_what_is_not_imitated_is_refused_with_501_and_its_name_in_every_service(
    ask: Ask, service: str, method: str, path: str
) -> None:
    answered, text = await ask(service, method, path)
    assert answered == 501
    assert "does not imitate" in text
    assert method in text


@pytest.mark.parametrize(
    ("service", "method", "path", "code"),
    [
        ("arm", "GET", ACCOUNT, "MissingApiVersionParameter"),
        ("arm", "GET", f"{ACCOUNT}?api-version=2024-10-01", "InvalidApiVersionParameter"),
        ("arm", "GET", f"{ACCOUNTS}?{ARM}&$skiptoken=x", "InvalidSkipToken"),
        ("arm", "PATCH", f"{ACCOUNT}?{ARM}", "InvalidRequestContent"),
        ("arm", "POST", f"{ACCOUNT}/regenerateKey?{ARM}", "InvalidRequestContent"),
        ("kv", "GET", "/secrets?api-version=7.1", "BadParameter"),
        ("kv", "GET", f"/secrets?{KV}&maxresults=26", "BadParameter"),
        ("kv", "GET", f"/secrets?{KV}&$skiptoken=!", "BadParameter"),
        ("kv", "PUT", f"/secrets/chat?{KV}", "BadParameter"),
        ("eg", "POST", f"/{TOPIC}/api/events?api-version=2020-01-01", "BadRequest"),
        ("eg", "POST", EG, "BadRequest"),
        ("blob", "PUT", "/devstoreaccount1/UPPER?restype=container", "InvalidResourceName"),
        ("queue", "PUT", "/devstoreaccount1/a--b", "InvalidResourceName"),
        ("queue", "POST", "/devstoreaccount1/work/messages", "InvalidXmlDocument"),
        ("queue", "POST", "/devstoreaccount1/work/messages?messagettl=x", "InvalidQueryParameterValue"),
        ("queue", "GET", "/devstoreaccount1/work/messages?numofmessages=33", "OutOfRangeQueryParameterValue"),
    ],
)
async def test_an_invalid_request_is_a_bad_request_and_changes_nothing(
    azure: Azure, ask: Ask, service: str, method: str, path: str, code: str
) -> None:
    azure.world.queues.create("work")
    azure.world.clock.freeze()
    before = snapshot(azure.world, reveal=True)
    body = b"<QueueMessage><MessageText>x</MessageText></QueueMessage>" if "messagettl" in path else b"not it"
    status, text = await ask(service, method, path, data=None if method == "GET" else body)
    assert status == 400
    assert code in text
    assert snapshot(azure.world, reveal=True) == before


@pytest.mark.parametrize("body", [b"{}", b"not JSON", b"[1]"])
async def test_a_body_that_is_not_a_batch_of_events_is_refused(azure: Azure, ask: Ask, body: bytes) -> None:
    assert (await ask("eg", "POST", EG, data=body, headers=BATCH))[0] == 400
    assert azure.world.topics[TOPIC].events == []


async def test_an_unknown_topic_subscription_or_group_is_not_found(ask: Ask) -> None:
    assert (await ask("eg", "POST", "/absent/api/events?api-version=2018-01-01", json=[], headers=BATCH))[0] == 404
    answers = [
        await ask("arm", "GET", f"/subscriptions/absent/providers/Microsoft.CognitiveServices/accounts?{ARM}"),
        await ask("arm", "GET", f"{ACCOUNT.replace('emulated', 'absent').rsplit('/', 1)[0]}?{ARM}"),
    ]
    assert [status for status, _ in answers] == [404, 404]
    assert [name in text for name, (_, text) in zip(("Subscription", "ResourceGroup"), answers, strict=True)] == [
        True
    ] * 2


async def test_a_chat_without_messages_is_refused(azure: Azure, ask: Ask) -> None:
    key = {"api-key": azure.world.accounts.named("account-001").keys["key1"].value}
    path = "/account-001/openai/v1/chat/completions"
    for options in ({"json": {"messages": []}}, {"data": b"not JSON"}):
        assert (await ask("aoai", "POST", path, headers=key, **options))[0] == 400


@pytest.mark.parametrize("token", ["", "Bearer x", "Bearer \u00e9.\u00e9.\u00e9", "SharedKey a:b", "Basic x"])
@pytest.mark.parametrize("service", ["arm", "kv", "eg", "blob", "queue"])
async def test_every_service_refuses_an_unknown_caller(
    azure: Azure, session: aiohttp.ClientSession, service: str, token: str
) -> None:
    paths = {
        "arm": ACCOUNTS.replace("{s}", azure.world.subscription) + f"?{ARM}",
        "kv": f"/secrets?{KV}",
        "eg": EG,
        "blob": "/devstoreaccount1?comp=list",
        "queue": "/devstoreaccount1?comp=list",
    }
    base = azure.world.vaults[VAULT].url if service == "kv" else azure.urls[service]
    headers = {"Authorization": token} if token else {}
    method = "POST" if service == "eg" else "GET"
    async with session.request(method, base + paths[service], headers=headers) as answer:
        assert answer.status == (403 if "SharedKey" in token and service in ("blob", "queue") else 401)


def test_the_emulator_imports_nothing_that_it_is_used_to_test() -> None:
    foreign = {"shared", "cli", "function_app", "azure", "tests", "openai", "msal"}
    for path in (Path(__file__).parents[3] / "lab" / "emulator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [item.name for item in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & foreign, path
            assert not any(name.startswith("lab.") and not name.startswith("lab.emulator") for name in names), path
