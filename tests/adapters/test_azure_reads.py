"""Reading Azure Resource Manager and Resource Graph: only what is in the table, to the last page, and nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from lab.emulator.resources import DiagnosticSetting
from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from shared.adapters.azure_reads import AzureReads
from shared.adapters.log_settings import DiagnosticSettings
from shared.adapters.read_table import ACCOUNTS_IN_SIGHT, LOG_SETTINGS, READS, VALUE, ReadOperation, keep
from shared.adapters.resource_graph import ResourceGraph
from shared.domain.errors import FixConfiguration, GrantRole, Throttled, UnexpectedAnswer
from shared.readiness.ports import LogSetting
from tests.support.reading import ELSEWHERE, READER, id_of, may_see, reads_over
from tests.support.real_parts import Parts, Spoiled, parts_over

GRAPH, SETTINGS = "arm.queryResourceGraph", "arm.listDiagnosticSettings"
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/logs"


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    """The app's parts, with the role that widens what is seen."""
    may_see(azure.world)
    async with parts_over(azure) as parts:
        yield parts


@pytest.fixture
def reads(wired: Parts) -> AzureReads:
    return reads_over(wired)


async def names(reads: AzureReads, *groups: str) -> list[str]:
    return sorted(one.id.name for one in await ResourceGraph(reads).accounts(groups))


