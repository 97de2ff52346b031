"""P8: infra/roles.json allows everything that app and host do, and they use every action in it."""

import json
from pathlib import Path

import pytest

from lab.emulator.shipped import BUILT_IN, ON_REQUEST, SHIPPED, shipped_roles
from lab.emulator.world import World
from tests.infra.life import CHAPTERS, GRANTS, Grant, Refused, a_life

ROLES = json.loads(SHIPPED.read_text())
ACCOUNTS, SECRETS = "Microsoft.CognitiveServices/accounts", "Microsoft.KeyVault/vaults/secrets"
LOGS = "Microsoft.OperationalInsights/workspaces"
# The chapter that fails without an action, and words of the error that the app then reports.
BREAKS = {
    f"{ACCOUNTS}/read": ("enrolment by a tag", "could not list its accounts"),
    f"{ACCOUNTS}/listKeys/action": ("enrolment by a tag", "could not list its keys"),
    f"{ACCOUNTS}/regenerateKey/action": ("rotation", "could not regenerate key 2"),
    f"{ACCOUNTS}/write": ("a trial", "could not switch keys off"),
    f"{LOGS}/read": ("sunset", "could not count calls with a key"),
    f"{LOGS}/query/read": ("sunset", "could not count calls with a key"),
    f"{LOGS}/query/AzureDiagnostics/read": ("sunset", "could not count calls with a key"),
    "Microsoft.EventGrid/eventSubscriptions/read": ("who listens", "could not see who listens to it"),
    "Microsoft.Insights/metrics/read": ("who listens", "could not see who listens to it"),
    "Microsoft.PolicyInsights/checkPolicyRestrictions/read": ("a trial", "could not ask whether a policy would deny"),
    "Microsoft.PolicyInsights/policyStates/queryResults/read": ("a trial", "could not read what policies found of it"),
    "Microsoft.Authorization/policyAssignments/read": ("a trial", "could not list the policies that apply to it"),
    "Microsoft.Authorization/policyExemptions/read": ("a trial", "could not list its exemptions from policies"),
    f"{SECRETS}/readMetadata/action": ("enrolment by a tag", "could not list its secrets"),
    f"{SECRETS}/getSecret/action": ("enrolment by a tag", "could not read the secret"),
    f"{SECRETS}/setSecret/action": ("enrolment by a tag", "could not publish the key"),
    f"{SECRETS}/update/action": ("enrolment by a tag", "could not note on the secret what was announced"),
}
METRICS, TRIAL_COUNTS = "Microsoft.Insights/metrics/read", ("a trial", "could not count the calls that it refused")
# The Functions host uses the first one, see test_host_roles.py. What needs the others is in
# tests/adapters/test_azure_reads.py: no chapter of a life does.
OF_OTHERS = {"containerLister", *ON_REQUEST}
CUSTOM = [
    (name, action)
    for name, role in ROLES["custom"].items()
    if name not in OF_OTHERS
    for part in role["permissions"]
    for action in (*part["actions"], *part["dataActions"])
]


def test_an_emulated_world_gives_the_app_exactly_the_shipped_roles_that_are_not_on_request() -> None:
    usual = [role.name for name, role in shipped_roles().items() if name not in ON_REQUEST]
    assert World().app.assignments == [(name, "/") for name in usual]
    assert len(usual) == len(shipped_roles()) - len(ON_REQUEST)


def test_only_the_emulators_own_tests_use_a_role_that_allows_everything() -> None:
    """P8: the whole suite, the demo and the proofs run under the shipped roles."""
    rooms = ("tests", "samples", "lab/demo", "lab/prove", "lab/funchost", "lab/simulation")
    files = [one for room in rooms for one in (SHIPPED.parents[1] / room).rglob("*.py") if one != Path(__file__)]
    assert {one.parent.name for one in files if "EVERYTHING.name" in one.read_text()} == {"emulator"}


def grant(role: str) -> Grant:
    return next(one for one in GRANTS if one.role == role)


async def test_azure_refuses_nothing_in_a_full_life_with_all_roles() -> None:
    async with a_life() as life:
        assert await life.run() == list(CHAPTERS)
        assert life.refused == []


@pytest.mark.parametrize(("role", "action"), CUSTOM)
async def test_a_missing_action_of_a_role_fails_one_chapter_with_an_error_that_names_it(role: str, action: str) -> None:
    chapter, words = TRIAL_COUNTS if (role, action) == ("trialReader", METRICS) else BREAKS[action]
    async with a_life(without=grant(role), action=action) as life:
        with pytest.raises(Refused) as caught:
            await life.run()
    assert set(caught.value.actions) == {action}
    assert words in str(caught.value.__cause__ or caught.value), caught.value
    assert caught.value.chapter == chapter


async def test_an_announcement_stays_outstanding_without_the_role_to_send_events() -> None:
    async with a_life(without=grant("eventGridDataSender")) as life:
        with pytest.raises(Refused, match="could not announce") as caught:
            await life.run()
    assert caught.value.chapter == "enrolment by a tag"


async def test_the_first_tick_names_the_missing_role_on_the_apps_containers() -> None:
    async with a_life(without=grant("storageBlobDataContributor")) as life:
        with pytest.raises(Refused, match="could not read the view") as caught:
            await life.run()
    assert caught.value.chapter == "enrolment by a tag"


async def test_only_a_trial_and_a_sunset_need_the_role_to_write_accounts() -> None:
    async with a_life(without=grant("keyAuthSwitch")) as life:
        with pytest.raises(Refused) as caught:
            await life.run()
    assert caught.value.chapter == "a trial"


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("Microsoft.CognitiveServices/accounts/delete", False),
        ("Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action", True),
        ("Microsoft.KeyVault/vaults/secrets/delete", True),
        ("Microsoft.KeyVault/vaults/secrets/purge/action", True),
        ("Microsoft.KeyVault/vaults/secrets/recover/action", True),
        ("Microsoft.KeyVault/vaults/secrets/backup/action", True),
        ("Microsoft.KeyVault/vaults/keys/read", True),
        ("Microsoft.KeyVault/vaults/write", False),
        ("Microsoft.Authorization/roleAssignments/write", False),
        ("Microsoft.Storage/storageAccounts/listKeys/action", False),
        ("Microsoft.EventGrid/topics/listKeys/action", False),
        ("Microsoft.EventGrid/topics/write", False),
        ("Microsoft.EventGrid/eventSubscriptions/getFullUrl/action", False),
        ("Microsoft.EventGrid/eventSubscriptions/write", False),
        ("Microsoft.OperationalInsights/workspaces/sharedKeys/action", False),
        ("Microsoft.OperationalInsights/workspaces/query/AppTraces/read", False),
    ],
)
def test_no_shipped_role_allows_an_action_that_the_app_must_not_have(action: str, data: bool) -> None:
    assert [name for name, role in shipped_roles().items() if role.allows(action, data=data)] == []


def test_custom_roles_use_no_wildcards_and_no_exceptions() -> None:
    for role in ROLES["custom"].values():
        for part in role["permissions"]:
            assert not [one for one in (*part["actions"], *part["dataActions"]) if "*" in one]
            assert (part["notActions"], part["notDataActions"]) == ([], [])


def test_built_in_roles_have_the_ids_and_names_that_azure_gives_them() -> None:
    known = {one["name"]: one["roleName"] for one in json.loads(BUILT_IN.read_text())["roles"]}
    assert {one["id"]: one["roleName"] for one in ROLES["builtIn"].values()} == known
