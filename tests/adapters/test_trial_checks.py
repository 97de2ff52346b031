"""The two ports of a trial over HTTP: how many calls an account refuses, and what speaks against a trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from lab.emulator import holdings as held
from lab.emulator.policies import (
    KEYS_OFF_AUDIT,
    KEYS_OFF_DEPLOY,
    KEYS_OFF_MODIFY,
    AssignedPolicy,
    PolicyExemption,
    PolicyPart,
)
from lab.emulator.serve import Azure
from lab.emulator.shipped import shipped_roles
from shared.adapters import trial_checks
from shared.domain.errors import GrantRole, UnexpectedAnswer
from shared.domain.model import AccountId
from shared.domain.orders import TrialCheck
from tests.support.holders import add, may_look
from tests.support.real_parts import Parts, Spoiled, parts_over

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBSCRIPTION = "/subscriptions/00000000-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/emulated"
INITIATIVE = "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
OWN = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/own"
DENY = AssignedPolicy("no-keys", SUBSCRIPTION, effect="Deny", title="No keys, please")
MODIFY = AssignedPolicy("keys-off", SUBSCRIPTION, KEYS_OFF_MODIFY)
METRICS, CHECK = "arm.listAccountMetrics", "arm.checkPolicyRestrictions"
READS = ("arm.listPolicyAssignments", CHECK, METRICS)


@pytest.fixture
async def wired(azure: Azure) -> AsyncIterator[Parts]:
    azure.world.clock.freeze(NOON)
    may_look(azure.world)
    async with parts_over(azure) as parts:
        yield parts


async def refused(wired: Parts, key: str, *, account: int = 1, times: int = 1) -> None:
    """Let somebody call an account with a key."""
    url = wired.azure.world.endpoint(wired.account(account)) + "openai/models?api-version=2024-10-21"
    connector = aiohttp.TCPConnector(ssl=wired.azure.ssl_context)
    async with aiohttp.ClientSession(connector=connector) as session:
        for _ in range(times):
            async with session.get(url, headers={"api-key": key}) as answer:
                await answer.read()


async def count(wired: Parts, since: datetime, until: datetime) -> int | None:
    refusals = wired.rotation.outside.refusals
    assert refusals is not None
    return await refusals.count(AccountId.parse(wired.account().id), since, until)


async def check(wired: Parts, **changes: Any) -> TrialCheck:
    checks = wired.rotation.outside.trial_checks
    assert checks is not None
    return await checks.check(wired.target(**changes))


# Refused calls.


async def test_calls_with_a_key_that_an_account_refuses_are_counted_a_minute_later_with_one_call(wired: Parts) -> None:
    world, account = wired.azure.world, wired.account()
    await refused(wired, account.keys["key1"].value)
    world.accounts.update(account.id, {"disable_local_auth": True})
    await refused(wired, account.keys["key1"].value, times=3)  # 403
    await refused(wired, "a wrong key", times=2)  # 403 as well
    await refused(wired, "a wrong key", account=2)
    world.clock.advance(59)
    assert await count(wired, NOON, world.clock.utcnow()) == 0
    world.clock.advance(1)
    mark = wired.mark()
    assert await count(wired, NOON, world.clock.utcnow()) == 5
    assert wired.names(since=mark) == [METRICS]


async def test_a_wrong_key_counts_and_what_was_refused_outside_of_the_span_does_not(wired: Parts) -> None:
    clock = wired.azure.world.clock
    await refused(wired, "a wrong key", times=2)
    clock.advance(120)
    await refused(wired, "a wrong key")
    clock.advance(120)
    assert await count(wired, NOON + timedelta(minutes=1), NOON + timedelta(minutes=4)) == 1


async def test_a_trial_of_days_is_counted_by_hours(wired: Parts, spoiled: Spoiled) -> None:
    clock = wired.azure.world.clock
    await refused(wired, "a wrong key")
    clock.advance(3 * 86_400)
    await refused(wired, "a wrong key")
    clock.advance(61)
    seen: list[Any] = []
    spoiled.change(METRICS, lambda body: seen.append(body) or body)
    assert await count(wired, NOON, clock.utcnow()) == 2
    assert len(seen[0]["value"][0]["timeseries"][0]["data"]) == 3 * 24 + 1


@pytest.mark.parametrize("body", [{"value": []}, {"value": [{"errorCode": "InvalidSamplingType", "timeseries": []}]}])
async def test_metrics_that_say_nothing_are_no_number(wired: Parts, spoiled: Spoiled, body: Any) -> None:
    spoiled.body(METRICS, body)
    assert await count(wired, NOON, NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize("body", [{}, {"value": [{"timeseries": [{"metadatavalues": [], "data": []}]}]}])
async def test_metrics_of_another_form_are_an_unexpected_answer(wired: Parts, spoiled: Spoiled, body: Any) -> None:
    spoiled.body(METRICS, body)
    with pytest.raises(UnexpectedAnswer, match="could not count the calls that it refused"):
        await count(wired, NOON, NOON + timedelta(hours=1))


async def test_without_the_right_the_error_names_it_and_the_role(wired: Parts) -> None:
    wired.azure.world.directory.revoke("app", shipped_roles()["trialReader"].name)
    wired.azure.world.directory.revoke("app", shipped_roles()["announcementReader"].name)
    with pytest.raises(GrantRole) as caught:
        await count(wired, NOON, NOON + timedelta(hours=1))
    assert "Microsoft.Insights/metrics/read" in caught.value.next_step
    assert "trialReader" in caught.value.next_step


# Policies.


async def test_an_account_without_policies_has_no_blocker(wired: Parts) -> None:
    found = await check(wired)
    assert (found.blockers, found.copies) == ((), ())


@pytest.mark.parametrize(
    ("assigned", "words"),
    [
        (DENY, 'The policy "No keys, please" denies to switch keys on'),
        (MODIFY, 'The policy "keys-off" switches keys off again at once'),
        (
            AssignedPolicy("later", SUBSCRIPTION, KEYS_OFF_DEPLOY),
            'The policy "later" switches keys off again some minutes later',
        ),
    ],
)
async def test_a_policy_that_keeps_keys_off_blocks_a_trial_and_is_named(
    wired: Parts, assigned: AssignedPolicy, words: str
) -> None:
    wired.azure.world.policies.assigned.append(assigned)
    [blocker] = (await check(wired)).blockers
    assert blocker.startswith(words)
    assert assigned.id in blocker


async def test_an_account_whose_keys_are_fixed_is_blocked_as_the_end_of_a_trial_would_be(wired: Parts) -> None:
    account = wired.account()
    account.fixed_off = True
    await wired.accounts.enable_key_auth(AccountId.parse(account.id))
    assert account.disable_local_auth is True
    [blocker] = (await check(wired)).blockers
    assert "switches keys off again at once" in blocker


@pytest.mark.parametrize(
    "assigned",
    [
        AssignedPolicy("audits", SUBSCRIPTION),
        AssignedPolicy("only-looks", SUBSCRIPTION, effect="Deny", mode="DoNotEnforce"),
        AssignedPolicy("disabled", SUBSCRIPTION, KEYS_OFF_MODIFY, effect="Disabled"),
        AssignedPolicy(
            "left-out", SUBSCRIPTION, KEYS_OFF_MODIFY, left_out=(f"{SUBSCRIPTION}/resourceGroups/emulated",)
        ),
    ],
    ids=lambda one: one.name,
)
async def test_a_policy_that_does_not_act_blocks_nothing(wired: Parts, assigned: AssignedPolicy) -> None:
    wired.azure.world.policies.assigned.append(assigned)
    assert (await check(wired)).blockers == ()


@pytest.mark.parametrize(("until", "blocks"), [("", False), ("2026-03-05T00:00:00Z", True)])
async def test_an_exemption_counts_if_it_outlives_the_longest_trial(wired: Parts, until: str, blocks: bool) -> None:
    wired.azure.world.policies.assigned += [DENY, MODIFY]
    for one in (DENY, MODIFY):
        wired.azure.world.policies.exempt.append(PolicyExemption(one.name, wired.account().id, one.id, until))
    assert bool((await check(wired)).blockers) is blocks


async def test_azure_is_asked_about_the_account_as_it_is_but_with_keys_on(wired: Parts, spoiled: Spoiled) -> None:
    wired.azure.world.accounts.update(wired.account().id, {"disable_local_auth": True})
    wired.azure.world.policies.assigned.append(DENY)
    assert len((await check(wired)).blockers) == 1
    mark = wired.mark()
    await check(wired)
    asked = [one for one in wired.names(since=mark) if one.startswith("arm.") and "Graph" not in one]
    assert asked[:4] == ["arm.getAccount", CHECK, "arm.listPolicyAssignments", "arm.listPolicyExemptions"]


def evaluation(*fields: str, assignment: str = "") -> dict[str, Any]:
    return {
        "evaluationResult": "NonCompliant",
        "effectDetails": {"policyEffect": "Deny"},
        "policyInfo": {"policyAssignmentId": assignment or f"{SUBSCRIPTION}/providers/x/policyAssignments/custom"},
        "evaluationDetails": {"evaluatedExpressions": [{"expression": one} for one in fields]},
    }


@pytest.mark.parametrize(
    ("fields", "blocks"),
    [((), True), (("tags.owner",), False), (("Microsoft.CognitiveServices/accounts/disableLocalAuth",), True)],
)
async def test_a_custom_policy_blocks_if_it_is_about_keys_or_does_not_say(
    wired: Parts, spoiled: Spoiled, fields: tuple[str, ...], blocks: bool
) -> None:
    spoiled.body(CHECK, {"contentEvaluationResult": {"policyEvaluations": [evaluation(*fields)]}})
    found = await check(wired)
    assert bool(found.blockers) is blocks
    assert any("denies it as it is" in one for one in found.unseen) is not blocks


async def test_what_initiatives_and_custom_policies_change_is_said_to_be_unknown(wired: Parts) -> None:
    wired.azure.world.policies.assigned += [
        AssignedPolicy("baseline", SUBSCRIPTION, INITIATIVE),
        AssignedPolicy("own", SUBSCRIPTION, OWN, effect="Modify"),
    ]
    found = await check(wired)
    assert found.blockers == ()
    assert any(one.startswith("what 2 initiatives and custom policies would change") for one in found.unseen)


def baseline(*parts: PolicyPart) -> AssignedPolicy:
    return AssignedPolicy("baseline", SUBSCRIPTION, INITIATIVE, title="Baseline", parts=parts)


async def test_a_part_of_an_initiative_that_keeps_keys_off_blocks_a_trial_unless_the_account_is_exempt_from_it(
    wired: Parts,
) -> None:
    policies = wired.azure.world.policies
    assigned = baseline(PolicyPart(KEYS_OFF_AUDIT, reference="look"), PolicyPart(KEYS_OFF_MODIFY, reference="act"))
    policies.assigned.append(assigned)
    [blocker] = (await check(wired)).blockers
    assert blocker.startswith('The policy "Baseline" switches keys off again at once')
    policies.exempt.append(PolicyExemption("other", wired.account().id, assigned.id, parts=("look",)))
    assert len((await check(wired)).blockers) == 1
    policies.exempt.append(PolicyExemption("this", wired.account().id, assigned.id, parts=("act",)))
    assert (await check(wired)).blockers == ()


async def test_what_many_policies_found_comes_on_several_pages(wired: Parts) -> None:
    wired.azure.world.arm_page = 2
    looks = [PolicyPart(KEYS_OFF_AUDIT, reference=f"look {number}") for number in range(4)]
    wired.azure.world.policies.assigned.append(baseline(*looks, PolicyPart(KEYS_OFF_DEPLOY, reference="act")))
    mark = wired.mark()
    assert len((await check(wired)).blockers) == 1
    assert wired.names(since=mark).count("arm.queryPolicyStates") == 3


async def test_a_next_page_that_is_asked_for_by_post_is_on_the_same_path_or_nothing_is_sent(
    wired: Parts, spoiled: Spoiled
) -> None:
    account, world = wired.account(), wired.azure.world
    world.policies.assigned.append(baseline(PolicyPart(KEYS_OFF_AUDIT, reference="look")))
    before = [key.value for key in account.keys.values()]
    elsewhere = f"{wired.azure.urls['arm']}{account.id}/regenerateKey?api-version=2025-09-01"
    spoiled.body("arm.queryPolicyStates", {"value": [], "@odata.nextLink": elsewhere})
    found = await check(wired)
    assert any("its next page leads astray" in one for one in found.unseen)
    assert "arm.regenerateKey" not in wired.names()
    assert [key.value for key in account.keys.values()] == before


async def test_an_initiative_that_only_looks_blocks_nothing_and_leaves_nothing_unknown(wired: Parts) -> None:
    wired.azure.world.policies.assigned.append(baseline(PolicyPart(KEYS_OFF_AUDIT, reference="look")))
    found = await check(wired)
    assert found.blockers == ()
    assert not any("would change" in one for one in found.unseen)


async def test_an_account_that_only_single_policies_of_azure_act_on_is_not_asked_about_initiatives(
    wired: Parts,
) -> None:
    wired.azure.world.policies.assigned += [DENY, MODIFY]
    mark = wired.mark()
    await check(wired)
    assert "arm.queryPolicyStates" not in wired.names(since=mark)


@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
        "Microsoft.PolicyInsights/policyStates/queryResults/read",
        "Microsoft.Authorization/policyAssignments/read",
        "Microsoft.Authorization/policyExemptions/read",
    ],
)
async def test_what_may_not_be_read_is_said_with_the_right_and_the_role(wired: Parts, action: str) -> None:
    wired.account().fixed_off = True
    wired.azure.world.policies.assigned.append(baseline())
    role, directory = shipped_roles()["trialReader"], wired.azure.world.directory
    directory.revoke("app")
    directory.define(replace(role, actions=tuple(one for one in role.actions if one != action)))
    for name in (shipped_roles()["keyRotator"].name, role.name):
        directory.assign("app", name)
    [said] = [one for one in (await check(wired)).unseen if f"a role with {action}" in one]
    assert "trialReader" in said


# Copies.


async def test_places_that_use_a_key_are_named_always_in_the_same_words(wired: Parts) -> None:
    account, world = wired.account(), wired.azure.world
    published = {"vault_url": "https://keys.vault.azure.net", "secret": "chat-key"}
    site = add(world, "Microsoft.Web/sites", "shop", held.Reference("OPENAI_KEY", "keys", "chat-key"))
    connection = held.Connection("chat", target=f"https://{account.subdomain}.openai.azure.com/", key="a key")
    add(world, "Microsoft.MachineLearningServices/workspaces", "hub", connection)
    found = await check(wired, **published)
    assert len(found.copies) == 2
    assert any(site in one and "OPENAI_KEY" in one for one in found.copies)
    wired.azure.world.clock.advance(3600)
    assert (await check(wired, **published)).copies == found.copies


async def test_a_look_of_the_last_minute_is_used_again(wired: Parts) -> None:
    add(wired.azure.world, "Microsoft.Web/sites", "shop")
    await check(wired)
    mark = wired.mark()
    await check(wired, name="other")
    assert "arm.queryResourceGraph" not in wired.names(since=mark)


async def test_without_the_role_for_copies_that_is_said_and_nothing_fails(azure: Azure) -> None:
    azure.world.accounts.add("foundry", kind="AIServices")
    async with parts_over(azure) as parts:
        found = await check(parts)
    assert found.copies == ()
    assert any("copiesReader" in one for one in found.unseen)


async def test_what_was_looked_into_is_said_and_nothing_more_is_claimed(wired: Parts) -> None:
    add(wired.azure.world, "Microsoft.Web/sites", "shop")
    said = [one for one in (await check(wired)).unseen if one.startswith("copies outside")]
    assert said == [
        "copies outside the 1 resource that this app could look into; docs/copies.md names what it cannot see."
    ]


async def test_a_look_that_takes_too_long_ends_and_is_said(wired: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_checks, "_SECONDS", 0.2)
    wired.azure.world.faults.add("arm.queryResourceGraph", "delay", seconds=30, times=0)
    began = asyncio.get_running_loop().time()
    found = await check(wired)
    assert asyncio.get_running_loop().time() - began < 20
    assert any("where copies of a key are used" in one for one in found.unseen)
