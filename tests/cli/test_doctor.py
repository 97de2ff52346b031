"""Each way in which a deployment can be broken: which check fails, and which command fixes it."""

import json
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lab.emulator.directory import Identity, Role
from lab.emulator.surfaces.common import json_answer
from lab.emulator.surfaces.storage import ACCOUNT
from shared.doctor import remedies
from shared.domain.publication import Origin
from tests.cli.conftest import ROOT, Printed, Terminal
from tests.support.answering import Answering, tokens_of

ROTATOR, PUBLISHER = "Azure OpenAI key rotator", "Azure OpenAI key publisher"
BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def healthy(terminal: Terminal) -> Terminal:
    """A deployment with two published targets, and nothing wrong."""
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=3)
    return terminal


def checks(printed: Printed, state: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the checks with a state, by name and thing. Every printed command must be one that a shell can parse."""
    for one in printed.data["checks"]:
        if one.get("mend", "").startswith(("az ", "test ")):
            assert_can_be_pasted(one["mend"])
    return {(one["check"], one["thing"]): one for one in printed.data["checks"] if one["state"] == state}


def assert_can_be_pasted(command: str) -> None:
    """Check that a shell can parse the command once its placeholders are filled in."""
    filled = re.sub(r"<[\w=-]+>", "filled", command)
    assert "<" not in filled
    done = subprocess.run([BASH, "-n", "-c", filled], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def failed(terminal: Terminal) -> dict[tuple[str, str], dict[str, str]]:
    """Run `doctor` and return the checks that failed. Each must name what fixes it."""
    printed = terminal.json("doctor")
    found = checks(printed, "failed")
    assert printed.code == (3 if found else 0)
    assert all(one["mend"] for one in found.values())
    return found


def test_a_healthy_deployment_passes_every_check_that_can_be_made(healthy: Terminal) -> None:
    printed = healthy.json("doctor")
    assert printed.code == 0, printed.out
    assert printed.data["failed"] == 0
    good = {name for name, _ in checks(printed, "ok")}
    assert good == {
        "settings", "token", "identity", "reach", "enrolment", "get-secret", "read-account", "list-keys", "seal",
        "endpoint", "list-secrets", "listeners", "lease", "clock",
    }  # fmt: skip


def test_what_cannot_be_tested_without_side_effects_is_reported_as_not_checked(healthy: Terminal) -> None:
    unchecked = checks(healthy.json("doctor"), "not-checked")
    optional = {"see-readers"}  # not for its side effects, but because nobody gave the app the right
    assert {name for name, _ in unchecked} - optional == {"regenerate-key", "set-secret", "announce", "topic-schema"}
    assert "It worked on" in unchecked["regenerate-key", "chat"]["why"]
    assert all(one["mend"].startswith("az ") for one in unchecked.values())


def test_signing_in_is_a_check_for_people_where_the_settings_demand_it(
    healthy: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTATION_SIGN_IN", "required")
    printed = healthy.json("doctor")
    one = checks(printed, "not-checked")["sign-in", "HTTP"]
    assert (printed.code, printed.data["failed"]) == (0, 0)
    assert "GET /api/health" in one["why"]
    assert "SignInNotEnforced" in one["why"]
    assert "authsettingsV2" in one["mend"]


def test_it_says_which_operators_are_limited_and_what_all_others_may(
    healthy: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, account = "aaaaaaaa-0000-0000-0000-00000000000a", healthy.account().id
    monkeypatch.setenv("ROTATION_SIGN_IN", "required")
    assert ("operators", "ROTATION_OPERATOR_SCOPES") not in checks(healthy.json("doctor"), "ok")
    for text, others in (
        (f"{ada}={account}", "every account"),
        (f"{ada}={account},*=none", "no account"),
        (f"{ada}=/,*={account}", account),
    ):
        monkeypatch.setenv("ROTATION_OPERATOR_SCOPES", text)
        one = checks(healthy.json("doctor"), "ok")["operators", "ROTATION_OPERATOR_SCOPES"]
        assert one["why"] == f"Operators with scopes of their own: 1. Every other one may act on {others}."
    monkeypatch.setenv("ROTATION_OPERATOR_SCOPES", f"{ada}={account}2")
    failed = checks(healthy.json("doctor"), "failed")["operators", "ROTATION_OPERATOR_SCOPES"]
    assert failed["why"].endswith(f"No target is within {account}2.")


def test_a_fresh_first_key_is_reported_as_the_last_time_that_regenerating_worked(healthy: Terminal) -> None:
    healthy.vault.secrets.pop("chat-key")
    healthy.begin_afresh()
    one = checks(healthy.json("doctor"), "not-checked")["regenerate-key", "chat"]
    assert "when this target began with a fresh key" in one["why"]


def test_an_adopted_key_is_not_reported_as_a_time_that_regenerating_worked(healthy: Terminal) -> None:
    healthy.publish(days_ago=1, origin=Origin.ADOPTED)
    one = checks(healthy.json("doctor"), "not-checked")["regenerate-key", "chat"]
    assert "It has not been used for the version that is published." in one["why"]


def test_doctor_changes_nothing(healthy: Terminal) -> None:
    before = [(one.version, one.updated) for secret in healthy.vault.secrets.values() for one in secret.versions]
    healthy.type("doctor")
    changing = ("arm.regenerateKey", "arm.updateAccount", "kv.setSecret", "kv.updateSecret", "eg.publish", "aoai.chat")
    assert not [name for name in changing if healthy.world.journal.count(name)]
    after = [(one.version, one.updated) for secret in healthy.vault.secrets.values() for one in secret.versions]
    assert after == before


def test_the_text_names_what_failed_and_the_command_that_fixes_it(healthy: Terminal) -> None:
    healthy.world.directory.revoke("app", PUBLISHER)
    printed = healthy.type("doctor")
    assert printed.code == 3
    [line] = [line for line in printed.lines if line.startswith("failed       list-secrets")]
    assert healthy.vault.url in line
    assert "lists/action" not in line
    assert f"mend: az role assignment create --assignee-object-id {healthy.world.app.object_id}" in printed.out
    assert printed.lines[-1].startswith(f"{sum(one.startswith('ok ') for one in printed.lines)} ok, 3 failed")


def test_a_missing_vault_role_fails_and_names_the_command_that_assigns_it(healthy: Terminal) -> None:
    healthy.world.directory.revoke("app", PUBLISHER)
    found = failed(healthy)
    assert set(found) == {("get-secret", "chat"), ("get-secret", "search"), ("list-secrets", healthy.vault.url)}
    for one in found.values():
        assert PUBLISHER in one["mend"]
        assert "az keyvault show --name 127" in one["mend"]


def test_a_missing_account_role_fails_and_names_the_command_for_the_subscription(healthy: Terminal) -> None:
    healthy.world.directory.revoke("app", ROTATOR)
    [one] = [one for name, one in failed(healthy).items() if name[0] == "enrolment"]
    assert ROTATOR in one["mend"]
    assert one["mend"].endswith(f"--scope /subscriptions/{healthy.world.subscription}")


def test_a_missing_role_on_one_explicit_account_names_the_command_for_that_account(healthy: Terminal) -> None:
    account = healthy.account()
    healthy.world.directory.revoke("app", ROTATOR)
    healthy.world.directory.assign("app", ROTATOR, healthy.account("search").id)
    healthy.set(ROTATION_SUBSCRIPTIONS="", ROTATION_TARGETS=json.dumps([{"account": account.id}]))
    [(name, one)] = failed(healthy).items()
    assert name == ("read-account", "chat")
    assert one["mend"].endswith(f"--scope {account.id}")


def test_an_identity_that_does_not_exist_fails_only_the_token_checks(healthy: Terminal) -> None:
    healthy.set(AZURE_CLIENT_ID="00000000-0000-4000-8000-00000000dead")
    printed = healthy.json("doctor")
    found = checks(printed, "failed")
    assert {name for name, _ in found} == {"token"}
    assert all("az functionapp identity assign" in one["mend"] for one in found.values())
    assert {"identity", "enrolment", "list-secrets"} <= {name for name, _ in checks(printed, "not-checked")}


def test_an_identity_without_roles_is_named_in_the_commands(healthy: Terminal) -> None:
    other = healthy.world.directory.add(Identity("other"))
    healthy.set(AZURE_CLIENT_ID=other.client_id)
    found = failed(healthy)
    assert {name for name, _ in found} == {"enrolment", "list-secrets"}
    assert all(f"--assignee-object-id {other.object_id}" in one["mend"] for one in found.values())


def test_a_token_of_another_identity_than_the_settings_name_fails(healthy: Terminal, answering: Answering) -> None:
    other = healthy.world.directory.add(Identity("other"))
    answering(tokens_of(other, healthy.world.directory))
    one = failed(healthy)["identity", "identity"]
    assert other.client_id in one["why"]


def test_an_identity_of_another_tenant_is_not_sent_to_assign_a_role(healthy: Terminal) -> None:
    healthy.world.faults.add("arm.*", "status", times=0, status=401, code="InvalidAuthenticationTokenTenant")
    found = [one for name, one in failed(healthy).items() if name[0] == "enrolment"]
    assert any("The subscription belongs to another tenant" in one["why"] for one in found)
    assert all("AZURE_CLIENT_ID" in one["mend"] for one in found)


def assert_adds_a_rule_only_if_the_default_is_deny(command: str, service: str) -> None:
    """Check the order: the question whether the default is Deny, the service endpoint, and only then the rule."""
    ask, endpoint, rule = command.split(" && ")
    assert re.fullmatch(r'test "\$\(az .+ --query properties.networkAcls.defaultAction --output tsv\)" = Deny', ask)
    assert f"--service-endpoints {service} " in endpoint
    assert " network-rule add " in rule


def test_an_account_whose_firewall_excludes_the_app_needs_a_network_rule(healthy: Terminal) -> None:
    healthy.account().network_acls = {"defaultAction": "Deny"}
    [(name, one)] = failed(healthy).items()
    assert name == ("endpoint", "chat")
    assert_adds_a_rule_only_if_the_default_is_deny(one["mend"], "Microsoft.CognitiveServices")
    assert "az cognitiveservices account network-rule add --resource-group emulated --name chat" in one["mend"]


def test_an_account_without_public_access_needs_a_private_endpoint_and_not_a_rule(healthy: Terminal) -> None:
    healthy.account().public_network_access = "Disabled"
    [(name, one)] = failed(healthy).items()
    assert name == ("endpoint", "chat")
    assert one["mend"].startswith("az network private-endpoint create --resource-group <group>")
    assert healthy.account().id in one["mend"]


def test_a_closed_account_is_not_a_failure_if_the_target_prefers_proof(healthy: Terminal) -> None:
    healthy.account().public_network_access = "Disabled"
    healthy.set(ROTATION_TARGETS=json.dumps([{"account": healthy.account().id, "proof": "prefer"}]))
    assert ("endpoint", "chat") in checks(healthy.json("doctor"), "not-checked")


def test_an_account_that_refuses_its_own_key_fails(healthy: Terminal) -> None:
    healthy.account().keys["key1"].accepted_from = healthy.world.clock.now() + 3600
    assert set(failed(healthy)) == {("endpoint", "chat")}


def test_an_account_with_key_authentication_disabled_is_not_a_failure(healthy: Terminal) -> None:
    healthy.account().disable_local_auth = True
    assert not failed(healthy)


def test_a_vault_whose_firewall_excludes_the_app_needs_a_network_rule(healthy: Terminal) -> None:
    healthy.vault.firewall_closed = True
    found = failed(healthy)
    assert {name for name, _ in found} == {"get-secret", "list-secrets"}
    for one in found.values():
        assert_adds_a_rule_only_if_the_default_is_deny(one["mend"], "Microsoft.KeyVault")
        assert "az keyvault network-rule add --name 127" in one["mend"]


def test_a_vault_that_does_not_exist_fails_and_the_command_shows_it(healthy: Terminal) -> None:
    healthy.set(ROTATION_VAULT_URL="https://127.0.0.1:9")
    found = failed(healthy)
    assert {name for name, _ in found} == {"get-secret", "reach"}
    assert all("az keyvault show" in one["mend"] for one in found.values())


def test_a_topic_that_does_not_exist_fails_and_the_command_lists_topics(healthy: Terminal) -> None:
    healthy.set(EVENT_GRID_TOPIC_ENDPOINT="https://127.0.0.1:9/api/events")
    [(name, one)] = failed(healthy).items()
    assert name == ("reach", "https://127.0.0.1:9/api/events")
    assert "az eventgrid topic list" in one["mend"]


def test_without_a_topic_the_command_that_creates_one_is_shown(healthy: Terminal) -> None:
    healthy.set(EVENT_GRID_TOPIC_ENDPOINT=None)
    one = checks(healthy.json("doctor"), "not-checked")["announce", "announcements"]
    assert "--input-schema cloudeventschemav1_0" in one["mend"]


def test_a_topic_that_nobody_listens_to_fails_and_the_command_subscribes_a_web_hook(healthy: Terminal) -> None:
    healthy.topic.subscribers.clear()
    [(name, one)] = failed(healthy).items()
    assert name == ("listeners", "announcements")
    assert f"--source-resource-id {healthy.topic.id} " in one["mend"]
    assert_can_be_pasted(one["mend"])


def test_a_listener_whose_deliveries_fail_is_a_failure_and_the_command_shows_the_deliveries(healthy: Terminal) -> None:
    healthy.topic.subscribe("other")
    healthy.topic.subscribers[0].deliveries.append((healthy.world.clock.now() - 60, False))
    [(name, one)] = failed(healthy).items()
    assert name == ("listeners", "announcements")
    assert "Event subscription team failed to take 1 deliveries" in one["why"]
    assert "DeliveryAttemptFailCount" in one["mend"]


def test_who_listens_is_not_checked_without_the_right_to_see_it(healthy: Terminal) -> None:
    healthy.world.directory.revoke("app", remedies.READER)
    one = checks(healthy.json("doctor"), "not-checked")["listeners", "announcements"]
    assert "is not known" in one["why"]
    assert remedies.READER in one["mend"]


def test_who_listens_is_not_checked_without_the_topic_s_id(healthy: Terminal) -> None:
    healthy.set(EVENT_GRID_TOPIC_ID=None)
    one = checks(healthy.json("doctor"), "not-checked")["listeners", "announcements"]
    assert one["mend"].endswith("--settings EVENT_GRID_TOPIC_ID=<id>")


@pytest.fixture
def by_identity(healthy: Terminal) -> Terminal:
    """Storage that is opened with the app's identity, as in Azure, and not with a connection string."""
    services = {
        f"AzureWebJobsStorage__{one}ServiceUri": f"{healthy.azure.urls[one]}/{ACCOUNT}" for one in ("blob", "queue")
    }
    healthy.set(AzureWebJobsStorage=None, **services)
    return healthy


def test_storage_opened_with_the_identity_shows_the_role_for_the_queue(by_identity: Terminal) -> None:
    printed = by_identity.json("doctor")
    assert not checks(printed, "failed")
    assert remedies.QUEUES in checks(printed, "not-checked")["queue", "key-rotation-turns"]["why"]


def test_a_queue_whose_address_is_not_known_fails(by_identity: Terminal) -> None:
    by_identity.set(AzureWebJobsStorage__queueServiceUri=None)
    [(name, one)] = failed(by_identity).items()
    assert name == ("queue", "key-rotation-turns")
    assert "AzureWebJobsStorage__queueServiceUri=" in one["mend"]


def test_a_missing_role_on_the_leases_names_the_command_that_assigns_it(by_identity: Terminal) -> None:
    for role in ("Storage Blob Data Owner", remedies.LEASES):
        by_identity.world.directory.revoke("app", role)
    [(name, one)] = failed(by_identity).items()
    assert name == ("lease", "key-rotation-leases")
    assert f'--role "{remedies.LEASES}"' in one["mend"]
    assert one["mend"].endswith('/blobServices/default/containers/key-rotation-leases"')


def test_storage_that_does_not_answer_is_to_be_tried_again(healthy: Terminal) -> None:
    healthy.world.down.add("blob")
    [(name, one)] = failed(healthy).items()
    assert name == ("lease", "key-rotation-leases")
    assert one["mend"].startswith("run this again in a minute")


def test_a_missing_token_for_one_service_skips_only_the_checks_that_need_it(by_identity: Terminal) -> None:
    for resource in ("https://vault.azure.net", "https://storage.azure.com"):
        by_identity.world.faults.add("identity.token", "status", target=resource, times=0, status=400)
    printed = by_identity.json("doctor")
    assert set(checks(printed, "failed")) == {("token", "Key Vault"), ("token", "Azure Storage")}
    assert {"get-secret", "list-secrets", "lease"} <= {name for name, _ in checks(printed, "not-checked")}
    assert ("endpoint", "chat") in checks(printed, "ok")


def test_a_role_that_reads_accounts_but_not_keys_fails_at_the_keys(healthy: Terminal) -> None:
    healthy.world.directory.revoke("app", ROTATOR)
    healthy.world.directory.define(Role("Reader", ("Microsoft.CognitiveServices/accounts/read",)))
    healthy.world.directory.assign("app", "Reader")
    found = failed(healthy)
    assert set(found) == {("list-keys", "chat"), ("list-keys", "search")}
    assert all(ROTATOR in one["mend"] for one in found.values())


def test_a_clock_that_is_ahead_fails(healthy: Terminal, answering: Answering) -> None:
    def instead(call: Any) -> web.Response | None:
        late = {"Date": "Sun, 01 Feb 2026 00:00:00 GMT"}
        return web.Response(status=401, headers=late) if call.operation == "arm.unknown" else None

    answering(instead)
    one = failed(healthy)["clock", "clock"]
    assert "ahead of the clock of 127.0.0.1" in one["why"]


def test_invalid_settings_are_the_only_checks_and_each_names_what_is_right(healthy: Terminal) -> None:
    healthy.set(ROTATION_PERIOD="monthly", ROTATION_MOD="observe", AzureWebJobsStorage=None)
    printed = healthy.json("doctor")
    assert printed.code == 3
    checks = printed.data["checks"]
    assert {one["check"] for one in checks} == {"settings"}
    assert [one["thing"] for one in checks] == ["ROTATION_PERIOD", "AzureWebJobsStorage", "ROTATION_MOD"]
    assert checks[2]["why"] == "is not a setting; the nearest is ROTATION_MODE."
    step, _, how = checks[2]["mend"].partition("; ")
    assert step == "rename it to ROTATION_MODE"
    here, _, there = how.partition("; in the function app: ")
    assert here.startswith("here: set them in the environment")
    assert there.startswith("az functionapp config appsettings set")
    for command in (there, *re.findall(r"func azure [^)]*", here)):
        assert_can_be_pasted(command)


def test_no_enrolled_account_fails_and_names_the_tag_command(healthy: Terminal) -> None:
    for name in ("chat", "search"):
        healthy.account(name).tags = {}
    [(name, one)] = failed(healthy).items()
    assert name == ("enrolment", "targets")
    assert one["mend"].startswith("az tag update")


def test_an_invalid_tag_fails_for_its_account(healthy: Terminal) -> None:
    healthy.account().tags |= {"key-rotation-period": "monthly"}
    [(name, _)] = failed(healthy).items()
    assert name == ("enrolment", str(healthy.account().id))


PERMITTED = {"actions": ["Microsoft.CognitiveServices/accounts/*"], "notActions": []}
EXCLUDED = PERMITTED | {"notActions": ["Microsoft.CognitiveServices/accounts/regenerateKey/action"]}


@pytest.mark.parametrize(("permission", "state"), [(PERMITTED, "ok"), (EXCLUDED, "failed")])
def test_permissions_are_checked_if_the_caller_may_list_them(
    healthy: Terminal, answering: Answering, permission: dict[str, Any], state: str
) -> None:
    def instead(call: Any) -> web.Response | None:
        asked = call.request.path.endswith("/providers/Microsoft.Authorization/permissions")
        return json_answer({"value": [permission]}) if asked and call.bearer() else None

    answering(instead)
    healthy.account().tags |= {"key-rotation-sunset": "2030-01-01"}
    printed = healthy.json("doctor")
    found = checks(printed, state)
    assert {("regenerate-key", "chat"), ("regenerate-key", "search")} <= set(found)
    assert ("switch-keys-off", "chat") in checks(printed, "ok")
    if state == "failed":
        assert ROTATOR in found["regenerate-key", "chat"]["mend"]


AZ = """#!{python}
import json, sys, urllib.request
resource = sys.argv[sys.argv.index("--resource") + 1]
url = "{endpoint}?api-version=2019-08-01&resource=" + resource
answer = json.load(urllib.request.urlopen(urllib.request.Request(url, headers={{"X-IDENTITY-HEADER": "{header}"}})))
print(json.dumps({{"accessToken": answer["access_token"], "expires_on": int(answer["expires_on"]), "tenant": "t"}}))
"""


def test_a_person_who_signed_in_is_told_that_the_permissions_are_their_own(healthy: Terminal, tmp_path: Path) -> None:
    settings = healthy.azure.settings
    script = AZ.format(
        python=sys.executable, endpoint=settings["IDENTITY_ENDPOINT"], header=settings["IDENTITY_HEADER"]
    )
    az = tmp_path / "az"
    az.write_text(script)
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    healthy.set(
        IDENTITY_ENDPOINT=None, IDENTITY_HEADER=None, PATH=f"{tmp_path}:/usr/bin:/bin", AZURE_CLIENT_ID="an-app"
    )
    printed = healthy.json("doctor")
    one = checks(printed, "not-checked")["identity", "identity"]
    assert "not of the function app's identity" in one["why"]
    assert "--assignee an-app" in one["mend"]
    assert printed.code == 0, printed.out


def test_a_terminal_without_a_sign_in_is_told_to_log_in(healthy: Terminal, tmp_path: Path) -> None:
    healthy.set(IDENTITY_ENDPOINT=None, IDENTITY_HEADER=None, PATH=str(tmp_path))
    found = failed(healthy)
    assert {name for name, _ in found} == {"token"}
    assert {one["mend"] for one in found.values()} == {"az login"}
    assert all("Azure CLI not found on path" in one["why"] for one in found.values())


def test_calls_are_counted_for_a_target_with_a_sunset_if_a_log_workspace_is_set(healthy: Terminal) -> None:
    healthy.account().tags |= {"key-rotation-sunset": "2030-01-01"}
    assert not [name for name, _ in checks(healthy.json("doctor"), "ok") if name == "count-calls"]
    healthy.set(ROTATION_LOG_WORKSPACE_ID=healthy.world.workspace.id)
    healthy.world.workspace.calls.clear()
    nothing = checks(healthy.json("doctor"), "failed")["count-calls", "chat"]
    assert "no call of any kind was logged" in nothing["why"]
    healthy.world.workspace.note(healthy.account().id, ago=3600)
    counted = checks(healthy.json("doctor"), "ok")
    assert counted["count-calls", "chat"]["why"].startswith("By the log of its calls the account is used by 1 caller.")
    assert "This app calls with the live key, too" in counted["count-calls", "chat"]["why"]
    assert ("count-calls", "search") not in counted
    healthy.world.directory.revoke("app", "Azure OpenAI key call counter")
    refused = checks(healthy.json("doctor"), "failed")["count-calls", "chat"]
    assert "Azure OpenAI key call counter" in refused["mend"]


def test_the_roles_in_commands_are_the_roles_that_are_shipped() -> None:
    shipped = json.loads((ROOT / "infra" / "roles.json").read_text())
    assert {one["roleName"] for one in shipped["custom"].values()} == set(remedies.CUSTOM)
    assert {remedies.SENDER, remedies.LEASES, remedies.QUEUES} <= {
        one["roleName"] for one in shipped["builtIn"].values()
    }
