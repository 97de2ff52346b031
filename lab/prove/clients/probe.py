"""Tries each way to give a client of `openai` the key, in whatever version is installed. `__main__` starts it.

It prints one line of JSON for each way: its name, and the error if it failed. Before the second call it prints `change`
and waits for a line on standard input: meanwhile the key that it holds is regenerated.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import openai
from azure.identity import ManagedIdentityCredential, get_bearer_token_provider
from azure.keyvault.secrets import SecretClient
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI
from rotating_key import AsyncRotatingKey, RotatingKey
from rotating_key.for_openai import following, following_async

from samples.no_key.python import chat, chat_dated

ENDPOINT = os.environ["AZURE_OPENAI_ENDPOINT"]
V1: dict[str, Any] = {"base_url": f"{ENDPOINT}openai/v1/", "max_retries": 0}
DATED: dict[str, Any] = {"azure_endpoint": ENDPOINT.rstrip("/"), "api_version": "2024-10-21", "max_retries": 0}
QUESTION: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}
CREDENTIAL = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])


def secrets() -> SecretClient:
    """Return a client for the emulated vault."""
    return SecretClient(os.environ["VAULT_URL"], CREDENTIAL, verify_challenge_resource=False)


def ask(client: Any) -> None:  # noqa: ANN401 - of either class
    """Make one request. Raises an error of openai if it fails."""
    assert client.chat.completions.create(**QUESTION).choices[0].message.content


def change() -> None:
    """Let the key be regenerated."""
    print("change", flush=True)
    sys.stdin.readline()


def follows(make: Callable[[RotatingKey], Any]) -> None:
    """Call with a client that follows the key by itself."""
    with RotatingKey(secrets, "chat-key") as key, make(key) as client:
        ask(client)
        change()
        ask(client)


def is_called(make: Callable[[RotatingKey], Any]) -> None:
    """Call with a client that asks for the key, and repeat what is refused."""
    with RotatingKey(secrets, "chat-key") as key, make(key) as client:
        ask(client)
        change()
        key.surviving_a_change(lambda: ask(client), patience=10)


def is_given(make: Callable[[str], Any]) -> None:
    """Set the key before each call, as with clients that take none but a text."""
    with RotatingKey(secrets, "chat-key") as key, make(key()) as client:

        def call() -> None:
            client.api_key = key()
            ask(client)

        call()
        change()
        key.surviving_a_change(call, patience=10)


def asynchronously(make: Callable[[RotatingKey], Any], patience: float) -> None:
    """Call with an asynchronous client; with patience, repeat what is refused."""

    async def run() -> None:
        with RotatingKey(secrets, "chat-key") as key:
            async with make(key) as client:

                async def call() -> None:
                    assert (await client.chat.completions.create(**QUESTION)).choices[0].message.content

                await call()
                await asyncio.to_thread(change)
                again: Callable[[], Awaitable[None]] = partial(
                    AsyncRotatingKey(key).surviving_a_change, call, patience=patience
                )
                await again()

    asyncio.run(run())


@contextmanager
def left_over() -> Iterator[None]:
    """Leave keys in the environment while the block runs."""
    names = ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")
    os.environ.update(dict.fromkeys(names, "left-over"))
    yield
    for name in names:
        os.environ.pop(name, None)


def without_a_key(make: Callable[..., Any]) -> None:
    """Call with a client of a sample that needs no key. A key in the request would be refused."""
    with left_over(), make(ENDPOINT, get_bearer_token_provider(CREDENTIAL, chat.SCOPE)) as client:
        ask(client)


WAYS: dict[str, Callable[[], None]] = {
    "following": lambda: follows(lambda key: OpenAI(**V1, **following(key))),
    "following_dated": lambda: follows(lambda key: AzureOpenAI(**DATED, **following(key))),
    "following_async": lambda: asynchronously(lambda key: AsyncOpenAI(**V1, **following_async(key)), 0),
    "following_async_dated": lambda: asynchronously(lambda key: AsyncAzureOpenAI(**DATED, **following_async(key)), 0),
    "callable": lambda: is_called(lambda key: OpenAI(**V1, api_key=key)),
    "callable_async": lambda: asynchronously(lambda key: AsyncOpenAI(**V1, api_key=AsyncRotatingKey(key)), 10),
    "callable_dated": lambda: is_called(lambda key: AzureOpenAI(**DATED, api_key=key)),
    "callable_sync_for_async": lambda: asynchronously(lambda key: AsyncOpenAI(**V1, api_key=key), 10),  # type: ignore[arg-type]
    "set_before_each_call": lambda: is_given(lambda key: OpenAI(**V1, api_key=key)),
    "set_before_each_call_dated": lambda: is_given(lambda key: AzureOpenAI(**DATED, api_key=key)),
    "no_key": lambda: without_a_key(chat.client_for),
    "no_key_dated": lambda: without_a_key(chat_dated.client_for),
}


def main() -> int:
    """Try all ways. Return 0."""
    print(json.dumps({"version": openai.__version__}), flush=True)
    for name, way in WAYS.items():
        try:
            way()
            error = ""
        except Exception as failed:  # noqa: BLE001 - what a version does with what it does not know
            error = f"{type(failed).__name__}"
        print(json.dumps({"way": name, "error": error}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
