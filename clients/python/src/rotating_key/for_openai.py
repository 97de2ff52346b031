"""Clients of the package `openai` that follow a key: every version, `OpenAI` and `AzureOpenAI`, no callable key needed.

    client = OpenAI(base_url="https://my-account.openai.azure.com/openai/v1/", **following(key))
    client = AzureOpenAI(azure_endpoint=..., api_version="2024-10-21", **following(key))
    client = AsyncOpenAI(base_url=..., **following_async(key))
    client = AsyncAzureOpenAI(azure_endpoint=..., api_version=..., **following_async(key))

The HTTP client under the `openai` client puts the key into each request. After a 401 it reads the secret again and
repeats the request, so that the program sees nothing of a change of the key. It needs `openai` 1.55.3 or later.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Generator
from typing import Any

from openai import DefaultAsyncHttpxClient, DefaultHttpxClient

from rotating_key.key import AsyncRotatingKey, Patience, RotatingKey

PATIENCE = 60.0
PLACEHOLDER = "the HTTP client sets the key"  # the client insists on a key; no request carries this text


def following(key: RotatingKey, patience: float = PATIENCE, **http_options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the arguments that make `OpenAI` or `AzureOpenAI` follow a key.

    patience: For how many seconds a request is repeated while the key is refused.
    http_options: Further arguments of the HTTP client, such as `proxy` or `verify`.
    """
    client = DefaultHttpxClient(auth=_auth(key, patience), **http_options)
    return {"api_key": PLACEHOLDER, "http_client": client}


def following_async(key: RotatingKey, patience: float = PATIENCE, **http_options: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the arguments that make `AsyncOpenAI` or `AsyncAzureOpenAI` follow a key, as `following` does."""
    client = DefaultAsyncHttpxClient(auth=_auth(key, patience), **http_options)
    return {"api_key": PLACEHOLDER, "http_client": client}


class _Flow:
    """How a request is authenticated, for httpx (up to openai 2) and httpx2 (from openai 3) alike."""

    def __init__(self, key: RotatingKey, patience: float) -> None:
        self._key, self._patience = key, patience

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:  # noqa: ANN401 - of one of two packages
        used, left = self._key(), Patience(self._key, self._patience)
        response = yield _carrying(request, used)
        while response.status_code == 401:
            renewed = self._key.read_again(used)
            if renewed == used:
                pause = left.pause(used)
                if pause is None:
                    return
                time.sleep(pause)
                renewed = self._key.read_again(used)
            used = renewed
            response = yield _carrying(request, used)
        left.worked(used)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:  # noqa: ANN401
        key = AsyncRotatingKey(self._key)
        used, left = await key(), Patience(self._key, self._patience)
        response = yield _carrying(request, used)
        while response.status_code == 401:
            renewed = await key.read_again(used)
            if renewed == used:
                pause = left.pause(used)
                if pause is None:
                    return
                await asyncio.sleep(pause)
                renewed = await key.read_again(used)
            used = renewed
            response = yield _carrying(request, used)
        left.worked(used)


def _auth(key: RotatingKey, patience: float) -> Any:  # noqa: ANN401 - its class is made here
    """Return the authentication for the HTTP package that this version of `openai` is built on."""
    package = sys.modules[DefaultHttpxClient.__mro__[1].__module__.partition(".")[0]]
    made: Any = type("RotatingKeyAuth", (_Flow, package.Auth), {})
    return made(key, patience)


def _carrying(request: Any, key: str) -> Any:  # noqa: ANN401
    """Put the key where the client put its placeholder: `api-key` on dated paths, `Authorization` on v1."""
    if "api-key" in request.headers:
        request.headers["api-key"] = key
        request.headers.pop("Authorization", None)  # openai up to 2.33 sends it as well
    else:
        request.headers["Authorization"] = f"Bearer {key}"
    return request
