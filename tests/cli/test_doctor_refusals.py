"""What `doctor` writes out for what Azure refuses: what helps for that cause, and never a role where none helps."""

from collections.abc import Callable

import pytest

from shared.doctor import networks, remedies
from shared.doctor.remedies import Remedies
from tests.cli.conftest import Terminal
from tests.cli.test_doctor import failed, healthy
from tests.support.remedies import VAULT

__all__ = ["healthy"]  # a fixture


def lock(terminal: Terminal) -> None:
    terminal.world.restrictions.locked.add(f"/subscriptions/{terminal.world.subscription}")


def disable(terminal: Terminal) -> None:
    terminal.world.restrictions.disabled.add(terminal.world.subscription)


def deny(terminal: Terminal) -> None:
    terminal.world.restrictions.denied.add((terminal.account().id, "*listKeys/action"))


def close_the_vault(terminal: Terminal) -> None:
    terminal.vault.private_only = True


def use_access_policies(terminal: Terminal) -> None:
    terminal.vault.policies = {}


def fail_the_account(terminal: Terminal) -> None:
    terminal.account().state = "Failed"


def make_the_account(terminal: Terminal) -> None:
    terminal.account().state = "Creating"


WAYS: list[tuple[Callable[[Terminal], None], set[str], str, str]] = [
    (lock, {"list-keys"}, "az lock list --subscription ", "Have its owner take the read-only lock away"),
    (disable, {"list-keys"}, "az account show --subscription ", "Have the subscription's owner enable it"),
    (deny, {"list-keys"}, "az rest --subscription ", "Have the owner of the deny assignment"),
    (close_the_vault, {"get-secret", "list-secrets"}, "az network private-endpoint create ", "private endpoint"),
    (use_access_policies, {"get-secret", "list-secrets"}, "az keyvault set-policy ", "access policies"),
    (fail_the_account, {"read-account", "list-keys"}, "have the account's owner", "state Failed"),
    (make_the_account, {"read-account", "list-keys"}, "run this again in a minute", "state Creating"),
]


@pytest.mark.parametrize(("refuse", "checks", "mend", "why"), WAYS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_remedy_follows_the_cause_of_the_refusal(
    healthy: Terminal, refuse: Callable[[Terminal], None], checks: set[str], mend: str, why: str
) -> None:
    refuse(healthy)
    found = failed(healthy)
    assert {name for name, _ in found} == checks
    for one in found.values():
        assert one["mend"].startswith(mend)
        assert why in one["why"]
        assert "role assignment" not in one["mend"]


def test_an_access_policy_names_the_app_s_object_if_it_is_known() -> None:
    url = "https://keys.vault.azure.net"
    known = Remedies("--assignee-object-id the-object --assignee-principal-type ServicePrincipal")
    assert "--object-id the-object --secret-permissions get list set" in known.allow_at_vault(url)
    assert "--object-id <object-id> " in Remedies("--assignee the-client").allow_at_vault(url)


@pytest.mark.parametrize(
    ("url", "zone"),
    [
        (VAULT, "privatelink.vaultcore.azure.net"),
        ("https://keys.vault.usgovcloudapi.net", "privatelink.vaultcore.usgovcloudapi.net"),
        ("https://10.0.0.4", "'<private-dns-zone>'"),
    ],
)
def test_a_private_endpoint_of_a_vault_comes_with_the_zone_of_its_cloud(url: str, zone: str) -> None:
    command = networks.join_vault(url)
    assert f"--name {zone}" in command or f"--name {zone.strip(chr(39))}" in command
    assert "--group-id vault" in command


def test_closed_storage_shows_its_networks_and_asks_for_no_role(healthy: Terminal) -> None:
    healthy.world.faults.add("blob.*", "status", times=0, status=403, code="AuthorizationFailure")
    one = failed(healthy)["lease", "key-rotation-leases"]
    assert one["mend"] == remedies.see_storage("<storage-account>")
    assert "network rules refuse this network" in one["why"]
