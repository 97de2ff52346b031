"""Azure Resource Graph and diagnostic settings, asked over HTTP; their answers fit Azure's own descriptions."""

import json
from typing import Any

import aiohttp
import pytest

from lab.emulator.resources import DiagnosticSetting, Resources, ShownResource
from lab.emulator.serve import Azure
from tests.lab.emulator.contract import Exchange, problems

VERSION = "2024-04-01"
PATH = "/providers/Microsoft.ResourceGraph/resources"
ACCOUNTS = "\n".join(
    (
        "resources",
        '| where type =~ "microsoft.cognitiveservices/accounts"',
        "| project id, kind, tags, keysOff = properties.disableLocalAuth, subdomain = properties.customSubDomainName, "
        "state = properties.provisioningState, access = properties.publicNetworkAccess, "
        "rules = properties.networkAcls.defaultAction",
        "| order by id asc",
    )
)


def headers(azure: Azure) -> dict[str, str]:
    world = azure.world
    return {"Authorization": f"Bearer {world.directory.token(world.app, 'https://management.azure.com')[0]}"}


async def ask(azure: Azure, session: aiohttp.ClientSession, **body: Any) -> tuple[int, Any, Any]:
    url = f"{azure.urls['arm']}{PATH}?api-version={VERSION}"
    async with session.post(url, json={"query": ACCOUNTS, **body}, headers=headers(azure)) as answer:
        return answer.status, await answer.json(), answer.headers


async def test_a_page_has_a_hundred_rows_unless_more_are_asked_for(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    for number in range(118):
        azure.world.accounts.add(f"more-{number:03}")
    _, first, _ = await ask(azure, session)
    assert (first["count"], first["totalRecords"], first["resultTruncated"]) == (100, 120, "false")
    _, second, _ = await ask(azure, session, options={"$skipToken": first["$skipToken"]})
    assert (second["count"], "$skipToken" in second) == (20, False)
    ids = [row["id"] for row in (*first["data"], *second["data"])]
    assert ids == sorted(set(ids))
    _, whole, _ = await ask(azure, session, options={"$top": 1000})
    assert [row["id"] for row in whole["data"]] == ids


async def test_answers_say_how_many_queries_are_left_and_the_sixteenth_is_refused(
    azure: Azure, session: aiohttp.ClientSession
) -> None:
    azure.world.limits.on = True
    azure.world.clock.freeze()
    left = [(await ask(azure, session))[2]["x-ms-user-quota-remaining"] for _ in range(15)]
    assert left == [str(number) for number in range(14, -1, -1)]
    status, body, more = await ask(azure, session)
    assert (status, body["error"]["code"], body["error"]["details"][0]["code"]) == (429, "RateLimiting", "RateLimiting")
    assert more["x-ms-user-quota-resets-after"] == "00:00:05"
    azure.world.clock.advance(5)
    assert (await ask(azure, session))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {"query": "resources"},
        {"query": ACCOUNTS.replace("asc", "desc")},
        {"options": {"authorizationScopeFilter": "AtScopeAboveAndBelow"}},
    ],
)
async def test_a_query_that_the_app_does_not_send_is_not_imitated(
    azure: Azure, session: aiohttp.ClientSession, body: Any
) -> None:
    assert (await ask(azure, session, **body))[0] == 501


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"managementGroups": ["nobody"]}, "ManagementGroupsContainInvalidIds"),
        ({"subscriptions": ["00000000-0000-4000-8000-00000000000e"]}, "NoValidSubscriptionsInQueryRequest"),
        ({"options": {"$skipToken": "!"}}, "InvalidSkipToken"),
    ],
)
async def test_a_refusal_says_in_its_details_why(
    azure: Azure, session: aiohttp.ClientSession, body: Any, detail: str
) -> None:
    status, found, _ = await ask(azure, session, **body)
    assert (status, found["error"]["code"], found["error"]["details"][0]["code"]) == (400, "BadRequest", detail)


async def test_diagnostic_settings_are_listed_as_azure_shows_them(azure: Azure, session: aiohttp.ClientSession) -> None:
    account = next(iter(azure.world.accounts)).id
    azure.world.resources.send_logs(account, DiagnosticSetting("logs", "", ("Audit",), ("allLogs",), ("Trace",)))
    url = f"{azure.urls['arm']}{account}/providers/Microsoft.Insights/diagnosticSettings"
    async with session.get(f"{url}?api-version=2021-05-01-preview", headers=headers(azure)) as answer:
        [shown] = (await answer.json())["value"]
    logs = shown["properties"]["logs"]
    assert [(one.get("category"), one.get("categoryGroup"), one["enabled"]) for one in logs] == [
        ("Audit", None, True),
        (None, "allLogs", True),
        ("Trace", None, False),
    ]


def test_a_resource_takes_five_diagnostic_settings() -> None:
    resources = Resources()
    for number in range(5):
        resources.send_logs("/x", DiagnosticSetting(str(number)))
    with pytest.raises(ValueError, match="five"):
        resources.send_logs("/X", DiagnosticSetting("6"))


def test_a_type_of_several_parts_takes_as_many_parts_of_the_name() -> None:
    assert ShownResource("shop/staging", "Microsoft.Web/sites/slots", "s").id == (
        "/subscriptions/s/resourceGroups/apps/providers/Microsoft.Web/sites/shop/slots/staging"
    )


def test_a_deviation_from_the_descriptions_is_found() -> None:
    body = {"count": 1, "data": [], "resultTruncated": False, "totalRecords": 1}
    seen = Exchange(
        "arm", "POST", f"https://arm{PATH}?api-version={VERSION}", b'{"query": "x"}', 200, json.dumps(body).encode()
    )
    assert problems(seen) == ["response $.resultTruncated: type"]
    url = "https://arm/subscriptions/s/resourceGroups/g/providers/Microsoft.CognitiveServices/accounts/a/providers"
    url = f"{url}/Microsoft.Insights/diagnosticSettings?api-version=2021-05-01-preview"
    listed = {"value": [{"properties": {"logs": [{"category": "Audit"}]}}]}
    seen = Exchange("arm", "GET", url, b"", 200, json.dumps(listed).encode())
    assert problems(seen) == ["response $.value[0].properties.logs[0]: required"]
