"""The query endpoint of Log Analytics: the one query that it answers, what it tells, and its refusals."""

import json
from typing import Any

import aiohttp
import pytest

from lab.emulator.call_log import starred
from lab.emulator.serve import Azure
from lab.emulator.surfaces.logs import _TEXT
from tests.lab.emulator.clients import Clients

RIGHTS = ("read", "query/read", "query/AzureDiagnostics/read")
AUDIENCE = "https://api.loganalytics.io"
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/chat"
HOUR, DAY = 3600.0, 86400.0
SPAN = "PT3025800S"  # 35 days and half an hour


def query(account: str | None = ACCOUNT, seconds: float = 35 * DAY) -> str:
    """The query of one account, or of all."""
    where = f'| where _ResourceId =~ "{account}"' if account else ""
    return _TEXT.replace("ACCOUNT", where).replace("SECONDS", f"{seconds:.0f}").strip()


class Ask:
    """Sends an authenticated query. The defaults are a valid body, workspace and audience."""

    def __init__(self, azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> None:
        self.azure, self.session, self.clients = azure, session, clients

    async def __call__(
        self, body: Any = None, *, workspace: str = "", audience: str = AUDIENCE
    ) -> tuple[int, dict[str, Any]]:
        token = await self.clients.token(audience)
        url = f"{self.azure.urls['logs']}/v1/workspaces/{workspace or self.azure.world.workspace.id}/query"
        given = {"query": query(), "timespan": SPAN} if body is None else body
        async with self.session.post(url, json=given, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, json.loads(await answer.text() or "{}")

    async def rows(self, **body: Any) -> list[dict[str, Any]]:
        """The rows of an answer by their columns, with dynamic values as JSON."""
        status, answer = await self({"query": query(), "timespan": SPAN, **body})
        assert status == 200, answer
        (table,) = answer["tables"]
        assert table["name"] == "PrimaryResult"
        columns = table["columns"]
        return [
            {
                one["name"]: json.loads(value) if one["type"] == "dynamic" and value else value
                for one, value in zip(columns, row, strict=True)
            }
            for row in table["rows"]
        ]


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    azure.world.clock.freeze()
    return Ask(azure, session, clients)


def days(row: dict[str, Any]) -> list[list[int]]:
    """The calls with a key and by identity, day by day."""
    return [[with_key, by_identity] for _, with_key, by_identity in row["days"]]


async def test_the_answer_has_one_row_for_each_account(azure: Azure, ask: Ask) -> None:
    workspace = azure.world.workspace
    workspace.note(ACCOUNT.upper(), ago=HOUR, address="203.0.113.9")
    workspace.note(ACCOUNT, "Models_List", ago=2 * DAY)
    workspace.note(ACCOUNT, caller="an Entra object id", ago=2 * DAY)
    workspace.note(ACCOUNT + "2", ago=HOUR)
    (row,) = await ask.rows()
    assert (row["account"], row["workspaces"]) == (ACCOUNT.lower(), [workspace.id])
    assert days(row) == [[0, 1], [1, 0]]
    assert row["callers"] == [["203.0.113.***", "", 1, row["last_key"]]]
    assert row["identities"] == [["an Entra object id", 1, row["last_identity"]]]
    assert (row["different"], row["unclear"]) == (1, 0)
    assert {one["account"] for one in await ask.rows(query=query(None))} == {ACCOUNT.lower(), ACCOUNT.lower() + "2"}


@pytest.mark.parametrize(("ago", "seen"), [(899, 0), (901, 1), (899 + HOUR, 1), (901 + HOUR, 0)])
async def test_the_span_ends_a_quarter_of_an_hour_ago(azure: Azure, ask: Ask, ago: float, seen: int) -> None:
    azure.world.workspace.note(ACCOUNT, ago=ago)
    assert len(await ask.rows(query=query(seconds=HOUR))) == seen


async def test_rows_are_seen_only_after_their_delay(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.delay = 2 * HOUR
    azure.world.workspace.note(ACCOUNT, ago=HOUR)
    assert await ask.rows() == []
    azure.world.clock.advance(HOUR)
    assert days(*await ask.rows()) == [[1, 0]]


async def test_a_late_row_keeps_the_time_of_its_call(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.note(ACCOUNT, caller="an Entra object id", ago=HOUR, late=HOUR + 1)
    assert days(*await ask.rows()) == [[1, 0]]
    azure.world.clock.advance(2)
    assert days(*await ask.rows()) == [[0, 1]]


async def test_nothing_is_logged_of_a_silent_account(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.silent.add(ACCOUNT.lower())
    azure.world.workspace.note(ACCOUNT, ago=HOUR)
    assert await ask.rows() == []
    azure.world.workspace.silent = {""}
    azure.world.workspace.note(ACCOUNT, ago=HOUR)
    assert await ask.rows() == []


async def test_calls_without_properties_are_counted_apart(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.note(ACCOUNT, ago=HOUR, lost=True)
    (row,) = await ask.rows()
    assert (days(row), row["unclear"], row["callers"]) == ([[0, 0]], 1, None)


async def test_the_account_of_a_regional_workspace_logs_there(azure: Azure, ask: Ask) -> None:
    second = azure.world.add_workspace("west")
    azure.world.logs_to[ACCOUNT.lower()] = second
    azure.world.log_of(ACCOUNT).note(ACCOUNT, ago=HOUR)
    assert await ask.rows() == []
    assert days(*await ask.rows(workspaces=[second.id])) == [[1, 0]]
    assert days(*await ask.rows(workspaces=[second.resource_id])) == [[1, 0]]


async def test_a_partial_answer_is_a_200_with_an_error_beside_the_tables(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.note(ACCOUNT, ago=HOUR)
    azure.world.workspace.answers = "partial"
    status, body = await ask()
    assert (status, body["error"]["code"], len(body["tables"])) == (200, "PartialError", 1)


async def test_an_empty_answer_and_a_workspace_without_data_have_no_body(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.answers = "empty"
    assert await ask() == (200, {})
    azure.world.workspace.no_data = True
    assert await ask() == (204, {})


@pytest.mark.parametrize(
    "body",
    [{}, {"query": "AzureDiagnostics", "timespan": SPAN}, {"query": query()}, {"query": query(), "timespan": "P"},
     {"query": query(), "timespan": "2026-01-01/2026-02-01"}, {"query": query() + " | take 1", "timespan": SPAN},
     {"query": query(), "timespan": "P35D"}, {"query": query().replace("15m", "5m"), "timespan": SPAN}],
)  # fmt: skip
async def test_another_query_or_timespan_is_refused_as_not_imitated(ask: Ask, body: dict[str, Any]) -> None:
    status, answer = await ask(body)
    assert status == 501
    assert "does not imitate" in answer["error"]["message"]


async def test_a_body_that_is_not_a_json_object_is_a_bad_request(ask: Ask) -> None:
    assert (await ask([1]))[0] == 400


@pytest.mark.parametrize("workspaces", [7, [7], "a", ["00000000-0000-0000-0000-000000000001"] * 10])
async def test_workspaces_that_are_no_list_of_at_most_nine_more_are_a_bad_request(ask: Ask, workspaces: object) -> None:
    assert (await ask({"query": query(), "timespan": SPAN, "workspaces": workspaces}))[0] in (400, 404)
    assert (await ask({"query": query(), "timespan": SPAN, "workspaces": None}))[0] == 200


@pytest.mark.parametrize(("column", "status"), [("CorrelationId", 400), ("properties_s", 200), ("userAgent_s", 200)])
async def test_a_column_that_is_missing_is_a_bad_request_unless_the_query_asks_for_it_with_care(
    azure: Azure, ask: Ask, column: str, status: int
) -> None:
    azure.world.workspace.lacks = {column}
    assert (await ask())[0] == status


async def test_another_workspace_is_not_found(ask: Ask) -> None:
    other = "00000000-0000-0000-0000-000000000001"
    status, body = await ask(workspace=other)
    assert (status, body["error"]["code"]) == (404, "PathNotFoundError")
    assert (await ask({"query": query(), "timespan": SPAN, "workspaces": [other]}))[0] == 404


async def test_a_token_for_another_audience_is_refused(ask: Ask) -> None:
    assert (await ask(audience="https://vault.azure.net"))[0] == 401


@pytest.mark.parametrize("missing", RIGHTS)
async def test_a_caller_needs_all_three_rights(azure: Azure, ask: Ask, missing: str) -> None:
    held = [f"Microsoft.OperationalInsights/workspaces/{one}" for one in RIGHTS if one != missing]
    role = {"name": "half", "roleName": "half", "permissions": [{"actions": held}]}
    azure.world.give_roles("app", [role], azure.world.workspace.resource_id)
    status, body = await ask()
    assert (status, body["error"]["code"]) == (403, "InsufficientAccessError")


async def test_rights_on_each_workspace_are_needed(azure: Azure, ask: Ask) -> None:
    second = azure.world.add_workspace("west")
    role = {"name": "one", "roleName": "one", "permissions": [{"actions": ["*"]}]}
    azure.world.give_roles("app", [role], azure.world.workspace.resource_id)
    assert (await ask())[0] == 200
    assert (await ask({"query": query(), "timespan": SPAN, "workspaces": [second.id]}))[0] == 403


@pytest.mark.parametrize(
    ("address", "shown"), [("81.2.69.144", "81.2.69.***"), ("::1", ""), ("", ""), ("somewhere.else", "")]
)
def test_an_address_is_logged_with_its_last_part_starred(address: str, shown: str) -> None:
    assert starred(address) == shown
