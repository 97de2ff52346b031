"""Every check of `doctor`: it fails or is not made, its entry's command fixes it, and it passes."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from lab.emulator.directory import Identity, Role
from lab.emulator.shipped import shipped_roles
from lab.emulator.surfaces.common import json_answer
from lab.emulator.surfaces.storage import ACCOUNT
from tests.runbook.hands import ConsumersLockedOut, full_name
from tests.runbook.page import DOCS
from tests.runbook.site import Site
from tests.support.a_proxy import a_proxy
from tests.support.answering import Answering, tokens_of

entry = pytest.mark.entry
DOCTOR, STATUS = "python -m cli doctor", "python -m cli status <name>"
SET = "az functionapp config appsettings set --resource-group <group> --name <app> --settings <setting>"
GRANT = (
    "az role assignment create --assignee-object-id <object id> --assignee-principal-type ServicePrincipal "
    "--role <role> --scope <scope>"
)
ROLES = (
    'az role assignment list --assignee <object id> --include-inherited --scope <scope> --query "[].roleDefinitionName"'
)
PLACE = {"group": "rg", "app": "app"}
ACCOUNTS = "Microsoft.CognitiveServices/accounts"


async def is_failed(site: Site, command: str = "az ") -> None:
    """Check that the check of the entry fails in the entry's words, and that its remedy contains `command`."""
    name = site.entry.name.removeprefix("Doctor: ")
    answer = await site.type(DOCTOR)
    failed = [check for check in answer.data["checks"] if (check["check"], check["state"]) == (name, "failed")]
    assert failed, answer.text
    assert all(command in check["mend"] for check in failed), failed
    site.sees(answer.text)


async def is_ok(site: Site) -> None:
    """Check that the check of the entry passes."""
    name = site.entry.name.removeprefix("Doctor: ")
    checks = (await site.run(DOCTOR)).data["checks"]
    assert {check["state"] for check in checks if check["check"] == name} == {"ok"}, checks


async def is_granted(site: Site, role: str, scope: str) -> None:
    """Assign a role to the app as the entry says, and check that the check passes."""
    await site.run(GRANT, role=f"'{full_name(role)}'", object_id=site.world.app.object_id, scope=scope)
    await is_ok(site)


@entry("Doctor: settings")
async def test_an_invalid_setting_fails_until_it_is_corrected(site: Site) -> None:
    await site.start(ROTATION_PERIOD="monthly")
    await is_failed(site)
    await site.run(SET, setting="ROTATION_PERIOD=P30D", **PLACE)
    await is_ok(site)


@entry("Doctor: token")
async def test_an_app_without_its_identity_fails_until_it_is_assigned(site: Site) -> None:
    site.world.down.add("identity")
    await site.start()
    await is_failed(site)
    command = "az functionapp identity assign --resource-group <group> --name <app> --identities <identity id>"
    await site.run(command, identity_id="an-identity", **PLACE)
    await site.start()
    await is_ok(site)


@entry("Doctor: identity")
async def test_an_app_that_calls_as_another_identity_fails_until_the_setting_names_it(
    site: Site, answering: Answering
) -> None:
    directory = site.world.directory
    other = directory.add(Identity("other"), *(role for role, _ in directory.identities["app"].assignments))
    answering(tokens_of(other, directory))
    await site.start()
    await is_failed(site)
    await site.run(SET.replace("<setting>", "AZURE_CLIENT_ID=<client id>"), client_id=other.client_id, **PLACE)
    await is_ok(site)


@entry("Doctor: reach")
async def test_an_address_that_does_not_answer_fails_until_it_is_corrected(site: Site) -> None:
    topic = site.settings["EVENT_GRID_TOPIC_ENDPOINT"]
    await site.start(EVENT_GRID_TOPIC_ENDPOINT="https://127.0.0.1:9/api/events")
    await is_failed(site)
    await site.run(SET, setting=f"EVENT_GRID_TOPIC_ENDPOINT={topic}", **PLACE)
    await is_ok(site)


@entry("Doctor: proxy")
async def test_a_host_that_the_proxy_refuses_is_named_until_the_proxy_admits_it(site: Site) -> None:
    async with a_proxy() as proxy:
        vault = site.vault.url.removeprefix("https://")
        proxy.refuses.add(vault)
        await site.start(HTTPS_PROXY=proxy.url, NO_PROXY="", no_proxy="")
        answer = await site.type(DOCTOR)
        site.sees(answer.text)
        assert f"the proxy refused to connect to {vault} (403 Forbidden)" in answer.text
        assert f"{proxy.url}: All calls go through it" in answer.text
        refused = [check for check in answer.data["checks"] if check["state"] == "failed"]
        assert {check["check"] for check in refused} == {"reach", "get-secret"}
        proxy.refuses.clear()
        assert "the proxy refused" not in (await site.run(DOCTOR)).text


