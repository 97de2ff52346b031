"""The sample that reads the key from the vault, run with the real openai and Key Vault clients."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import AsyncOpenAI, AuthenticationError, OpenAI

from lab.emulator.accounts import fingerprint
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from samples.openai_client.vault_key import AsyncVaultKey, VaultKey


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
def consumer(azure: Azure) -> Iterator[tuple[VaultKey, OpenAI]]:
    """The sample's key and an openai client that uses it."""
    credential = ManagedIdentityCredential(client_id=azure.settings["AZURE_CLIENT_ID"])
    url = azure.settings["ROTATION_VAULT_URL"]
    endpoint = azure.world.endpoint(azure.world.accounts.named("chat"))
    with SecretClient(url, credential, verify_challenge_resource=False) as secrets:
        key = VaultKey(secrets, "chat-key", max_age=3600)
        with OpenAI(base_url=f"{endpoint}openai/v1/", api_key=key, max_retries=0) as client:
            yield key, client
    credential.close()


def ask(client: OpenAI) -> str | None:
    """Make one request and return the answer."""
    message = {"role": "user", "content": "Are you there?"}
    return client.chat.completions.create(model="gpt-4o", messages=[message]).choices[0].message.content


def test_the_key_is_read_once_for_several_requests(azure: Azure, consumer) -> None:
    _, client = consumer
    assert ask(client)
    assert ask(client)
    assert azure.world.journal.count("kv.getSecret", effect=True) == 1


def test_a_new_publication_is_used_when_the_key_is_older_than_max_age(azure: Azure, consumer) -> None:
    key, client = consumer
    assert ask(client)
    account = azure.world.accounts.named("chat")
    azure.world.vaults["keys"].set_secret("chat-key", account.keys["key2"].value)
    key._next_read = 0.0  # as if its age were over
    assert ask(client)
    assert azure.world.accounts.uses[-1].fingerprint == fingerprint(account.keys["key2"].value)


def test_a_request_survives_a_key_regenerated_by_hand_when_the_new_value_is_published(azure: Azure, consumer) -> None:
    key, client = consumer
    assert ask(client)
    account = azure.world.accounts.named("chat")
    azure.world.accounts.regenerate(account.id, "key1")

    def heal() -> None:
        azure.world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)

    threading.Timer(0.3, heal).start()
    assert key.surviving_a_change(lambda: ask(client), patience=10)


def test_a_request_fails_if_the_key_is_still_refused_after_the_patience(azure: Azure, consumer) -> None:
    key, client = consumer
    azure.world.accounts.regenerate(azure.world.accounts.named("chat").id, "key1")
    with pytest.raises(AuthenticationError):
        key.surviving_a_change(lambda: ask(client), patience=0.3)


async def test_the_asynchronous_client_uses_the_key_and_survives_one_regenerated_by_hand(
    azure: Azure, consumer
) -> None:
    key, client = consumer
    account = azure.world.accounts.named("chat")
    shared = AsyncVaultKey(key)
    async with AsyncOpenAI(base_url=client.base_url, api_key=shared, max_retries=0) as asking:

        async def answer() -> str | None:
            message: Any = {"role": "user", "content": "Are you there?"}
            return (await asking.chat.completions.create(model="gpt-4o", messages=[message])).choices[0].message.content

        assert await answer()
        azure.world.accounts.regenerate(account.id, "key1")
        threading.Timer(
            0.3, lambda: azure.world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
        ).start()
        assert await shared.surviving_a_change(answer, patience=10)
        azure.world.accounts.regenerate(account.id, "key1")
        with pytest.raises(AuthenticationError):
            await shared.surviving_a_change(answer, patience=0.3)


class Vault:
    """A vault that can be out. It counts how often it is asked."""

    def __init__(self) -> None:
        self.value, self.asked, self.is_out = "key-1", 0, False

    def get_secret(self, name: str) -> SimpleNamespace:
        self.asked += 1
        if self.is_out:
            raise ConnectionError(f"no answer for {name}")
        return SimpleNamespace(value=self.value)


def test_while_the_vault_is_out_the_key_that_was_read_is_used_and_the_vault_is_asked_now_and_then() -> None:
    vault = Vault()
    key = VaultKey(vault, "chat-key", max_age=3600)
    assert key() == "key-1"
    vault.is_out, key._next_read = True, 0.0
    assert [key() for _ in range(50)] == ["key-1"] * 50
    assert vault.asked == 2
    vault.is_out, vault.value, key._next_read = False, "key-2", 0.0
    assert key() == "key-2"


def test_while_the_vault_is_out_a_refused_call_is_repeated_with_the_key_that_was_read(consumer) -> None:
    key, client = consumer
    assert ask(client)
    vault = Vault()
    vault.is_out, key._secrets = True, vault
    calls = iter(
        [AuthenticationError("no", response=SimpleNamespace(request=None, status_code=401, headers={}), body=None)]
    )

    def call() -> str | None:
        refused = next(calls, None)
        if refused is not None:
            raise refused
        return ask(client)

    assert key.surviving_a_change(call, patience=10)
    assert vault.asked == 1


def test_a_vault_that_is_out_from_the_start_is_an_error_each_time() -> None:
    vault = Vault()
    vault.is_out = True
    key = VaultKey(vault, "chat-key")
    for _ in range(2):
        with pytest.raises(ConnectionError):
            key()
    vault.is_out = False
    assert key() == "key-1"
