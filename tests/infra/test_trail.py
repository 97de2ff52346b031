"""What happened is on record outside the app's reach: every service sends its log to the workspace, which keeps it."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, properties, templates, text
from tests.infra.choices import CHOICES, LEAST, deployed
from tests.infra.deployment import Resource

CATEGORIES = json.loads((Path(__file__).parent / "data" / "log_categories.json").read_text())["types"]
SETTINGS, TABLES = "Microsoft.Insights/diagnosticSettings", "Microsoft.OperationalInsights/workspaces/tables"
FAILURES = {"AegDeliveryFailureLogs", "AegPublishFailureLogs", "FunctionAppLogs"}  # they name nobody
APP = {"AppTraces", "AppExceptions"}  # what the app itself sends


def of(choice: dict, kind: str, folder: Path = INFRA) -> list[Resource]:
    return [one for one in deployed(choice, folder).resources() if one.type == kind and not one.existing]


def observed(setting: Resource, folder: Path = INFRA) -> str:
    """Return the type of the resource whose log a diagnostic setting sends."""
    template = next(one for one in templates(folder) if one.name == setting.file and setting.symbol in one.resources)
    return template.resources[text(properties(template.resources[setting.symbol].body)["scope"])].type


def logged(choice: dict, folder: Path = INFRA) -> dict[str, list[str]]:
    """Return the categories that are sent to the workspace, by the type of resource."""
    found = {}
    for one in of(choice, SETTINGS, folder):
        sent = [log.get("category") or log["categoryGroup"] for log in one.body["properties"]["logs"] if log["enabled"]]
        found[observed(one, folder)] = sent
    return found


def unknown(folder: Path = INFRA) -> list[str]:
    """Return the categories that Azure does not have."""
    sent = logged(LEAST, folder)
    return [f"{kind}: {name}" for kind, names in sent.items() for name in names if name not in CATEGORIES.get(kind, ())]


def kept(choice: dict) -> dict[str, int]:
    """Return how many days each table of the trail is kept."""
    return {
        one.name.rpartition("/")[2]: one.body["properties"]["retentionInDays"]
        for one in of(choice, TABLES)
        if one.body["properties"]["retentionInDays"] == one.body["properties"]["totalRetentionInDays"]
    }


def test_vault_storage_topic_and_app_send_their_logs() -> None:
    assert logged(LEAST) == {
        "Microsoft.EventGrid/topics": ["DataPlaneRequests", "PublishFailures", "DeliveryFailures"],
        "Microsoft.KeyVault/vaults": ["audit"],
        "Microsoft.Storage/storageAccounts/blobServices": ["StorageRead", "StorageWrite", "StorageDelete"],
        "Microsoft.Storage/storageAccounts/queueServices": ["StorageWrite", "StorageDelete"],
        "Microsoft.Web/sites": ["FunctionAppLogs", "AppServiceAuthenticationLogs"],
    }


def test_the_log_that_the_platform_keeps_of_the_app_can_be_left_out() -> None:
    assert set(logged(LEAST)) - set(logged({**LEAST, "platformLog": False})) == {"Microsoft.Web/sites"}


@pytest.mark.parametrize("choice", CHOICES)
def test_every_log_goes_to_the_workspace_of_this_deployment(choice: str) -> None:
    [workspace] = of(CHOICES[choice], "Microsoft.OperationalInsights/workspaces")
    sent = {one.body["properties"]["workspaceId"] for one in of(CHOICES[choice], SETTINGS)}
    assert sent == {f"/Microsoft.OperationalInsights/workspaces/{workspace.name}"}


def test_azure_has_every_category_that_is_sent() -> None:
    assert unknown() == []


@pytest.mark.parametrize(
    ("file", "right", "wrong", "expected"),
    [
        ("topic.bicep", "'DataPlaneRequests'", "'DataPlaneRequest'", "Microsoft.EventGrid/topics: DataPlaneRequest"),
        (
            "storage.bicep",
            "scope: queueService\n",
            "scope: account\n",
            "Microsoft.Storage/storageAccounts: StorageWrite",
        ),
    ],
)
def test_a_category_that_azure_does_not_have_there_is_found(
    tmp_path: Path, file: str, right: str, wrong: str, expected: str
) -> None:
    shutil.copytree(INFRA, tmp_path, dirs_exist_ok=True)
    source = (tmp_path / file).read_text()
    assert right in source
    (tmp_path / file).write_text(source.replace(right, wrong, 1))
    assert expected in unknown(tmp_path)


def test_the_tables_that_say_who_did_what_are_kept_for_400_days() -> None:
    sent = {CATEGORIES[kind][name] for kind, names in logged(LEAST).items() for name in names}
    assert kept(LEAST) == dict.fromkeys(sorted((sent | APP) - FAILURES, key=list(kept(LEAST)).index), 400)


def test_the_retention_of_the_trail_is_a_parameter_and_other_logs_have_their_own() -> None:
    chosen = {**LEAST, "trailRetentionDays": 730}
    assert set(kept(chosen).values()) == {730}
    [workspace] = of(chosen, "Microsoft.OperationalInsights/workspaces")
    assert workspace.body["properties"]["retentionInDays"] == 90


def test_the_tables_are_changed_one_after_the_other() -> None:
    source = (INFRA / "monitoring.bicep").read_text()
    assert re.search(rf"@batchSize\(1\)\nresource \w+ '{TABLES}@", source)
