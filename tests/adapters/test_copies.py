"""Copies of keys as the adapter shows them, asked over HTTP, with the role that is made for it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.emulator import holdings as held
from lab.emulator.directory import Role
from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from shared.adapters.copies import AzureKeyHolders
from shared.adapters.copies_table import COPY_READS, SEARCH_READS
from shared.adapters.search_reads import SearchReads
from shared.copies.ask import copies_of_fleet, copies_of_one
from shared.copies.find import CopiesSeen, look_for_copies
from shared.copies.kinds import Copied, CopyFate
from shared.copies.matching import TraceIndex
from shared.copies.places import PLACES
from shared.copies.traces import HolderList
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, UnexpectedAnswer
from shared.domain.model import AccountId
from shared.wiring import opened, time_limit
from tests.support.holders import (
    ENDPOINT,
    LABEL,
    LIVE,
    LONG_KEY,
    ROLE,
    SECRET,
    add,
    everything_held,
    holders_over,
    may_look,
    sought,
)
from tests.support.reading import ELSEWHERE
from tests.support.real_parts import Parts, Spoiled, parts_over

SERVICE, GATEWAY = "Microsoft.ApiManagement/service", "Microsoft.Search/searchServices"
ALLOWED = sorted(shipped_roles()[ROLE].actions)
# What the app needs to be shown a resource at all by Resource Graph.
SHOWN = {one for one in ALLOWED if re.fullmatch(r"Microsoft\.\w+/\w+(/slots)?/read", one)}


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts, with the role to look for copies."""
    may_look(azure.world)
    async with parts_over(azure) as parts:
        yield parts


@pytest.fixture
def holders(wired: Parts) -> AzureKeyHolders:
    return holders_over(wired)


def copies_in(seen: CopiesSeen) -> list[Copied]:
    return list(TraceIndex(seen).copies_of(sought()).copies)


async def test_a_copy_in_each_place_is_found(wired: Parts, holders: AzureKeyHolders) -> None:
    everything_held(wired.azure.world, LONG_KEY)
    seen = await look_for_copies(holders)
    assert {one.place for one in copies_in(seen)} == {one.word for one in PLACES}
    assert seen.problems == ()
    assert {one.looked for one in seen.places[: len(PLACES)]} <= {1, 2}
    assert seen.calls == len(wired.names())


async def test_names_and_versions_arrive_as_owners_wrote_them(wired: Parts, holders: AzureKeyHolders) -> None:
    everything_held(wired.azure.world, LONG_KEY)
    found = {(one.place, one.name, one.version, one.fate) for one in copies_in(await look_for_copies(holders))}
    assert {
        ("foundry-project-connection", "chat", "", CopyFate.BREAKS),
        ("apim-named-value", "pinned", LIVE, CopyFate.BREAKS),
        ("apim-named-value", "following", "", CopyFate.FOLLOWS),
        ("app-setting", "OPENAI_KEY", LIVE, CopyFate.BREAKS),
        ("container-app-secret", "pinned", "another", CopyFate.BREAKS),
        ("search", "docs/openai", "", CopyFate.BREAKS),
        ("data-factory-linked-service", "pinned", "another", CopyFate.BREAKS),
    } <= found


async def test_no_call_shows_a_key_although_some_answers_hold_one(wired: Parts, holders: AzureKeyHolders) -> None:
    everything_held(wired.azure.world, LONG_KEY)
    await look_for_copies(holders)
    assert "arm.listBackends" not in wired.names()
    assert not {one for one in wired.names() if one.endswith(("unknown", "listKeys"))}
    assert {one.status for one in wired.calls()} == {200}


# The role.


