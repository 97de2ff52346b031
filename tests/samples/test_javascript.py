"""The samples in JavaScript and TypeScript, run with the real clients against the emulator."""

import http.server
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import override

import pytest
import trustme

from lab.emulator.accounts import Account
from lab.emulator.directory import Identity
from lab.emulator.serve import HOST, Azure, running_in_thread
from lab.emulator.world import World
from lab.prove.consumers.node_packages import ROOT, Bench
from shared.announce.kinds import ROLE
from tests.samples.test_no_key import Entra
from tests.support.node import around, node, run, tool

NO_KEY = ROOT / "samples" / "no_key" / "javascript"
TYPESCRIPT = ROOT / "samples" / "no_key" / "typescript"
FROM_VAULT = ROOT / "samples" / "key_from_vault" / "javascript"
USER = {"name": ROLE, "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]}
LEFT_OVER = {name: "left-over" for name in ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_CLIENT_SECRET")}
EMULATED_VAULT = """
import { clientFor, secrets, theKey } from './client.js';
const key = theKey(secrets({ disableChallengeResourceVerification: true }));
const client = clientFor(process.env.ENDPOINT, key);
"""
ASK = """console.log((await client.chat.completions.create({
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Hello' }],
})).id)"""


@pytest.fixture
def azure() -> Iterator[Azure]:
    """An emulated Azure in which `consumer` may call models, and the app's own identity may read the secret."""
    world = World()
    world.add_vault("keys")
    account = world.accounts.add("chat")
    world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [USER])
    with running_in_thread(world) as served:
        yield served


class EntraForNode(Entra):
    """The same, with what the library for Node insists on."""

    @override
    def do_GET(self) -> None:
        base = f"https://{self.headers['Host']}/tenant"
        ends = {"token_endpoint": "oauth2/v2.0/token", "authorization_endpoint": "authorize", "jwks_uri": "keys"}
        self._answer({"issuer": base, **{name: f"{base}/{end}" for name, end in ends.items()}})


@dataclass(frozen=True)
class TokenAddress:
    """Entra ID's address for tokens. It gives tokens of `consumer`.

    environment: What a program needs to use it.
    forms: What was sent to it.
    """

    environment: dict[str, str]
    forms: list[dict[str, list[str]]]


@pytest.fixture
def entra(azure: Azure, tmp_path: Path) -> Iterator[TokenAddress]:
    """Serve Entra ID's address for tokens."""
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    both, forms = tmp_path / "both.pem", []
    both.write_bytes(azure.ca_file.read_bytes() + authority.cert_pem.bytes())
    handler = type("Handler", (EntraForNode,), {"azure": azure, "asked": forms})
    with http.server.ThreadingHTTPServer((HOST, 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"https://{HOST}:{server.server_port}"
        trusted = {"NODE_EXTRA_CA_CERTS": str(both), "AZURE_AUTHORITY_HOST": address, "AZURE_TENANT_ID": "tenant"}
        yield TokenAddress(trusted, forms)
        server.shutdown()
        thread.join()


@pytest.fixture
def work() -> Iterator[Bench]:
    """Copies of the samples in a folder where Node finds the packages."""
    with node() as lent:
        lent.copy(NO_KEY, TYPESCRIPT, FROM_VAULT)
        yield lent


def account_of(azure: Azure) -> Account:
    """Return the one account."""
    return azure.world.accounts.named("chat")


def settings(azure: Azure, identity: str = "") -> dict[str, str]:
    """Return the settings of an app that runs a sample."""
    return {
        **around(azure, identity),
        "ENDPOINT": azure.world.endpoint(account_of(azure)),
        "VAULT_URL": azure.settings["ROTATION_VAULT_URL"],
        "SECRET_NAME": "chat-key",
    }


def program(folder: Path, environment: dict[str, str], name: str = "chat.js") -> subprocess.CompletedProcess[str]:
    """Run a program of a sample as its page says."""
    return run(folder, "node", name, environment["ENDPOINT"], "gpt-4o", environment=environment)


def script(folder: Path, text: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a module in a sample's folder."""
    return run(folder, "node", "--input-type=module", "--eval", text, environment=environment)


def answered(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a program printed. It must have ended well."""
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("is_named", [True, False], ids=["the identity is named", "who is signed in"])
def test_without_a_key_a_model_answers_when_keys_are_off_and_keys_are_left_over(
    azure: Azure, work: Bench, is_named: bool
) -> None:
    azure.world.accounts.update(account_of(azure).id, {"disable_local_auth": True})
    azure.world.app = azure.world.directory.identities["consumer"]
    environment = {**settings(azure, "consumer"), **LEFT_OVER}
    if not is_named:
        del environment["AZURE_CLIENT_ID"]
    assert "emulator" in answered(program(work.at(NO_KEY), environment))


def test_the_scope_is_a_setting(azure: Azure, work: Bench) -> None:
    environment = settings(azure, "consumer")
    wrong = program(work.at(NO_KEY), {**environment, "AZURE_OPENAI_SCOPE": "https://ml.azure.com/.default"})
    assert "audience is incorrect" in wrong.stderr
    right = program(work.at(NO_KEY), {**environment, "AZURE_OPENAI_SCOPE": "https://ai.azure.com/.default"})
    assert "emulator" in answered(right)


def test_without_the_role_the_error_says_what_is_missing(azure: Azure, work: Bench) -> None:
    azure.world.give_roles("consumer", [])
    done = program(work.at(NO_KEY), settings(azure, "consumer"))
    assert done.returncode
    assert "lacks the required data action" in done.stderr


def test_a_dated_address_is_called_without_a_key_although_a_key_is_left_over(azure: Azure, work: Bench) -> None:
    text = f"""
        import {{ credential, datedClientFor, tokensOf }} from './client.js';
        const client = datedClientFor(process.env.ENDPOINT, tokensOf(credential()));
        {ASK}"""
    done = script(work.at(NO_KEY), text, {**settings(azure, "consumer"), **LEFT_OVER})
    assert answered(done).startswith("chatcmpl-")
    assert azure.world.accounts.uses == []


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "DefaultAzureCredential"),
        ({"AZURE_CLIENT_ID": "an-id"}, "ManagedIdentityCredential"),
        ({"AZURE_CLIENT_ID": "an-id", "AZURE_CLIENT_SECRET": "left-over"}, "ManagedIdentityCredential"),
    ],
)
def test_the_sample_takes_the_identity_that_is_named(work: Bench, environment: dict[str, str], chosen: str) -> None:
    text = "import { credential } from './client.js'; console.log(credential().constructor.name)"
    for sample in (NO_KEY, FROM_VAULT):
        assert answered(script(work.at(sample), text, environment)) == chosen


OUTSIDE = """
import { ask } from './outside-azure.js';
console.log(await ask(process.env.ENDPOINT, 'gpt-4o', { disableInstanceDiscovery: true }));
"""


def test_outside_azure_the_token_of_the_platform_takes_the_place_of_a_secret(
    azure: Azure, work: Bench, entra: TokenAddress, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("the-token-of-the-platform")
    given = {"AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token"), **LEFT_OVER}
    done = script(work.at(NO_KEY), OUTSIDE, {**settings(azure, "consumer"), **entra.environment, **given})
    assert "emulator" in answered(done)
    (form,) = entra.forms
    assert form["client_assertion"] == ["the-token-of-the-platform"]
    assert "client_secret" not in form


def test_as_the_last_resort_a_certificate_signs_in(
    azure: Azure, work: Bench, entra: TokenAddress, tmp_path: Path
) -> None:
    file = tmp_path / "certificate.pem"
    made = trustme.CA().issue_cert("consumer", key_type=trustme.KeyType.RSA)
    made.private_key_and_cert_chain_pem.write_to_path(str(file))
    given = {"AZURE_CLIENT_CERTIFICATE_PATH": str(file), **LEFT_OVER}
    done = script(work.at(NO_KEY), OUTSIDE, {**settings(azure, "consumer"), **entra.environment, **given})
    assert "emulator" in answered(done)
    assert [set(form) & {"client_secret", "client_assertion"} for form in entra.forms] == [{"client_assertion"}]


def test_outside_azure_a_secret_is_not_taken(azure: Azure, work: Bench) -> None:
    done = program(work.at(NO_KEY), {**settings(azure, "consumer"), **LEFT_OVER}, "outside-azure.js")
    assert "Set AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and AZURE_TENANT_ID" in done.stderr


def test_the_sample_in_typescript_compiles_and_a_model_answers(azure: Azure, work: Bench) -> None:
    compiled = run(work.at(TYPESCRIPT), tool(work, "tsc"))
    assert compiled.returncode == 0, compiled.stdout
    done = program(work.at(TYPESCRIPT), {**settings(azure, "consumer"), **LEFT_OVER})
    assert "emulator" in answered(done)
    assert "Say which endpoint" in run(work.at(TYPESCRIPT), "node", "chat.js").stderr


def test_a_key_from_the_vault_is_read_once_and_a_key_that_was_regenerated_is_replaced(
    azure: Azure, work: Bench
) -> None:
    text = f"""{EMULATED_VAULT}
        {ASK};
        {ASK};
        const before = key.version;
        console.log('regenerate');
        for await (const _ of process.stdin) ;
        {ASK};
        console.log(before !== key.version);"""
    environment = settings(azure)
    with subprocess.Popen(
        ["node", "--input-type=module", "--eval", text],
        cwd=work.at(FROM_VAULT),
        env={**os.environ, **environment, **LEFT_OVER},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        lines = iter(running.stdout)
        next(line for line in lines if line == "regenerate\n")
        assert azure.world.journal.count("kv.getSecret", effect=True) == 1
        azure.world.accounts.regenerate(account_of(azure).id, "key1")
        azure.world.vaults["keys"].set_secret("chat-key", account_of(azure).keys["key1"].value)
        assert running.stdin
        running.stdin.close()
        rest = list(lines)
    assert running.returncode == 0
    assert rest[0].startswith("chatcmpl-")
    assert rest[1] == "true\n"


def test_the_program_with_a_key_from_the_vault_runs_up_to_the_address_of_the_vault(azure: Azure, work: Bench) -> None:
    """The released client accepts a token request only from a host of vault.azure.net, which the emulator is not."""
    done = program(work.at(FROM_VAULT), settings(azure))
    assert "The secret chat-key could not be read" in done.stderr
    assert "does not match the requested domain" in done.stderr


@pytest.mark.parametrize("sample", [NO_KEY, FROM_VAULT])
def test_the_compiler_finds_no_wrong_use_of_a_package(work: Bench, sample: Path) -> None:
    options = ("--noEmit", "--allowJs", "--checkJs", "--strict", "false", "--skipLibCheck", "--types", "node")
    modules = ("--target", "es2023", "--module", "nodenext")
    done = run(
        work.at(sample), tool(work, "tsc"), *options, *modules, *sorted(path.name for path in sample.glob("*.js"))
    )
    assert done.returncode == 0, done.stdout
