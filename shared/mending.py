"""What to run to mend a deployment: commands of the Azure CLI, written out. Knows of nothing but names.

Custom roles carry the deployment's name in theirs, and a vault is known here by its address alone; such things are
looked up by the commands themselves. What only the reader can know stands in angle brackets.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.model import AccountId
from shared.ports import Bearer

# The roles of infra/roles.json: custom ones by what their names begin with, Microsoft's by their whole names.
ROTATOR = "Azure OpenAI key rotator"
PUBLISHER = "Azure OpenAI key publisher"
SWITCH = "Azure OpenAI key authentication switch"
SENDER = "EventGrid Data Sender"
LEASES = "Storage Blob Data Contributor"
CUSTOM = (ROTATOR, PUBLISHER, SWITCH)
LEASE_CONTAINER = "key-rotation-leases"


@dataclass(frozen=True)
class Mending:
    """The commands for one deployment, whose app calls as `assignee`."""

    assignee: str

    @classmethod
    def of(cls, client_id: str | None, bearer: Bearer | None) -> Mending:
        """The app's own identity where its token was seen; else the one that the settings name, or nobody known."""
        is_the_app = bearer is not None and bearer.object_id and client_id in (None, bearer.client_id)
        if bearer is not None and is_the_app:
            return cls(f"--assignee-object-id {bearer.object_id} --assignee-principal-type ServicePrincipal")
        return cls(f"--assignee {shlex.quote(client_id)}" if client_id else "--assignee <the app's identity>")

    def assign(self, role: str, scope: str) -> str:
        """Give the app a role. `scope` is a resource id, or a command that finds one."""
        wanted = f'"$({_role_id(role)})"' if role in CUSTOM else f'"{role}"'
        return f"az role assignment create {self.assignee} --role {wanted} --scope {scope}"

    def assigned(self, scope: str) -> str:
        """See which roles the app has."""
        who = self.assignee.replace("--assignee-object-id", "--assignee").split(" --assignee-principal-type")[0]
        return f"az role assignment list {who} --include-inherited --scope {scope} --query [].roleDefinitionName"


def _role_id(role: str) -> str:
    query = f"[?starts_with(roleName, '{role}')].name | [0]"
    return f'az role definition list --custom-role-only true --query "{query}" --output tsv'


def account(of: AccountId) -> str:
    return shlex.quote(str(of))


def vault(url: str) -> str:
    return f'"$(az keyvault show --name {vault_name(url)} --query id --output tsv)"'


def topic(url: str) -> str:
    query = f"[?contains(endpoint, '{urlsplit(url).hostname}')].id"
    return f'"$(az eventgrid topic list --query "{query}" --output tsv)"'


def leases(storage: str) -> str:
    found = f"az storage account show --name {storage} --query id --output tsv"
    return f'"$({found})/blobServices/default/containers/{LEASE_CONTAINER}"'


def vault_name(url: str) -> str:
    return shlex.quote((urlsplit(url).hostname or "").split(".")[0])


def storage_name(blob_url: str | None) -> str:
    host = urlsplit(blob_url or "").hostname or ""
    return (
        shlex.quote(host.split(".")[0]) if host.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) else "<storage account>"
    )


def open_account(of: AccountId) -> str:
    """Let the app's network reach an account's endpoint."""
    return (
        f"az cognitiveservices account network-rule add --resource-group {shlex.quote(of.group)} "
        f"--name {shlex.quote(of.name)} --subnet <the app's subnet id>"
    )


def open_vault(url: str) -> str:
    return f"az keyvault network-rule add --name {vault_name(url)} --subnet <the app's subnet id>"


def see_vault(url: str) -> str:
    query = "properties.{enabled: publicNetworkAccess, rules: networkAcls}"
    return f'az keyvault show --name {vault_name(url)} --query "{query}"'


def see_account(of: AccountId) -> str:
    query = (
        "properties.{endpoint: endpoint, keysOff: disableLocalAuth, public: publicNetworkAccess, rules: networkAcls}"
    )
    group, name = shlex.quote(of.group), shlex.quote(of.name)
    return f'az cognitiveservices account show --resource-group {group} --name {name} --query "{query}"'


def see_topic(url: str) -> str:
    query = f"[?contains(endpoint, '{urlsplit(url).hostname}')].{{name: name, schema: inputSchema}}"
    return f'az eventgrid topic list --query "{query}"'


def make_topic() -> str:
    return (
        "az eventgrid topic create --resource-group <group> --name <topic> --location <region> "
        "--input-schema cloudeventschemav1_0, then set EVENT_GRID_TOPIC_ENDPOINT to its endpoint"
    )


def set_settings() -> str:
    return "az functionapp config appsettings set --resource-group <group> --name <function app> --settings NAME=VALUE"


def give_identity(*, managed: bool) -> str:
    """So that a token can be had at all."""
    if not managed:
        return "az login"
    return (
        "az functionapp identity assign --resource-group <group> --name <function app> --identities <its resource id>, "
        "and set AZURE_CLIENT_ID to that identity's client id"
    )


def enrol() -> str:
    return "az tag update --operation merge --tags key-rotation=on --resource-id <the account's resource id>"
