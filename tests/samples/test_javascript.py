"""The samples in JavaScript and TypeScript, run with the real clients against the emulator."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.emulator.accounts import Account
from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.prove.consumers.node_packages import ROOT, Bench
from shared.announce.kinds import ROLE
from tests.support.node import around, node, run, tool

NO_KEY = ROOT / "samples" / "no_key" / "javascript"
TYPESCRIPT = ROOT / "samples" / "no_key" / "typescript"
FROM_VAULT = ROOT / "samples" / "key_from_vault" / "javascript"
USER = {"name": ROLE, "permissions": [{"dataActions": ["Microsoft.CognitiveServices/accounts/OpenAI/*"]}]}
LEFT_OVER = {name: "left-over" for name in ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_CLIENT_SECRET")}
EMULATED_VAULT = """
import { SecretClient } from '@azure/keyvault-secrets';
import { clientFor, credential } from './client.js';
const { VAULT_URL, SECRET_NAME, AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_DEPLOYMENT } = process.env;
const secrets = new SecretClient(VAULT_URL, credential(), { disableChallengeResourceVerification: true });
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


@pytest.fixture
def work() -> Iterator[Bench]:
    """Copies of the samples in a folder where Node finds the packages."""
    with node() as lent:
        lent.copy(NO_KEY, TYPESCRIPT, FROM_VAULT)
        yield lent


def account_of(azure: Azure) -> Account:
    """Return the one account."""
    return azure.world.accounts.named("chat")


def settings(azure: Azure, identity: str = "", mode: str = "production") -> dict[str, str]:
    """Return the settings of an app that runs a sample."""
    return {
        **around(azure, identity),
        "NODE_ENV": mode,
        "AZURE_OPENAI_ENDPOINT": azure.world.endpoint(account_of(azure)),
        "AZURE_OPENAI_DEPLOYMENT": "gpt-4o",
        "VAULT_URL": azure.settings["ROTATION_VAULT_URL"],
        "SECRET_NAME": "chat-key",
    }


def script(folder: Path, text: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a module in a sample's folder."""
    return run(folder, "node", "--input-type=module", "--eval", text, environment=environment)


def answered(done: subprocess.CompletedProcess[str]) -> str:
    """Return what a program printed. It must have ended well."""
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("mode", ["production", "development"])
def test_without_a_key_a_model_answers_when_keys_are_off_and_old_settings_are_left_over(
    azure: Azure, work: Bench, mode: str
) -> None:
    azure.world.accounts.update(account_of(azure).id, {"disable_local_auth": True})
    done = run(work.at(NO_KEY), "node", "chat.js", environment={**settings(azure, "consumer", mode), **LEFT_OVER})
    assert "emulator" in answered(done)


def test_without_the_role_the_error_says_what_is_missing(azure: Azure, work: Bench) -> None:
    azure.world.give_roles("consumer", [])
    done = run(work.at(NO_KEY), "node", "chat.js", environment=settings(azure, "consumer"))
    assert done.returncode
    assert "lacks the required data action" in done.stderr


def test_a_dated_address_is_called_without_a_key_although_a_key_is_left_over(azure: Azure, work: Bench) -> None:
    text = f"""
        import {{ datedClientFor, tokens }} from './client.js';
        const client = datedClientFor(process.env.AZURE_OPENAI_ENDPOINT, tokens());
        {ASK}"""
    done = script(work.at(NO_KEY), text, {**settings(azure, "consumer"), **LEFT_OVER})
    assert answered(done).startswith("chatcmpl-")
    assert azure.world.accounts.uses == []


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({}, "ManagedIdentityCredential"),
        ({"AZURE_CLIENT_ID": "an-id"}, "ManagedIdentityCredential"),
        ({"AZURE_CLIENT_ID": "an-id", "AZURE_CLIENT_SECRET": "left-over"}, "ManagedIdentityCredential"),
        ({"AZURE_FEDERATED_TOKEN_FILE": "token"}, "WorkloadIdentityCredential"),
        ({"AZURE_CLIENT_CERTIFICATE_PATH": "app.pem"}, "ClientCertificateCredential"),
        ({"NODE_ENV": "development"}, "DefaultAzureCredential"),
    ],
)
def test_the_sample_chooses_one_identity_and_never_a_secret(
    work: Bench, environment: dict[str, str], chosen: str
) -> None:
    ids = {"AZURE_CLIENT_ID": "an-id", "AZURE_TENANT_ID": "a-tenant"} if len(environment) == 1 else {}
    given = {"NODE_ENV": "production", **ids, **environment}
    done = script(
        work.at(NO_KEY), "import { credential } from './client.js'; console.log(credential().constructor.name)", given
    )
    assert answered(done) == chosen


def test_the_sample_in_typescript_compiles_and_a_model_answers(azure: Azure, work: Bench) -> None:
    compiled = run(work.at(TYPESCRIPT), tool(work, "tsc"))
    assert compiled.returncode == 0, compiled.stdout
    done = run(work.at(TYPESCRIPT), "node", "chat.js", environment={**settings(azure, "consumer"), **LEFT_OVER})
    assert "emulator" in answered(done)


def test_the_sample_in_typescript_names_a_setting_that_is_missing(work: Bench) -> None:
    assert run(work.at(TYPESCRIPT), tool(work, "tsc")).returncode == 0
    done = run(work.at(TYPESCRIPT), "node", "chat.js")
    assert "The setting AZURE_OPENAI_ENDPOINT is missing." in done.stderr


def test_a_key_from_the_vault_is_read_once_and_a_key_that_was_regenerated_is_replaced(
    azure: Azure, work: Bench
) -> None:
    text = f"""{EMULATED_VAULT}
        const {{ client, key }} = clientFor(secrets, {{ endpoint: AZURE_OPENAI_ENDPOINT, secret: SECRET_NAME }});
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
    ) as program:
        assert program.stdout
        lines = iter(program.stdout)
        next(line for line in lines if line == "regenerate\n")
        assert azure.world.journal.count("kv.getSecret", effect=True) == 1
        azure.world.accounts.regenerate(account_of(azure).id, "key1")
        azure.world.vaults["keys"].set_secret("chat-key", account_of(azure).keys["key1"].value)
        assert program.stdin
        program.stdin.close()
        rest = list(lines)
    assert program.returncode == 0
    assert rest[0].startswith("chatcmpl-")
    assert rest[1] == "true\n"


def test_the_program_with_a_key_from_the_vault_runs_up_to_the_address_of_the_vault(azure: Azure, work: Bench) -> None:
    """The released client accepts a token request only from a host of vault.azure.net, which the emulator is not."""
    done = run(work.at(FROM_VAULT), "node", "chat.js", environment=settings(azure))
    assert "The secret chat-key could not be read" in done.stderr
    assert "does not match the requested domain" in done.stderr


@pytest.mark.parametrize("sample", [NO_KEY, FROM_VAULT])
def test_the_compiler_finds_no_wrong_use_of_a_package(work: Bench, sample: Path) -> None:
    options = ("--noEmit", "--allowJs", "--checkJs", "--strict", "false", "--skipLibCheck", "--types", "node")
    modules = ("--target", "es2023", "--module", "nodenext")
    done = run(work.at(sample), tool(work, "tsc"), *options, *modules, "client.js", "chat.js")
    assert done.returncode == 0, done.stdout