@entry("Doctor: enrolment")
async def test_an_empty_fleet_fails_until_an_account_is_tagged(site: Site) -> None:
    site.account().tags = {}
    await is_failed(site)
    command = "az tag update --operation merge --tags key-rotation=on --resource-id <account id>"
    await site.run(command, account_id=site.account().id)
    await is_ok(site)


@entry("Doctor: read-account")
async def test_an_account_that_the_app_may_not_read_fails_until_the_role_is_assigned(site: Site) -> None:
    await site.start(ROTATION_TARGETS=json.dumps([{"account": site.account().id}]), ROTATION_SUBSCRIPTIONS="")
    role = site.take_away("keyRotator", f"{ACCOUNTS}/read")
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, site.account().id)


@entry("Doctor: list-keys")
async def test_keys_that_the_app_may_not_list_fail_until_the_role_is_assigned(site: Site) -> None:
    role = site.take_away("keyRotator", f"{ACCOUNTS}/listKeys/action")
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, site.account().id)


@entry("Doctor: seal")
async def test_tags_that_an_earlier_release_wrote_count_once_the_settings_say_when_it_ended(site: Site) -> None:
    tags = site.vault.get_secret("chat-key").tags
    endpoint = " ".join(tags["key-rotation-endpoint"].split(" ")[:2])  # as a release up to 1.1.0 sealed it alone
    site.vault.update_secret("chat-key", tags={**tags, "key-rotation-endpoint": endpoint})
    answer = await site.type(DOCTOR)
    [check] = [one for one in answer.data["checks"] if one["check"] == "seal"]
    assert check["state"] == "not-checked"
    site.sees(answer.text)
    site.pass_time(minutes=1)
    ended = site.world.clock.utcnow().isoformat()
    await site.run(SET.replace("<setting>", "ROTATION_SEALED_SINCE=<time>"), time=ended, **PLACE)
    await is_ok(site)
    assert site.vault.get_secret("chat-key").tags["key-rotation-endpoint"] == endpoint
    await site.look()
    await is_ok(site)
    assert len(site.vault.get_secret("chat-key").tags["key-rotation-endpoint"].split(" ")) == 3


def permitted(site: Site, call: Any) -> web.Response | None:
    """Answer a request for the caller's permissions with those of the app's roles. None for any other request."""
    asked = call.request.path.endswith("/providers/Microsoft.Authorization/permissions")
    if not (asked and call.bearer()):
        return None
    directory = site.world.directory
    roles = [directory.roles[role] for role, _ in directory.identities["app"].assignments]
    return json_answer({"value": [{"actions": list(role.actions), "notActions": []} for role in roles]})


@entry("Doctor: regenerate-key")
async def test_keys_that_the_app_may_not_regenerate_fail_until_the_role_is_assigned(
    site: Site, answering: Answering
) -> None:
    answering(lambda call: permitted(site, call))
    role = site.take_away("keyRotator", f"{ACCOUNTS}/regenerateKey/action")
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, site.account().id)


@entry("Doctor: switch-keys-off")
async def test_a_sunset_that_the_app_may_not_carry_out_fails_until_it_is_allowed(
    site: Site, answering: Answering
) -> None:
    answering(lambda call: permitted(site, call))
    site.account().tags |= {"key-rotation-sunset": "2099-12-31"}
    site.take_away("keyAuthSwitch")
    await is_failed(site, "az role assignment create ")
    await site.run("azd env set ROTATION_ALLOW_SUNSET true")
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: listeners")
async def test_a_topic_without_a_listener_fails_until_somebody_subscribes(site: Site) -> None:
    site.topic.subscribers.clear()
    await site.start()
    await is_failed(site, "az eventgrid event-subscription create ")
    create = next(iter(site.entry.commands))
    await site.run(create, name="team", topic_id=site.topic.id, https_url="https://team.example/hook")
    await site.start()
    await is_ok(site)


