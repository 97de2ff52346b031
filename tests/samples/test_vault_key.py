"""The sample that reads the key from the vault, run with the real openai and Key Vault clients."""

import threading
from collections.abc import Iterator

import pytest
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from openai import AuthenticationError, OpenAI

from lab.emulator.accounts import fingerprint
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from samples.openai_client.vault_key import VaultKey


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
    key._max_age = 0
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
