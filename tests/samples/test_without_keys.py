"""The page "Call without a key": its code runs as it is shown, with the real clients, and its refusals are real."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from openai import AuthenticationError

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from samples.no_key.python.chat import SCOPE
from shared.announce.kinds import ROLE
from tests.docs.test_docs import ROOT

PAGE = (ROOT / "docs" / "without-keys.md").read_text()
[CODE] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
USER = {"name": ROLE, "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure, seen from an app whose identity has the role on the account `chat`."""
    world = World()
    world.accounts.add("chat")
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    with running_in_thread(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        monkeypatch.setenv("AZURE_CLIENT_ID", world.directory.identities["consumer"].client_id)
        yield served


def run(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the page's code against the account `chat`. What it opens is closed, as at the end of a program."""
    address = azure.world.endpoint(azure.world.accounts.named("chat")).rstrip("/")
    names: dict[str, Any] = {}
    with DefaultAzureCredential() as credential:
        monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda: credential)
        try:
            exec(CODE.replace("<address>", address).replace("<deployment>", "gpt-4o"), names)
        finally:
            names["client"].close()


def test_the_code_of_the_page_calls_a_model_without_a_key(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    account = azure.world.accounts.named("chat")
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    run(azure, monkeypatch)
    assert capsys.readouterr().out.strip()


def test_without_the_role_the_refusal_is_the_one_that_the_page_explains(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.world.give_roles("consumer", [])
    with pytest.raises(AuthenticationError, match="lacks the required data action"):
        run(azure, monkeypatch)
    assert "| 401 that says *lacks the required data action* | the identity lacks the role" in PAGE


def test_the_page_names_the_role_and_the_scope_that_events_and_samples_name() -> None:
    assert f'--role "{ROLE}"' in PAGE
    assert f'"{SCOPE}"' in CODE
    assert len(re.findall(r"^## \d\. ", PAGE, re.MULTILINE)) == 6
