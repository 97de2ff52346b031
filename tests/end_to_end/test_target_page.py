"""The page of one target as the running app serves it: it observes that target, and no other."""

import aiohttp

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from lab.simulation.tripwire import wire
from shared.web.pages.render import headers
from tests.end_to_end.conftest import tick
from tests.web.pages.reading import Reader


async def fetched(host: FunctionHost, http: aiohttp.ClientSession, name: str, query: str = "") -> tuple[int, str]:
    """Return the status and the text of a target's page."""
    given = {"x-functions-key": host.keys.default}
    async with http.get(f"{host.url}/api/status/targets/{name}{query}", headers=given) as answer:
        assert all(answer.headers[one] == value for one, value in headers().items())
        return answer.status, await answer.text()


async def test_a_target_s_page_observes_that_target_and_shows_its_past(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    await tick(host)
    azure.world.journal.clear()
    status, text = await fetched(host, http, "chat")
    found = Reader(text)
    assert status == 200
    assert found.within("h1").startswith("chat is healthy.")
    assert "key 1 adopted" in found.text
    asked = [entry for entry in azure.world.journal.entries if entry.operation == "arm.listKeys"]
    assert {entry.target.rpartition("/")[2] for entry in asked} == {"chat"}
    wire.plant(*(key.value for account in azure.world.accounts for key in account.keys.values()))
    wire.hear(text)
    wire.check()


async def test_an_unknown_name_is_answered_with_the_nearest_one(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    await tick(host)
    status, text = await fetched(host, http, "chta")
    found = Reader(text)
    assert (status, found.within("h1")) == (404, "No target is called “chta”.")
    assert "/api/status/targets/chat" in found.links()


async def test_a_target_whose_tag_became_wrong_is_shown_as_it_was_known_last(
    azure: Azure, host: FunctionHost, http: aiohttp.ClientSession
) -> None:
    await tick(host)
    await tick(host)
    azure.world.accounts.named("chat").tags["key-rotation-period"] = "monthly"
    status, text = await fetched(host, http, "chat")
    found = Reader(text)
    assert status == 200
    assert "Shown as it was known last" in found.text
    assert "'monthly' is not" in found.text