@entry("Doctor: count-calls")
async def test_calls_that_the_app_may_not_count_fail_until_the_role_is_assigned(site: Site) -> None:
    workspace = site.world.workspace
    site.account().tags |= {"key-rotation-sunset": "2099-12-31"}
    for day in range(37):  # the whole look-back, without a gap
        workspace.note(site.account().id, caller="a consumer that has left keys behind", ago=day * 86400 + 3600)
    site.take_away("keyCallCounter")
    await site.start(ROTATION_LOG_WORKSPACE_ID=workspace.id)
    await is_failed(site, "az role assignment create ")
    await is_granted(site, shipped_roles()["keyCallCounter"].name, workspace.resource_id)
    site.take_away("keyCallCounter")
    await site.run("azd env set ROTATION_LOG_WORKSPACE <workspace id>", workspace_id=workspace.resource_id)
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: takes-identity")
async def test_an_account_with_a_sunset_and_without_a_subdomain_fails_until_it_has_one(site: Site) -> None:
    site.account().tags |= {"key-rotation-sunset": "2099-12-31"}
    site.world.accounts.update(site.account().id, {"subdomain": None})
    await is_failed(site, "az cognitiveservices account update ")
    [command] = [one for one in site.entry.commands if one.startswith("az ")]
    await site.run(command, group="emulated", account="chat", subdomain="chat")
    await is_ok(site)


@entry("Doctor: query-logs")
async def test_the_workspace_that_the_app_may_not_query_fails_until_it_has_the_role_there(site: Site) -> None:
    first, second = site.world.workspace, site.world.add_workspace("more-logs")
    for workspace in (first, second):
        workspace.note(site.account().id, caller="an app with an identity", ago=3600)
    role = site.take_away("keyCallCounter")
    site.world.directory.assign("app", role, first.resource_id)
    await site.start(ROTATION_LOG_WORKSPACE_ID=f"{first.id},{second.id}")
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, second.resource_id)
    site.take_away("keyCallCounter")
    both = f"{first.resource_id},{second.resource_id}"
    await site.run("azd env set ROTATION_LOG_WORKSPACE <workspace ids>", workspace_ids=both)
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: log-settings")
async def test_the_optional_right_to_read_diagnostic_settings_is_given_on_request(site: Site) -> None:
    site.world.workspace.note(site.account().id, caller="an app with an identity", ago=3600)
    await site.start(ROTATION_LOG_WORKSPACE_ID=site.world.workspace.id)
    site.sees((await site.type(DOCTOR)).text)
    command = "azd env set ROTATION_READINESS_SUBSCRIPTIONS <subscriptions>"
    await site.run(command, subscriptions=site.world.subscription)
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: see-readers")
async def test_the_optional_right_to_see_who_can_read_keys_is_given_on_request(site: Site) -> None:
    site.sees((await site.type(DOCTOR)).text)
    command = "azd env set ROTATION_READERS_SUBSCRIPTIONS <subscriptions>"
    await site.run(command, subscriptions=site.world.subscription)
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: audit-scope")
async def test_a_scope_in_which_nothing_is_in_sight_fails_until_it_is_corrected(site: Site) -> None:
    directory, elsewhere = site.world.directory, "00000000-0000-4000-8000-0000000000ff"
    directory.group("prod", site.world.subscription)
    directory.group("sandbox", elsewhere)
    site.world.accounts.add("hidden", subscription=elsewhere)
    rotator = site.take_away("keyRotator")  # other roles let it see the subscription, and no account there
    directory.assign("app", rotator, f"/subscriptions/{site.world.subscription}")
    await site.start(ROTATION_AUDIT_SCOPE="sandbox")
    await is_failed(site, "az deployment mg create ")
    setting = SET.replace("<setting>", "ROTATION_AUDIT_SCOPE=<scope>")
    await site.run(setting, scope="prod", **PLACE)
    await is_ok(site)


@entry("Doctor: see-copies")
async def test_a_part_of_the_right_to_see_copies_is_reported_and_the_rest_is_given_on_request(site: Site) -> None:
    foundry = site.world.accounts.add("foundry", kind="AIServices")
    assert "see-copies" not in (await site.type(DOCTOR)).text
    site.world.directory.define(Role("A part of it", ("Microsoft.CognitiveServices/accounts/connections/read",)))
    site.world.directory.assign("app", "A part of it", foundry.id)
    site.sees((await site.type(DOCTOR)).text)
    command = "azd env set ROTATION_COPIES_SUBSCRIPTIONS <subscriptions>"
    await site.run(command, subscriptions=site.world.subscription)
    await site.run("azd provision")
    await is_ok(site)


