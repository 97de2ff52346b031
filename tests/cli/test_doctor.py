"""Each way a deployment can be broken: which check fails, and which command mends it."""

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
from tests.cli.conftest import ROOT, Said, Terminal
from tests.support.answering import Answering, tokens_of

ROTATOR, PUBLISHER = "Azure OpenAI key rotator", "Azure OpenAI key publisher"
BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def well(terminal: Terminal) -> Terminal:
    for name in ("chat", "search"):
        terminal.publish(name, days_ago=3)
    return terminal


def checks(said: Said, state: str) -> dict[tuple[str, str], dict[str, str]]:
    for one in said.data["checks"]:
        if one.get("mend", "").startswith("az "):
            assert_can_be_pasted(one["mend"])
    return {(one["check"], one["thing"]): one for one in said.data["checks"] if one["state"] == state}


def assert_can_be_pasted(command: str) -> None:
    """A shell reads it, once what stands in angle brackets is filled in."""
    filled = re.sub(r"<[\w=-]+>", "filled", command)
    assert "<" not in filled
    done = subprocess.run([BASH, "-n", "-c", filled], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"


def failed(terminal: Terminal) -> dict[tuple[str, str], dict[str, str]]:
    said = terminal.json("doctor")
    found = checks(said, "failed")
    assert said.code == (3 if found else 0)
    assert all(one["mend"] for one in found.values())
    return found


def test_a_deployment_that_is_well(well: Terminal) -> None:
    said = well.json("doctor")
    assert said.code == 0, said.out
    assert said.data["failed"] == 0
    good = {name for name, _ in checks(said, "ok")}
    assert good == {
        "settings", "token", "identity", "reach", "enrolment", "get-secret", "read-account", "list-keys", "endpoint",
        "list-secrets", "lease", "clock",
    }  # fmt: skip


def test_what_cannot_be_tried_harmlessly_is_said_not_to_be_checked(well: Terminal) -> None:
    unknown = checks(well.json("doctor"), "not-checked")
    assert {name for name, _ in unknown} == {"regenerate-key", "set-secret", "announce", "topic-schema"}
    assert "It worked on" in unknown["regenerate-key", "chat"]["why"]
    assert all(one["mend"].startswith("az ") for one in unknown.values())


def test_a_fresh_beginning_is_a_sign_that_keys_can_be_regenerated(well: Terminal) -> None:
    well.vault.secrets.pop("chat-key")
    well.begin_afresh()
    one = checks(well.json("doctor"), "not-checked")["regenerate-key", "chat"]
    assert "when this target began with a fresh key" in one["why"]


def test_an_adopted_key_is_no_sign_that_keys_can_be_regenerated(well: Terminal) -> None:
    well.publish(days_ago=1, origin=Origin.ADOPTED)
    one = checks(well.json("doctor"), "not-checked")["regenerate-key", "chat"]
    assert "It has not been used for the version that is published." in one["why"]


def test_an_examination_changes_nothing(well: Terminal) -> None:
    before = [(one.version, one.updated) for secret in well.vault.secrets.values() for one in secret.versions]
    well.type("doctor")
    changing = ("arm.regenerateKey", "arm.updateAccount", "kv.setSecret", "kv.updateSecret", "eg.publish", "aoai.chat")
    assert not [name for name in changing if well.world.journal.count(name)]
    after = [(one.version, one.updated) for secret in well.vault.secrets.values() for one in secret.versions]
    assert after == before


def test_the_words_name_the_thing_and_what_to_run(well: Terminal) -> None:
    well.world.directory.revoke("app", PUBLISHER)
    said = well.type("doctor")
    assert said.code == 3
    [line] = [line for line in said.lines if line.startswith("failed       list-secrets")]
    assert well.vault.url in line
    assert "lists/action" not in line
    assert f"mend: az role assignment create --assignee-object-id {well.world.app.object_id}" in said.out
    assert said.lines[-1].startswith(f"{sum(one.startswith('ok ') for one in said.lines)} ok, 3 failed")


def test_without_the_vault_role(well: Terminal) -> None:
    well.world.directory.revoke("app", PUBLISHER)
    found = failed(well)
    assert set(found) == {("get-secret", "chat"), ("get-secret", "search"), ("list-secrets", well.vault.url)}
    for one in found.values():
        assert PUBLISHER in one["mend"]
        assert "az keyvault show --name 127" in one["mend"]


def test_without_the_role_on_the_accounts(well: Terminal) -> None:
    well.world.directory.revoke("app", ROTATOR)
    [(name, one)] = failed(well).items()
    assert name[0] == "enrolment"
    assert ROTATOR in one["mend"]
    assert one["mend"].endswith(f"--scope /subscriptions/{well.world.subscription}")


def test_without_the_role_on_one_explicit_account(well: Terminal) -> None:
    account = well.account()
    well.world.directory.revoke("app", ROTATOR)
    well.world.directory.assign("app", ROTATOR, well.account("search").id)
    well.set(ROTATION_SUBSCRIPTIONS="", ROTATION_TARGETS=json.dumps([{"account": account.id}]))
    [(name, one)] = failed(well).items()
    assert name == ("read-account", "chat")
    assert one["mend"].endswith(f"--scope {account.id}")


def test_with_an_identity_that_does_not_exist(well: Terminal) -> None:
    well.set(AZURE_CLIENT_ID="00000000-0000-4000-8000-00000000dead")
    said = well.json("doctor")
    found = checks(said, "failed")
    assert {name for name, _ in found} == {"token"}
    assert all("az functionapp identity assign" in one["mend"] for one in found.values())
    assert {"identity", "enrolment", "list-secrets"} <= {name for name, _ in checks(said, "not-checked")}


def test_with_another_identity_that_has_no_roles(well: Terminal) -> None:
    other = well.world.directory.add(Identity("other"))
    well.set(AZURE_CLIENT_ID=other.client_id)
    found = failed(well)
    assert {name for name, _ in found} == {"enrolment", "list-secrets"}
    assert all(f"--assignee-object-id {other.object_id}" in one["mend"] for one in found.values())


def test_with_the_token_of_another_identity_than_the_settings_name(well: Terminal, answering: Answering) -> None:
    other = well.world.directory.add(Identity("other"))
    answering(tokens_of(other, well.world.directory))
    one = failed(well)["identity", "identity"]
    assert other.client_id in one["why"]


def test_with_an_identity_of_another_tenant(well: Terminal) -> None:
    well.world.faults.add("arm.*", "status", times=0, status=401, code="InvalidAuthenticationTokenTenant")
    [(name, one)] = failed(well).items()
    assert name[0] == "enrolment"
    assert "the identity was not accepted" in one["why"]
    assert "AZURE_CLIENT_ID" in one["mend"]


def test_with_an_account_whose_network_lets_in_others_only(well: Terminal) -> None:
    well.account().network_acls = {"defaultAction": "Deny"}
    [(name, one)] = failed(well).items()
    assert name == ("endpoint", "chat")
    assert one["mend"].startswith("az cognitiveservices account network-rule add --resource-group emulated --name chat")


def test_with_an_account_that_is_closed_altogether_no_rule_is_said_to_help(well: Terminal) -> None:
    well.account().public_network_access = "Disabled"
    [(name, one)] = failed(well).items()
    assert name == ("endpoint", "chat")
    assert one["mend"].startswith("az network private-endpoint create --resource-group emulated --name chat")
    assert well.account().id in one["mend"]


def test_with_a_closed_account_whose_keys_need_no_proof(well: Terminal) -> None:
    well.account().public_network_access = "Disabled"
    well.set(ROTATION_TARGETS=json.dumps([{"account": well.account().id, "proof": "prefer"}]))
    assert ("endpoint", "chat") in checks(well.json("doctor"), "not-checked")


def test_with_an_account_that_refuses_the_key_it_lists(well: Terminal) -> None:
    well.account().keys["key1"].accepted_from = well.world.clock.now() + 3600
    assert set(failed(well)) == {("endpoint", "chat")}


def test_with_keys_switched_off_nothing_is_left_to_do(well: Terminal) -> None:
    well.account().disable_local_auth = True
    assert not failed(well)


def test_with_a_vault_whose_firewall_is_closed(well: Terminal) -> None:
    well.vault.firewall_closed = True
    found = failed(well)
    assert {name for name, _ in found} == {"get-secret", "list-secrets"}
    assert all(one["mend"].startswith("az keyvault network-rule add") for one in found.values())


def test_with_a_vault_that_is_missing(well: Terminal) -> None:
    well.set(ROTATION_VAULT_URL="https://127.0.0.1:9")
    found = failed(well)
    assert {name for name, _ in found} == {"get-secret", "reach"}
    assert all("az keyvault show" in one["mend"] for one in found.values())


def test_with_a_topic_that_is_not_there(well: Terminal) -> None:
    well.set(EVENT_GRID_TOPIC_ENDPOINT="https://127.0.0.1:9/api/events")
    [(name, one)] = failed(well).items()
    assert name == ("reach", "https://127.0.0.1:9/api/events")
    assert "az eventgrid topic list" in one["mend"]


def test_without_a_topic_it_is_said_that_nobody_is_warned(well: Terminal) -> None:
    well.set(EVENT_GRID_TOPIC_ENDPOINT=None)
    one = checks(well.json("doctor"), "not-checked")["announce", "announcements"]
    assert "--input-schema cloudeventschemav1_0" in one["mend"]


@pytest.fixture
def by_identity(well: Terminal) -> Terminal:
    """Storage opened by the identity, as in Azure."""
    well.set(AzureWebJobsStorage=None, AzureWebJobsStorage__blobServiceUri=f"{well.azure.urls['blob']}/{ACCOUNT}")
    return well


def test_with_storage_that_is_opened_by_the_identity(by_identity: Terminal) -> None:
    said = by_identity.json("doctor")
    assert not checks(said, "failed")
    assert remedies.QUEUES in checks(said, "not-checked")["queue", "key-rotation-turns"]["why"]


def test_without_the_role_on_the_leases(by_identity: Terminal) -> None:
    for role in ("Storage Blob Data Owner", remedies.LEASES):
        by_identity.world.directory.revoke("app", role)
    [(name, one)] = failed(by_identity).items()
    assert name == ("lease", "key-rotation-leases")
    assert f'--role "{remedies.LEASES}"' in one["mend"]
    assert one["mend"].endswith('/blobServices/default/containers/key-rotation-leases"')


def test_with_storage_that_does_not_answer(well: Terminal) -> None:
    well.world.down.add("blob")
    [(name, one)] = failed(well).items()
    assert name == ("lease", "key-rotation-leases")
    assert one["mend"].startswith("ask again in a minute")


def test_without_a_token_for_one_service_only_what_needs_it_is_not_looked_at(by_identity: Terminal) -> None:
    for resource in ("https://vault.azure.net", "https://storage.azure.com"):
        by_identity.world.faults.add("identity.token", "status", target=resource, times=0, status=400)
    said = by_identity.json("doctor")
    assert set(checks(said, "failed")) == {("token", "Key Vault"), ("token", "Azure Storage")}
    assert {"get-secret", "list-secrets", "lease"} <= {name for name, _ in checks(said, "not-checked")}
    assert ("endpoint", "chat") in checks(said, "ok")


def test_with_the_right_to_read_an_account_and_not_its_keys(well: Terminal) -> None:
    well.world.directory.revoke("app", ROTATOR)
    well.world.directory.define(Role("Reader", ("Microsoft.CognitiveServices/accounts/read",)))
    well.world.directory.assign("app", "Reader")
    found = failed(well)
    assert set(found) == {("list-keys", "chat"), ("list-keys", "search")}
    assert all(ROTATOR in one["mend"] for one in found.values())


def test_with_a_clock_that_is_wrong(well: Terminal, answering: Answering) -> None:
    def instead(call: Any) -> web.Response | None:
        late = {"Date": "Sun, 01 Feb 2026 00:00:00 GMT"}
        return web.Response(status=401, headers=late) if call.operation == "arm.unknown" else None

    answering(instead)
    one = failed(well)["clock", "clock"]
    assert "ahead of that of 127.0.0.1" in one["why"]


def test_with_wrong_settings_nothing_else_is_looked_at(well: Terminal) -> None:
    well.set(ROTATION_PERIOD="monthly", AzureWebJobsStorage=None)
    said = well.json("doctor")
    assert said.code == 3
    [one] = said.data["checks"]
    assert one["check"] == "settings"
    assert "ROTATION_PERIOD" in one["why"]
    assert "AzureWebJobsStorage" in one["why"]
    here, _, there = one["mend"].partition("; in the function app: ")
    assert here.startswith("here: set them in the environment")
    assert there.startswith("az functionapp config appsettings set")
    for command in (there, *re.findall(r"func azure [^)]*", here)):
        assert_can_be_pasted(command)


def test_with_nobody_enrolled(well: Terminal) -> None:
    for name in ("chat", "search"):
        well.account(name).tags = {}
    [(name, one)] = failed(well).items()
    assert name == ("enrolment", "targets")
    assert one["mend"].startswith("az tag update")


def test_with_a_wrong_tag(well: Terminal) -> None:
    well.account().tags |= {"key-rotation-period": "monthly"}
    [(name, _)] = failed(well).items()
    assert name == ("enrolment", str(well.account().id))


PERMITTED = {"actions": ["Microsoft.CognitiveServices/accounts/*"], "notActions": []}
WITHHELD = PERMITTED | {"notActions": ["Microsoft.CognitiveServices/accounts/regenerateKey/action"]}


@pytest.mark.parametrize(("permission", "state"), [(PERMITTED, "ok"), (WITHHELD, "failed")])
def test_where_permissions_may_be_listed_the_rights_are_known(
    well: Terminal, answering: Answering, permission: dict[str, Any], state: str
) -> None:
    def instead(call: Any) -> web.Response | None:
        asked = call.request.path.endswith("/providers/Microsoft.Authorization/permissions")
        return json_answer({"value": [permission]}) if asked and call.bearer() else None

    answering(instead)
    well.account().tags |= {"key-rotation-sunset": "2030-01-01"}
    said = well.json("doctor")
    found = checks(said, state)
    assert {("regenerate-key", "chat"), ("regenerate-key", "search")} <= set(found)
    assert ("switch-keys-off", "chat") in checks(said, "ok")
    if state == "failed":
        assert ROTATOR in found["regenerate-key", "chat"]["mend"]


AZ = """#!{python}
import json, sys, urllib.request
resource = sys.argv[sys.argv.index("--resource") + 1]
url = "{endpoint}?api-version=2019-08-01&resource=" + resource
answer = json.load(urllib.request.urlopen(urllib.request.Request(url, headers={{"X-IDENTITY-HEADER": "{header}"}})))
print(json.dumps({{"accessToken": answer["access_token"], "expires_on": int(answer["expires_on"]), "tenant": "t"}}))
"""


def test_signed_in_at_a_terminal_the_rights_are_those_of_the_person(well: Terminal, tmp_path: Path) -> None:
    settings = well.azure.settings
    script = AZ.format(
        python=sys.executable, endpoint=settings["IDENTITY_ENDPOINT"], header=settings["IDENTITY_HEADER"]
    )
    az = tmp_path / "az"
    az.write_text(script)
    az.chmod(az.stat().st_mode | stat.S_IXUSR)
    well.set(IDENTITY_ENDPOINT=None, IDENTITY_HEADER=None, PATH=f"{tmp_path}:/usr/bin:/bin", AZURE_CLIENT_ID="an-app")
    said = well.json("doctor")
    one = checks(said, "not-checked")["identity", "identity"]
    assert "not of the function app's identity" in one["why"]
    assert "--assignee an-app" in one["mend"]
    assert said.code == 0, said.out


def test_signed_in_nowhere(well: Terminal, tmp_path: Path) -> None:
    well.set(IDENTITY_ENDPOINT=None, IDENTITY_HEADER=None, PATH=str(tmp_path))
    found = failed(well)
    assert {name for name, _ in found} == {"token"}
    assert {one["mend"] for one in found.values()} == {"az login"}
    assert all("Azure CLI not found on path" in one["why"] for one in found.values())


def test_before_a_sunset_the_log_is_asked_where_calls_are_counted(well: Terminal) -> None:
    well.account().tags |= {"key-rotation-sunset": "2030-01-01"}
    assert not [name for name, _ in checks(well.json("doctor"), "ok") if name == "count-calls"]
    well.set(ROTATION_LOG_WORKSPACE_ID=well.world.workspace.id)
    well.world.workspace.calls.clear()
    nothing = checks(well.json("doctor"), "failed")["count-calls", "chat"]
    assert "no call of any kind was logged" in nothing["why"]
    well.world.workspace.note(well.account().id)
    counted = checks(well.json("doctor"), "ok")
    assert counted["count-calls", "chat"]["why"] == "1 calls with a key were counted; keys end when there are none."
    assert ("count-calls", "search") not in counted
    well.world.directory.revoke("app", "Azure OpenAI key call counter")
    refused = checks(well.json("doctor"), "failed")["count-calls", "chat"]
    assert "Azure OpenAI key call counter" in refused["mend"]


def test_the_roles_that_are_named_are_the_roles_that_are_shipped() -> None:
    shipped = json.loads((ROOT / "infra" / "roles.json").read_text())
    assert {one["roleName"] for one in shipped["custom"].values()} == set(remedies.CUSTOM)
    assert {remedies.SENDER, remedies.LEASES, remedies.QUEUES} <= {
        one["roleName"] for one in shipped["builtIn"].values()
    }
