"""What to run to mend a deployment: commands of the Azure CLI, written out. Knows of nothing but names.

Custom roles carry the deployment's name in theirs, and a vault is known here by its address alone; such things are
looked up by the commands themselves. What only the reader can know stands in angle brackets, one word each.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.doctor.ports import TokenIdentity
from shared.domain.model import AccountId
from shared.domain.names import LEASE_CONTAINER

# The roles of infra/roles.json: custom ones by what their names begin with, Microsoft's by their whole names.
ROTATOR = "Azure OpenAI key rotator"
PUBLISHER = "Azure OpenAI key publisher"
SWITCH = "Azure OpenAI key authentication switch"
COUNTER = "Azure OpenAI key call counter"
SENDER = "EventGrid Data Sender"
LEASES = "Storage Blob Data Contributor"
QUEUES = "Storage Queue Data Contributor"
CUSTOM = (ROTATOR, PUBLISHER, SWITCH, COUNTER)


@dataclass(frozen=True)
class Remedies:
    """The commands for one deployment, whose app calls as `assignee`."""

    assignee: str

    @classmethod
    def of(cls, client_id: str | None, bearer: TokenIdentity | None) -> Remedies:
        """The app's own identity where its token was seen; else the one that the settings name, or nobody known."""
        is_the_app = bearer is not None and bearer.object_id and client_id in (None, bearer.client_id)
        if bearer is not None and is_the_app:
            return cls(f"--assignee-object-id {bearer.object_id} --assignee-principal-type ServicePrincipal")
        return cls(f"--assignee {shlex.quote(client_id)}" if client_id else "--assignee <client-id>")

    def assign(self, role: str, scope: str) -> str:
        """Give the app a role. `scope` is a resource id, or a command that finds one."""
        wanted = f'"$({_role_id(role)})"' if role in CUSTOM else f'"{role}"'
        return f"az role assignment create {self.assignee} --role {wanted} --scope {scope}"

    def assigned(self, scope: str) -> str:
        """See which roles the app has."""
        who = self.assignee.replace("--assignee-object-id", "--assignee").split(" --assignee-principal-type")[0]
        return f'az role assignment list {who} --include-inherited --scope {scope} --query "[].roleDefinitionName"'


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


def workspace() -> str:
    """Known here by the id that queries name, which finds no scope."""
    return "<workspace-resource-id>"


def leases(storage: str) -> str:
    return f'"{_storage(storage)}/blobServices/default/containers/{LEASE_CONTAINER}"'


def queue(storage: str, name: str) -> str:
    return f'"{_storage(storage)}/queueServices/default/queues/{name}"'


def _storage(name: str) -> str:
    return f"$(az storage account show --name {name} --query id --output tsv)"


def vault_name(url: str) -> str:
    return shlex.quote((urlsplit(url).hostname or "").split(".")[0])


def storage_name(blob_url: str | None) -> str:
    host = urlsplit(blob_url or "").hostname or ""
    return (
        shlex.quote(host.split(".")[0]) if host.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) else "<storage-account>"
    )


def open_account(of: AccountId) -> str:
    """Let the app's network reach an account's endpoint."""
    return (
        f"az cognitiveservices account network-rule add --resource-group {shlex.quote(of.group)} "
        f"--name {shlex.quote(of.name)} --subnet <subnet-id>"
    )


def join_account(of: AccountId) -> str:
    """Lead the app's network to an account that takes no calls from the public one."""
    group, name = shlex.quote(of.group), shlex.quote(of.name)
    return (
        f"az network private-endpoint create --resource-group {group} --name {name} --connection-name {name} "
        f"--subnet <subnet-id> --private-connection-resource-id {shlex.quote(str(of))} --group-id account"
    )


def open_vault(url: str) -> str:
    return f"az keyvault network-rule add --name {vault_name(url)} --subnet <subnet-id>"


def recover_secret(url: str, secret: str) -> str:
    return f"az keyvault secret recover --vault-name {vault_name(url)} --name {shlex.quote(secret)}"


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
    topic = "--resource-group <group> --name <topic>"
    found = f"$(az eventgrid topic show {topic} --query endpoint --output tsv)"
    made = f"az eventgrid topic create {topic} --location <location> --input-schema cloudeventschemav1_0"
    return f"{made} && {set_settings(f'EVENT_GRID_TOPIC_ENDPOINT="{found}"')}"


def set_settings(setting: str = "<NAME=value>") -> str:
    return f"az functionapp config appsettings set --resource-group <group> --name <function-app> --settings {setting}"


def name_settings(file: str | None) -> str:
    """For a command that cannot use the settings it found, in the file it was given or without one. Whoever typed it is
    more likely to have named none here than to have deployed wrong ones, so this comes first."""
    fetched = "the app's own: func azure functionapp fetch-app-settings <function-app> && func settings decrypt"
    named = f"set them in the environment, or in a file and add --settings local.settings.json ({fetched})"
    here = f"correct them in {file}, which wins over the environment" if file else named
    return f"here: {here}; in the function app: {set_settings()}"


def give_identity(*, managed: bool) -> str:
    """So that a token can be had at all."""
    if not managed:
        return "az login"
    given = "az functionapp identity assign --resource-group <group> --name <function-app> --identities <identity-id>"
    return f"{given} && {set_settings('AZURE_CLIENT_ID=<client-id>')}"


def enrol() -> str:
    return "az tag update --operation merge --tags key-rotation=on --resource-id <account-id>"
