"""The query endpoint of Log Analytics: the one query that it answers, and its refusals."""

from typing import Any

import aiohttp
import pytest

from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

RIGHTS = ("query/read", "query/AzureDiagnostics/read")
AUDIENCE = "https://api.loganalytics.io"
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/chat"
QUERY = f"""AzureDiagnostics
| where ResourceProvider == "MICROSOFT.COGNITIVESERVICES" and Category == "RequestResponse"
| where _ResourceId =~ "{ACCOUNT}"
| extend p = parse_json(tostring(column_ifexists("properties_s", "{{}}")))
| extend caller = coalesce(tostring(p.callerObjectId), tostring(p.objectId), tostring(p.objectid))
| extend call = iff(isempty(CorrelationId), tostring(new_guid()), CorrelationId)
| summarize caller = take_anyif(caller, isnotempty(caller)), models = countif(OperationName contains "models") by call
| summarize logged = count(), keyCalls = countif(isempty(caller) and models == 0)"""


class Ask:
    """Sends an authenticated query. The defaults are a valid body, workspace and audience."""

    def __init__(self, azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> None:
        self.azure, self.session, self.clients = azure, session, clients

    async def __call__(
        self, body: Any = None, *, workspace: str = "", audience: str = AUDIENCE
    ) -> tuple[int, dict[str, Any]]:
        token = await self.clients.token(audience)
        url = f"{self.azure.urls['logs']}/v1/workspaces/{workspace or self.azure.world.workspace.id}/query"
        given = {"query": QUERY, "timespan": "P7D"} if body is None else body
        async with self.session.post(url, json=given, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.status, await answer.json()


@pytest.fixture
def ask(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    return Ask(azure, session, clients)


async def test_the_answer_has_columns_and_one_row_of_counts(azure: Azure, ask: Ask) -> None:
    azure.world.workspace.note(ACCOUNT)
    azure.world.workspace.note(ACCOUNT, "Models_List")
    azure.world.workspace.note(ACCOUNT, caller="an Entra object id")
    status, body = await ask()
    (table,) = body["tables"]
    assert status == 200
    assert table["name"] == "PrimaryResult"
    assert dict(zip((one["name"] for one in table["columns"]), table["rows"][0], strict=True)) == {
        "logged": 3,
        "keyCalls": 1,
    }


@pytest.mark.parametrize(("span", "seen"), [("PT1H", 0), ("PT2H", 1), ("P1D", 1), ("PT1H59M59S", 0), ("P1DT1S", 1)])
async def test_the_timespan_ends_now(azure: Azure, ask: Ask, span: str, seen: int) -> None:
    azure.world.clock.freeze()
    azure.world.workspace.note(ACCOUNT)
    azure.world.clock.advance(2 * 3600)
    assert (await ask({"query": QUERY, "timespan": span}))[1]["tables"][0]["rows"] == [[seen, seen]]


@pytest.mark.parametrize(
    "body",
    [{}, {"query": "AzureDiagnostics", "timespan": "P7D"}, {"query": QUERY}, {"query": QUERY, "timespan": "P"},
     {"query": QUERY, "timespan": "2026-01-01/2026-02-01"}, {"query": QUERY + " | take 1", "timespan": "P7D"}],
)  # fmt: skip
async def test_another_query_or_timespan_is_refused_as_not_imitated(ask: Ask, body: dict[str, Any]) -> None:
    status, answer = await ask(body)
    assert status == 501
    assert "does not imitate" in answer["error"]["message"]


async def test_a_body_that_is_not_a_json_object_is_a_bad_request(ask: Ask) -> None:
    assert (await ask([1]))[0] == 400


async def test_another_workspace_is_not_found(ask: Ask) -> None:
    status, body = await ask(workspace="00000000-0000-0000-0000-000000000001")
    assert (status, body["error"]["code"]) == (404, "PathNotFoundError")


async def test_a_token_for_another_audience_is_refused(ask: Ask) -> None:
    assert (await ask(audience="https://vault.azure.net"))[0] == 401


@pytest.mark.parametrize("missing", RIGHTS)
async def test_a_caller_needs_both_rights(azure: Azure, ask: Ask, missing: str) -> None:
    held = [f"Microsoft.OperationalInsights/workspaces/{one}" for one in RIGHTS if one != missing]
    role = {"name": "half", "roleName": "half", "permissions": [{"actions": held}]}
    azure.world.give_roles("app", [role], azure.world.workspace.resource_id)
    status, body = await ask()
    assert (status, body["error"]["code"]) == (403, "InsufficientAccessError")
