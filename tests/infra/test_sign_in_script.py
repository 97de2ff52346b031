"""infra/sign-in.sh makes the app registration, gives roles and undoes both, in each shell that may run it."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.web.callers import Role
from tests.infra.bicep import INFRA
from tests.support.entra import ME, Directory, install
from tests.support.shells import all_blocks

SCRIPT = INFRA / "sign-in.sh"
VALUES = {
    "AZURE_ENV_NAME": "prod",
    "AZURE_SUBSCRIPTION_ID": "1a2b3c4d-0000-4000-8000-00000000000a",
    "ROTATION_URL": "https://func-abc.azurewebsites.net/api",
}
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ROLE_IDS = {one["value"]: one["id"] for one in json.loads((INFRA / "app-roles.json").read_text())}


@dataclass
class Desk:
    """A terminal with an `az` and an `azd` that imitate Azure.

    folder: Where they are and keep their state.
    shell: The shell that runs the script.
    said: What the last run printed, errors included.
    """

    folder: Path
    shell: str
    said: str = ""

    @property
    def entra(self) -> Directory:
        """The directory and the environment's values as they are now."""
        return Directory(self.folder)

    def change(self, **state: object) -> None:
        """Change the state of the directory."""
        entra = self.entra
        entra.state |= state
        entra.keep()

    def run(self, *words: str) -> int:
        """Run the script and return its exit code."""
        environment = {"PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.folder)}
        command = [self.shell, str(SCRIPT), *words]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        self.said = done.stdout + done.stderr
        assert "not imitated" not in self.said, self.said
        return done.returncode

    @property
    def app(self) -> dict[str, object]:
        """The one app registration."""
        (found,) = self.entra.state["apps"].values()
        return dict(found)


@pytest.fixture(params=["sh", "bash", "zsh"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    install(tmp_path)
    made = Desk(tmp_path, request.param)
    made.change(values=dict(VALUES))
    return made


def test_the_registration_has_the_roles_the_scope_and_the_address_for_browsers(desk: Desk) -> None:
    assert desk.run() == 0, desk.said
    app = desk.app
    assert app["displayName"] == "Key rotation (prod, 1a2b3c4d)"
    assert app["uri"] == "api://app-1"
    assert {one["value"] for one in app["appRoles"]} == set(Role)
    assert (app["redirect"], app["idTokens"]) == ("https://func-abc.azurewebsites.net/.auth/login/aad/callback", "true")
    (scope,) = app["api"]["oauth2PermissionScopes"]
    (client,) = app["api"]["preAuthorizedApplications"]
    assert client == {"appId": AZURE_CLI, "delegatedPermissionIds": [scope["id"]]}
    assert (scope["value"], app["api"]["requestedAccessTokenVersion"]) == ("user_impersonation", 2)
    assert desk.entra.state["principals"]["app-1"] == {"assignment": "true"}
    assert desk.entra.state["values"]["ROTATION_AUTH_CLIENT_ID"] == "app-1"
    assert "az account get-access-token --scope api://app-1/.default" in desk.said


def test_who_runs_the_script_may_see_and_act_afterwards(desk: Desk) -> None:
    assert desk.run() == 0
    given = desk.entra.state["given"]
    assert {(one["principalId"], one["appRoleId"]) for one in given} == {
        (ME, ROLE_IDS[role]) for role in (Role.READER, Role.OPERATOR)
    }
    assert {one["resourceId"] for one in given} == {"principal-of-app-1"}


def test_a_second_run_changes_nothing(desk: Desk) -> None:
    assert desk.run() == 0
    before = desk.entra.state
    assert desk.run() == 0, desk.said
    assert desk.entra.state == before


@pytest.mark.parametrize("call", ["az ad app update", "az rest", "az ad sp create", "az ad sp update", "az ad signed"])
def test_a_run_that_was_interrupted_is_completed_by_the_next(desk: Desk, call: str) -> None:
    desk.change(down=call)
    desk.run()
    desk.change(down="")
    assert desk.run() == 0, desk.said
    assert len(desk.entra.state["apps"]) == 1
    assert len(desk.entra.state["given"]) == 2
    assert desk.app["redirect"]


def test_the_script_stops_where_azure_refuses(desk: Desk) -> None:
    desk.change(down="az ad sp update")
    assert desk.run() != 0
    assert "does not answer" in desk.said
    assert desk.entra.state["given"] == []


def test_a_registration_of_that_name_is_not_taken_over(desk: Desk) -> None:
    other = {"displayName": "Key rotation (prod, 1a2b3c4d)", "api": {}, "appRoles": [], "web": {}}
    desk.change(apps={"app-1": other})
    assert desk.run() == 1
    assert "azd env set ROTATION_AUTH_CLIENT_ID" in desk.said
    assert desk.app == other
    assert "ROTATION_AUTH_CLIENT_ID" not in desk.entra.state["values"]


def test_two_environments_have_a_registration_each(desk: Desk) -> None:
    assert desk.run() == 0
    desk.change(values={**VALUES, "AZURE_SUBSCRIPTION_ID": "5e6f7a8b-0000-4000-8000-00000000000b"})
    assert desk.run() == 0
    desk.change(values={**VALUES, "AZURE_ENV_NAME": "test"})
    assert desk.run() == 0
    names = {one["displayName"] for one in desk.entra.state["apps"].values()}
    assert names == {
        "Key rotation (prod, 1a2b3c4d)",
        "Key rotation (prod, 5e6f7a8b)",
        "Key rotation (test, 1a2b3c4d)",
    }


def test_a_registration_that_was_made_by_hand_is_brought_up_to_date(desk: Desk) -> None:
    by_hand = {"displayName": "Key rotation (prod)", "api": {}, "appRoles": [], "web": {}}
    desk.change(apps={"by-hand": by_hand}, values={**VALUES, "ROTATION_AUTH_CLIENT_ID": "app-7"})
    assert desk.run() == 1
    assert "no app registration of this tenant" in desk.said
    desk.change(apps={"app-7": by_hand})
    assert desk.run() == 0, desk.said
    assert (desk.app["displayName"], desk.app["uri"]) == ("Key rotation (prod)", "api://app-7")


def test_before_the_app_has_an_address_only_browsers_have_to_wait(desk: Desk) -> None:
    desk.change(values={name: value for name, value in VALUES.items() if name != "ROTATION_URL"})
    assert desk.run() == 0
    assert "run azd up" in desk.said.casefold()
    assert "redirect" not in desk.app
    assert len(desk.entra.state["given"]) == 2


@pytest.mark.parametrize("missing", ["AZURE_ENV_NAME", "AZURE_SUBSCRIPTION_ID"])
def test_without_an_environment_nothing_is_made(desk: Desk, missing: str) -> None:
    desk.change(values={name: value for name, value in VALUES.items() if name != missing})
    assert desk.run() == 1
    assert "azd" in desk.said
    assert desk.entra.state["apps"] == {}


def test_a_program_that_runs_the_script_is_told_how_to_give_roles(desk: Desk) -> None:
    desk.change(person="")
    assert desk.run() == 0
    assert "sh infra/sign-in.sh allow <object id>" in desk.said
    assert desk.entra.state["given"] == []


@pytest.mark.parametrize(
    ("more", "role"), [((), Role.READER), ((Role.OPERATOR,), Role.OPERATOR), ((Role.DEPLOYER,), Role.DEPLOYER)]
)
def test_a_role_is_given_to_somebody_else_once(desk: Desk, more: tuple[str, ...], role: str) -> None:
    assert desk.run() == 0
    for _ in range(2):
        assert desk.run("allow", "a-pipeline", *more) == 0, desk.said
    held = [one["appRoleId"] for one in desk.entra.state["given"] if one["principalId"] == "a-pipeline"]
    assert held == [ROLE_IDS[role]]


def test_an_unknown_role_or_word_is_refused(desk: Desk) -> None:
    assert desk.run("allow", "a-pipeline") == 1
    assert desk.run() == 0
    for words in (("allow",), ("allow", "a-pipeline", "Rotation.Admin"), ("delete",)):
        assert desk.run(*words) == 1, words
    assert {one["principalId"] for one in desk.entra.state["given"]} == {ME}


def test_removing_undoes_all_of_it_and_may_run_again(desk: Desk) -> None:
    assert desk.run() == 0
    assert desk.run("remove") == 0, desk.said
    assert (desk.entra.state["apps"], desk.entra.state["principals"]) == ({}, {})
    assert desk.entra.state["values"]["ROTATION_AUTH_CLIENT_ID"] == ""
    assert "azd provision" in desk.said
    assert desk.run("remove") == 0
    assert desk.run() == 0, desk.said
    assert len(desk.entra.state["apps"]) == 1


def test_removing_forgets_a_registration_that_is_gone_and_none_that_cannot_be_asked_for(desk: Desk) -> None:
    assert desk.run() == 0
    desk.change(down="az ad app list")
    assert desk.run("remove") != 0
    assert desk.entra.state["values"]["ROTATION_AUTH_CLIENT_ID"] == "app-1"
    desk.change(down="", apps={})
    assert desk.run("remove") == 0
    assert desk.entra.state["values"]["ROTATION_AUTH_CLIENT_ID"] == ""


def test_no_secret_is_made(desk: Desk) -> None:
    assert desk.run() == 0
    assert [call for call in desk.entra.calls if "credential" in call or "--password" in call] == []


def test_the_pages_show_only_words_that_the_script_knows() -> None:
    shown = {words for block in all_blocks() for words in re.findall(r"^sh infra/sign-in\.sh(.*)$", block.text, re.M)}
    assert {words.split()[0] if words else "" for words in shown} == {"", "allow", "remove"}
    assert {words.split()[-1] for words in shown if "allow" in words} <= set(Role)
