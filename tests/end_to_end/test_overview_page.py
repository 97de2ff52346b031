"""The overview as the running app serves it: its headers, what it says, and what it costs."""

from collections.abc import Mapping

import aiohttp

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.simulation.tripwire import wire
from shared.web.pages.render import headers
from tests.end_to_end.conftest import a_host, published, tick
from tests.web.pages.reading import Reader


async def fetched(
    host: FunctionHost, http: aiohttp.ClientSession, query: str = "", *, key: bool = True
) -> tuple[int, Mapping[str, str], str]:
    given = {"x-functions-key": host.keys.default} if key else {}
    async with http.get(f"{host.url}/api/status{query}", headers=given) as answer:
        return answer.status, answer.headers, await answer.text()


async def test_the_route_serves_the_page_with_its_content_security_policy(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    chat = azure.world.accounts.named("chat")
    published(azure, chat, days_ago=1)
    assert (await fetched(host, http, key=False))[0] == 401
    status, answered, text = await fetched(host, http)
    assert status == 200
    assert answered["Content-Type"].replace(" ", "").lower() == "text/html;charset=utf-8"
    assert all(answered[name] == value for name, value in headers().items())
    read = Reader(text)
    assert "No check has run yet" in read.text
    assert "chat" in read.within("table")
    wire.plant(*(key.value for key in chat.keys.values()))
    wire.hear(text)
    wire.check()


async def test_after_a_check_the_page_shows_each_target_and_asks_azure_for_none(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    await tick(host)
    await fetched(host, http)  # who listens is asked once an hour
    azure.world.journal.clear()
    _, _, text = await fetched(host, http)
    assert {"chat", "search"} <= set(Reader(text).within("table").split())
    services = {entry.service for entry in azure.world.journal.entries}
    assert services <= {"blob", "queue"}, "only the storage of the app and of its host is read"


async def test_the_links_of_a_page_that_was_asked_for_with_a_key_carry_the_key(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    _, _, text = await fetched(host, http, f"?code={host.keys.default}", key=False)
    ours = [link for link in Reader(text).links() if link.startswith("/api/")]
    assert ours
    assert all(f"code={host.keys.default}" in link for link in ours)


async def test_the_page_says_that_nobody_listens_and_what_to_do(azure: Azure, http: aiohttp.ClientSession) -> None:
    azure.world.topics["announcements"].subscribers.clear()
    async with a_host(azure) as host:
        _, _, text = await fetched(host, http)
    read = Reader(text)
    assert "subscribe somebody to the announcements" in read.within("h1")
    assert "The topic has no event subscription, so announcements reach nobody." in read.text
    assert "Create an event subscription of the topic" in read.text


async def test_invalid_settings_are_answered_with_a_page_that_names_all_of_them(
    azure: Azure, http: aiohttp.ClientSession
) -> None:
    async with a_host(azure, ROTATION_PERIOD="monthly", ROTATION_BRAKE="no number") as host:
        status, answered, text = await fetched(host, http)
    assert status == 503
    assert answered["Content-Security-Policy"] == headers()["Content-Security-Policy"]
    read = Reader(text)
    assert "Stopped" in read.within("h1")
    assert {"ROTATION_PERIOD", "ROTATION_BRAKE"} <= set(read.within("h3").split())


async def test_the_deadlines_of_a_team_are_those_of_its_targets(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    azure.world.accounts.named("chat").tags["key-rotation-owner"] = "docs@example.com"
    await tick(host)
    given = {"x-functions-key": host.keys.default}
    for owner, expected in (("docs@example.com", {"chat"}), ("-", {"search"}), ("", {"chat", "search"})):
        async with http.get(f"{host.url}/api/deadlines?owner={owner}", headers=given) as answer:
            assert {one["target"] for one in (await answer.json())["deadlines"]} == expected
    async with http.get(f"{host.url}/api/deadlines.ics?owner=docs@example.com", headers=given) as answer:
        calendar = await answer.text()
    assert "chat" in calendar
    assert "search" not in calendar
