"""The samples in Python without a key, run with the real openai clients and a managed identity."""

import asyncio
import http.server
import json
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure.identity import ManagedIdentityCredential, get_bearer_token_provider
from openai import OpenAI, OpenAIError

from lab.emulator.directory import Identity
from lab.emulator.serve import HOST, Azure, running_in_thread
from lab.emulator.world import World
from samples.no_key.python import chat, chat_async, chat_dated, outside_azure
from samples.no_key.python.chat import SCOPE, client_for
from tests.docs.test_docs import ROOT

USER = {
    "name": "May call models",
    "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}],
}
LEFT_OVER = ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "OPENAI_API_KEY", "AZURE_OPENAI_KEY", "AZURE_API_KEY")
SAMPLES: dict[str, Callable[[list[str]], Any]] = {
    "chat": chat.main,
    "chat_async": lambda arguments: asyncio.run(chat_async.main(arguments)),
    "chat_dated": chat_dated.main,
}


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """An emulated Azure in which the identity `consumer` may call models, and the account takes no keys."""
    world = World()
    account = world.accounts.add("chat")
    world.accounts.update(account.id, {"disable_local_auth": True})
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    with running_in_thread(world) as served:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        monkeypatch.setenv("AZURE_CLIENT_ID", world.directory.identities["consumer"].client_id)
        yield served


@pytest.fixture
def endpoint(azure: Azure) -> str:
    """The address of the account `chat`."""
    return azure.world.endpoint(azure.world.accounts.named("chat"))


@pytest.fixture
def client(azure: Azure, endpoint: str) -> Iterator[OpenAI]:
    """The client of the sample `chat`."""
    client_id = azure.world.directory.identities["consumer"].client_id
    with (
        ManagedIdentityCredential(client_id=client_id) as credential,
        client_for(endpoint, get_bearer_token_provider(credential, SCOPE)) as made,
    ):
        yield made


def ask(client: OpenAI) -> str | None:
    """Make one request and return the answer."""
    message = {"role": "user", "content": "Who are you?"}
    return client.chat.completions.create(model="gpt-4o", messages=[message]).choices[0].message.content


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("left_over", [False, True], ids=["clean", "with keys left over"])
def test_a_sample_calls_a_model_with_its_identity_alone(
    azure: Azure,
    endpoint: str,
    name: str,
    left_over: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable in LEFT_OVER if left_over else ():
        monkeypatch.setenv(variable, "left-over")
    assert SAMPLES[name]([endpoint, "gpt-4o"]) == 0
    assert "This is the emulator" in capsys.readouterr().out
    assert azure.world.accounts.uses == []  # no key was presented


@pytest.mark.parametrize("name", SAMPLES)
def test_the_scope_is_a_setting(endpoint: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_SCOPE", "https://ml.azure.com/.default")
    with pytest.raises(OpenAIError, match="audience is incorrect"):
        SAMPLES[name]([endpoint, "gpt-4o"])
    monkeypatch.setenv("AZURE_OPENAI_SCOPE", "https://ai.azure.com/.default")
    assert SAMPLES[name]([endpoint, "gpt-4o"]) == 0


def test_on_a_persons_own_machine_the_sign_in_of_that_person_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    assert type(chat.credential()).__name__ == "DefaultAzureCredential"
    assert type(chat_dated.credential()).__name__ == "DefaultAzureCredential"


def test_the_sample_is_refused_without_the_role(azure: Azure, client: OpenAI) -> None:
    azure.world.give_roles("consumer", [])
    with pytest.raises(OpenAIError, match="lacks the required data action"):
        ask(client)


def test_each_sample_names_what_must_be_installed() -> None:
    for folder in ("samples/no_key/python", "samples/no_key/function_app", "samples/key_from_vault/python"):
        needed = (ROOT / folder / "requirements.txt").read_text()
        code = "".join(path.read_text() for path in (ROOT / folder).glob("*.py"))
        imports = {"openai": "openai", "azure-identity": "azure.identity", "rotating-key": "rotating_key"}
        imports |= {"azure-keyvault-secrets": "azure.keyvault", "azure-functions": "azure.functions"}
        imports |= {"aiohttp": "azure.identity.aio"}
        for package, module in imports.items():
            assert (package in needed) == (module in code), (folder, package)


class Entra(http.server.BaseHTTPRequestHandler):
    """Entra ID's address for tokens: it takes an assertion in the place of a secret."""

    azure: Azure
    asked: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        base = f"https://{self.headers['Host']}/tenant"
        self._answer(
            {"token_endpoint": f"{base}/oauth2/v2.0/token", "authorization_endpoint": f"{base}/a", "issuer": base}
        )

    def do_POST(self) -> None:
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.asked.append(form)
        identity = self.azure.world.directory.identities["consumer"]
        token, _ = self.azure.world.directory.token(identity, form["scope"][0].split(" ")[0].removesuffix("/.default"))
        self._answer({"access_token": token, "expires_in": 3600, "token_type": "Bearer"})

    def _answer(self, facts: dict[str, Any]) -> None:
        body = json.dumps(facts).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@pytest.fixture
def entra(azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, list[str]]]]:
    """Serve Entra ID's address for tokens, and yield the forms that were sent to it."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    both = tmp_path / "both.pem"
    both.write_bytes(azure.ca_file.read_bytes() + authority.cert_pem.bytes())
    asked: list[dict[str, list[str]]] = []
    handler = type("Handler", (Entra,), {"azure": azure, "asked": asked})
    with http.server.ThreadingHTTPServer((HOST, 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both))
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"https://{HOST}:{server.server_port}")
        monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
        yield asked
        server.shutdown()
        thread.join()


def test_outside_azure_the_token_of_the_platform_takes_the_place_of_a_secret(
    entra: list[dict[str, list[str]]], endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("the-token-of-the-platform")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(file))
    monkeypatch.setenv("OPENAI_API_KEY", "left over")
    assert outside_azure.main([endpoint, "gpt-4o"]) == 0
    (form,) = entra
    assert form["client_assertion"] == ["the-token-of-the-platform"]
    assert "client_secret" not in form


def test_as_the_last_resort_a_certificate_signs_in(
    entra: list[dict[str, list[str]]], endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "certificate.pem"
    trustme.CA().issue_cert("consumer", key_type=trustme.KeyType.RSA).private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    monkeypatch.setenv("AZURE_CLIENT_CERTIFICATE_PATH", str(certificate))
    assert outside_azure.main([endpoint, "gpt-4o"], disable_instance_discovery=True) == 0
    assert [set(form) & {"client_secret", "client_assertion"} for form in entra] == [{"client_assertion"}]


def test_outside_azure_a_secret_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "a secret")
    with pytest.raises(SystemExit, match="AZURE_FEDERATED_TOKEN_FILE"):
        outside_azure.main(["https://127.0.0.1", "gpt-4o"])
