"""Starting and stopping the emulator: as a library, in a thread, and as a program."""

import asyncio
import json
import os
import signal
import socket
import ssl
import stat
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from lab.emulator import World
from lab.emulator.__main__ import main
from lab.emulator.accounts import SLOTS
from lab.emulator.blobs import Conditions
from lab.emulator.seed import sample_world, seeded_world
from lab.emulator.serve import running, running_in_thread
from lab.emulator.state import load, save

SETTINGS = {
    "AZURE_LOG_ANALYTICS_ENDPOINT",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "EMULATED_SEARCH_ENDPOINT",
    "EVENT_GRID_TOPIC_ENDPOINT",
    "EVENT_GRID_TOPIC_ID",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "AZURE_CLIENT_ID",
    "ROTATION_SUBSCRIPTIONS",
    "ROTATION_VAULT_URL",
    "AzureWebJobsStorage",
    "SSL_CERT_FILE",
    "NO_PROXY",
    "no_proxy",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def program(tmp_path: Path, *options: str) -> AsyncIterator[tuple[dict[str, Any], asyncio.subprocess.Process]]:
    """Run `python -m lab.emulator` and return its settings once it has written them."""
    settings_file = tmp_path / "settings.json"
    settings_file.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lab.emulator", "--settings-out", str(settings_file), *options
    )
    try:
        async with asyncio.timeout(30):
            while not settings_file.exists():
                assert process.returncode is None, "the program ended before it wrote its settings"
                await asyncio.sleep(0.02)
        yield json.loads(settings_file.read_text()), process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_settings_are_complete_and_their_urls_answer() -> None:
    world = sample_world()
    world.accounts.add("elsewhere", subscription="another")
    async with running(world) as azure:
        assert set(azure.settings) == SETTINGS
        assert azure.settings["ROTATION_SUBSCRIPTIONS"].split(",") == [world.subscription, "another"]
        trusted = ssl.create_default_context(cafile=azure.settings["SSL_CERT_FILE"])
        async with aiohttp.ClientSession() as session:
            for url in (azure.settings["ROTATION_VAULT_URL"], azure.urls["aoai"].replace("127.0.0.1", "localhost")):
                async with session.get(f"{url}/secrets/x", ssl=trusted) as answer:
                    assert answer.status in (401, 501)


async def test_no_port_and_no_file_is_left_when_the_block_ends() -> None:
    async with running() as azure:
        file, url = azure.ca_file, azure.control_url
    assert not file.exists()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_a_client_without_the_certificate_authority_cannot_connect() -> None:
    async with running() as azure, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(azure.urls["arm"])


async def test_a_fixed_port_is_used() -> None:
    port = free_port()
    async with running(ports={"control": port}) as azure:
        assert azure.control_url == f"http://127.0.0.1:{port}"


def test_a_program_without_an_event_loop_can_serve_from_a_thread() -> None:
    with running_in_thread() as azure:
        with urllib.request.urlopen(f"{azure.control_url}/state") as answer:
            assert len(json.load(answer)["accounts"]) == 2
        url = azure.control_url
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/state")


def test_a_thread_that_cannot_start_raises_the_reason() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"), running_in_thread(ports={"arm": taken.getsockname()[1]}):
            pytest.fail("the emulator started on a port that is in use")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_program_runs_until_a_signal_stops_it(tmp_path: Path, number: int) -> None:
    async with program(tmp_path, "--accounts", "3") as (output, process):
        assert set(output["settings"]) == SETTINGS
        assert stat.S_IMODE((tmp_path / "settings.json").stat().st_mode) == 0o600
        async with aiohttp.ClientSession() as session, session.get(f"{output['control_url']}/state") as answer:
            assert len((await answer.json())["accounts"]) == 3
        process.send_signal(number)
        assert await process.wait() == 0


async def test_a_seed_file_describes_the_world(tmp_path: Path) -> None:
    port, seed = free_port(), tmp_path / "seed.json"
    facts = {
        "subscription": "s",
        "accounts": [{"name": "chat", "resource_group": "prod", "tags": {"a": "b"}, "lag": {"old_for": 5}}],
        "vaults": [{"name": "one", "secrets": [{"name": "chat", "value": "v"}]}, {"name": "two"}],
        "topics": [{"name": "news"}],
    }
    seed.write_text(json.dumps(facts))
    async with program(tmp_path, "--seed", str(seed), "--port", f"two={port}", "--throttling") as (output, _):
        assert output["vaults"]["two"] == f"https://127.0.0.1:{port}"
        assert output["settings"]["EVENT_GRID_TOPIC_ENDPOINT"].endswith("/news/api/events")
    world = seeded_world(seed)
    [account] = world.accounts
    assert (account.id.split("/")[2], account.tags, account.lag.old_for) == ("s", {"a": "b"}, 5)
    assert world.vaults["one"].get_secret("chat").value == "v"