@entry("Doctor: see-trials")
async def test_an_app_that_may_switch_keys_and_not_see_policies_says_so_until_it_may(
    site: Site, answering: Answering
) -> None:
    answering(lambda call: permitted(site, call))
    site.take_away("trialReader", "Microsoft.PolicyInsights/checkPolicyRestrictions/read")
    site.sees((await site.type(DOCTOR)).text)
    await site.run("azd env set ROTATION_ALLOW_SUNSET true")
    await site.run("azd provision")
    await is_ok(site)
    site.take_away("keyAuthSwitch")
    assert "see-trials" not in (await site.type(DOCTOR)).text


SUBNET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/app"
HERE = {"group": "emulated", "account": "chat", "vault": "keys", "subnet_id": SUBNET}


async def let_in(site: Site) -> None:
    """Run the commands of the entry that let the app's network in, in their order."""
    for command in [one for one in site.entry.commands if one.startswith("az ")]:
        printed = await site.run(command, **HERE)
        assert printed == "Deny" or " show " not in command.partition("$(")[0]


@entry("Doctor: endpoint")
async def test_an_account_whose_network_excludes_the_app_fails_until_a_rule_admits_it(site: Site) -> None:
    site.account().network_acls = {"defaultAction": "Deny"}
    site.subnets[SUBNET] = ["Microsoft.Storage"]
    await is_failed(site)
    await let_in(site)
    await is_ok(site)
    assert site.subnets[SUBNET] == ["Microsoft.CognitiveServices", "Microsoft.Storage"]


RULES = {
    "none": None,
    "allow": {"defaultAction": "Allow", "ipRules": [], "virtualNetworkRules": []},
    "deny": {"defaultAction": "Deny"},
}


@pytest.mark.parametrize("rules", list(RULES))
@entry("Doctor: endpoint")
async def test_the_commands_of_doctor_add_a_rule_only_where_the_network_rules_refuse_by_default(
    site: Site, rules: str
) -> None:
    site.excused = True  # it pastes what `doctor` writes
    account = site.account()
    account.network_acls = {"defaultAction": "Deny"}
    [check] = [one for one in (await site.type(DOCTOR)).data["checks"] if one["check"] == "endpoint"]
    account.network_acls = RULES[rules]
    assert await site.paste(check["mend"].replace("<subnet-id>", SUBNET)) is (rules == "deny")
    assert account.network_acls == RULES[rules] or rules == "deny"
    assert (await site.type(DOCTOR)).data["failed"] == 0


@entry("Doctor: endpoint")
async def test_a_rule_on_an_account_without_rules_locks_consumers_out_and_is_noticed_here(site: Site) -> None:
    """Why the page shows the rule only where the default is Deny already."""
    site.excused = True
    [rule] = [one for one in site.entry.commands if "network-rule" in one]
    with pytest.raises(ConsumersLockedOut):
        await site.run(rule, **HERE)
    sent = site.account().network_acls or {}
    assert sent["defaultAction"] == "Deny"
    assert sent["virtualNetworkRules"] == [{"id": SUBNET, "ignoreMissingVnetServiceEndpoint": True}]


@entry("Doctor: endpoint")
async def test_a_rule_has_no_effect_without_the_service_endpoint_of_the_subnet(site: Site) -> None:
    site.excused = True
    site.account().network_acls = {"defaultAction": "Deny"}
    [rule] = [one for one in site.entry.commands if "network-rule" in one]
    await site.run(rule, **HERE)
    await is_failed(site)


@entry("Doctor: get-secret")
async def test_a_secret_that_the_app_may_not_read_fails_until_the_role_is_assigned(site: Site) -> None:
    role = site.take_away("keyPublisher", "Microsoft.KeyVault/vaults/secrets/getSecret/action")
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, site.vault.id)


@entry("Doctor: list-secrets")
async def test_a_vault_whose_firewall_excludes_the_app_fails_until_a_rule_admits_it(site: Site) -> None:
    site.vault.firewall_closed = True
    await is_failed(site)
    await let_in(site)
    await is_ok(site)


@entry("Doctor: list-secrets")
async def test_the_commands_of_doctor_open_a_closed_vault_and_leave_an_open_one_alone(site: Site) -> None:
    site.excused = True  # it pastes what `doctor` writes
    site.vault.firewall_closed = True
    [check] = [one for one in (await site.type(DOCTOR)).data["checks"] if one["check"] == "list-secrets"]
    paste = check["mend"].replace("<subnet-id>", SUBNET)
    site.vault.firewall_closed = False
    assert not await site.paste(paste)
    site.vault.firewall_closed = True
    assert await site.paste(paste)
    await is_ok(site)


