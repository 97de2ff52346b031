"""The metric of an account's answers: calls for each minute and status, late by a minute."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from lab.emulator import Account
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODELS = "openai/models?api-version=2024-10-21"
ASKED = {
    "api-version": "2024-02-01",
    "metricnames": "AzureOpenAIRequests",
    "interval": "PT1M",
    "aggregation": "Total",
    "$filter": "StatusCode eq '*'",
    "timespan": "2026-03-01T12:00:00Z/2026-03-01T12:03:00Z",
}

type Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def account(azure: Azure) -> Account:
    azure.world.clock.freeze(NOON)
    return azure.world.accounts.named("account-001")


@pytest.fixture
def metric(azure: Azure, account: Account, session: aiohttp.ClientSession, clients: Clients) -> Ask:
    async def ask(**changes: str) -> tuple[int, Any]:
        url = f"{azure.urls['arm']}{account.id}/providers/Microsoft.Insights/metrics"
        headers = {"Authorization": f"Bearer {await clients.token(azure.urls['arm'])}"}
        async with session.get(url, params={**ASKED, **changes}, headers=headers) as answer:
            return answer.status, await answer.json()

    return ask


async def call(azure: Azure, session: aiohttp.ClientSession, account: Account, key: str) -> int:
    url = azure.world.endpoint(account) + MODELS
    async with session.get(url, headers={"api-key": key}) as answer:
        return answer.status


def totals(body: Any) -> dict[str, list[float]]:
    """Return the calls of each minute, by status."""
    return {
        one["metadatavalues"][0]["value"]: [each["total"] for each in one["data"]]
        for one in body["value"][0]["timeseries"]
    }


async def test_refused_calls_stand_out_by_their_status_minute_by_minute(azure, session, account, metric) -> None:
    azure.world.directory.assign("app", "Everything that is imitated")
    key, other = account.keys["key1"].value, azure.world.accounts.named("account-002")
    assert await call(azure, session, account, key) == 200
    azure.world.clock.advance(60)
    azure.world.accounts.update(account.id, {"disable_local_auth": True})
    assert [await call(azure, session, account, key) for _ in range(2)] == [403, 403]
    assert await call(azure, session, other, "a wrong key") == 401
    azure.world.clock.advance(59)
    assert totals((await metric())[1]) == {"200": [1, 0, 0]}
    azure.world.clock.advance(1)
    assert totals((await metric())[1]) == {"200": [1, 0, 0], "403": [0, 2, 0]}


async def test_a_caller_without_the_right_is_refused(azure, metric) -> None:
    azure.world.directory.revoke("app")
    assert (await metric())[0] == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"metricnames": "TotalCalls"}, 501), ({"$filter": "ApiName eq '*'"}, 501), ({"timespan": "yesterday"}, 400)],
)
async def test_other_questions_are_refused(azure, metric, changes: dict[str, str], status: int) -> None:
    azure.world.directory.assign("app", "Everything that is imitated")
    assert (await metric(**changes))[0] == status