def test_a_seed_file_with_an_unknown_section_is_refused(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text('{"acounts": []}')
    with pytest.raises(ValueError, match="acounts"):
        seeded_world(tmp_path / "seed.json")


@pytest.mark.parametrize("pair", ["moon=1", "moon"])
def test_a_port_for_an_unknown_service_is_refused(pair: str) -> None:
    with pytest.raises(SystemExit, match="no service or vault"):
        main(["--port", pair])


async def test_a_state_file_keeps_the_world_for_the_next_run(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    seen = []
    for _ in range(2):
        async with program(tmp_path, "--state", str(state)) as (output, process):
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{output['control_url']}/state") as answer:
                    accounts = (await answer.json())["accounts"]
                seen.append([account["keys"]["key1"]["fingerprint"] for account in accounts])
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    assert seen[0] == seen[1]
    assert stat.S_IMODE(state.stat().st_mode) == 0o600


def test_the_state_file_holds_the_whole_state(tmp_path: Path) -> None:
    world = sample_world()
    fill(world)
    save(world, tmp_path / "state.json")
    again = load(tmp_path / "state.json")
    save(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == (tmp_path / "state.json").read_text()
    account = world.accounts.named("account-001")
    assert again.accounts.list_keys(account.id) == {slot: account.keys[slot].value for slot in SLOTS}
    assert again.vaults["emulated-vault"].get_secret("chat").tags == {"a": "b"}
    assert "gone" in again.vaults["emulated-vault"].deleted
    assert again.blobs.get("state", "b", Conditions(if_match=world.blobs.get("state", "b").etag)).content == b"\x00x"
    assert again.queues.peek("work")[0].text == "text"
    assert again.topics["key-rotation"].events[0]["id"] == "1"


def fill(world: World) -> None:
    vault = world.vaults["emulated-vault"]
    vault.set_secret("chat", "v", tags={"a": "b"})
    vault.set_secret("gone", "v")
    vault.delete_secret("gone")
    world.accounts.named("account-001").lag.old_for = 60
    world.accounts.regenerate(world.accounts.named("account-001").id, "key1")
    world.topics["key-rotation"].publish([{"id": "1", "source": "/s", "type": "t", "specversion": "1.0"}])
    world.blobs.create_container("state")
    world.blobs.put("state", "b", b"\x00x", metadata={"k": "v"})
    world.queues.create("work", {"m": "1"})
    world.queues.put("work", "text")
    world.clock.advance(1000)


APP = """
import asyncio, os
from azure.core.messaging import CloudEvent
from azure.eventgrid.aio import EventGridPublisherClient
from azure.identity.aio import ManagedIdentityCredential
from azure.keyvault.secrets.aio import SecretClient
from azure.mgmt.cognitiveservices.aio import CognitiveServicesManagementClient
from azure.storage.queue.aio import QueueServiceClient

async def main():
    arm_url, subscription = os.environ["AZURE_RESOURCE_MANAGER_ENDPOINT"], os.environ["ROTATION_SUBSCRIPTIONS"]
    async with (
        ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"]) as me,
        CognitiveServicesManagementClient(
            me, subscription, base_url=arm_url, credential_scopes=[arm_url + "/.default"]
        ) as arm,
        SecretClient(os.environ["ROTATION_VAULT_URL"], me, verify_challenge_resource=False) as vault,
        EventGridPublisherClient(os.environ["EVENT_GRID_TOPIC_ENDPOINT"], me) as topic,
        QueueServiceClient.from_connection_string(os.environ["AzureWebJobsStorage"]) as queues,
    ):
        keys = await arm.accounts.list_keys("emulated", "account-001")
        await vault.set_secret("chat", keys.key1)
        await topic.send(CloudEvent("/app", "Done", data={}))
        await queues.create_queue("done")

asyncio.run(main())
"""


async def test_an_app_reaches_every_service_with_the_settings_alone() -> None:
    async with running() as azure:
        environment = {"PATH": os.environ["PATH"], **azure.settings}
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", APP, env=environment)
        assert await process.wait() == 0
        key = azure.world.accounts.named("account-001").keys["key1"].value
        assert azure.world.vaults["emulated-vault"].get_secret("chat").value == key
        assert len(azure.world.topics["key-rotation"].events) == 1
        assert list(azure.world.queues.queues) == ["done"]
