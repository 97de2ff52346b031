"""Consumers under load: each is several `openai` clients that call one account without pause, and can move."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from azure.identity import ManagedIdentityCredential
from azure.identity.aio import ManagedIdentityCredential as AsyncIdentity
from azure.identity.aio import get_bearer_token_provider
from azure.keyvault.secrets import SecretClient
from openai import APIError, AsyncOpenAI, AuthenticationError
from rotating_key import AsyncRotatingKey, RotatingKey

from lab.emulator.accounts import Account
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure
from lab.prove.sunset.cast import ADDRESSES, Way
from samples.no_key.python.chat import SCOPE

PATIENCE = 30.0
KEY_AGE = 0.3  # seconds of this machine, in which less than a day of the drill passes
QUESTION: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Are you there?"}]}

type Call = Callable[[], Awaitable[None]]


@dataclass
class Consumer:
    """One consumer of one account.

    part: The account, by its name.
    way: How it calls from now on.
    made: How many requests it made, by the way in which each was made.
    repeated: How many answers were 401, after which the request was made again with the key that the vault has now.
    failed: The error of each request that failed in the end.
    network: The beginning of the addresses that it calls from. Empty: that of its account in the sunset drill.
    """

    part: str
    way: Way
    made: Counter[Way] = field(default_factory=Counter)
    repeated: int = 0
    failed: list[str] = field(default_factory=list)
    network: str = ""

    async def run(self, calls: dict[Way, Call], stop: asyncio.Event) -> None:
        """Make requests, one after the other, until `stop` is set."""
        while not stop.is_set():
            way = self.way
            try:
                await calls[way]()
            except APIError as error:
                self.failed.append(f"{way}: {type(error).__name__} {error.message}"[:160])
            self.made[way] += 1


@asynccontextmanager
async def calling(azure: Azure, consumers: Sequence[Consumer], clients: int) -> AsyncIterator[None]:
    """Let each consumer call with this many clients until the block ends. Raises what a client raises but API errors.

    The process's environment must be that of the emulated Azure (`in_environment`).
    """
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        runs = [
            one.run(await _ways(stack, azure, one, f"{one.network or ADDRESSES[one.part]}{number}"), stop)
            for one in consumers
            for number in range(1, clients + 1)
        ]
        async with asyncio.TaskGroup() as group:
            for run in runs:
                group.create_task(run)
            try:
                yield
            finally:
                stop.set()


async def _ways(stack: AsyncExitStack, azure: Azure, consumer: Consumer, address: str) -> dict[Way, Call]:
    """Return one client's three ways to make a request. All of them come from one address."""
    account, identity = azure.world.accounts.named(consumer.part), _identity(azure, consumer.part)
    token = get_bearer_token_provider(
        await stack.enter_async_context(AsyncIdentity(client_id=identity.client_id)), SCOPE
    )
    key = AsyncRotatingKey(RotatingKey(_vault(stack, azure, identity), f"{account.name}-key", max_age=KEY_AGE))
    copied = account.keys["key1"].value

    async def opened(api_key: Any) -> AsyncOpenAI:  # noqa: ANN401 - a key, or what returns one
        transport = httpx2.AsyncHTTPTransport(verify=azure.ssl_context, local_address=address)
        http = await stack.enter_async_context(httpx2.AsyncClient(transport=transport))
        base = f"{azure.world.endpoint(account)}openai/v1/"
        return AsyncOpenAI(base_url=base, api_key=api_key, max_retries=0, http_client=http)

    return {
        Way.IDENTITY: _asking(await opened(token)),
        Way.COPY: _asking(await opened(copied)),
        Way.VAULT: _surviving(consumer, key, _asking(await opened(key))),
    }


def _asking(client: AsyncOpenAI) -> Call:
    async def ask() -> None:
        await client.chat.completions.create(**QUESTION)

    return ask


def _surviving(consumer: Consumer, key: AsyncRotatingKey, ask: Call) -> Call:
    """Return a request that survives a change of the key, as the sample does."""

    async def counted() -> None:
        try:
            await ask()
        except AuthenticationError:
            consumer.repeated += 1
            raise

    async def survive() -> None:
        await key.surviving_a_change(counted, PATIENCE)

    return survive


def _vault(stack: AsyncExitStack, azure: Azure, identity: Identity) -> SecretClient:
    credential = stack.enter_context(ManagedIdentityCredential(client_id=identity.client_id))
    url = azure.settings["ROTATION_VAULT_URL"]
    return stack.enter_context(SecretClient(url, credential, verify_challenge_resource=False))


def _identity(azure: Azure, name: str) -> Identity:
    return azure.world.directory.identities[name]


async def refusal(azure: Azure, account: Account, key: str = "") -> str:
    """Return how an account answers one request with a key, or with an Entra token if none is given: the code of its
    refusal, or an empty text."""
    async with AsyncExitStack() as stack:
        client_id = _identity(azure, account.name).client_id
        credential = await stack.enter_async_context(AsyncIdentity(client_id=client_id))
        http = await stack.enter_async_context(httpx2.AsyncClient(verify=azure.ssl_context))
        base = f"{azure.world.endpoint(account)}openai/v1/"
        api_key = key or get_bearer_token_provider(credential, SCOPE)
        try:
            await _asking(AsyncOpenAI(base_url=base, api_key=api_key, max_retries=0, http_client=http))()
        except APIError as error:
            return f"{getattr(error, 'status_code', '')} {error.code}".strip()
        return ""
