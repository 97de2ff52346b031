"""The sample without a key, run with the real openai client and a managed identity."""

from collections.abc import Iterator

import pytest
from azure.identity import ManagedIdentityCredential, get_bearer_token_provider
from openai import OpenAI, OpenAIError

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from samples.no_key.chat import SCOPE, client_for

USER = {
    "name": "May call models",
    "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}],
}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure in which the identity `consumer` may call models."""
    world = World()
    world.accounts.add("chat")
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    with running_in_thread(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        yield served


@pytest.fixture
def client(azure: Azure) -> Iterator[OpenAI]:
    """The sample's client for the account `chat`."""
    client_id = azure.world.directory.identities["consumer"].client_id
    with ManagedIdentityCredential(client_id=client_id) as credential:
        endpoint = azure.world.endpoint(azure.world.accounts.named("chat"))
        with client_for(endpoint, get_bearer_token_provider(credential, SCOPE)) as made:
            yield made


def ask(client: OpenAI) -> str | None:
    """Make one request and return the answer."""
    message = {"role": "user", "content": "Who are you?"}
    return client.chat.completions.create(model="gpt-4o", messages=[message]).choices[0].message.content


def test_the_sample_calls_a_model_with_its_identity(client: OpenAI) -> None:
    assert ask(client)


def test_the_sample_works_when_the_account_accepts_no_keys(azure: Azure, client: OpenAI) -> None:
    account = azure.world.accounts.named("chat")
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    assert ask(client)


def test_the_sample_is_refused_without_the_role(azure: Azure, client: OpenAI) -> None:
    azure.world.give_roles("consumer", [])
    with pytest.raises(OpenAIError, match="lacks the required data action"):
        ask(client)
