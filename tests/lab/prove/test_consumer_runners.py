"""The consumers of the load proof that are written in Python, as processes of their own against the emulated Azure."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from tests.docs.test_docs import ROOT

READER = {
    "name": "Key Vault Secrets User",
    "permissions": [{"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}],
}
CONSUMERS = 8


@pytest.fixture
def azure() -> Iterator[Azure]:
    """An emulated Azure in which the identity `consumer` may read the key of the account `chat`, and nothing else."""
    world = World()
    account = world.accounts.add("chat")
    world.add_vault("keys").set_secret("chat-key", account.keys["key1"].value)
    world.directory.add(Identity("consumer"))
    world.give_roles("consumer", [READER])
    with running_in_thread(world) as served:
        yield served


def environment(azure: Azure, **more: str) -> dict[str, str]:
    """Return the environment of a runner, as the starter of the proof makes it."""
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "NO_PROXY", "no_proxy")
    return {
        **{name: azure.settings[name] for name in names},
        "PATH": os.environ["PATH"],
        "OPENAI_BASE_URL": f"{azure.world.endpoint(azure.world.accounts.named('chat'))}openai/v1/",
        "VAULT_URL": azure.settings["ROTATION_VAULT_URL"],
        "SECRET_NAME": "chat-key",
        "DEPLOYMENT": "gpt-4o",
        "CONSUMERS": str(CONSUMERS),
        "MAX_AGE_SECONDS": "3600",
        "PAUSE_MS": "5",
        "AZURE_CLIENT_ID": azure.world.directory.identities["consumer"].client_id,
        **more,
    }


@pytest.mark.parametrize("name", ["python_sync", "python_async"])
def test_a_runner_survives_a_rotation_and_a_key_regenerated_by_hand(azure: Azure, name: str) -> None:
    world, account = azure.world, azure.world.accounts.named("chat")
    process = subprocess.Popen(
        [sys.executable, "-m", f"lab.prove.consumers.runners.{name}"],
        cwd=ROOT, env=environment(azure), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        world.vaults["keys"].set_secret("chat-key", account.keys["key2"].value)  # a rotation
        world.accounts.regenerate(account.id, "key1")
        enough = threading.Event()
        world.faults.add("aoai.chat", "hook", hook=lambda _: enough.set(), skip=20 * CONSUMERS)
        assert enough.wait(60)
        world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
        world.accounts.regenerate(account.id, "key2")  # a second one
        again = threading.Event()
        world.faults.add("aoai.chat", "hook", hook=lambda _: again.set(), skip=20 * CONSUMERS)
        assert again.wait(60)
        process.stdin.close()
        (line,) = process.stdout.read().splitlines()
    assert process.returncode == 0
    figures = json.loads(line)
    assert figures["failed"] == []
    assert figures["repeated"] >= 2
    assert figures["made"] == sum(figures["latency_ms"].values()) > 30 * CONSUMERS
    assert figures["made"] + figures["repeated"] > 40 * CONSUMERS
    answered = [use for use in world.accounts.uses if use.accepted]
    assert len(answered) == figures["made"]
    assert len(world.accounts.uses) - len(answered) == figures["repeated"]
    assert 3 <= world.journal.count("kv.getSecret", effect=True) < 20


def test_a_runner_reports_what_failed_without_any_key(azure: Azure) -> None:
    account = azure.world.accounts.named("chat")
    runner = [sys.executable, "-m", "lab.prove.consumers.runners.python_async"]
    process = subprocess.Popen(
        runner,
        cwd=ROOT,
        env=environment(azure, CONSUMERS="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        refused = threading.Event()
        azure.world.faults.add("aoai.chat", "status", status=400, times=3)
        azure.world.faults.add("aoai.chat", "hook", hook=lambda _: refused.set(), skip=6)
        assert refused.wait(60)
        process.stdin.close()
        (line,) = process.stdout.read().splitlines()
    assert json.loads(line)["failed"] == ["BadRequestError 400"] * 3
    assert not any(key.value in line for key in account.keys.values())
