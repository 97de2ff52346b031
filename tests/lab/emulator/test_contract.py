"""The comparison with the OpenAPI descriptions finds deviations.

Without these tests, an exchange without problems would prove nothing.
"""

import json

import pytest

from tests.lab.emulator.contract import Exchange, problems

ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a"
ARM = f"https://arm{ACCOUNT}"
VERSION = "?api-version=2025-09-01"
KEYS = {"key1": "a", "key2": "b"}


def exchange(**facts: object) -> Exchange:
    valid = {
        "service": "arm",
        "method": "POST",
        "url": f"{ARM}/regenerateKey{VERSION}",
        "request": b'{"keyName": "Key1"}',
        "status": 200,
        "response": json.dumps(KEYS).encode(),
    }
    return Exchange(**{**valid, **facts})  # type: ignore[arg-type]


def test_a_valid_exchange_has_no_problems() -> None:
    assert problems(exchange()) == []


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"request": b'{"keyName": "key1"}'}, "request $.keyName: enum"),
        ({"request": b"{}"}, "request $: required"),
        ({"request": b""}, "the request body is not JSON"),
        ({"url": f"{ARM}/regenerateKey"}, "query parameter api-version is missing"),
        ({"response": b'{"key1": 1}'}, "response $.key1: type"),
        ({"response": b'{"Key1": "a"}'}, "response: no definition has $.Key1"),
        ({"response": b'{"key1": "a"'}, "the response body is not JSON"),
        ({"status": 201}, "status 201 is not declared"),
        ({"status": 403, "response": b'{"error": {"kode": "x"}}'}, "response: no definition has $.error.kode"),
        ({"url": f"{ARM}/rotateKey{VERSION}"}, "the description does not have this operation"),
    ],
)
def test_a_deviation_from_the_description_is_found(facts: dict[str, object], problem: str) -> None:
    assert problems(exchange(**facts)) == [problem]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"attributes": {"exp": "tomorrow"}}, "response $.attributes.exp: type"),
        ({"attributes": {"expires": 1}}, "response: no definition has $.attributes.expires"),
        ({"tags": {"a": 1}}, "response $.tags.a: type"),
    ],
)
def test_nested_properties_of_a_secret_are_compared(body: dict[str, object], problem: str) -> None:
    seen = Exchange("kv", "GET", "https://v/secrets/chat/?api-version=2026-04-01", b"", 200, json.dumps(body).encode())
    assert problems(seen) == [problem]


ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}],
}
EVENTS = b'data: {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}\n\n'
DATED, V1 = "/a/openai/deployments/m/chat/completions?api-version=2024-10-21", "/a/openai/v1/chat/completions"


@pytest.mark.parametrize(
    ("path", "asked", "answer", "found"),
    [
        (DATED, {"messages": [{"role": "user", "content": "?"}]}, ANSWER, []),
        (
            DATED.partition("?")[0],
            {"messages": [{"role": "user", "content": "?"}]},
            ANSWER,
            ["query parameter api-version is missing"],
        ),
        (
            DATED,
            {"messages": [{"role": "user", "content": "?"}]},
            {**ANSWER, "object": "chat"},
            ["response $.object: enum"],
        ),
        (V1, {"messages": [{}]}, ANSWER, ["request $: required"]),
        (V1, {"messages": [{}], "model": "m"}, EVENTS + b"data: [DONE]\n\n", []),
        (V1, {"messages": [{}], "model": "m"}, EVENTS, ["the response does not end with [DONE]"]),
        (
            V1,
            {"messages": [{}], "model": "m"},
            EVENTS.replace(b"chunk", b"piece") + b"data: [DONE]\n\n",
            ["response $.object: enum"],
        ),
    ],
)
def test_chats_are_compared_with_every_description_of_them(
    path: str, asked: dict[str, object], answer: dict[str, object] | bytes, found: list[str]
) -> None:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    assert problems(Exchange("aoai", "POST", f"https://h{path}", json.dumps(asked).encode(), 200, body)) == found
