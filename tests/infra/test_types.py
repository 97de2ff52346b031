"""Every resource fits the Bicep compiler's published types, with every parameter that changes what is deployed."""

import shutil
from pathlib import Path

import pytest

from tests.infra.bicep import INFRA, Template, properties, templates, text, walk
from tests.infra.choices import CHOICES, deployed, deployments
from tests.infra.deployment import UNKNOWN, Branches
from tests.infra.types import check, problems, recorded

TYPES = recorded()


def found(folder: Path = INFRA) -> set[str]:
    """Return every problem that some choice of parameters has."""
    return {
        problem
        for _, deployment in deployments(folder)
        for one in deployment.resources()
        for problem in problems(one, TYPES)
    }


@pytest.mark.parametrize("choice", CHOICES)
def test_every_resource_fits_its_type(choice: str) -> None:
    resources = list(deployed(CHOICES[choice]).resources())
    assert len(resources) > 50
    assert [problem for one in resources for problem in problems(one, TYPES)] == []


def test_the_choices_take_both_branches_of_every_condition() -> None:
    branches: Branches = set()
    for _, deployment in deployments(branches=branches):
        assert list(deployment.resources())
    missed = sorted(
        (template.name, text(node.named_children[0]))
        for template in templates()
        for node in walk(template.root)
        if node.type in ("ternary_expression", "if_statement")
        for taken in (True, False)
        if (template.name, node.start_byte, taken) not in branches
    )
    # Another cloud, and two parameters of a module that has the same condition.
    assert missed == [
        ("main.bicep", "environment().name == 'AzureUSGovernment'"),
        ("main.bicep", "privateNetwork"),
        ("main.bicep", "privateNetwork"),
    ]


def test_the_choices_reach_every_declaration() -> None:
    reached = {(one.file, one.symbol) for _, deployment in deployments() for one in deployment.resources()}
    assert {(one.name, symbol) for one in templates() for symbol in one.resources} == reached


@pytest.mark.parametrize("template", templates(), ids=lambda one: one.name)
def test_every_resource_is_deployed_to_a_scope_that_its_type_allows(template: Template) -> None:
    for one in template.resources.values():
        allowed = TYPES[one.source]["scopes"]
        said = text(properties(one.body)["scope"]) if "scope" in properties(one.body) else ""
        if said.startswith("resourceGroup("):
            assert one.existing
            assert "resourceGroup" in allowed, one.source
        elif "extension" not in allowed or not said:
            assert template.scope in allowed, one.source


def test_only_types_that_the_templates_use_are_recorded() -> None:
    assert {one.source for template in templates() for one in template.resources.values()} == TYPES.keys()


