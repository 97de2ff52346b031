"""Trying a key on the account's own endpoint: what each answer means, and that the key is sent to no other host."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientTimeout, web

from lab.emulator.serve import Azure
from shared.adapters.connections import Connections
from shared.adapters.openai_endpoint import OpenAIEndpoint
from shared.domain.keys import ApiKey
from shared.ports import Answer, KeyAttempt
from tests.support import key_search
from tests.support.real_parts import Parts, Spoiled, everything_logged

UNKNOWN = ApiKey("planted-unknown-key-Zx81-Qm47-Lk29")


def live_key(parts: Parts) -> ApiKey:
    return ApiKey(parts.account().keys["key1"].value)


async def trial(parts: Parts, key: ApiKey | None = None) -> KeyAttempt:
    result: KeyAttempt = await parts.endpoint.try_key(
        parts.azure.world.endpoint(parts.account()), key or live_key(parts)
    )
    return result


async def test_a_working_key_is_accepted_with_one_call_that_costs_no_tokens(parts: Parts) -> None:
    assert await trial(parts) == KeyAttempt(Answer.ACCEPTED, "200")
    assert parts.names() == ["aoai.models"]


async def test_both_keys_are_accepted(parts: Parts) -> None:
    assert (await trial(parts, ApiKey(parts.account().keys["key2"].value))).answer is Answer.ACCEPTED


async def test_an_unknown_key_is_refused(parts: Parts) -> None:
    assert await trial(parts, UNKNOWN) == KeyAttempt(Answer.REFUSED, "401")


async def test_the_key_of_another_account_is_refused(parts: Parts) -> None:
    assert (await trial(parts, ApiKey(parts.account(2).keys["key1"].value))).answer is Answer.REFUSED


@pytest.mark.parametrize(
    "changes",
    [
        {"public_network_access": "Disabled"},
        {"network_acls": {"defaultAction": "Deny", "ipRules": [{"value": "10.1.2.3"}]}},
    ],
    ids=["no public access", "a firewall"],
)
async def test_a_refusal_by_the_network_is_not_a_refusal_of_the_key(parts: Parts, changes: dict[str, Any]) -> None:
    parts.azure.world.accounts.update(parts.account().id, changes)
    for key in (live_key(parts), UNKNOWN):
        assert (await trial(parts, key)).answer is Answer.NETWORK_REFUSED


async def test_switched_off_keys_differ_from_a_refusal_by_the_network(parts: Parts) -> None:
    parts.azure.world.accounts.update(parts.account().id, {"disable_local_auth": True})
    assert (await trial(parts)).answer is Answer.KEYS_ARE_OFF


@pytest.mark.parametrize(("after", "wait"), [(7, timedelta(seconds=7)), (None, None)])
async def test_a_429_is_unclear_and_says_how_long_to_wait(
    parts: Parts, after: float | None, wait: timedelta | None
) -> None:
    parts.azure.world.faults.add("aoai.models", "status", status=429, code="429", retry_after=after)
    assert await trial(parts) == KeyAttempt(Answer.UNCLEAR, "429", wait)


async def test_more_calls_than_the_call_rate_allows_are_unclear(parts: Parts) -> None:
    parts.azure.world.limits.on = True
    trials = [await trial(parts) for _ in range(31)]
    assert [one.answer for one in trials] == [Answer.ACCEPTED] * 30 + [Answer.UNCLEAR]
    assert trials[-1].retry_after == timedelta(seconds=1)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 408, 500, 502, 503, 504])
async def test_another_status_is_unclear(parts: Parts, status: int) -> None:
    parts.azure.world.faults.add("aoai.models", "status", status=status)
    assert await trial(parts) == KeyAttempt(Answer.UNCLEAR, str(status))


@pytest.mark.parametrize("said", ["soon", "-5", "nan", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
async def test_a_retry_after_that_is_nonsense_or_past_is_ignored(parts: Parts, spoiled: Spoiled, said: str) -> None:
    spoiled.next("aoai.models", lambda _: web.Response(status=429, headers={"Retry-After": said}))
    assert await trial(parts) == KeyAttempt(Answer.UNCLEAR, "429", None)


@pytest.mark.parametrize("said", ["²", "99999999999999999999"])
async def test_an_absurd_retry_after_raises_nothing(parts: Parts, spoiled: Spoiled, said: str) -> None:
    spoiled.next("aoai.models", lambda _: web.Response(status=429, headers={"Retry-After": said}))
    assert (await trial(parts)).answer is Answer.UNCLEAR


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
async def test_a_broken_connection_is_unclear(parts: Parts, effect: Any) -> None:
    parts.azure.world.faults.add("aoai.models", effect, times=0)
    result = await trial(parts)
    assert result.answer is Answer.UNCLEAR
    assert result.detail.startswith("no answer: ")


async def test_a_closed_port_is_unclear(parts: Parts) -> None:
    result = await parts.endpoint.try_key("https://127.0.0.1:9/", live_key(parts))
    assert result.answer is Answer.UNCLEAR


async def test_a_slow_answer_is_unclear(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts.connections.proving, "_timeout", ClientTimeout(total=0.05))
    never = asyncio.Event()
    parts.azure.world.faults.add("aoai.models", "hook", hook=lambda _: never.wait())
    result = await trial(parts)
    never.set()
    assert (result.answer, result.detail) == (Answer.UNCLEAR, "no answer: TimeoutError")


async def test_a_host_with_an_untrusted_certificate_gets_no_key(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process does not trust the emulator's authority, so the handshake fails before any request."""
    monkeypatch.delenv("SSL_CERT_FILE")
    connections = Connections()
    account = azure.world.accounts.named("account-001")
    result = await OpenAIEndpoint(connections, azure.world.endpoint(account)).try_key(
        azure.world.endpoint(account), UNKNOWN
    )
    await connections.close()
    assert (result.answer, result.detail) == (Answer.UNCLEAR, "no answer: ClientConnectorCertificateError")
    assert not azure.world.journal.entries


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:9/",
        "chat.openai.azure.com",
        "https://evil.example/",
        "https://chat.openai.azure.com@evil.example/",
        "https://",
        "https://[/",
        "https://a b/",
        "https://\x00/",
    ],
)
async def test_an_address_that_is_no_endpoint_of_an_account_gets_no_key(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setattr(parts.connections, "get_once", lambda *_: pytest.fail("a call was made"))
    result = await parts.endpoint.try_key(endpoint, UNKNOWN)
    assert result == KeyAttempt(Answer.UNCLEAR, "the address is no endpoint of an account, so no key was sent")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(parts: Parts, spoiled: Spoiled, status: int) -> None:
    elsewhere = parts.azure.world.endpoint(parts.account(2)) + "openai/models?api-version=2024-10-21"
    spoiled.next("aoai.models", lambda _: web.Response(status=status, headers={"Location": elsewhere}))
    assert (await trial(parts)).answer is Answer.UNCLEAR
    assert {use.account for use in parts.azure.world.accounts.uses} == {parts.account().id}


async def test_the_code_of_a_403_is_found_if_the_body_arrives_in_pieces(azure: Azure, parts: Parts) -> None:
    """If switched-off keys looked like a closed network, `prefer` would publish a key that nothing accepts."""

    async def slowly(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=403)
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        await answer.write(b'{"error": {"code": ')
        await asyncio.sleep(0.05)  # so that the body arrives in two pieces
        await answer.write(b'"AuthenticationTypeDisabled"}}')
        return answer

    app = web.Application()
    app.router.add_get("/openai/models", slowly)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=azure._server_context).start()
    result = await parts.endpoint.try_key(f"https://127.0.0.1:{runner.addresses[0][1]}/", UNKNOWN)
    await runner.cleanup()
    assert result.answer is Answer.KEYS_ARE_OFF


async def test_each_attempt_opens_its_own_connection(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    connector = parts.connections.proving.connector
    create = connector._create_connection

    async def noting(*arguments: Any) -> Any:
        opened.append(arguments)
        return await create(*arguments)

    monkeypatch.setattr(connector, "_create_connection", noting)
    for _ in range(3):
        assert (await trial(parts)).answer is Answer.ACCEPTED
    assert len(opened) == 3


@pytest.mark.parametrize("fault", [None, "drop_after", "malformed"])
async def test_no_answer_shows_the_key(parts: Parts, fault: Any) -> None:
    if fault:
        parts.azure.world.faults.add("aoai.models", fault, times=0)
    with everything_logged() as tape:
        results = [await trial(parts, UNKNOWN), await trial(parts)]
    values = [UNKNOWN.reveal(), live_key(parts).reveal()]
    assert not key_search.found(values, f"{results}{tape.text}")
