"""The package for consumers in Python, with the real clients of openai and Key Vault."""

import logging
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import AsyncAzureOpenAI, AsyncOpenAI, AuthenticationError, AzureOpenAI, OpenAI
from rotating_key import AsyncRotatingKey, RotatingKey
from rotating_key.for_openai import following, following_async

from lab.emulator.accounts import fingerprint
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World

QUESTION: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}
DATED = "2024-10-21"


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure that has the account `chat` with key 1 published."""
    world = World()
    world.add_vault("keys")
    account = world.accounts.add("chat")
    world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
    with running_in_thread(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        yield served


@pytest.fixture
def key(azure: Azure) -> Iterator[RotatingKey]:
    """The key of the account `chat`, as the vault has it."""
    url = azure.settings["ROTATION_VAULT_URL"]
    with (
        ManagedIdentityCredential(client_id=azure.settings["AZURE_CLIENT_ID"]) as credential,
        SecretClient(url, credential, verify_challenge_resource=False) as secrets,
    ):
        yield RotatingKey(secrets, "chat-key")


@pytest.fixture
def client(azure: Azure, key: RotatingKey) -> Iterator[OpenAI]:
    """An openai client that has the key as a callable."""
    with OpenAI(base_url=v1(azure), api_key=key, max_retries=0) as made:
        yield made


def v1(azure: Azure) -> str:
    """Return the v1 address of the account `chat`."""
    return f"{azure.world.endpoint(azure.world.accounts.named('chat'))}openai/v1/"


def dated(azure: Azure) -> dict[str, Any]:
    """Return the arguments of a client for the dated paths of the account `chat`."""
    endpoint = azure.world.endpoint(azure.world.accounts.named("chat"))
    return {"azure_endpoint": endpoint, "api_version": DATED, "max_retries": 0}


def ask(client: OpenAI) -> str | None:
    """Make one request and return the answer."""
    return client.chat.completions.create(**QUESTION).choices[0].message.content


def regenerate_by_hand(azure: Azure, publish_after: float | None) -> None:
    """Let somebody regenerate key 1 by hand. The vault gets the new value so many seconds later."""
    account = azure.world.accounts.named("chat")
    azure.world.accounts.regenerate(account.id, "key1")
    value = account.keys["key1"].value
    if publish_after is not None:
        threading.Timer(publish_after, lambda: azure.world.vaults["keys"].set_secret("chat-key", value)).start()


def reads(azure: Azure) -> int:
    """Return how often the secret was read."""
    return azure.world.journal.count("kv.getSecret", effect=True)


def test_the_key_is_read_once_for_several_requests(azure: Azure, client: OpenAI) -> None:
    assert ask(client)
    assert ask(client)
    assert reads(azure) == 1


def test_a_new_publication_is_used_when_the_key_is_older_than_max_age(
    azure: Azure, key: RotatingKey, client: OpenAI
) -> None:
    assert ask(client)
    account = azure.world.accounts.named("chat")
    azure.world.vaults["keys"].set_secret("chat-key", account.keys["key2"].value)
    key._late_at = key._early_at = key._not_before = 0.0  # as if its age were over
    assert ask(client)
    assert azure.world.accounts.uses[-1].fingerprint == fingerprint(account.keys["key2"].value)


def test_a_request_survives_a_key_regenerated_by_hand_when_the_new_value_is_published(
    azure: Azure, key: RotatingKey, client: OpenAI
) -> None:
    assert ask(client)
    regenerate_by_hand(azure, 0.3)
    assert key.surviving_a_change(lambda: ask(client), patience=10)


def test_a_request_fails_if_the_key_is_still_refused_after_the_patience(
    azure: Azure, key: RotatingKey, client: OpenAI
) -> None:
    regenerate_by_hand(azure, None)
    with pytest.raises(AuthenticationError):
        key.surviving_a_change(lambda: ask(client), patience=0.3)


async def test_the_asynchronous_client_uses_the_key_and_survives_one_regenerated_by_hand(
    azure: Azure, key: RotatingKey
) -> None:
    shared = AsyncRotatingKey(key)
    async with AsyncOpenAI(base_url=v1(azure), api_key=shared, max_retries=0) as asking:

        async def answer() -> str | None:
            return (await asking.chat.completions.create(**QUESTION)).choices[0].message.content

        assert await answer()
        regenerate_by_hand(azure, 0.3)
        assert await shared.surviving_a_change(answer, patience=10)
        regenerate_by_hand(azure, None)
        with pytest.raises(AuthenticationError):
            await shared.surviving_a_change(answer, patience=0.3)


@pytest.mark.parametrize("kind", ["v1", "dated"])
def test_a_client_that_follows_the_key_needs_nothing_around_its_calls(
    azure: Azure, key: RotatingKey, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "left over")
    monkeypatch.setenv("OPENAI_API_KEY", "left over")
    made: Any = (
        AzureOpenAI(**dated(azure), **following(key))
        if kind == "dated"
        else OpenAI(base_url=v1(azure), max_retries=0, **following(key))
    )
    with made as client:
        assert ask(client)
        regenerate_by_hand(azure, 0.3)
        assert ask(client)
        regenerate_by_hand(azure, 0)
        assert ask(client.with_options(timeout=20))


@pytest.mark.parametrize("kind", ["v1", "dated"])
async def test_an_asynchronous_client_that_follows_the_key_does_so_too(
    azure: Azure, key: RotatingKey, kind: str
) -> None:
    made: Any = (
        AsyncAzureOpenAI(**dated(azure), **following_async(key))
        if kind == "dated"
        else AsyncOpenAI(base_url=v1(azure), max_retries=0, **following_async(key))
    )
    async with made as client:
        assert await client.chat.completions.create(**QUESTION)
        regenerate_by_hand(azure, 0.3)
        assert await client.chat.completions.create(**QUESTION)


def test_a_client_that_follows_the_key_gives_up_after_the_patience(azure: Azure, key: RotatingKey) -> None:
    with OpenAI(base_url=v1(azure), max_retries=0, **following(key, patience=0.3)) as client:
        assert ask(client)
        regenerate_by_hand(azure, None)
        with pytest.raises(AuthenticationError):
            ask(client)


@pytest.mark.parametrize("way", ["following", "callable"])
def test_no_log_of_any_package_shows_a_key_even_at_its_loudest(
    azure: Azure, key: RotatingKey, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = following(key) if way == "following" else {"api_key": key}
    account = azure.world.accounts.named("chat")
    values = [account.keys["key1"].value]
    with caplog.at_level(logging.DEBUG), OpenAI(base_url=v1(azure), max_retries=0, **given) as client:
        assert ask(client)
        regenerate_by_hand(azure, 0)
        values.append(account.keys["key1"].value)
        assert key.surviving_a_change(lambda: ask(client), patience=10)
    assert "chat/completions" in caplog.text
    assert not any(value in caplog.text for value in values)


@pytest.mark.parametrize("way", ["following", "surviving_a_change"])
def test_a_key_that_was_refused_in_vain_is_refused_at_once_until_there_is_another_one(
    azure: Azure, key: RotatingKey, way: str
) -> None:
    uses = azure.world.accounts.uses
    given: dict[str, Any] = following(key, patience=0.5) if way == "following" else {"api_key": key}
    with OpenAI(base_url=v1(azure), max_retries=0, **given) as client:

        def call() -> str | None:
            return ask(client) if way == "following" else key.surviving_a_change(lambda: ask(client), patience=0.5)

        assert call()
        regenerate_by_hand(azure, None)
        before = len(uses)
        with pytest.raises(AuthenticationError):
            call()
        assert len(uses) - before > 1
        before = len(uses)
        for _ in range(5):
            with pytest.raises(AuthenticationError):
                call()
        assert len(uses) - before == 5
        value = azure.world.accounts.named("chat").keys["key1"].value
        azure.world.vaults["keys"].set_secret("chat-key", value)
        key._not_before = 0.0  # as if the pace allowed a read
        assert call()
        regenerate_by_hand(azure, 0.2)
        assert call()  # patient again


def test_an_old_client_takes_the_key_before_each_call(azure: Azure, key: RotatingKey) -> None:
    with AzureOpenAI(**dated(azure), api_key=key()) as client:
        assert ask(client)
        regenerate_by_hand(azure, 0)
        with pytest.raises(AuthenticationError):
            ask(client)
        client.api_key = key.read_again()
        while client.api_key != azure.world.accounts.named("chat").keys["key1"].value:
            client.api_key = key.read_again()
        assert ask(client)


def test_while_the_vault_is_out_a_refused_call_is_repeated_with_the_key_that_was_read(
    azure: Azure, key: RotatingKey, client: OpenAI
) -> None:
    assert ask(client)
    azure.world.down.add("kv")
    refusal = SimpleNamespace(request=None, status_code=401, headers={})
    refusals = [AuthenticationError("no", response=refusal, body=None)]  # type: ignore[arg-type]

    def call() -> str | None:
        if refusals:
            raise refusals.pop()
        return ask(client)

    assert key.surviving_a_change(call, patience=10)
