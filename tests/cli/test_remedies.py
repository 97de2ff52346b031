"""The commands that `doctor` writes out: what each of them must name, so that it fixes the right thing."""

import json
import re

import pytest

from shared.doctor import networks, remedies
from shared.doctor.ports import TokenIdentity
from shared.doctor.remedies import Remedies, Scope
from tests.cli.conftest import ROOT
from tests.support.remedies import ACCOUNT, APP, ENDPOINT, SUBSCRIPTION, TOPIC, VAULT, az_commands, every_remedy

PERSON = TokenIdentity("the-azure-cli", "a-person")


@pytest.mark.parametrize("line", every_remedy())
def test_every_command_names_its_subscription_or_a_resource_id(line: str) -> None:
    for words in az_commands(line):
        by_id = any(word.startswith("/subscriptions/") for word in words)
        assert {"--subscription", "--ids", "--resource-id"} & set(words) or by_id or words == ["az", "login"]


def test_a_command_for_an_account_names_the_account_s_own_subscription() -> None:
    for line in (APP.assign(remedies.ROTATOR, remedies.account(ACCOUNT)), networks.open_account(ACCOUNT)):
        named = {words[words.index("--subscription") + 1] for words in az_commands(line) if "--subscription" in words}
        assert named == {SUBSCRIPTION}


def test_only_a_managed_identity_is_called_a_service_principal() -> None:
    of_a_person = Remedies.of(None, PERSON, managed=False)
    assert of_a_person.assignee == "--assignee-object-id a-person"
    assert APP.assignee == "--assignee-object-id app-object --assignee-principal-type ServicePrincipal"


def test_an_app_that_the_settings_name_gets_the_role_and_not_the_person_who_asks() -> None:
    assert Remedies.of("app-client", PERSON, managed=False).assignee == "--assignee app-client"
    assert Remedies.of(None, None, managed=False).assignee == "--assignee <client-id>"


@pytest.mark.parametrize("role", remedies.CUSTOM)
def test_a_custom_role_is_found_by_the_name_that_the_template_gives_it(role: str) -> None:
    bicep = (ROOT / "infra" / "roles.bicep").read_text()
    names = {key: one["roleName"] for key, one in json.loads((ROOT / "infra/roles.json").read_text())["custom"].items()}
    [key] = [key for key, name in names.items() if name == role]
    assert f"roleName: '${{definitions.custom.{key}.roleName}} (${{environmentName}}, ${{token}})'" in bicep
    escaped = role.replace("'", r"\'")
    assert f"[?starts_with(roleName, '{escaped} (<environment>, ')].name" in APP.assign(role, Scope())


def test_the_role_of_another_deployment_is_never_taken() -> None:
    """With two ids in `--role` the command fails. `[0]` would take either."""
    assert "[0]" not in "".join(every_remedy())


def test_a_private_endpoint_comes_with_all_that_makes_the_name_lead_to_it() -> None:
    made = [" ".join(words[1:5]) for words in az_commands(networks.join_account(ACCOUNT, ENDPOINT))]
    assert made == [
        "network vnet show --ids", "network private-endpoint create --resource-group",
        "network private-dns zone create", "network private-dns link vnet",
        "network private-endpoint dns-zone-group create",
    ]  # fmt: skip


def test_a_private_endpoint_is_made_in_the_region_of_the_network() -> None:
    line = networks.join_account(ACCOUNT, ENDPOINT)
    assert '--location "$(az network vnet show --ids <network-id> --query location --output tsv)"' in line


@pytest.mark.parametrize(
    ("endpoint", "zone"),
    [
        ("https://chat.openai.azure.com/", "privatelink.openai.azure.com"),
        ("https://chat.cognitiveservices.azure.com/", "privatelink.cognitiveservices.azure.com"),
        ("https://chat.openai.azure.us/", "privatelink.openai.azure.us"),
        ("https://westeurope.api.cognitive.microsoft.com/", "<private-dns-zone>"),
        ("https://127.0.0.1:8443/chat/", "<private-dns-zone>"),
    ],
)
def test_the_private_zone_is_that_of_the_account_s_host_name(endpoint: str, zone: str) -> None:
    assert set(re.findall(r"(?:zone create .*?--name|--private-dns-zone|-dns link .*?--zone-name) (\S+)",
                          networks.join_account(ACCOUNT, endpoint))) == {zone}  # fmt: skip


def test_a_topic_without_an_endpoint_does_not_end_the_search_for_one() -> None:
    """JMESPath's `contains` fails on null, and a topic that is being created has no endpoint."""
    for line in (remedies.see_topic(TOPIC), remedies.topic(TOPIC).text):
        assert "[?endpoint && contains(endpoint, 'news.westeurope-1.eventgrid.azure.net')]" in line


def test_the_clock_is_set_by_a_command_of_each_system() -> None:
    for command in ("timedatectl set-ntp true", "systemsetup -setusingnetworktime on", "w32tm /resync"):
        assert command in remedies.set_the_clock()


def test_a_vault_is_looked_up_in_the_deployment_s_own_subscription() -> None:
    found = "az keyvault show --name keys --subscription <subscription> --query id --output tsv"
    assert remedies.vault(VAULT).text == f'"$({found})"'
