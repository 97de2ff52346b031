"""The policies that keep keys off and let accounts log their calls: Microsoft's definitions, as they are published
(docs/facts.md, Policies)."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from shared.settings.call_log import CallLog
from tests.infra.bicep import INFRA
from tests.infra.choices import APART, LEAST, deployed, deployed_apart
from tests.infra.deployment import Resource

PUBLISHED = json.loads((Path(__file__).parent / "data" / "policies.json").read_text())["definitions"]
ACCOUNTS = "Microsoft.CognitiveServices/accounts"
KEYS_OFF = ("policies/keys-off.bicep", "policies/keys-off-group.bicep")


def made(name: str, choice: dict[str, Any], kind: str, folder: Path = INFRA) -> list[Resource]:
    """Return the resources of a kind, such as `policyAssignments`, that a template makes."""
    resources = deployed_apart(name, choice, folder).resources()
    return [one for one in resources if one.type == f"Microsoft.Authorization/{kind}"]


def definition(assignment: Resource) -> dict[str, Any]:
    """Return what is published about the definition that is assigned."""
    prefix, _, name = assignment.body["properties"]["policyDefinitionId"].rpartition("/")
    assert prefix == "/providers/Microsoft.Authorization/policyDefinitions"
    return PUBLISHED[name]


def wrong(folder: Path = INFRA) -> list[str]:
    """Return the parameters that a definition does not have, the values that it does not allow, and wrong roles."""
    found = []
    for name in (one for one in APART if one.startswith("policies/")):
        for choice in APART[name]:
            [assignment] = made(name, choice, "policyAssignments", folder)
            published = definition(assignment)
            for parameter, given in assignment.body["properties"]["parameters"].items():
                allowed = published["parameters"].get(parameter, [])
                if allowed is not None and given["value"] not in allowed:
                    found.append(f"{parameter}: {given['value']}")
            roles = {
                one.body["properties"]["roleDefinitionId"].rpartition("/")[2]
                for one in made(name, choice, "roleAssignments", folder)
            }
            found += [f"role: {one}" for one in roles ^ set(published["roles"])]
    return found


def test_each_policy_gets_only_values_that_its_definition_allows_and_the_role_that_it_asks_for() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("file", "right", "wrong_one", "expected"),
    [
        ("policies/call-log.bicep", "'allLogs'", "'all'", "categoryGroup: all"),
        ("policies/keys-off.bicep", "      effect: {", "      mode: {", "mode: Audit"),
        ("policies/definitions.json", "b24988ac", "b24988ad", "role: b24988ad-6180-42a0-ab88-20f7382dd24c"),
    ],
)
def test_a_value_that_a_definition_does_not_have_is_found(
    tmp_path: Path, file: str, right: str, wrong_one: str, expected: str
) -> None:
    shutil.copytree(INFRA, tmp_path, dirs_exist_ok=True)
    source = (tmp_path / file).read_text()
    assert right in source
    (tmp_path / file).write_text(source.replace(right, wrong_one, 1))
    assert expected in wrong(tmp_path)


@pytest.mark.parametrize("name", KEYS_OFF)
def test_it_only_marks_unless_somebody_asks_for_more(name: str) -> None:
    [assignment] = made(name, {}, "policyAssignments")
    assert assignment.body["properties"]["parameters"] == {"effect": {"value": "Audit"}}
    assert made(name, {}, "roleAssignments") == []


@pytest.mark.parametrize("name", KEYS_OFF)
@pytest.mark.parametrize("effect", ["Audit", "Deny", "Modify"])
def test_it_is_about_accounts_and_leaves_azure_ai_search_alone(name: str, effect: str) -> None:
    [assignment] = made(name, {"effect": effect}, "policyAssignments")
    assert ACCOUNTS in definition(assignment)["about"]
    [selected] = assignment.body["properties"]["resourceSelectors"]
    assert selected["selectors"] == [{"kind": "resourceType", "in": [ACCOUNTS]}]


@pytest.mark.parametrize("name", KEYS_OFF)
def test_each_definition_has_an_assignment_of_its_own_name(name: str) -> None:
    """An assignment cannot be given another definition."""
    names: dict[str, set[str]] = {}
    for effect in ("Audit", "Deny", "Modify"):
        [assignment] = made(name, {"effect": effect}, "policyAssignments")
        names.setdefault(assignment.name, set()).add(assignment.body["properties"]["policyDefinitionId"])
    assert [len(definitions) for definitions in names.values()] == [1, 1]


@pytest.mark.parametrize("name", KEYS_OFF)
def test_accounts_that_still_need_keys_can_be_left_out_and_it_can_only_report(name: str) -> None:
    choice = {"effect": "Deny", "enforcementMode": "DoNotEnforce", "notScopes": ["/subscriptions/1"]}
    [assignment] = made(name, choice, "policyAssignments")
    facts = assignment.body["properties"]
    assert (facts["enforcementMode"], facts["notScopes"]) == ("DoNotEnforce", ["/subscriptions/1"])


def test_the_two_templates_differ_in_their_scope_only() -> None:
    one, group = ((INFRA / name).read_text().partition("\n\ntargetScope = ")[2] for name in KEYS_OFF)
    assert group.replace("'managementGroup'", "'subscription'").replace("managementGroup()", "subscription()") == one


def test_one_account_logs_its_calls_by_the_category_that_readiness_reads() -> None:
    name = "call-log.bicep"
    [setting] = [one for one in deployed_apart(name, APART[name][0]).resources() if not one.existing]
    assert setting.body["properties"] == {
        "workspaceId": APART[name][0]["workspaceId"],
        "logs": [{"category": "RequestResponse", "enabled": True}],
    }


def test_a_workspace_of_the_template_keeps_calls_for_at_least_the_look_back() -> None:
    """The least that a deployment may choose for the table that calls are logged to, and the app's default."""
    source = (INFRA / "main.bicep").read_text()
    least = re.search(
        r"@minValue\((\d+)\)\n@maxValue\(\d+\)\n@description\([^\n]*\)\nparam trailRetentionDays ", source
    )
    assert least is not None
    assert int(least[1]) >= 35
    assert int(least[1]) >= CallLog.look_back.days
    [table] = [one for one in deployed(LEAST).resources() if one.name.endswith("/AzureDiagnostics")]
    assert table.body["properties"]["retentionInDays"] >= int(least[1])
