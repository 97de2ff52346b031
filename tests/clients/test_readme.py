"""The README of the package: its code runs as it is shown, and its figures are those of the code."""

import re
import tomllib
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import rotating_key
from azure.keyvault.secrets import SecretClient
from rotating_key.key import ASK_AGAIN, EARLY, FIRST_PAUSE, PACE

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.prove.clients import EXPECTED, VERSIONS
from tests.docs.test_docs import ROOT

FOLDER = ROOT / "clients" / "python"
README = (FOLDER / "README.md").read_text()
[CODE] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
READER = {"name": "Reads", "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}]}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure in which the identity of this process may read the key of the account `chat`."""
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
        yield served


def test_the_code_of_the_readme_calls_a_model(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unchecked = partial(SecretClient, verify_challenge_resource=False)  # the emulated vault has a host name of its own
    monkeypatch.setattr("azure.keyvault.secrets.SecretClient", unchecked)
    given = {"<secret>": "chat-key", "<deployment>": "gpt-4o"}
    given["https://<vault>.vault.azure.net"] = azure.settings["ROTATION_VAULT_URL"]
    given["<address>"] = azure.world.endpoint(azure.world.accounts.named("chat")).rstrip("/")
    code = CODE
    for placeholder, text in given.items():
        assert placeholder in code
        code = code.replace(placeholder, text)
    names: dict[str, Any] = {}
    try:
        exec(code, names)
    finally:
        names["client"].close()
        names["key"].close()
    assert "This is the emulator" in capsys.readouterr().out


def test_the_readme_names_the_figures_of_the_code() -> None:
    assert f"({EARLY[0]:.0%} to {EARLY[1]:.0%}".replace("%", " %").replace(" % to", " to") in README
    assert f"after {FIRST_PAUSE:.0f}, 2, 4 and up to {ASK_AGAIN:.0f} seconds" in README
    assert PACE == 1 / 5
    assert "five times a second" in README


def test_the_readme_names_the_versions_that_the_proof_measures() -> None:
    measured = re.search(r"with `openai` ([\d., and]+)\b", README)
    assert measured is not None
    assert set(re.findall(r"\d+\.\d+\.\d+", measured[1])) > {one for one in VERSIONS if one}
    table = README[README.index("| way | from `openai` |") :]
    for name in ("callable", "callable_async", "callable_dated"):
        way = EXPECTED[name]
        assert f"| `{way.what}` | {'.'.join(map(str, way.works_from))} |" in table


def test_the_version_is_the_same_in_both_places_and_nothing_but_two_packages_is_needed() -> None:
    project = tomllib.loads((FOLDER / "pyproject.toml").read_text())["project"]
    assert project["version"] == rotating_key.__version__
    assert [one.partition(">")[0] for one in project["dependencies"]] == ["azure-identity", "azure-keyvault-secrets"]
    pinned = (ROOT / "samples" / "key_from_vault" / "python" / "requirements.txt").read_text()
    assert f"rotating-key=={project['version']}" in pinned
