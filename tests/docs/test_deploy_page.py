"""What the commands of docs/deploy.md must hold, and their order. No test can run them, since they need Azure."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.bicep import templates
from tests.infra.choices import APART
from tests.support.shells import ROOT, blocks, run

PAGE = ROOT / "docs" / "deploy.md"


@pytest.fixture
def commands(tmp_path: Path) -> list[str]:
    """Every command of the page, as one line, in its order."""
    ran, _ = run("bash", "\n".join(block.filled for block in blocks(PAGE)), tmp_path)
    return [" ".join(words) for words in ran]


def test_the_azure_cli_is_set_to_the_subscription_of_azd_before_it_is_used(commands: list[str]) -> None:
    used = [one for one in commands if one.startswith("az ") and "list-flexconsumption-runtimes" not in one]
    assert used[:2] == ["az login", "az account set --subscription found"]
    assert 'az account set --subscription "$(azd env get-value AZURE_SUBSCRIPTION_ID)"' in PAGE.read_text()


def test_an_app_registration_carries_the_environment_in_its_name() -> None:
    """`az ad app create` changes the registration of that name, so a fixed name would be shared by environments."""
    lines = [line for line in PAGE.read_text().splitlines() if "az ad app create --display-name" in line]
    assert len(lines) == 1
    assert '($environment)"' in lines[0]
    assert "environment=$(azd env get-value AZURE_ENV_NAME)" in PAGE.read_text()
    assert 'name="Key rotation ($environment, ' in (ROOT / "infra" / "sign-in.sh").read_text()


def test_signing_in_with_entra_id_comes_before_function_keys() -> None:
    for name in ("README.md", "docs/deploy.md"):
        page = (ROOT / name).read_text()
        block = next(one for one in blocks(ROOT / name) if "azd up" in one.text)
        assert block.text.index("azd up") < block.text.index("sh infra/sign-in.sh") < block.text.index("azd provision")
        assert page.index("sh infra/sign-in.sh") < page.index("unction key"), name
        assert "x-functions-key" not in block.text
    assert "keys list" not in PAGE.read_text()


def test_a_deployment_without_azd_lets_events_in_after_the_functions_exist(commands: list[str]) -> None:
    first, second = [one for one in commands if one.startswith("az deployment sub create ") and "main.bicep" in one]
    publish = next(one for one in commands if one.startswith("func azure functionapp publish "))
    assert commands.index(first) < commands.index(publish) < commands.index(second)
    assert "eventDoors" not in first
    assert second == f"{first} eventDoors=true"
    assert "param eventDoors bool = false" in (ROOT / "infra" / "main.bicep").read_text()


def test_a_private_endpoint_comes_with_zone_link_and_zone_group_in_the_region_of_the_network(
    commands: list[str],
) -> None:
    made = [one for one in commands if one.startswith("az network private-")]
    assert [" ".join(one.split()[2:5]) for one in made] == [
        "private-endpoint create --resource-group", "private-dns zone create", "private-dns link vnet",
        "private-endpoint dns-zone-group create",
    ]  # fmt: skip
    assert "--location found" in made[0]
    assert "az network vnet show --ids filled-in --query location --output tsv" in commands


def test_the_names_of_custom_roles_on_the_pages_are_those_of_the_template() -> None:
    """A role is found by its full name, which is longer than what infra/roles.json says."""
    for name in ("runbook.md", "operations.md"):
        page = " ".join((ROOT / "docs" / name).read_text().split())
        assert "Azure OpenAI key publisher (<environment>, <token>)" in page
        assert page.count("Azure OpenAI key") == page.count("(<environment>, <token>)")
    shipped = json.loads((ROOT / "infra" / "roles.json").read_text())["custom"].values()
    assert all(one["roleName"].startswith("Azure OpenAI ") for one in shipped)
    assert "starts_with(roleName, 'Azure OpenAI ')" in PAGE.read_text()


def test_a_policy_is_shown_by_the_id_that_the_templates_assign() -> None:
    page = (ROOT / "docs" / "keep-keys-off.md").read_text()
    ids = json.loads((ROOT / "infra" / "policies" / "definitions.json").read_text())["keysOff"]
    shown = dict(re.findall(r"^\| `(\w+)` \| `([0-9a-f-]{36})` ", page, re.MULTILINE))
    assert shown["Audit"] == ids["Audit"] == ids["Deny"]
    assert shown["Modify"] == ids["Modify"]
    assert "| `Deny` | the same |" in page
    assert shown["DeployIfNotExists"] not in ids.values()  # as the page says


def test_every_template_that_people_deploy_by_hand_is_on_a_page() -> None:
    pages = "".join((ROOT / "docs" / name).read_text() for name in ("deploy.md", "keep-keys-off.md"))
    assert [name for name in APART if f"--template-file infra/{name}" not in " ".join(pages.split())] == []


def test_the_commands_give_each_template_the_parameters_that_it_has() -> None:
    texts = [(ROOT / "docs" / name).read_text() for name in ("deploy.md", "keep-keys-off.md")]
    joined = [re.sub(r"\\\n\s*", " ", text) for text in texts]
    commands = [
        line for text in joined for line in text.splitlines() if "az deployment " in line and "main.bicep" not in line
    ]
    assert len(commands) > 5
    for command in commands:
        named = re.search(r"--template-file infra/(\S+)", command)
        assert named is not None, command
        template = next(one for one in templates() if one.name == named[1])
        given = re.findall(r" (\w+)=", command.partition("--parameters")[2])
        assert set(given) <= set(template.parameters), command
        assert {name for name, one in template.parameters.items() if not one.optional} <= set(given), command
        scope = {"sub": "subscription", "mg": "managementGroup", "group": "resourceGroup"}[command.split()[2]]
        assert scope == template.scope, command
