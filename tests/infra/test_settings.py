"""Templates and app agree on settings, storage names, app roles, functions and the log texts that alerts search."""

import json
import re
from pathlib import Path

import pytest
from tree_sitter import Node

from lab.emulator.shipped import SHIPPED
from shared.decide.plan import Reason
from shared.domain.names import LEASE_CONTAINER, QUEUE
from shared.findings.codes import Code, Urgency
from shared.findings.meanings import MEANINGS
from shared.settings.environment import NAMES
from shared.settings.proxy import EXCEPTIONS, SETTING
from shared.turns.report import Outcome, Result
from shared.web.callers import Role
from tests.infra.bicep import INFRA, ROOT, calls, literal, properties, templates, text
from tests.infra.choices import LEAST, deployed

BY_NAME = {one.name: one for one in templates()}
MAIN, APP = BY_NAME["main.bicep"], BY_NAME["app.bicep"]
CODE = "\n".join(one.read_text() for one in (ROOT / "shared").rglob("*.py"))
HOST = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}


def test_the_template_sets_exactly_the_settings_of_the_app() -> None:
    assert set(properties(MAIN.variables["rotationSettings"])) == set(NAMES)


def test_the_template_names_the_proxy_by_the_settings_that_the_app_reads() -> None:
    assert set(properties(MAIN.variables["proxySettings"])) == {SETTING, EXCEPTIONS}