def test_the_role_reads_and_leaves_out_what_shows_keys() -> None:
    role = shipped_roles()[ROLE]
    assert all(one.endswith("/read") for one in ALLOWED)
    assert role.data_actions == ()
    for shows in (
        "Microsoft.ApiManagement/service/backends/read",
        "Microsoft.ApiManagement/service/namedValues/listValue/action",
        "Microsoft.Web/sites/config/list/action",
        "Microsoft.CognitiveServices/accounts/connections/listsecrets/action",
        "Microsoft.App/containerApps/listSecrets/action",
        "Microsoft.Search/searchServices/listAdminKeys/action",
        "Microsoft.CognitiveServices/accounts/listKeys/action",
        "Microsoft.AppConfiguration/configurationStores/read",
    ):
        assert not role.allows(shows, data=False)


def test_every_operation_needs_a_right_that_the_role_has() -> None:
    assert {one.right for one in (*COPY_READS, *SEARCH_READS)} <= set(ALLOWED)
    assert {one.role for one in (*COPY_READS, *SEARCH_READS)} == {ROLE}


@pytest.mark.parametrize("action", ALLOWED)
async def test_without_one_right_of_the_role_something_is_not_seen(azure: Azure, action: str) -> None:
    world = azure.world
    everything_held(world, LONG_KEY)
    rest = Role("rest", actions=tuple(one for one in ALLOWED if one != action))
    world.directory.revoke("app")  # its other roles read accounts, too
    world.directory.define(rest)
    world.directory.assign("app", rest.name)
    async with parts_over(azure) as parts:
        seen = await look_for_copies(holders_over(parts))
    fewer = [one for one in seen.places[: len(PLACES)] if (one.looked or 0) == 0 or one.place == "app-setting"]
    assert fewer
    refusals = [one.next_step for one in seen.problems]
    if action not in SHOWN and GATEWAY not in action:
        assert any(action.lower() in step.lower() or "slots" in action for step in refusals), refusals
        assert all(ROLE in step for step in refusals)


async def test_who_may_see_one_group_sees_the_copies_in_it_and_nothing_says_that_others_are_missing(
    azure: Azure,
) -> None:
    value = held.NamedValue("following", address=SECRET)
    mine = add(azure.world, SERVICE, "mine", value, group="mine")
    add(azure.world, SERVICE, "theirs", value, group="theirs")
    may_look(azure.world, mine.partition("/providers")[0])
    async with parts_over(azure) as parts:
        seen = await look_for_copies(holders_over(parts))
    assert [one.resource for one in copies_in(seen)] == [mine]
    assert seen.problems == ()


async def test_a_management_group_shows_its_subscriptions_only(wired: Parts, holders: AzureKeyHolders) -> None:
    value = held.NamedValue("following", address=SECRET)
    add(wired.azure.world, SERVICE, "here", value)
    there = add(wired.azure.world, SERVICE, "there", value, subscription=ELSEWHERE)
    wired.azure.world.directory.group("prod", ELSEWHERE)
    assert [one.resource for one in copies_in(await look_for_copies(holders, ["prod"]))] == [there]


async def test_every_page_of_a_list_is_read(wired: Parts, holders: AzureKeyHolders) -> None:
    values = [held.NamedValue(f"value-{number}", address=SECRET) for number in range(130)]
    add(wired.azure.world, SERVICE, "gateway", *values)
    assert len(copies_in(await look_for_copies(holders))) == 130


async def test_projects_are_asked_although_azure_names_them_with_their_account(
    wired: Parts, holders: AzureKeyHolders
) -> None:
    everything_held(wired.azure.world, LONG_KEY)
    account = next(one.id for one in wired.azure.world.accounts if one.kind == "AIServices")
    assert [dict(one) for one in await holders.entries(HolderList.PROJECTS, account)] == [{"name": "team"}]


# Search services.


async def test_a_search_service_that_takes_keys_only_is_not_looked_into(wired: Parts, holders: AzureKeyHolders) -> None:
    service = add(wired.azure.world, GATEWAY, "finder", held.Index("docs", {"openai": held.Model(ENDPOINT, "key")}))
    with pytest.raises(GrantRole, match="it takes API keys only, or the identity has no role there") as caught:
        await holders.entries(HolderList.INDEXES, service)
    assert "aadOrApiKey" in caught.value.next_step
    seen = await look_for_copies(holders)
    assert seen.problems == ()
    assert copies_in(seen) == []


