"""The samples in Python that read the key from Key Vault, run with the real clients."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from lab.emulator.accounts import fingerprint
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from samples.key_from_vault.python import chat, chat_async

READER = {
    "name": "Key Vault Secrets User",
    "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}],
}
SAMPLES: dict[str, tuple[Any, Callable[[list[str]], int]]] = {
    "chat": (chat, chat.main),
    "chat_async": (chat_async, lambda arguments: asyncio.run(chat_async.main(arguments))),
}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure in which the identity `consumer` may read the key of the account `chat`, and call no model."""
    world = World()
    account = world.accounts.add("chat")
    world.add_vault("keys").set_secret("chat-key", account.keys["key1"].value)
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [READER])
    with running_in_thread(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        monkeypatch.setenv("AZURE_CLIENT_ID", world.directory.identities["consumer"].client_id)
        monkeypatch.setenv("VAULT_URL", served.settings["ROTATION_VAULT_URL"])
        monkeypatch.setenv("SECRET_NAME", "chat-key")
        for sample, _ in SAMPLES.values():  # the emulated vault has another host name than Azure's
            monkeypatch.setattr(sample, "secrets", partial(sample.secrets, verify_challenge_resource=False))
        yield served


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_calls_with_the_key_of_the_vault_and_not_with_one_left_over(
    azure: Azure, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.setenv(variable, "left-over")
    account = azure.world.accounts.named("chat")
    assert SAMPLES[name][1]([azure.world.endpoint(account), "gpt-4o"]) == 0
    assert "This is the emulator" in capsys.readouterr().out
    assert {use.fingerprint for use in azure.world.accounts.uses} == {fingerprint(account.keys["key1"].value)}


def test_a_running_program_does_not_notice_that_the_key_changes(azure: Azure) -> None:
    world, account = azure.world, azure.world.accounts.named("chat")
    question: Any = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Are you there?"}]}
    with chat.the_key() as key, chat.client_for(world.endpoint(account), key) as client:
        for slot in ("key1", "key2", "key1"):
            world.vaults["keys"].set_secret("chat-key", account.keys[slot].value)
            world.accounts.regenerate(account.id, "key2" if slot == "key1" else "key1")
            assert client.chat.completions.create(**question)
        assert world.accounts.uses[-1].fingerprint == fingerprint(account.keys["key1"].value)