def test_the_hosts_settings_use_an_identity_and_contain_no_key() -> None:
    host = properties(APP.variables["hostSettings"])
    assert set(host) == HOST
    assert literal(host["AzureWebJobsStorage__credential"]) == "managedidentity"
    assert text(host["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]).endswith("Authorization=AAD'")


def test_the_template_deploys_the_app_in_observe_mode_by_default() -> None:
    assert "param rotationMode string = 'observe'" in (INFRA / "main.bicep").read_text()


def test_the_template_uses_the_python_version_of_the_repository() -> None:
    wanted = (ROOT / ".python-version").read_text().strip()
    config = properties(properties(properties(APP.resources["app"].body)["properties"])["functionAppConfig"])
    assert literal(properties(config["runtime"])["version"]) == wanted


def test_the_template_creates_the_containers_and_queues_that_host_and_app_use() -> None:
    names = json.loads((INFRA / "storage.json").read_text())
    assert names["queues"] == [QUEUE, f"{QUEUE}-poison"]
    assert names["appContainers"] == [names["packageContainer"], LEASE_CONTAINER]
    assert names["hostContainers"] == ["azure-webjobs-hosts", "azure-webjobs-secrets"]


def test_the_app_registration_defines_exactly_the_roles_that_the_app_checks() -> None:
    roles = json.loads((INFRA / "app-roles.json").read_text())
    assert {one["value"] for one in roles} == {role.value for role in Role}
    assert len({one["id"] for one in roles}) == len(roles)
    assert all(one["isEnabled"] and one["description"] and one["allowedMemberTypes"] for one in roles)


@pytest.mark.parametrize("name", ["vault", "accounts"])
def test_event_subscriptions_deliver_to_functions_that_exist(name: str) -> None:
    door = properties(properties(BY_NAME[f"events/{name}.bicep"].resources["door"].body)["properties"])
    function = text(properties(properties(door["destination"])["properties"])["resourceId"])
    place = re.search(r"\$\{functionAppId\}/functions/(\w+)", function)
    assert place is not None
    doors = "\n".join(one.read_text() for one in (ROOT / "shared" / "triggers").glob("*.py"))
    assert re.search(rf"event_grid_trigger.*\n(@.*\n)*async def {place[1]}\(", doors)


def test_only_health_and_the_event_grid_webhook_need_no_authentication() -> None:
    on = properties(APP.variables["authenticationOn"])
    open_paths = [literal(one) for one in properties(on["globalValidation"])["excludedPaths"].named_children]
    assert open_paths == ["/api/health", "/runtime/webhooks/EventGrid", "/runtime/webhooks/eventgrid"]


def test_one_action_for_the_whole_app_leads_browsers_to_the_sign_in() -> None:
    rules = properties(properties(APP.variables["authenticationOn"])["globalValidation"])
    assert text(rules["requireAuthentication"]) == "true"
    assert literal(rules["unauthenticatedClientAction"]) == "RedirectToLoginPage"
    assert literal(rules["redirectToProvider"]) == "azureactivedirectory"


def test_azd_can_set_every_parameter_of_the_template_and_no_other() -> None:
    values = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    assert set(values) == set(MAIN.parameters)
    for name, value in values.items():
        asked = re.fullmatch(r"\$\{([A-Z_]+)(=[^{}]*)?\}", value["value"])
        assert asked is not None, value
        assert (asked[2] is None) is not MAIN.parameters[name].optional, name


def test_azd_and_the_template_have_the_same_defaults() -> None:
    values = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    source = (INFRA / "main.bicep").read_text()
    for name, value in values.items():
        given = re.search(r"=([^{}]*)\}", value["value"])
        if given is not None:
            said = re.search(rf"^param {name} \w+ = (.*)$", source, re.MULTILINE)
            assert said is not None
            assert said[1].strip("'") == given[1], name


def test_the_deployment_page_lists_every_parameter() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    values = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    variables = {name: re.findall(r"[A-Z_]{3,}", value["value"])[0] for name, value in values.items()}
    assert {name for name, variable in variables.items() if f"`{variable}`" not in page} == set()


def test_the_targets_file_is_a_json_array() -> None:
    assert isinstance(json.loads((INFRA / "targets.json").read_text()), list)


FORBIDDEN = ("listKeys", "listAccountSas", "listServiceSas", "listSecrets", "AccountKey", "SharedAccessKey", "@secure")


@pytest.mark.parametrize("path", sorted(one for one in INFRA.rglob("*") if one.suffix in (".bicep", ".json")), ids=str)
def test_no_template_reads_a_key_or_contains_a_secret(path: Path) -> None:
    content = path.read_text()
    if path == SHIPPED:  # rotating keys is what the app is for
        content = content.replace("Microsoft.CognitiveServices/accounts/listKeys/action", "")
    assert [word for word in FORBIDDEN if word.lower() in content.lower()] == []


@pytest.mark.parametrize(
    ("file", "symbol", "path", "value"),
    [
        ("storage.bicep", "account", "properties.allowSharedKeyAccess", "false"),
        ("storage.bicep", "account", "properties.allowBlobPublicAccess", "false"),
        ("vault.bicep", "vault", "properties.enableRbacAuthorization", "true"),
        ("vault.bicep", "vault", "properties.enablePurgeProtection", "true"),
        ("topic.bicep", "topic", "properties.disableLocalAuth", "true"),
        ("topic.bicep", "topic", "properties.inputSchema", "'CloudEventSchemaV1_0'"),
        ("monitoring.bicep", "insights", "properties.DisableLocalAuth", "true"),
        ("monitoring.bicep", "workspace", "properties.features.disableLocalAuth", "true"),
        ("app.bicep", "app", "properties.httpsOnly", "true"),
        ("app.bicep", "noFtpPassword", "properties.allow", "false"),
        ("app.bicep", "noScmPassword", "properties.allow", "false"),
    ],
)
def test_every_resource_refuses_keys_and_passwords(file: str, symbol: str, path: str, value: str) -> None:
    node = BY_NAME[file].resources[symbol].body
    for step in path.split("."):
        node = properties(node)[step]
    assert text(node) == value


QUERIES = sorted((INFRA / "queries").glob("*.kql"))


def test_every_query_file_belongs_to_one_alert_and_every_alert_has_one() -> None:
    asked = {literal(given[0]) for name, given in calls(BY_NAME["alerts.bicep"].root) if name == "loadTextContent"}
    assert asked == {f"queries/{one.name}" for one in QUERIES}


def queries() -> dict[str, str]:
    found = {one.name: one.read_text() for one in QUERIES}
    for item in json.loads((INFRA / "workbook.json").read_text())["items"]:
        if item["type"] == 3:
            found[item["name"]] = item["content"]["query"]
    return found


# Texts that a query searches for, each with the piece of code that writes it.
SAID = {
    "turn: ": '"turn: %s"',
    "turn_poison: ": '"turn_poison: ',
    "tick": '"tick%s: %s"',
    "tick: ": '"tick: %s", error',
    "settings: ": '"settings: nothing is done because of %s", problem',
    "Next step: ": "Next step: {self.next_step}",
    "TurnFailed": "class TurnFailed",
    "Still to be announced": "Still to be announced",
    "never announced, and said here only": "never announced, and said here only",
    "could not be announced": "could not be announced",
    "failed": 'FAILED = "failed"',
    "held-back": 'HELD = "held-back"',
    "not-announced": 'NOT_ANNOUNCED = "not-announced"',
    "nobody-listens": 'NOBODY_LISTENS = "nobody-listens"',
    "still-used": 'STILL_USED = "still-used"',
    "(brake)": 'BRAKE = "brake"',
    "Throttled": "class Throttled",
    "brake": 'BRAKE = "brake"',
    "turn": "async def turn(",
    "act: ": 'return "act: " +',
    "leak": 'Route("leak"',
    "planned": 'PLANNED = "planned"',
    "(healed)": 'HEALED = "healed"',
    "Ended before its time: ": "Ended before its time: ",
}
SAID |= {"status: ": '"status: %s"'} | {code.value: f'= "{code.value}"' for code in Code}
GRAMMAR = {": ", " (", ")", "TurnFailed: (.*)", "MICROSOFT.KEYVAULT", "SecretGet", "SecretSet"}


@pytest.mark.parametrize("name", list(queries()))
def test_a_query_searches_only_for_texts_that_the_code_writes(name: str) -> None:
    text_only = re.sub(r"//.*", "", queries()[name])
    for word in set(re.findall(r'"([^"]*)"', text_only)) - GRAMMAR:
        assert SAID[word] in CODE, word


def as_kusto_parses(pattern: str, line: str) -> dict[str, str]:
    """Return what Kusto's `parse` takes from a line: each name gets the shortest text before the next literal."""
    parts = re.findall(r'"([^"]*)"|(\w+)|\*', pattern)
    regex = "".join(re.escape(fixed) if fixed else f"(?P<{name}>.*?)" if name else ".*" for fixed, name in parts)
    found = re.match(regex, line, re.DOTALL)
    return found.groupdict() if found else {}


@pytest.mark.parametrize("result", list(Result))
def test_the_overdue_query_parses_the_line_that_a_turn_logs(result: Result) -> None:
    outcome = Outcome("chat", result, Reason.NOT_ANNOUNCED, "It waits: (really).", next_step="wait")
    pattern = re.search(r"\| parse Text with (.*)", queries()["overdue.kql"])
    assert pattern is not None
    assert as_kusto_parses(pattern[1], str(outcome)) == {
        "Target": "chat",
        "Result": result.value,
        "Reason": "not-announced",
    }


def test_each_thing_to_do_has_an_alert() -> None:
    told_by_others = {Code.UNSEEN, Code.NOT_ENROLLABLE, Code.ROTATION_OVERDUE, Code.CHECKS_LATE}
    not_asked = {Code.NOBODY_LISTENS, Code.DELIVERIES_FAIL}  # a check reads only the app's own storage
    to_do = {code for code, meaning in MEANINGS.items() if meaning.urgency is Urgency.TO_DO}
    named = set(re.findall(r'"([a-z-]+)"', queries()["to-do.kql"]))
    assert named == to_do - told_by_others - not_asked


def test_the_owed_query_finds_a_turn_with_outstanding_announcements() -> None:
    outstanding = Outcome("chat", Result.DONE, Reason.DUE, "It is due.", outstanding=("KeyRotation.KeyRotated",))
    words = re.findall(r'contains "([^"]*)"', queries()["owed.kql"])
    assert any(word in str(outstanding) for word in words)
    assert not any(word in str(Outcome("chat", Result.DONE, Reason.DUE, "It is due.")) for word in words)


def test_the_system_topic_of_a_subscription_has_no_identity_and_no_dead_letters() -> None:
    """Azure refuses an identity on a topic in location `global`, and dead letters without one need a storage key."""
    accounts = BY_NAME["events/accounts.bicep"]
    topic, door = properties(accounts.resources["topic"].body), properties(accounts.resources["door"].body)
    assert literal(topic["location"]) == "global"
    assert "identity" not in topic
    assert [name for name in properties(door["properties"]) if "deadletter" in name.lower()] == []


def test_the_children_of_the_site_are_written_one_after_the_other() -> None:
    children = [one for one in APP.resources.values() if one.type.startswith("Microsoft.Web/sites/")]
    after = {one.symbol: literals_of(properties(one.body).get("dependsOn")) for one in children}
    assert after == {
        "appSettings": [],
        "noFtpPassword": ["appSettings"],
        "noScmPassword": ["noFtpPassword"],
        "authentication": ["noScmPassword"],
    }


def literals_of(node: Node | None) -> list[str]:
    return [] if node is None else [text(one) for one in node.named_children]


def test_the_workbook_names_its_workspace_also_when_it_is_opened_from_the_gallery() -> None:
    made = list(deployed(LEAST).resources())
    workbook = next(one for one in made if one.type == "Microsoft.Insights/workbooks")
    workspace = next(one for one in made if one.type == "Microsoft.OperationalInsights/workspaces")
    content = json.loads(workbook.body["properties"]["serializedData"])
    assert content["fallbackResourceIds"] == [workbook.body["properties"]["sourceId"]]
    assert content["fallbackResourceIds"][0].endswith(f"/{workspace.name}")


@pytest.mark.parametrize(("recover", "mode"), [(False, "default"), (True, "recover")])
def test_a_deleted_vault_is_recovered_on_request_only(recover: bool, mode: str) -> None:
    choice = {**LEAST, "recoverVault": recover}
    vault = next(one for one in deployed(choice).resources() if one.type == "Microsoft.KeyVault/vaults")
    assert vault.body["properties"]["createMode"] == mode
