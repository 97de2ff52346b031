"""The hooks of azure.yaml: one keeps ROTATION_EVENT_DOORS only if the provisioning with it succeeded, one shows how to
sign in."""

import os
import re
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.infra.bicep import ROOT

SHELL = re.compile(r"^    (posix|windows):\n      shell: \w+\n      run: \|\n((?: {8}.*\n)+)", re.MULTILINE)
SECTIONS = re.split(r"^  (post\w+):\n", (ROOT / "azure.yaml").read_text(), flags=re.MULTILINE)[1:]
ALL = {name: dict(SHELL.findall(text)) for name, text in zip(SECTIONS[::2], SECTIONS[1::2], strict=True)}
HOOKS = ALL["postdeploy"]
# Acts as azd does: the environment's own values come before the variables of the process.
AZD = """#!/bin/sh
echo "$* ROTATION_EVENT_DOORS=${ROTATION_EVENT_DOORS:-}" >> calls
case "$1 $2" in
  "provision --no-prompt") exit "$(cat provision-exit)" ;;
  "env set") echo "$4" > "kept-$3" ;;
  *) exit 64 ;;
esac
"""


@dataclass
class Folder:
    """A project folder with an azd that only writes down how it was called.

    path: The folder.
    shell: The command that runs a script given as its last argument.
    script: The hook.
    """

    path: Path
    shell: list[str]
    script: str

    def deploy(self, *, provision_exit: int) -> subprocess.CompletedProcess[str]:
        """Run the hook as azd does after a deployment, with the values that are kept as variables."""
        (self.path / "provision-exit").write_text(str(provision_exit))
        (self.path / "calls").write_text("")
        kept = {one.name.removeprefix("kept-"): one.read_text().strip() for one in self.path.glob("kept-*")}
        paths = f"{self.path}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": paths, "HOME": str(self.path), **kept}
        command = [*self.shell, self.script]
        return subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        """The calls of azd by the last run."""
        return (self.path / "calls").read_text().splitlines()

    @property
    def kept(self) -> str | None:
        """The value of ROTATION_EVENT_DOORS that the environment keeps, None if it keeps none."""
        file = self.path / "kept-ROTATION_EVENT_DOORS"
        return file.read_text().strip() if file.exists() else None


@pytest.fixture(params=["posix", "windows"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    shell = {"posix": ["sh", "-c"], "windows": ["pwsh", "-NoProfile", "-Command"]}[request.param]
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    (tmp_path / "azd").write_text(AZD)
    (tmp_path / "azd").chmod(0o755)
    return Folder(tmp_path, shell, textwrap.dedent(HOOKS[request.param]))


def test_the_first_deployment_provisions_with_events_and_then_keeps_the_variable(folder: Folder) -> None:
    assert folder.deploy(provision_exit=0).returncode == 0
    assert folder.calls[0] == "provision --no-prompt ROTATION_EVENT_DOORS=true"
    assert [one.split()[:2] for one in folder.calls[1:]] == [["env", "set"]]
    assert folder.kept == "true"


def test_a_provisioning_that_fails_keeps_nothing_and_fails_the_hook(folder: Folder) -> None:
    done = folder.deploy(provision_exit=1)
    assert done.returncode == 1
    assert "no events" in done.stderr
    assert len(folder.calls) == 1
    assert folder.kept is None


def test_a_deployment_after_a_failed_one_tries_again(folder: Folder) -> None:
    folder.deploy(provision_exit=1)
    assert folder.deploy(provision_exit=0).returncode == 0
    assert folder.kept == "true"


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_variable_that_is_set_already_is_left_alone(folder: Folder, value: str) -> None:
    (folder.path / "kept-ROTATION_EVENT_DOORS").write_text(value)
    assert folder.deploy(provision_exit=1).returncode == 0
    assert folder.calls == []
    assert folder.kept == value


def test_the_powershell_hook_has_the_steps_of_the_other_one_in_the_same_order() -> None:
    """PowerShell is not everywhere, so this compares the texts."""
    steps = [
        "-not $env:ROTATION_EVENT_DOORS",
        "$env:ROTATION_EVENT_DOORS = 'true'",
        "azd provision --no-prompt",
        "if ($LASTEXITCODE -eq 0) {",
        "azd env set ROTATION_EVENT_DOORS true",
        "exit $LASTEXITCODE",
        "no events",
        "exit 1",
    ]
    places = [HOOKS["windows"].find(one) for one in steps]
    assert -1 not in places
    assert places == sorted(places)


def shown(**environment: str) -> str:
    """Return what the hook after `azd up` shows with these values of the environment."""
    script = textwrap.dedent(ALL["postup"]["posix"])
    done = subprocess.run(["sh", "-ec", script], env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("registration", [{}, {"ROTATION_AUTH_CLIENT_ID": ""}])
def test_without_an_app_registration_azd_up_ends_with_how_to_sign_in(registration: dict[str, str]) -> None:
    text = shown(ROTATION_URL="https://app/api", **registration)
    assert "sh infra/sign-in.sh" in text
    assert (ROOT / "infra" / "sign-in.sh").is_file()
    assert text.index("Entra ID") < text.index("function keys")


def test_with_an_app_registration_azd_up_ends_with_the_page_to_open() -> None:
    text = shown(ROTATION_URL="https://app/api", ROTATION_AUTH_CLIENT_ID="an-app")
    assert "https://app/api/status" in text
    assert "function keys" not in text


def test_azd_up_says_the_same_in_powershell() -> None:
    sentences = [re.findall(r"""['"]([A-Z][^'"]{20,})['"]""", ALL["postup"][name]) for name in ("posix", "windows")]
    assert len(sentences[0]) == 3
    assert sentences[0] == [one.replace("$env:", "$") for one in sentences[1]]