def slept(reads: AzureReads, wired: Parts) -> list[float]:
    """Let waits pass at once on the world's clock, and return how long each was."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        wired.azure.world.clock.advance(seconds)
        reads._graph_from = 0.0

    transport: Any = reads._transport
    transport.sleep = sleep
    return waits


# The table.


@pytest.mark.parametrize(
    "path",
    [
        "{scope}/listKeys",
        "{scope}/listSecrets",
        "{scope}/listsecrets",
        "{scope}/namedValues/x/listValue",
        "{scope}/config/appsettings/list",
        "{scope}/listAdminKeys",
        "{scope}/regenerateKey",
        "{scope}/getFullUrl",
        "{scope}/backends",
        "{scope}/policies",
        "{scope}/apis/x/policies/policy",
        "{scope}/policyFragments",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_operation_that_could_show_a_secret_cannot_be_made(path: str, method: str) -> None:
    with pytest.raises(ValueError, match="could show a secret"):
        ReadOperation("read it", method, path, "2025-09-01", "Microsoft.Web/sites/read", VALUE)
    assert path not in {one.path for one in READS}


@pytest.mark.parametrize(
    ("method", "right"),
    [
        ("POST", "Microsoft.CognitiveServices/accounts/listKeys/action"),
        ("POST", "Microsoft.Web/sites/write"),
        ("PUT", "Microsoft.Web/sites/read"),
        ("PATCH", "Microsoft.Web/sites/read"),
        ("DELETE", "Microsoft.Web/sites/read"),
    ],
)
def test_an_operation_needs_a_right_to_read_and_changes_nothing(method: str, right: str) -> None:
    with pytest.raises(ValueError, match="no right to read"):
        ReadOperation("read it", method, "{scope}/things", "2025-09-01", right, VALUE)


def test_a_query_must_project_ids_because_only_then_azure_names_a_next_page() -> None:
    with pytest.raises(ValueError, match="must project id"):
        replace(ACCOUNTS_IN_SIGHT, query="resources | project name")


async def test_what_is_not_in_the_table_is_not_sent(wired: Parts, reads: AzureReads) -> None:
    other, account = replace(LOG_SETTINGS, path="{scope}/connections"), wired.account().id
    with pytest.raises(ValueError, match="not in the table"):
        await reads.entries(other, account)
    with pytest.raises(ValueError, match="not in the table"):
        await reads.rows(replace(ACCOUNTS_IN_SIGHT, query=f"{ACCOUNTS_IN_SIGHT.query} "), "all")
    assert wired.names() == []


@pytest.mark.parametrize(
    "scope",
    [
        *("", "/a/../b", "/a/./b", "/a/..", "/..", "/a/b\n", "/a?x=1", '/a" or 1 == 1'),
        *("https://elsewhere.invalid", "/a/%2e%2e/b", "/a//b"),
    ],
)
async def test_only_a_resource_id_is_asked_for(wired: Parts, reads: AzureReads, scope: str) -> None:
    with pytest.raises(UnexpectedAnswer, match="not a resource id"):
        await reads.entries(LOG_SETTINGS, scope)
    assert wired.names() == []


@pytest.mark.parametrize("group", ["-test", ".hidden", "..more", "(old)", "_x", "größe", "a..b"])
async def test_every_name_of_a_resource_group_that_azure_allows_can_be_asked_for(
    wired: Parts, reads: AzureReads, spoiled: Spoiled, group: str
) -> None:
    spoiled.body(SETTINGS, {"value": [{"name": "first", "properties": {}}]})
    account = wired.account().id.replace(wired.account().id.split("/")[4], group)
    assert [one["name"] for one in await reads.entries(LOG_SETTINGS, account)] == ["first"]


def test_what_the_table_does_not_name_is_dropped() -> None:
    found = {"name": "x", "key": "secret", "properties": {"logs": [{"enabled": True, "key": "secret"}], "more": [1]}}
    assert keep(found, LOG_SETTINGS.kept) == {"name": "x", "properties": {"logs": [{"enabled": True}]}}
    assert keep({"name": {"nested": "secret"}}, LOG_SETTINGS.kept) == {"name": None}


async def test_a_member_that_nobody_asked_for_never_leaves_the_adapter(reads: AzureReads, spoiled: Spoiled) -> None:
    row = {"id": "/x", "kind": "OpenAI", "key1": "secret", "tags": {"a": "b", "c": {"d": "secret"}}}
    spoiled.body(GRAPH, {"data": [row], "count": 1})
    assert await reads.rows(ACCOUNTS_IN_SIGHT, "all") == [{"id": "/x", "kind": "OpenAI", "tags": {"a": "b", "c": None}}]


# Pages.


async def test_every_page_of_rows_is_read_although_azure_says_that_nothing_is_truncated(
    wired: Parts, reads: AzureReads
) -> None:
    for number in range(1003):
        wired.azure.world.accounts.add(f"more-{number:04}", key1=f"a{number}", key2=f"b{number}")
    found = await names(reads)
    assert len(found) == len(set(found)) == len(wired.azure.world.accounts) > 1000
    assert wired.names() == [GRAPH, GRAPH]


async def test_a_page_that_names_itself_as_the_next_one_is_an_error(reads: AzureReads, spoiled: Spoiled) -> None:
    for _ in range(3):
        spoiled.body(GRAPH, {"data": [], "$skipToken": "again"})
    with pytest.raises(UnexpectedAnswer, match="names itself"):
        await names(reads)
    assert len(spoiled.ways[GRAPH]) == 1


async def test_rows_on_too_many_pages_are_an_error_and_not_a_part_of_the_answer(
    reads: AzureReads, spoiled: Spoiled, wired: Parts
) -> None:
    for number in range(ACCOUNTS_IN_SIGHT.most_pages + 1):
        spoiled.body(GRAPH, {"data": [], "$skipToken": f"page-{number}"})
    with pytest.raises(UnexpectedAnswer, match="more than 100 pages"):
        await names(reads)
    assert len(wired.names()) == ACCOUNTS_IN_SIGHT.most_pages


async def test_every_page_of_a_list_is_read(wired: Parts, reads: AzureReads, spoiled: Spoiled) -> None:
    account = wired.account()
    wired.azure.world.resources.send_logs(account.id, DiagnosticSetting("second"))
    here = f"{wired.azure.urls['arm']}{account.id}/providers/Microsoft.Insights/diagnosticSettings"
    after = f"{here}?api-version={LOG_SETTINGS.version}&$skiptoken=0"
    spoiled.body(SETTINGS, {"value": [{"name": "first", "properties": {}}], "nextLink": after})
    assert [one.name for one in await DiagnosticSettings(reads).of(id_of(account))] == ["first", "second"]


@pytest.mark.parametrize("host", ["https://elsewhere.invalid", "http://127.0.0.1"])
async def test_a_next_page_at_another_host_gets_no_token(
    wired: Parts, reads: AzureReads, spoiled: Spoiled, host: str
) -> None:
    spoiled.body(SETTINGS, {"value": [], "nextLink": f"{host}/next"})
    with pytest.raises(UnexpectedAnswer, match="leads astray"):
        await reads.entries(LOG_SETTINGS, wired.account().id)
    assert wired.names() == [SETTINGS]


async def test_a_list_whose_next_page_is_itself_is_an_error(wired: Parts, reads: AzureReads, spoiled: Spoiled) -> None:
    account = wired.account().id
    here = f"{wired.azure.urls['arm']}{account}/providers/Microsoft.Insights/diagnosticSettings"
    for _ in range(3):
        spoiled.body(SETTINGS, {"value": [], "nextLink": f"{here}?api-version={LOG_SETTINGS.version}&page=again"})
    with pytest.raises(UnexpectedAnswer, match="leads astray"):
        await reads.entries(LOG_SETTINGS, account)
    assert wired.names() == [SETTINGS] * 2


async def test_a_list_on_too_many_pages_is_an_error_and_not_a_part_of_the_answer(
    wired: Parts, reads: AzureReads, spoiled: Spoiled
) -> None:
    account = wired.account().id
    here = f"{wired.azure.urls['arm']}{account}/providers/Microsoft.Insights/diagnosticSettings"
    for number in range(LOG_SETTINGS.most_pages):
        spoiled.body(SETTINGS, {"value": [], "nextLink": f"{here}?api-version={LOG_SETTINGS.version}&page={number}"})
    with pytest.raises(UnexpectedAnswer, match="more than 20 pages"):
        await reads.entries(LOG_SETTINGS, account)
    assert len(wired.names()) == LOG_SETTINGS.most_pages


@pytest.mark.parametrize("body", [{"unexpected": True}, {"value": "x"}, {"value": ["x"]}, b"{", b"[]", b""])
async def test_a_list_of_another_form_is_an_unexpected_answer(
    wired: Parts, reads: AzureReads, spoiled: Spoiled, body: Any
) -> None:
    spoiled.body(SETTINGS, body)
    with pytest.raises(UnexpectedAnswer, match="could not be read"):
        await reads.entries(LOG_SETTINGS, wired.account().id)


@pytest.mark.parametrize("body", [{"data": {"rows": []}}, {"data": [1]}, {"data": [{"kind": "OpenAI"}]}, b"{", b""])
async def test_rows_of_another_form_are_an_unexpected_answer(reads: AzureReads, spoiled: Spoiled, body: Any) -> None:
    spoiled.body(GRAPH, body)
    with pytest.raises(UnexpectedAnswer):
        await names(reads)


# The quota of Resource Graph.


async def test_sixteen_queries_at_once_wait_for_the_quota_and_none_is_refused(wired: Parts, reads: AzureReads) -> None:
    wired.azure.world.limits.on = True
    waits = slept(reads, wired)
    for _ in range(16):
        assert await names(reads)
    assert [round(one) for one in waits] == [5]
    assert {one.status for one in wired.calls()} == {200}


async def test_a_query_that_is_refused_for_the_quota_is_sent_again_after_the_time_that_azure_names(
    wired: Parts, reads: AzureReads
) -> None:
    wired.azure.world.limits.on = True
    for _ in range(15):
        wired.azure.world.limits.graph(wired.azure.world.app.object_id)
    waits = slept(reads, wired)
    assert await names(reads)
    assert [round(one) for one in waits] == [5]
    assert [one.status for one in wired.calls()] == [429, 200]


def refusal(headers: dict[str, str]) -> web.Response:
    return web.Response(body=b'""', status=429, headers=headers, content_type="application/json")


async def test_a_refusal_without_a_readable_body_or_header_is_waited_for_all_the_same(
    wired: Parts, reads: AzureReads, spoiled: Spoiled
) -> None:
    waits = slept(reads, wired)
    spoiled.next(GRAPH, lambda _: refusal({}))
    assert await names(reads)
    assert [round(one) for one in waits] == [5]


async def test_a_long_wait_is_said_and_not_waited_for(wired: Parts, reads: AzureReads, spoiled: Spoiled) -> None:
    waits = slept(reads, wired)
    spoiled.next(GRAPH, lambda _: refusal({"x-ms-user-quota-resets-after": "00:01:30"}))
    with pytest.raises(Throttled, match="takes no more queries") as caught:
        await names(reads)
    assert waits == []
    until = caught.value.until
    assert until is not None
    with pytest.raises(Throttled) as again:
        await names(reads)
    assert again.value.until is not None
    assert abs(again.value.until - until) < timedelta(seconds=2)
    assert wired.names() == [GRAPH]


async def test_three_refusals_are_said(wired: Parts, reads: AzureReads, spoiled: Spoiled) -> None:
    slept(reads, wired)
    for _ in range(3):
        spoiled.next(GRAPH, lambda _: refusal({"x-ms-user-quota-resets-after": "00:00:02"}))
    with pytest.raises(Throttled):
        await names(reads)


# What the identity may see.


async def test_what_the_identity_may_not_read_is_missing_without_a_word(wired: Parts, reads: AzureReads) -> None:
    world = wired.azure.world
    world.accounts.add("hidden", subscription=ELSEWHERE)
    assert "hidden" in await names(reads)
    world.directory.revoke("app")
    may_see(world, f"/subscriptions/{world.subscription}")
    assert "hidden" not in await names(reads)


async def test_rows_come_late(wired: Parts, reads: AzureReads) -> None:
    account = wired.azure.world.accounts.add("new")
    wired.azure.world.resources.unindexed.add(account.id.lower())
    assert "new" not in await names(reads)
    wired.azure.world.resources.unindexed.clear()
    assert "new" in await names(reads)


async def test_a_management_group_shows_the_accounts_of_its_subscriptions(wired: Parts, reads: AzureReads) -> None:
    world = wired.azure.world
    world.accounts.add("there", subscription=ELSEWHERE)
    world.directory.group("prod", ELSEWHERE)
    assert await names(reads, "prod") == ["there"]


async def test_a_role_on_a_management_group_acts_in_its_subscriptions(wired: Parts, reads: AzureReads) -> None:
    world = wired.azure.world
    world.accounts.add("there", subscription=ELSEWHERE)
    world.directory.revoke("app")
    may_see(world, world.directory.group("prod", ELSEWHERE))
    assert await names(reads) == ["there"]


async def test_a_management_group_that_azure_does_not_know_is_named(reads: AzureReads) -> None:
    with pytest.raises(FixConfiguration, match="no management group of that name") as caught:
        await names(reads, "prdo")
    assert "by their names" in caught.value.next_step


async def test_an_identity_that_may_read_nothing_is_told_which_right_it_lacks(wired: Parts, reads: AzureReads) -> None:
    wired.azure.world.directory.revoke("app")
    with pytest.raises(GrantRole, match="can read no subscription") as caught:
        await names(reads)
    assert "Microsoft.CognitiveServices/accounts/read" in caught.value.next_step
    wired.azure.world.directory.group("empty", ELSEWHERE)
    with pytest.raises(GrantRole, match="can read no subscription"):
        await names(reads, "empty")


async def test_an_answer_that_leaves_subscriptions_out_is_no_answer(reads: AzureReads, spoiled: Spoiled) -> None:
    def wide(answer: web.Response) -> web.Response:
        answer.headers["x-ms-tenant-subscription-limit-hit"] = "true"
        return answer

    spoiled.next(GRAPH, wide)
    with pytest.raises(FixConfiguration, match="more subscriptions than"):
        await names(reads)


async def test_an_account_is_read_as_a_listing_would_show_it(wired: Parts, reads: AzureReads) -> None:
    world = wired.azure.world
    world.accounts.add("speech", kind="SpeechServices")
    world.accounts.add(
        "plain", kind="AIServices", tags={"Key-Rotation": "off"}, subdomain=None, disable_local_auth=True
    )
    world.accounts.add("closed", network_acls={"defaultAction": "Deny"})
    listed = {str(one.id): one async for one in wired.accounts.everyone(world.subscription)}
    assert {str(one.id): one for one in await ResourceGraph(reads).accounts(())} == listed


# Diagnostic settings.

ALL = DiagnosticSetting("all", WORKSPACE, groups=("allLogs",))
CALLS = DiagnosticSetting("calls", WORKSPACE, ("Audit", "RequestResponse"))
AUDIT = DiagnosticSetting("audit", WORKSPACE, groups=("audit",))
OFF = DiagnosticSetting("off", WORKSPACE, off=("RequestResponse",))
ARCHIVE = DiagnosticSetting("archive", groups=("allLogs",))


@pytest.mark.parametrize(
    ("setting", "workspaces", "has_request_log"),
    [
        (ALL, (WORKSPACE,), True),
        (CALLS, (WORKSPACE,), True),
        (AUDIT, (WORKSPACE,), False),
        (OFF, (WORKSPACE,), False),
        (ARCHIVE, (), True),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_setting_says_whether_it_sends_the_log_of_calls_and_where(
    wired: Parts, reads: AzureReads, setting: DiagnosticSetting, workspaces: tuple[str, ...], has_request_log: bool
) -> None:
    account = wired.account()
    wired.azure.world.resources.send_logs(account.id, setting)
    expected = LogSetting(setting.name, workspaces, has_request_log)
    assert await DiagnosticSettings(reads).of(id_of(account)) == [expected]
    assert wired.names() == [SETTINGS]


async def test_an_account_without_settings_has_none(wired: Parts, reads: AzureReads) -> None:
    assert await DiagnosticSettings(reads).of(id_of(wired.account())) == []


async def test_without_the_right_the_error_names_account_and_right(wired: Parts, reads: AzureReads) -> None:
    wired.azure.world.directory.revoke("app", shipped_roles()[READER].name)
    with pytest.raises(GrantRole, match="could not see where its logs are sent: 403") as caught:
        await DiagnosticSettings(reads).of(id_of(wired.account()))
    assert caught.value.thing == wired.account().id
    assert "Microsoft.Insights/diagnosticSettings/read" in caught.value.next_step
