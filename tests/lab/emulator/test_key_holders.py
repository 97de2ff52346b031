"""The lists in which copies of keys can lie, asked over HTTP; their answers fit Azure's own descriptions."""

from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from lab.emulator import holdings as held
from lab.emulator.directory import Role
from lab.emulator.serve import Azure
from lab.emulator.surfaces.key_holders import LISTS
from lab.emulator.surfaces.search import VERSION
from tests.support.holders import ENDPOINT, LONG_KEY, add, everything_held

type Ask = Callable[..., Any]
LAST = {
    "arm.listConnections": ("foundry", "/connections"),
    "arm.listProjects": ("foundry", "/projects"),
    "arm.listProjectConnections": ("foundry", "/projects/team/connections"),
    "arm.listHubConnections": ("hub", "/connections"),
    "arm.listNamedValues": ("service", "/namedValues"),
    "arm.listBackends": ("service", "/backends"),
    "arm.listReferences": ("site", "/config/configreferences/appsettings"),
    "arm.listSlotReferences": ("slot", "/config/configreferences/appsettings"),
    "arm.listLinkedServices": ("factory", "/linkedServices"),
}
OF_SCOPES = {
    "arm.listContainerApps": "/providers/Microsoft.App/containerApps",
    "arm.listContainerJobs": "/providers/Microsoft.App/jobs",
    "arm.listApiConnections": "/resourceGroups/apps/providers/Microsoft.Web/connections",
}
# What Azure shows to everybody who may read the list.
SHOWS_KEYS = {"arm.listConnections", "arm.listNamedValues", "arm.listBackends", "arm.listContainerApps"}


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession) -> Ask:
    async def asked(path: str, version: str) -> tuple[int, Any, str]:
        token = azure.world.directory.token(azure.world.app, "https://management.azure.com")[0]
        url = f"{azure.urls['arm']}{path}?api-version={version}"
        async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, await answer.json(), await answer.text()

    return asked


def paths(azure: Azure) -> dict[str, str]:
    ids = everything_held(azure.world, LONG_KEY)
    subscription = f"/subscriptions/{azure.world.subscription}"
    return {name: ids[kind] + end for name, (kind, end) in LAST.items()} | {
        name: subscription + end for name, end in OF_SCOPES.items()
    }


async def test_every_list_is_shown_as_azure_describes_it_and_only_some_show_keys(azure: Azure, ask: Ask) -> None:
    found = paths(azure)
    assert set(found) == {one.operation for one in LISTS}
    shows = set()
    for one in LISTS:
        status, body, text = await ask(found[one.operation], one.version)
        assert (status, bool(body["value"])) == (200, True), one.operation
        shows |= {one.operation} if LONG_KEY in text else set()
    assert shows == SHOWS_KEYS


async def test_each_list_needs_its_right_and_its_version(azure: Azure, ask: Ask) -> None:
    found = paths(azure)
    for one in LISTS:
        assert (await ask(found[one.operation], "2020-01-01"))[0] == 400
        azure.world.directory.revoke("app")
        assert (await ask(found[one.operation], one.version))[0] == 403
        azure.world.directory.define(Role("one right", actions=(one.right,)))
        azure.world.directory.assign("app", "one right")
        assert (await ask(found[one.operation], one.version))[0] == 200


async def test_a_list_of_a_resource_that_is_not_there_is_refused(azure: Azure, ask: Ask) -> None:
    found = paths(azure)
    wrong = found["arm.listNamedValues"].replace("gateway", "nobody")
    assert (await ask(wrong, "2024-05-01"))[0] == 404
    wrong = found["arm.listProjectConnections"].replace("team", "nobody")
    assert (await ask(wrong, "2026-03-01"))[0] == 404


async def test_a_long_list_has_pages(azure: Azure, ask: Ask) -> None:
    values = [held.NamedValue(f"value-{number:03}") for number in range(130)]
    service = add(azure.world, "Microsoft.ApiManagement/service", "gateway", *values)
    _, body, _ = await ask(f"{service}/namedValues", "2024-05-01")
    assert len(body["value"]) == 100
    assert "skiptoken=100" in body["nextLink"]


async def test_a_search_service_takes_no_token_until_its_owner_allows_roles(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    service = add(azure.world, "Microsoft.Search/searchServices", "finder", held.Index("docs"))
    assert (await _search(azure, session, "indexes"))[0] == 403
    azure.world.holdings.takes_tokens.add(service.lower())
    assert (await _search(azure, session, "indexes"))[0] == 200
    azure.world.directory.revoke("app")
    assert (await _search(azure, session, "indexes"))[0] == 403


async def test_a_search_service_shows_a_stored_key_as_redacted_and_headers_as_they_are(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    everything_held(azure.world, LONG_KEY)
    status, body, text = await _search(azure, session, "indexes")
    [stored, sending] = body["value"][0]["vectorSearch"]["vectorizers"]
    assert (status, stored["azureOpenAIParameters"]["apiKey"]) == (200, "<redacted>")
    assert sending["customWebApiParameters"]["httpHeaders"] == {"api-key": LONG_KEY}
    for kind in ("knowledgebases", "knowledgesources"):
        status, body, text = await _search(azure, session, kind)
        assert (status, bool(body["value"]), LONG_KEY in text) == (200, True, False)
    status, body, _ = await _search(azure, session, "skillsets")
    assert body["value"][0]["cognitiveServices"]["key"] == "<redacted>"


async def test_a_model_that_is_called_by_identity_has_no_key(azure: Azure, session: aiohttp.ClientSession) -> None:
    index = held.Index("docs", {"openai": held.Model(ENDPOINT)})
    service = add(azure.world, "Microsoft.Search/searchServices", "finder", index)
    azure.world.holdings.takes_tokens.add(service.lower())
    _, body, _ = await _search(azure, session, "indexes")
    assert body["value"][0]["vectorSearch"]["vectorizers"][0]["azureOpenAIParameters"]["apiKey"] is None


async def _search(azure: Azure, session: aiohttp.ClientSession, kind: str) -> tuple[int, Any, str]:
    token = azure.world.directory.token(azure.world.app, "https://search.azure.com")[0]
    url = f"{azure.urls['search']}/finder/{kind}?api-version={VERSION}"
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        return answer.status, await answer.json(), await answer.text()