@pytest.mark.parametrize("body", [{"unexpected": True}, {"value": "x"}, {"value": ["x"]}, b"{", b"[]", b""])
async def test_definitions_of_another_form_are_an_unexpected_answer(
    wired: Parts, holders: AzureKeyHolders, spoiled: Spoiled, body: Any
) -> None:
    service = add(wired.azure.world, GATEWAY, "finder")
    wired.azure.world.holdings.takes_tokens.add(service.lower())
    spoiled.body("search.listIndexes", body)
    with pytest.raises(UnexpectedAnswer):
        await holders.entries(HolderList.INDEXES, service)


async def test_an_error_of_a_search_service_names_the_service(
    wired: Parts, holders: AzureKeyHolders, spoiled: Spoiled
) -> None:
    service = add(wired.azure.world, GATEWAY, "finder")
    spoiled.body("search.listIndexes", {"error": {"code": "", "message": "busy"}}, 503)
    with pytest.raises(RotationError, match="could not list its indexes") as caught:
        await holders.entries(HolderList.INDEXES, service)
    assert caught.value.thing == service


@pytest.mark.parametrize(
    ("manager", "host"),
    [
        ("https://management.azure.com", "https://finder.search.windows.net"),
        ("https://management.usgovcloudapi.net/", "https://finder.search.azure.us"),
        ("https://management.chinacloudapi.cn", "https://finder.search.azure.cn"),
    ],
)
async def test_each_cloud_has_a_domain_of_search_services(wired: Parts, manager: str, host: str) -> None:
    reads = SearchReads(wired.accounts._credential, manager, wired.connections, "https://127.0.0.1:1")
    assert reads._address("/subscriptions/x/providers/Microsoft.Search/searchServices/Finder") == host


async def test_search_services_of_an_unknown_cloud_get_no_token(wired: Parts) -> None:
    reads = SearchReads(wired.accounts._credential, "https://management.example.com", wired.connections)
    with pytest.raises(FixConfiguration, match="domain of search services is not known"):
        await reads.entries(SEARCH_READS[0], "/subscriptions/x/providers/Microsoft.Search/searchServices/finder")
    assert wired.names() == []


async def test_the_app_wires_the_same_parts(azure: Azure) -> None:
    may_look(azure.world)
    everything_held(azure.world, LONG_KEY)
    async with opened(azure.settings) as parts:
        seen = await look_for_copies(parts.key_holders)
    assert {one.place for one in copies_in(seen)} == {one.word for one in PLACES}


async def test_copies_are_the_same_for_the_fleet_and_for_one_account_whose_name_is_not_its_subdomain(
    azure: Azure,
) -> None:
    may_look(azure.world)
    account = azure.world.accounts.add("chat-two", subdomain=LABEL)
    everything_held(azure.world, LONG_KEY)
    async with opened(azure.settings) as parts:
        app, asked = parts.rotation, AccountId.parse(account.id)
        one = await copies_of_one(app, parts.copy_looks, asked, None)
        seen = await parts.read_only.sight.accounts()
        fleet = await copies_of_fleet(app, parts.copy_looks, [], seen.accounts, seen.scope)
    [found] = [each.found for each in fleet.accounts if each.found.account == asked]
    assert found.copies == one.found.copies
    assert "foundry-connection" in {each.place for each in found.copies}
    assert fleet.asked_at == one.asked_at


async def test_a_look_ends_with_the_time_of_its_call(azure: Azure) -> None:
    may_look(azure.world)
    everything_held(azure.world, LONG_KEY)
    async with opened(azure.settings) as parts:
        with time_limit(3):
            seen = await look_for_copies(parts.key_holders)
    assert (seen.problems, seen.is_whole) == ((), False)
    assert "had to wait" in " ".join(one.why for one in seen.places)
