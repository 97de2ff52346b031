"""The consumers of the load proof in Node: their own figures agree with what the emulator saw."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.world import World
from lab.prove.consumers.node_packages import runner
from tests.support.node import around, clean, or_skipped

CONSUMERS = 8


@pytest.fixture
def azure() -> Iterator[Azure]:
    """An emulated Azure that has the account `chat` with key 1 published."""
    world = World()
    world.add_vault("keys")
    account = world.accounts.add("chat")
    world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
    with running_in_thread(world) as served:
        yield served


@pytest.fixture
def consumers(azure: Azure) -> Iterator[subprocess.Popen[str]]:
    """The program, ready and calling."""
    settings = {
        **around(azure),
        "OPENAI_BASE_URL": f"{azure.world.endpoint(azure.world.accounts.named('chat'))}openai/v1/",
        "VAULT_URL": azure.settings["ROTATION_VAULT_URL"],
        "SECRET_NAME": "chat-key",
        "DEPLOYMENT": "gpt-4o",
        "CONSUMERS": str(CONSUMERS),
        "MAX_AGE_SECONDS": "3600",
        "PAUSE_MS": "5",
    }
    with or_skipped(), runner() as command:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, env=clean(settings), text=True, **pipes) as program:
            yield program
            program.kill()


def figures(program: subprocess.Popen[str]) -> dict:
    """End the program and return its figures."""
    out, errors = program.communicate(timeout=60)
    assert program.returncode == 0, errors
    assert out.endswith("\n")
    return json.loads(out.splitlines()[-1])


def wait_until(program: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    """Wait for a condition while the program runs. The timeout of the test is the limit."""
    while not condition():
        assert program.poll() is None
        time.sleep(0.01)


def uses(azure: Azure) -> int:
    """Return how often a key was presented."""
    return len(azure.world.accounts.uses)


def test_no_call_fails_while_a_key_is_regenerated_by_hand_and_published(azure: Azure, consumers) -> None:
    assert consumers.stdout.readline() == "ready\n"
    account = azure.world.accounts.named("chat")
    azure.world.accounts.regenerate(account.id, "key1")
    refused_at = uses(azure)
    wait_until(consumers, lambda: uses(azure) >= refused_at + CONSUMERS)
    azure.world.vaults["keys"].set_secret("chat-key", account.keys["key1"].value)
    wait_until(consumers, lambda: sum(use.accepted for use in azure.world.accounts.uses[refused_at:]) >= 3 * CONSUMERS)
    counted = figures(consumers)
    assert counted["failed"] == []
    seen = azure.world.accounts.uses
    assert counted["made"] == sum(use.accepted for use in seen)
    assert counted["repeated"] == sum(not use.accepted for use in seen) >= CONSUMERS
    assert sum(counted["latency_ms"].values()) == counted["made"]
    reads = azure.world.journal.count("kv.getSecret", effect=True)
    assert 2 <= reads < counted["repeated"] + 2


def test_a_first_call_that_fails_ends_the_program_with_an_error_that_shows_no_key(azure: Azure) -> None:
    settings = {
        **around(azure),
        "OPENAI_BASE_URL": "https://127.0.0.1:9/openai/v1/",
        "VAULT_URL": "https://127.0.0.1:9",
    }
    settings |= {
        "SECRET_NAME": "none",
        "DEPLOYMENT": "gpt-4o",
        "CONSUMERS": "1",
        "MAX_AGE_SECONDS": "60",
        "PAUSE_MS": "1",
    }
    with or_skipped(), runner() as command:
        done = subprocess.run(
            command,
            env=clean(settings),
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
    assert done.returncode
    assert "ready" not in done.stdout
    assert "The secret none could not be read" in done.stderr