PLANTED = {
    "a type and version that does not exist": (
        "vault.bicep", "vaults@2026-02-01", "vaults@2026-02-30",
        "Microsoft.KeyVault/vaults@2026-02-30 is not recorded; run scripts/bicep_types.py",
    ),
    "a property that does not exist": (
        "vault.bicep", "enablePurgeProtection", "enablePurgeProtecton",
        "vaults.properties.enablePurgeProtecton is not known",
    ),
    "a property in the wrong place": (
        "storage.bicep", "kind: 'StorageV2'", "kind: 'StorageV2'\n  accessTier: 'Hot'",
        "storageAccounts.accessTier is not known",
    ),
    "a required property that is missing": (
        "vault.bicep", "    tenantId: tenant().tenantId\n", "", "vaults.properties.tenantId is missing",
    ),
    "a required property that is null": (
        "alerts.bicep", "groupShortName: 'keyrotation'", "groupShortName: null",
        "actionGroups.properties.groupShortName is missing",
    ),
    "a read-only property": (
        "vault.bicep", "  tags: tags\n", "  tags: tags\n  systemData: {}\n", "vaults.systemData is read-only",
    ),
    "a value that is not in an enumeration": (
        "vault.bicep", "name: 'standard'", "name: 'basic'",
        "vaults.properties.sku.name: 'basic' is none of",
    ),
    "a value behind a ternary": (
        "vault.bicep", "? 'Deny' :", "? 'Denied' :",
        "vaults.properties.networkAcls.defaultAction: 'Denied' is none of Allow, Deny",
    ),
    "a value behind a variable": (
        "app.bicep", "unauthenticatedClientAction: 'RedirectToLoginPage'", "unauthenticatedClientAction: 'Return402'",
        "config.properties.globalValidation.unauthenticatedClientAction: 'Return402' is none of",
    ),
    "a value behind a loop over a variable": (
        "alerts.bicep", "operator: 'LessThan'", "operator: 'Less'",
        "scheduledQueryRules.properties.criteria.allOf[0].operator: 'Less' is none of "
        "Equals, GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual",
    ),
    "a value behind a parameter of a module": (
        "main.bicep", "    retentionDays: logRetentionDays", "    retentionDays: 'ninety'",
        "workspaces.properties.retentionInDays: 'ninety' is not an int",
    ),
    "a text that is too long": (
        "alerts.bicep", "'keyrotation'", "'keyrotation12'",
        "actionGroups.properties.groupShortName: the length of 'keyrotation12' is more than 12",
    ),
    "a text that does not match": (
        "storage.bicep", "name: 'st${token}'", "name: 'ST-${token}'", "does not match ^[a-z0-9]+$",
    ),
    "a number that is too large": (
        "storage.bicep", "days: 7", "days: 700",
        "blobServices.properties.deleteRetentionPolicy.days: 700 is more than 365",
    ),
    "a number that is a text": (
        "storage.bicep", "days: 7", "days: '7'",
        "blobServices.properties.deleteRetentionPolicy.days: '7' is not an int",
    ),
    "a bool that is a text": (
        "app.bicep", "httpsOnly: true", "httpsOnly: 'true'", "sites.properties.httpsOnly: 'true' is not a bool",
    ),
    "a list that is a text": (
        "vault.bicep", "    logs: [\n      {\n        categoryGroup: 'audit'\n        enabled: true\n      }\n    ]",
        "    logs: 'audit'", "diagnosticSettings.properties.logs: 'audit' is not an array",
    ),
    "an object that is a text": (
        "vault.bicep", "networkAcls: {\n      bypass: 'AzureServices'\n"
        "      defaultAction: privateNetwork ? 'Deny' : 'Allow'\n    }", "networkAcls: 'none'",
        "vaults.properties.networkAcls: 'none' is not an object",
    ),
    "a kind of object that does not exist": (
        "events/vault.bicep", "endpointType: 'AzureFunction'", "endpointType: 'Function'",
        "eventSubscriptions.properties.destination.endpointType: 'Function' is none of",
    ),
    "a property of another kind of object": (
        "events/vault.bicep", "        maxEventsPerBatch: 1\n", "        queueName: 'turns'\n",
        "eventSubscriptions.properties.destination.properties.queueName is not known",
    ),
    "a name that tells kinds of resources apart": (
        "app.bicep", "name: 'ftp'", "name: 'ftps'",
        "basicPublishingCredentialsPolicies.name: 'ftps' is none of ftp, scm",
    ),
    "an object that no template wrote into": (
        "vault.bicep", "    tenantId: tenant().tenantId\n", "    tenantId: tenant().tenantId\n"
        "    accessPolicies: [\n      {\n        tenantId: tenant().tenantId\n      }\n    ]\n",
        "vaults.properties.accessPolicies[0]: what is in it is not recorded; run scripts/bicep_types.py",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "right", "wrong", "expected"), PLANTED.values(), ids=PLANTED)
def test_a_planted_mistake_is_found(tmp_path: Path, file: str, right: str, wrong: str, expected: str) -> None:
    shutil.copytree(INFRA, tmp_path, dirs_exist_ok=True)
    source = (tmp_path / file).read_text()
    assert right in source
    (tmp_path / file).write_text(source.replace(right, wrong, 1))
    assert [problem for problem in found(tmp_path) if expected in problem]


@pytest.mark.parametrize(
    ("value", "facts", "expected"),
    [
        (UNKNOWN, {"is": "int"}, []),
        (None, {"is": "string"}, []),
        ("B", {"is": "string", "of": ["a", "b"], "open": True}, []),
        ("B", {"is": "string", "of": ["a", "b"]}, ["x: 'B' is none of a, b"]),
        ("", {"is": "string", "min": 1}, ["x: the length of '' is less than 1"]),
        ("a", {"is": "union", "any": [{"is": "int"}, {"is": "string"}]}, []),
        (True, {"is": "union", "any": [{"is": "int"}, {"is": "string"}]}, ["x: True is not an int"]),
        ([1], {"is": "array", "items": {"is": "int"}, "min": 2}, ["x: the number of elements is less than 2"]),
        ({"a": 1}, {"is": "object", "properties": {}, "others": {"is": "string"}}, ["x.a: 1 is not a string"]),
        ({"k": UNKNOWN, "a": 1}, {"is": "object", "by": "k", "properties": {}, "kinds": {}}, []),
        (1, {"is": "any"}, []),
        (1, {"is": "null"}, ["x: 1 is not null"]),
    ],
)
def test_a_value_is_checked_against_a_type(value: object, facts: dict, expected: list[str]) -> None:
    assert list(check(value, facts, "x")) == expected


def test_no_template_uses_a_version_of_key_vault_that_retires() -> None:
    """Versions before 2026-02-01 retire on 27 February 2027 (Microsoft, key-vault/general/migrate-api-version)."""
    versions = [
        one.version
        for template in templates()
        for one in template.resources.values()
        if one.type.startswith("Microsoft.KeyVault/")
    ]
    assert min(versions) >= "2026-02-01"
