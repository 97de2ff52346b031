"""The commands of the Azure CLI that let the app's network reach an account or a vault.

Two ways lead there: a rule of the firewall, where it refuses by default, and a private endpoint, where public access is
disabled. Like all commands of `remedies`, they are put together from names, and have placeholders for the rest.
"""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from shared.doctor.remedies import HERE, account_options, vault, vault_name
from shared.domain.model import AccountId

_DEFAULT_ACTION = "properties.networkAcls.defaultAction"
# The domains, in the public and the sovereign clouds, whose private DNS zone is named `privatelink.` and the domain.
# An account without a custom subdomain answers elsewhere, and cannot have a private endpoint.
_DOMAINS = (".azure.com", ".azure.us", ".azure.cn")


def open_account(of: AccountId) -> str:
    """Return the commands that add the app's subnet to an account's firewall.

    They stop unless the firewall already refuses by default: on an account without network rules, `network-rule add`
    sets the default to Deny, and every other caller is locked out (azure-cli 2.91.0).
    """
    account = account_options(of)
    shown = f"az cognitiveservices account show {account} --query {_DEFAULT_ACTION} --output tsv"
    add = f"az cognitiveservices account network-rule add {account} --subnet <subnet-id>"
    return f"{_if_refused_by_default(shown)} && {_service_endpoint('Microsoft.CognitiveServices')} && {add}"


def open_vault(url: str) -> str:
    """Return the commands that add the app's subnet to a vault's firewall, if it already refuses by default."""
    name = f"{vault_name(url)} {HERE}"
    shown = f"az keyvault show --name {name} --query {_DEFAULT_ACTION} --output tsv"
    add = f"az keyvault network-rule add --name {name} --subnet <subnet-id>"
    return f"{_if_refused_by_default(shown)} && {_service_endpoint('Microsoft.KeyVault')} && {add}"


def _if_refused_by_default(shown: str) -> str:
    """Return the shell command that succeeds only if `shown`, a command, prints Deny."""
    return f'test "$({shown})" = Deny'


def _service_endpoint(service: str) -> str:
    """Return the command that gives the app's subnet a service endpoint, without which its rule has no effect
    (docs/facts.md, Network).

    infra/network.bicep makes these endpoints, too; a network of somebody else may lack them. The option replaces the
    subnet's endpoints, so the ones that it has are named, too.
    """
    others = f"serviceEndpoints[?service!='{service}'].service"
    kept = f'az network vnet subnet show --ids <subnet-id> --query "{others}" --output tsv'
    return f"az network vnet subnet update --ids <subnet-id> --service-endpoints {service} $({kept})"


def name_account(of: AccountId) -> str:
    """Return the command that gives an account a custom subdomain, which changes its endpoint for good."""
    return f"az cognitiveservices account update {account_options(of)} --custom-domain <subdomain>"


def join_account(of: AccountId, endpoint: str) -> str:
    """Return the commands that give an account a private endpoint, for an account whose public access is disabled.

    `endpoint` is the account's own endpoint URL.
    """
    return _join(shlex.quote(str(of)), "account", shlex.quote(of.name), _private_zone(endpoint))


def join_vault(url: str) -> str:
    """Return the commands that give a vault a private endpoint, for a vault whose public access is disabled."""
    domain = (urlsplit(url).hostname or "").partition(".")[2]
    zone = f"privatelink.{domain.replace('vault.', 'vaultcore.', 1)}" if domain.startswith("vault.") else None
    return _join(vault(url).text, "vault", vault_name(url), shlex.quote(zone) if zone else "<private-dns-zone>")


def _join(resource: str, part: str, name: str, zone: str) -> str:
    """Return the commands that make all that a private endpoint takes.

    These are the private endpoint, in the region of the app's network, which can be another than that of a resource
    group; the DNS zone of the host name; the link of that zone to the network; and the zone group, which writes the
    endpoint's address into the zone.
    """
    group = f"--resource-group <group> {HERE}"
    region = '"$(az network vnet show --ids <network-id> --query location --output tsv)"'
    return " && ".join(
        (
            f"az network private-endpoint create {group} --name {name} --connection-name {name} --location {region} "
            f"--subnet <network-id>/subnets/<endpoint-subnet> --private-connection-resource-id {resource} "
            f"--group-id {part}",
            f"az network private-dns zone create {group} --name {zone}",
            f"az network private-dns link vnet create {group} --zone-name {zone} --name {name} "
            "--virtual-network <network-id> --registration-enabled false",
            f"az network private-endpoint dns-zone-group create {group} --endpoint-name {name} --name default "
            f"--private-dns-zone {zone} --zone-name {part}",
        )
    )


def _private_zone(endpoint: str) -> str:
    """Return the private DNS zone of an account's host name: `privatelink.` and the name without its first label."""
    domain = (urlsplit(endpoint).hostname or "").partition(".")[2]
    return f"privatelink.{shlex.quote(domain)}" if domain.endswith(_DOMAINS) else "<private-dns-zone>"
