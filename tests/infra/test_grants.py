"""The templates assign exactly the roles that the tests run under: each at its scope, to the right identity."""

import json

from lab.emulator.shipped import SHIPPED
from tests.infra.bicep import Template, literal, properties, templates, text
from tests.infra.choices import APART, EVERYTHING, LEAST, deployed, deployed_apart
from tests.infra.deployment import UNKNOWN
from tests.infra.life import GRANTS

ROLES = json.loads(SHIPPED.read_text())
BY_NAME = {one.name: one for one in templates()}
TYPES = {
    "vault": "Microsoft.KeyVault/vaults",
    "account": "Microsoft.CognitiveServices/accounts",
    "topic": "Microsoft.EventGrid/topics",
    "workspace": "Microsoft.OperationalInsights/workspaces",
    "insights": "Microsoft.Insights/components",
    "storage": "Microsoft.Storage/storageAccounts",
    "hostContainers": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "appContainers": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "deadLetters": "Microsoft.Storage/storageAccounts/blobServices/containers",
    "queues": "Microsoft.Storage/storageAccounts/queueServices/queues",
}


def assigned(name: str) -> set[tuple[str, str, str]]:
    """Return what a file assigns, each as principal, role and scope."""
    template = BY_NAME[name]
    found = set()
    for one in template.resources.values():
        if one.type == "Microsoft.Authorization/roleAssignments":
            given = properties(one.body)
            facts = properties(given["properties"])
            assert literal(facts["principalType"]) == "ServicePrincipal"
            found.add((text(facts["principalId"]), role_of(text(facts["roleDefinitionId"])), scope_of(template, given)))
    return found


def role_of(definition: str) -> str:
    return definition.removesuffix(")").rpartition(", ")[2]


def scope_of(template: Template, given: dict) -> str:
    if "scope" not in given:
        return template.scope
    symbol = text(given["scope"]).partition("[")[0]
    assert template.resources[symbol].type == TYPES[symbol]
    return symbol


def test_roles_on_storage_are_granted_for_single_containers_and_queues() -> None:
    ours = {("appPrincipalId", f"builtIn.{one.role}.id", one.on) for one in GRANTS if one.role in ROLES["builtIn"]}
    others = {
        ("eventsPrincipalId", "builtIn.storageBlobDataContributor.id", "deadLetters"),
        ("appPrincipalId", "listerRoleName", "storage"),
        ("appPrincipalId", "readerRoleName", "topic"),
    }
    assert assigned("grants/own.bicep") == ours | others


def test_a_subscription_and_an_account_grant_rotation_and_if_allowed_the_switch() -> None:
    for name, scope in (("grants/subscription.bicep", "subscription"), ("grants/account.bicep", "account")):
        assert assigned(name) == {
            ("principalId", "rotatorRoleName", scope),
            ("principalId", "switchRoleName", scope),
            ("principalId", "trialRoleName", BY_NAME[name].scope),
        }
        assert {one.symbol for one in BY_NAME[name].resources.values() if one.conditional} == {"switchOff", "trial"}


def test_a_vault_grants_the_publisher_role() -> None:
    assert assigned("grants/vault.bicep") == {("principalId", "roleName", "vault")}


def test_a_log_workspace_grants_the_call_counter_role() -> None:
    assert assigned("grants/logs.bicep") == {("principalId", "counterRoleName", "workspace")}


def test_each_log_workspace_gets_the_role_and_the_settings_name_each_by_its_id() -> None:
    main, counter = deployed(EVERYTHING), "keyCallCounter"
    workspaces = EVERYTHING["logWorkspace"].split(", ")
    [role] = [one.name for one in main.resources() if one.symbol == counter]
    granted = [one for one in main.resources() if (one.file, one.symbol) == ("grants/logs.bicep", "counter")]
    assert len(workspaces) == 2
    assert len({one.name for one in granted}) == len(workspaces)
    assert all(one.body["properties"]["roleDefinitionId"].endswith(f"/{role}") for one in granted)
    [app] = [one for one in main.resources() if one.symbol == "appSettings"]
    assert app.body["properties"]["ROTATION_LOG_WORKSPACE_ID"] == f"{UNKNOWN},{UNKNOWN}"
    [app] = [one for one in deployed(LEAST).resources() if one.symbol == "appSettings"]
    assert app.body["properties"]["ROTATION_LOG_WORKSPACE_ID"] == ""


