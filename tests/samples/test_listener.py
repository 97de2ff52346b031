"""The sample listener in the local host: it posts an announcement to the team's channel once, in plain words."""

import asyncio
import json
import re
import runpy
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from lab.emulator.serve import running
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import AccountId, Target

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "listener"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TARGET = Target(
    "chat", AccountId("0" * 36, "prod", "chat"), "https://keys.vault.azure.net", "chat-key", owner="chat-team"
)
ENDS = Announcement(
    Kind.RETIREMENT_ANNOUNCED, TARGET, KeySlot.KEY2, Fingerprint.of("b"), deadline=NOW + timedelta(days=3)
)
SAID = {field: text for field, text in ENDS.wire(NOW)["data"].items() if field.startswith(("what", "who"))}


ANSWERS: list[str] = []  # the texts of the channel's next answers; after them, an empty one


@pytest.fixture
async def channel() -> AsyncIterator[tuple[str, list[str]]]:
    """A team's channel: its address and the texts that were posted."""
    posted: list[str] = []

    async def receive(request: web.Request) -> web.Response:
        posted.append((await request.json())["text"])
        return web.Response(text=ANSWERS.pop(0) if ANSWERS else "")

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", posted
    await runner.cleanup()


async def deliver(host: FunctionHost, *announcements: Announcement, function: str = "on_announcement") -> int:
    """Deliver announcements to the listener like Event Grid and return the last status."""
    url = f"{host.url}/runtime/webhooks/eventgrid?functionName={function}&code={host.keys.eventgrid}"
    headers = {"aeg-event-type": "Notification", "Content-Type": "application/cloudevents+json"}
    async with aiohttp.ClientSession() as http:
        for announcement in announcements:
            async with http.post(url, data=json.dumps(announcement.wire(NOW)), headers=headers) as answer:
                status = answer.status
    return status


@pytest.fixture
async def azure_settings() -> AsyncIterator[dict[str, str]]:
    """The settings that say where the emulated Azure is."""
    async with running(World()) as azure:
        yield dict(azure.settings)


async def test_an_announcement_that_is_delivered_twice_is_posted_once(channel, azure_settings) -> None:
    url, posted = channel
    async with FunctionHost(SAMPLE, settings={**azure_settings, "TEAM_WEBHOOK": f"{url}\n"}) as host:
        assert await deliver(host, ENDS, ENDS) in (200, 202)
    (said,) = posted
    assert said.splitlines()[0] == "chat: RetirementAnnounced (2026-11-25T12:00:00Z)"
    assert [text for text in SAID.values() if text not in said] == []


@pytest.mark.parametrize("page", ["https://wiki.contoso.com/docs/without-keys.md", None])
def test_a_text_says_who_is_affected_what_stops_what_to_do_and_where_to_read_on(page: str | None) -> None:
    sentence = runpy.run_path(str(SAMPLE / "function_app.py"))["sentence"]
    event = ENDS.wire(NOW, page)
    lines = sentence(event["type"], event["data"]).splitlines()
    assert [line.partition(": ")[0] for line in lines[2:5]] == ["Affected", "What stops", "What to do"]
    assert lines[5:] == ([f"Without a key: {page}"] if page else [])


def test_an_event_of_an_older_release_is_posted_too() -> None:
    """It lacks the fields that came later."""
    sentence = runpy.run_path(str(SAMPLE / "function_app.py"))["sentence"]
    old = {"target": "chat", "whatHappens": "A key ended.", "whatToDo": "Read it again."}
    assert sentence("KeyRotation.KeyRetired", old).splitlines()[1:] == ["A key ended.", "What to do: Read it again."]


async def test_an_announcement_for_another_owner_is_not_posted(channel, azure_settings) -> None:
    url, posted = channel
    settings = {**azure_settings, "TEAM_WEBHOOK": url, "OWNERS": "search-team"}
    async with FunctionHost(SAMPLE, settings=settings) as host:
        await deliver(host, ENDS)
    assert posted == []


async def test_the_listener_fails_if_the_channel_is_down_so_that_event_grid_delivers_again(azure_settings) -> None:
    settings = {**azure_settings, "TEAM_WEBHOOK": "http://127.0.0.1:9/"}
    async with FunctionHost(SAMPLE, settings=settings) as host:
        assert await asyncio.wait_for(deliver(host, ENDS), 30) == 500


async def test_a_reference_that_could_not_be_followed_is_named_and_the_event_delivered_again(azure_settings) -> None:
    reference = "@Microsoft.KeyVault(SecretUri=https://keys.vault.azure.net/secrets/team-webhook)"
    async with FunctionHost(SAMPLE, settings={**azure_settings, "TEAM_WEBHOOK": reference}) as host:
        assert await asyncio.wait_for(deliver(host, ENDS), 30) == 500
        assert "TEAM_WEBHOOK" in (await host.logged("could not read the secret")).message


def test_the_page_keeps_the_address_in_a_vault_and_puts_only_a_reference_into_the_settings() -> None:
    page = (SAMPLE / "README.md").read_text()
    [setting] = re.findall(r'"TEAM_WEBHOOK=(.*)"', page)
    assert setting.startswith(runpy.run_path(str(SAMPLE / "function_app.py"))["REFERENCE"])
    assert re.fullmatch(r"@Microsoft\.KeyVault\(SecretUri=https://<vault>\.vault\.azure\.net/secrets/[\w-]+\)", setting)
    assert "https://" not in page.replace(setting, "")


REFUSALS = [
    "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429",
    "invalid_payload",
    '{"ok": false, "error": "channel_not_found"}',
    '{"ok": false}',
    '{"error": {"code": 429}}',
    "<html>Sign in</html>",
    "[]",
]


@pytest.mark.parametrize("said", REFUSALS)
async def test_a_channel_that_answers_200_and_did_not_deliver_gets_the_announcement_again(
    channel, azure_settings, said: str
) -> None:
    url, posted = channel
    ANSWERS[:] = [said]
    async with FunctionHost(SAMPLE, settings={**azure_settings, "TEAM_WEBHOOK": url}) as host:
        assert [await deliver(host, ENDS) for _ in range(3)] == [500, 202, 202]
    assert len(posted) == 2


@pytest.mark.parametrize("said", ["", "1", "ok", "OK\n", '{"ok": true}', '{"name": "spaces/1", "text": "an error"}'])
async def test_a_channel_that_delivered_is_not_asked_again(channel, azure_settings, said: str) -> None:
    url, posted = channel
    ANSWERS[:] = [said]
    async with FunctionHost(SAMPLE, settings={**azure_settings, "TEAM_WEBHOOK": url}) as host:
        assert [await deliver(host, ENDS) for _ in range(2)] == [202, 202]
    assert len(posted) == 1
