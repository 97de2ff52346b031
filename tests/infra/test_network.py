"""The app's subnet has the service endpoints without which a firewall's rule for it has no effect."""

import re

from shared.doctor import networks
from shared.domain.model import AccountId
from tests.infra.choices import EVERYTHING, LEAST, deployed

ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")


def subnets() -> dict[str, list[str]]:
    """Return the services of each subnet's service endpoints."""
    [network] = [one for one in deployed(EVERYTHING).resources() if one.type == "Microsoft.Network/virtualNetworks"]
    return {
        subnet["name"]: [one["service"] for one in subnet["properties"].get("serviceEndpoints", [])]
        for subnet in network.body["properties"]["subnets"]
    }


def test_the_app_s_subnet_has_every_service_endpoint_that_doctor_s_commands_would_add() -> None:
    commands = networks.open_account(ACCOUNT) + networks.open_vault("https://keys.vault.azure.net")
    wanted = set(re.findall(r"--service-endpoints (\S+)", commands))
    assert wanted == {"Microsoft.CognitiveServices", "Microsoft.KeyVault"}
    assert set(subnets()["app"]) == wanted


def test_the_subnet_for_private_endpoints_has_none() -> None:
    assert subnets()["endpoints"] == []


def test_without_a_private_network_there_is_no_subnet() -> None:
    assert not [one for one in deployed(LEAST).resources() if one.type.startswith("Microsoft.Network/")]