def test_a_subscription_for_readiness_readers_or_copies_grants_the_one_reader_and_nothing_else() -> None:
    assert assigned("grants/readiness.bicep") == {("principalId", "roleName", "subscription")}
    made = list(deployed(EVERYTHING).resources())
    granted = [one for one in made if one.file == "grants/readiness.bicep"]
    rights = (("readinessReader", "readiness"), ("readersReader", "readers"), ("copiesReader", "copies"))
    for symbol, feature in rights:
        choice = f"{feature}Subscriptions"
        [role] = [one.name for one in made if one.symbol == symbol]
        mine = [one for one in granted if one.body["properties"]["roleDefinitionId"].endswith(f"/{role}")]
        assert len(mine) == len(EVERYTHING[choice].split(",")) > 0
    assert "grants/readiness.bicep" not in {one.file for one in deployed(LEAST).resources()}


def test_the_roles_can_be_assigned_in_every_subscription_that_grants_one() -> None:
    scopes = {
        scope
        for one in deployed(EVERYTHING).resources()
        if one.type == "Microsoft.Authorization/roleDefinitions"
        for scope in one.body["properties"]["assignableScopes"]
    }
    choices = ("readinessSubscriptions", "readersSubscriptions", "copiesSubscriptions", "accountSubscriptions")
    wanted = ",".join(EVERYTHING[one] for one in choices)
    assert {f"/subscriptions/{one.strip()}" for one in wanted.split(",")} <= scopes


def test_a_management_group_gets_the_readers_role_under_a_name_of_its_own() -> None:
    for choice in APART["grants/management-group.bicep"]:
        wanted = ROLES["custom"][choice.get("role", "readinessReader")]
        made = list(deployed_apart("grants/management-group.bicep", choice).resources())
        [role] = [one for one in made if one.type.endswith("/roleDefinitions")]
        assert role.body["properties"]["permissions"] == wanted["permissions"]
        assert role.body["properties"]["assignableScopes"] == ["/providers/Microsoft.Management/managementGroups/mg"]
        assert role.body["properties"]["roleName"] == f"{wanted['roleName']} (prod, mg)"
    assert assigned("grants/management-group.bicep") == {("principalId", "definitionHere.id", "managementGroup")}


def test_only_files_in_grants_give_a_role_to_the_app() -> None:
    granting = {
        one.name
        for one in BY_NAME.values()
        if any(held.type == "Microsoft.Authorization/roleAssignments" for held in one.resources.values())
    }
    policies = {name for name in granting if name.startswith("policies/")}
    assert {name for name in granting - policies if not name.startswith("grants/")} == set()
    given = {who.removesuffix(".identity.principalId") for name in policies for who, _, _ in assigned(name)}
    assert given == {"callLog", "keysOff", "principalId"}  # the identity of a policy each time
    handed = properties(properties(BY_NAME["policies/call-log.bicep"].modules["onWorkspace"].body)["params"])
    assert text(handed["principalId"]) == "callLog.identity.principalId"


def test_main_passes_the_right_role_and_identity_to_each_grant() -> None:
    main = BY_NAME["main.bicep"]
    handed = {
        (name, parameter): text(value)
        for name, one in main.modules.items()
        for parameter, value in properties(properties(one.body)["params"]).items()
        if parameter
        in (
            "rotatorRoleName",
            "switchRoleName",
            "trialRoleName",
            "roleName",
            "counterRoleName",
            "listerRoleName",
            "readerRoleName",
            "principalId",
            "appPrincipalId",
        )
    }
    assert handed.pop(("readinessGrants", "roleName")) == "roles.outputs.readinessReader"
    assert handed.pop(("readersGrants", "roleName")) == "roles.outputs.readersReader"
    assert handed.pop(("copiesGrants", "roleName")) == "roles.outputs.copiesReader"
    for (_, parameter), value in handed.items():
        assert (
            value
            == {
                "rotatorRoleName": "roles.outputs.keyRotator",
                "switchRoleName": "roles.outputs.keyAuthSwitch",
                "trialRoleName": "roles.outputs.trialReader",
                "roleName": "roles.outputs.keyPublisher",
                "listerRoleName": "roles.outputs.containerLister",
                "readerRoleName": "roles.outputs.announcementReader",
                "counterRoleName": "roles.outputs.keyCallCounter",
                "principalId": "identities.outputs.appPrincipalId",
                "appPrincipalId": "identities.outputs.appPrincipalId",
            }[parameter]
        )


def test_the_template_defines_every_custom_role_of_the_file_with_its_permissions() -> None:
    roles = BY_NAME["roles.bicep"]
    assert set(roles.resources) == set(roles.outputs) == set(ROLES["custom"])
    for name, one in roles.resources.items():
        facts = properties(properties(one.body)["properties"])
        assert text(facts["permissions"]) == f"definitions.custom.{name}.permissions"
        assert text(facts["description"]) == f"definitions.custom.{name}.description"
        assert text(properties(one.body)["name"]) == f"guid(subscription().id, environmentName, '{name}')"
        assert literal(facts["type"]) == "CustomRole"
