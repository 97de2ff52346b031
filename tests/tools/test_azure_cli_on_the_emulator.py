"""The released Azure CLI works on the emulated Azure: it signs in, and the page's own command enrols an account."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from lab.emulator.directory import Role
from lab.emulator.seed import sample_world
from lab.emulator.serve import Azure, running_in_thread
from shared import wiring
from tests.support.shells import ROOT, blocks
from tests.tools.test_azure_cli import PYTHON

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason=f"the Azure CLI is not installed at {PYTHON}")
Az = Callable[[str], str]
OPERATOR = Role("Operator", actions=("Microsoft.CognitiveServices/accounts/*", "Microsoft.Resources/tags/*"))


@pytest.fixture
def azure() -> Iterator[Azure]:
    world = sample_world(2, tags={})
    world.directory.define(OPERATOR)
    world.directory.assign("app", OPERATOR.name)
    with running_in_thread(world) as served:
        yield served


@pytest.fixture
def az(azure: Azure, tmp_path: Path) -> Az:
    """Run a command of the Azure CLI, which is signed in by the emulated managed identity."""
    names = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "AZURE_CONFIG_DIR": str(tmp_path / "az"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no", "AZURE_CORE_NO_COLOR": "yes", "REQUESTS_CA_BUNDLE": str(azure.ca_file),
        **{name: azure.settings[name] for name in names},
    }  # fmt: skip

    def run(command: str) -> str:
        script = f'az() {{ "{PYTHON}" -m azure.cli "$@"; }}\n{command}\n'
        done = subprocess.run(
            ["bash", "-e"], input=script, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run(
        f"az cloud register --name emulated --endpoint-resource-manager {azure.urls['arm']} "
        f"--endpoint-active-directory-resource-id {azure.urls['arm']}"
    )
    run("az cloud set --name emulated")
    run("az login --identity --output none")
    return run


def test_the_azure_cli_signs_in_and_finds_the_subscription(azure: Azure, az: Az) -> None:
    assert json.loads(az("az account show"))["id"] == azure.world.subscription


async def test_the_command_of_the_page_enrols_an_account_in_the_next_check(
    azure: Azure, az: Az, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = azure.world.accounts.named("account-001")
    [command] = {
        line
        for block in blocks(ROOT / "README.md")
        for line in block.text.splitlines()
        if line.startswith("az tag update") and "key-rotation=on" in line
    }
    az(re.sub(r"<[^<>]+>", account.id, command))
    assert account.tags == {"key-rotation": "on"}
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, azure.settings[name])
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(wiring.opened(azure.settings))
        enrolled, problems = await opened.rotation.fleet.enrolled()
    assert ([one.target.name for one in enrolled], problems) == (["account-001"], [])


def test_a_tag_value_with_a_space_stays_one_tag_as_the_page_quotes_it(azure: Azure, az: Az) -> None:
    account = azure.world.accounts.named("account-001")
    [block] = [one for one in blocks(ROOT / "README.md") if "after-deployment" in one.text]
    az(re.sub(r"<[^<>]+>", account.id, block.text))
    assert account.tags == {"key-rotation-after-deployment": "production PT2H"}


def test_a_network_rule_on_an_account_without_rules_refuses_everybody_else(azure: Azure, az: Az) -> None:
    """What the operator's hands of tests/runbook imitate, and why the runbook asks for the default action first."""
    account = azure.world.accounts.named("account-001")
    subnet = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/app"
    named = "--resource-group emulated --name account-001"
    shown = f"az cognitiveservices account show {named} --query properties.networkAcls.defaultAction --output tsv"
    assert az(shown).strip() == ""
    az(f"az cognitiveservices account network-rule add {named} --subnet {subnet} --output none")
    assert account.network_acls is not None
    assert account.network_acls["defaultAction"] == "Deny"
    assert account.network_acls["virtualNetworkRules"][0]["ignoreMissingVnetServiceEndpoint"] is True
    assert az(shown).strip() == "Deny"


def test_the_azure_cli_reads_and_regenerates_keys(azure: Azure, az: Az) -> None:
    account = azure.world.accounts.named("account-001")
    named = "--resource-group emulated --name account-001"
    before = account.keys["key2"].value
    assert az(f"az cognitiveservices account keys list {named} --query key2 --output tsv").strip() == before
    az(f"az cognitiveservices account keys regenerate {named} --key-name key2 --output none")
    assert account.keys["key2"].value != before