@entry("Doctor: set-secret")
async def test_writing_is_not_checked_and_its_last_success_is_shown(site: Site) -> None:
    answer = await site.type(DOCTOR)
    site.sees(answer.text)
    roles = await site.run(ROLES, object_id=site.world.app.object_id, scope=site.vault.id)
    assert "Azure OpenAI key publisher" in roles
    await site.settle()
    assert "It worked on" in (await site.run(DOCTOR)).text


@entry("Doctor: announce")
async def test_announcing_is_not_checked_and_status_shows_what_is_owed(site: Site) -> None:
    site.sees((await site.type(DOCTOR)).text)
    roles = await site.run(ROLES, object_id=site.world.app.object_id, scope=site.topic.id)
    assert "EventGrid Data Sender" in roles
    assert (await site.run(STATUS, name="chat")).data["targets"][0]["announcementsOwed"] == []


@entry("Doctor: topic-schema")
async def test_the_schema_of_the_topic_is_not_checked_and_can_be_listed(site: Site) -> None:
    site.sees((await site.type(DOCTOR)).text)
    topics = await site.run('az eventgrid topic list --query "[].{name: name, schema: inputSchema}"')
    assert topics == [{"name": "announcements", "schema": "CloudEventSchemaV1_0"}]
    assert (await site.run(STATUS, name="chat")).data["targets"][0]["announcementsOwed"] == []


@entry("Doctor: operators")
async def test_a_scope_that_contains_no_target_is_named_and_corrected(site: Site) -> None:
    group = site.account().id.partition("/providers/")[0]
    await site.start(ROTATION_OPERATOR_SCOPES=f"*={group}x")
    site.sees((await site.type(DOCTOR)).text)
    setting = next(one for one in site.entry.commands if one.startswith("az functionapp"))
    await site.run(setting, value=f"'*={group}'", group="rg", app="app")
    assert "ok operators" in " ".join((await site.run(DOCTOR)).text.split())


@entry("Doctor: sign-in")
async def test_that_callers_sign_in_is_not_checked_and_health_says_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.start(ROTATION_SIGN_IN="required")
    site.sees((await site.type(DOCTOR)).text)
    monkeypatch.setenv("ROTATION_SIGN_IN", "required")
    assert "SignInNotEnforced" in (await site.run("GET /api/health")).body
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    assert (await site.run("GET /api/health")).status == 200


def by_identity(site: Site) -> dict[str, str]:
    """Return the settings of storage that is opened with the app's identity, as in Azure."""
    services = {one: f"{site.azure.urls[one]}/{ACCOUNT}" for one in ("blob", "queue")}
    uris = {f"AzureWebJobsStorage__{one}ServiceUri": url for one, url in services.items()}
    return {"AzureWebJobsStorage": "", **uris}


@entry("Doctor: lease")
async def test_leases_that_the_app_may_not_acquire_fail_until_the_role_is_assigned(site: Site) -> None:
    site.take_away("storageBlobDataOwner")
    role = site.take_away("storageBlobDataContributor")
    await site.start(**by_identity(site))
    await is_failed(site, "az role assignment create ")
    await is_granted(site, role, f"/subscriptions/{site.world.subscription}")


@entry("Doctor: queue")
async def test_the_queue_is_not_checked_and_turns_show_that_it_works(site: Site) -> None:
    role = shipped_roles()["storageQueueDataContributor"].name
    await site.start(**by_identity(site))
    site.sees((await site.type(DOCTOR)).text)
    assert role in await site.run(ROLES, object_id=site.world.app.object_id, scope="/")
    await site.look()
    assert "turn: " in site.telemetry.text


@entry("Doctor: clock")
async def test_a_clock_that_is_ahead_fails_until_it_is_set(site: Site) -> None:
    site.clock_off = timedelta(minutes=5)
    await is_failed(site, "timedatectl set-ntp true")
    site.clock_off = timedelta(0)
    await is_ok(site)


def test_every_check_has_an_entry(pages: dict[str, set[str]]) -> None:
    code = "\n".join(
        (DOCS.parent / "shared" / "doctor" / f"{name}.py").read_text()
        for name in ("examine", "targets", "services", "listening", "reading", "seeing", "trials")
    )
    made = r'(?:passed|failed|not_checked|failed_with|failed_at_vault|_check_permission)\((?:\w+, )*"([a-z-]+)"'
    called, named = set(re.findall(made, code)), set(re.findall(r'name = "([a-z-]+)"', code))
    assert {f"Doctor: {name}" for name in called | named} == {
        name for name in pages["runbook.md"] if name.startswith("Doctor: ")
    }
