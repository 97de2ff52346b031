"""Azure Policy in the emulator: what it denies, what it changes, and how it is shown."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from lab.emulator.accounts import Account
from lab.emulator.policies import KEYS_OFF_AUDIT, KEYS_OFF_MODIFY, AssignedPolicy, PolicyExemption, PolicyPart
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

type Send = Callable[..., Awaitable[tuple[int, Any]]]
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/emulated"
DENY = AssignedPolicy("no-keys", SUBSCRIPTION, effect="Deny", title="No keys, please")
MODIFY = AssignedPolicy("keys-off", GROUP, KEYS_OFF_MODIFY)
BASELINE = AssignedPolicy(
    "baseline",
    SUBSCRIPTION,
    "/providers/Microsoft.Authorization/policySetDefinitions/baseline",
    parts=(PolicyPart(KEYS_OFF_AUDIT, "Deny", "deny"), PolicyPart(KEYS_OFF_MODIFY, reference="modify")),
)
CHECK = f"{GROUP}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions"
TYPE = "Microsoft.CognitiveServices/accounts"


@pytest.fixture
def account(azure: Azure) -> Account:
    return azure.world.accounts.named("account-001")


@pytest.fixture
def send(azure: Azure, session: aiohttp.ClientSession, clients: Clients) -> Send:
    async def sent(method: str, path: str, version: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {await clients.token(azure.urls['arm'])}"}
        url = f"{azure.urls['arm']}{path}?api-version={version}"
        async with session.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    return sent


def content(**properties: object) -> dict[str, object]:
    return {"resourceDetails": {"resourceContent": {"type": TYPE, "name": "account-001", "properties": properties}}}


async def switched(send: Send, account: Account, *, off: bool) -> tuple[int, Any]:
    return await send("PATCH", account.id, "2025-09-01", {"properties": {"disableLocalAuth": off}})


async def test_a_policy_that_denies_keys_refuses_to_switch_them_on_and_not_off(azure, account, send) -> None:
    azure.world.policies.assigned.append(DENY)
    assert (await switched(send, account, off=True))[0] == 200
    status, body = await switched(send, account, off=False)
    assert (status, body["error"]["code"]) == (403, "RequestDisallowedByPolicy")
    assert account.disable_local_auth is True


async def test_a_policy_that_modifies_switches_them_off_with_every_change(azure, account, send) -> None:
    azure.world.policies.assigned.append(MODIFY)
    status, body = await switched(send, account, off=False)
    assert (status, body["properties"]["disableLocalAuth"]) == (200, True)


@pytest.mark.parametrize(
    "assigned",
    [
        AssignedPolicy("audits", SUBSCRIPTION, KEYS_OFF_AUDIT),
        AssignedPolicy("only-looks", SUBSCRIPTION, effect="Deny", mode="DoNotEnforce"),
        AssignedPolicy("off", SUBSCRIPTION, KEYS_OFF_MODIFY, effect="Disabled"),
        AssignedPolicy("elsewhere", f"{SUBSCRIPTION}/resourceGroups/other", effect="Deny"),
        AssignedPolicy("left-out", SUBSCRIPTION, effect="Deny", left_out=(GROUP,)),
    ],
    ids=lambda one: one.name,
)
async def test_a_policy_that_does_not_act_changes_nothing(azure, account, send, assigned) -> None:
    azure.world.policies.assigned.append(assigned)
    assert (await switched(send, account, off=False))[0] == 200
    assert account.disable_local_auth is False


async def test_an_exempt_account_can_have_keys(azure, account, send) -> None:
    azure.world.policies.assigned.append(DENY)
    azure.world.policies.exempt.append(PolicyExemption("trial", account.id, DENY.id, "2027-01-01T00:00:00Z"))
    assert (await switched(send, account, off=False))[0] == 200
    path = f"{account.id}/providers/Microsoft.Authorization/policyExemptions"
    _, body = await send("GET", path, "2022-07-01-preview")
    assert body["value"][0]["properties"]["policyAssignmentId"] == DENY.id


async def test_the_assignments_above_an_account_are_listed_and_its_fixed_keys_are_one_of_them(
    azure, account, send
) -> None:
    azure.world.policies.assigned += [DENY, AssignedPolicy("elsewhere", f"{SUBSCRIPTION}/resourceGroups/other")]
    account.fixed_off = True
    path = f"{account.id}/providers/Microsoft.Authorization/policyAssignments"
    _, body = await send("GET", path, "2025-01-01")
    shown = [(one["name"], one["properties"]["policyDefinitionId"]) for one in body["value"]]
    assert shown == [("no-keys", KEYS_OFF_AUDIT), ("keys-off", KEYS_OFF_MODIFY)]
    assert body["value"][0]["properties"]["parameters"] == {"effect": {"value": "Deny"}}


async def test_azure_says_what_it_would_deny_and_nothing_of_what_it_would_modify(azure, send) -> None:
    azure.world.policies.assigned += [DENY, MODIFY]
    status, body = await send("POST", CHECK, "2024-10-01", content(disableLocalAuth=False))
    [found] = body["contentEvaluationResult"]["policyEvaluations"]
    assert (status, found["policyInfo"]["policyAssignmentId"]) == (200, DENY.id)
    assert (found["evaluationResult"], found["effectDetails"]) == ("NonCompliant", {"policyEffect": "Deny"})
    _, body = await send("POST", CHECK, "2024-10-01", content(disableLocalAuth=True))
    assert body["contentEvaluationResult"]["policyEvaluations"] == []


async def test_a_question_without_content_is_refused(send, exchanges) -> None:
    status, body = await send("POST", CHECK, "2024-10-01", {"resourceDetails": {}})
    assert (status, body["error"]["code"]) == (400, "InvalidRequestContent")


async def test_the_parts_of_an_initiative_act_until_the_account_is_exempt_from_them(azure, account, send) -> None:
    policies = azure.world.policies
    policies.assigned.append(BASELINE)
    status, body = await switched(send, account, off=False)
    assert (status, body["properties"]["disableLocalAuth"]) == (200, True)
    policies.exempt.append(PolicyExemption("one", account.id, BASELINE.id, parts=("modify",)))
    assert (await switched(send, account, off=False))[0] == 403
    policies.exempt.append(PolicyExemption("both", account.id, BASELINE.id, parts=("deny", "modify")))
    assert (await switched(send, account, off=False))[0] == 200


async def test_azure_shows_what_each_policy_found_of_an_account(azure, account, send) -> None:
    azure.world.policies.assigned += [BASELINE, AssignedPolicy("elsewhere", f"{SUBSCRIPTION}/resourceGroups/other")]
    path = f"{account.id}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults"
    status, body = await send("POST", path, "2024-10-01")
    shown = [(one["policyDefinitionReferenceId"], one["policyDefinitionAction"]) for one in body["value"]]
    assert (status, shown, body["@odata.nextLink"]) == (200, [("deny", "deny"), ("modify", "modify")], None)
    _, body = await send("POST", CHECK, "2024-10-01", content(disableLocalAuth=False))
    [found] = body["contentEvaluationResult"]["policyEvaluations"]
    assert found["policyInfo"]["policyDefinitionReferenceId"] == "deny"
