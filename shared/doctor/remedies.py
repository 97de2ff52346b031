"""The commands of the Azure CLI that fix a deployment, written out so that they can be pasted.

They are put together from names alone; nothing here asks Azure. What these names do not tell is looked up by the
commands themselves: the id of a custom role, whose name ends in the deployment's name, and of a vault, which is known
here by its URL only. What only the reader can know is a placeholder in angle brackets, such as `<subnet-id>`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.doctor.ports import TokenIdentity
from shared.domain.model import AccountId

# The roles of infra/roles.json: custom ones by how their names begin, Microsoft's by their full names.
ROTATOR = "Azure OpenAI key rotator"
PUBLISHER = "Azure OpenAI key publisher"
SWITCH = "Azure OpenAI key authentication switch"
COUNTER = "Azure OpenAI key call counter"
SENDER = "EventGrid Data Sender"
LEASES = "Storage Blob Data Contributor"
QUEUES = "Storage Queue Data Contributor"
CUSTOM = (ROTATOR, PUBLISHER, SWITCH, COUNTER)
LEASE_CONTAINER = "key-rotation-leases"
_DEFAULT_ACTION = "properties.networkAcls.defaultAction"


@dataclass(frozen=True)
class Remedies:
    """The commands that concern the roles of one deployment's identity.

    assignee: The options by which `az role assignment create` names that identity.
    """

    assignee: str

    @classmethod
    def of(cls, client_id: str | None, token: TokenIdentity | None) -> Remedies:
        """Return the remedies for an app.

        `client_id` is the identity that the settings name, and `token` the identity that a token was issued to. The
        object id is taken from the token if it is the app's own; otherwise the client id or a placeholder is used.
        """
        is_the_app = token is not None and token.object_id and client_id in (None, token.client_id)
        if token is not None and is_the_app:
            return cls(f"--assignee-object-id {token.object_id} --assignee-principal-type ServicePrincipal")
        return cls(f"--assignee {shlex.quote(client_id)}" if client_id else "--assignee <client-id>")

    def assign(self, role: str, scope: str) -> str:
        """Return the command that gives the app a role. `scope` is a resource id, or a shell command that finds one."""
        wanted = f'"$({_role_id(role)})"' if role in CUSTOM else f'"{role}"'
        return f"az role assignment create {self.assignee} --role {wanted} --scope {scope}"

    def list_roles(self, scope: str) -> str:
        """Return the command that lists the roles that the app has at a scope."""
        who = self.assignee.replace("--assignee-object-id", "--assignee").split(" --assignee-principal-type")[0]
        return f'az role assignment list {who} --include-inherited --scope {scope} --query "[].roleDefinitionName"'


def _role_id(role: str) -> str:
    query = f"[?starts_with(roleName, '{role}')].name | [0]"
    return f'az role definition list --custom-role-only true --query "{query}" --output tsv'


def account(of: AccountId) -> str:
    """Return an account as the scope of a role."""
    return shlex.quote(str(of))


def vault(url: str) -> str:
    """Return a vault as the scope of a role: a shell command that finds its resource id."""
    return f'"$(az keyvault show --name {vault_name(url)} --query id --output tsv)"'


def topic(url: str) -> str:
    """Return a topic as the scope of a role: a shell command that finds its resource id."""
    query = f"[?contains(endpoint, '{urlsplit(url).hostname}')].id"
    return f'"$(az eventgrid topic list --query "{query}" --output tsv)"'


def workspace() -> str:
    """Return a placeholder for the log workspace: the settings hold the id for queries, which finds no resource id."""
    return "<workspace-resource-id>"


def leases(storage: str) -> str:
    """Return the container of the leases, in the storage account of that name, as the scope of a role."""
    return f'"{_storage(storage)}/blobServices/default/containers/{LEASE_CONTAINER}"'


def queue(storage: str, name: str) -> str:
    """Return a queue, in the storage account of that name, as the scope of a role."""
    return f'"{_storage(storage)}/queueServices/default/queues/{name}"'


def _storage(name: str) -> str:
    return f"$(az storage account show --name {name} --query id --output tsv)"


def vault_name(url: str) -> str:
    """Return the name of the vault at a URL, quoted for a shell."""
    return shlex.quote((urlsplit(url).hostname or "").split(".")[0])


def storage_name(blob_url: str | None) -> str:
    """Return the name of the storage account at a blob URL, or a placeholder if the host is an IP address or absent."""
    host = urlsplit(blob_url or "").hostname or ""
    return (
        shlex.quote(host.split(".")[0]) if host.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) else "<storage-account>"
    )


def open_account(of: AccountId) -> str:
    """Return the commands that add the app's subnet to an account's firewall.

    They stop unless the firewall already refuses by default: on an account without network rules, `network-rule add`
    sets the default to Deny, and every other caller is locked out (azure-cli 2.91.0).
    """
    account = f"--resource-group {shlex.quote(of.group)} --name {shlex.quote(of.name)}"
    shown = f"az cognitiveservices account show {account} --query {_DEFAULT_ACTION} --output tsv"
    add = f"az cognitiveservices account network-rule add {account} --subnet <subnet-id>"
    return f"{_if_refused_by_default(shown)} && {_service_endpoint('Microsoft.CognitiveServices')} && {add}"


def _if_refused_by_default(shown: str) -> str:
    """Return the shell command that succeeds only if `shown`, a command, prints Deny."""
    return f'test "$({shown})" = Deny'


def _service_endpoint(service: str) -> str:
    """Return the command that gives the app's subnet a service endpoint, without which its rule has no effect.

    The option replaces the subnet's endpoints, so the ones that it has are named, too.
    """
    others = f"serviceEndpoints[?service!='{service}'].service"
    kept = f'az network vnet subnet show --ids <subnet-id> --query "{others}" --output tsv'
    return f"az network vnet subnet update --ids <subnet-id> --service-endpoints {service} $({kept})"


def join_account(of: AccountId) -> str:
    """Return the command that gives an account a private endpoint, for an account whose public access is disabled."""
    group, name = shlex.quote(of.group), shlex.quote(of.name)
    return (
        f"az network private-endpoint create --resource-group {group} --name {name} --connection-name {name} "
        f"--subnet <subnet-id> --private-connection-resource-id {shlex.quote(str(of))} --group-id account"
    )


def open_vault(url: str) -> str:
    """Return the commands that add the app's subnet to a vault's firewall, if it already refuses by default."""
    name = vault_name(url)
    shown = f"az keyvault show --name {name} --query {_DEFAULT_ACTION} --output tsv"
    add = f"az keyvault network-rule add --name {name} --subnet <subnet-id>"
    return f"{_if_refused_by_default(shown)} && {_service_endpoint('Microsoft.KeyVault')} && {add}"


def recover_secret(url: str, secret: str) -> str:
    """Return the command that recovers a deleted secret."""
    return f"az keyvault secret recover --vault-name {vault_name(url)} --name {shlex.quote(secret)}"


def see_vault(url: str) -> str:
    """Return the command that shows whether a vault exists and which networks it admits."""
    query = "properties.{enabled: publicNetworkAccess, rules: networkAcls}"
    return f'az keyvault show --name {vault_name(url)} --query "{query}"'


def see_account(of: AccountId) -> str:
    """Return the command that shows an account's endpoint, its networks and whether its keys are disabled."""
    query = (
        "properties.{endpoint: endpoint, keysOff: disableLocalAuth, public: publicNetworkAccess, rules: networkAcls}"
    )
    group, name = shlex.quote(of.group), shlex.quote(of.name)
    return f'az cognitiveservices account show --resource-group {group} --name {name} --query "{query}"'


def see_topic(url: str) -> str:
    """Return the command that shows whether a topic exists and its schema."""
    query = f"[?contains(endpoint, '{urlsplit(url).hostname}')].{{name: name, schema: inputSchema}}"
    return f'az eventgrid topic list --query "{query}"'


def make_topic() -> str:
    """Return the commands that create a topic with the CloudEvents schema and name it in the app's settings."""
    topic = "--resource-group <group> --name <topic>"
    found = f"$(az eventgrid topic show {topic} --query endpoint --output tsv)"
    made = f"az eventgrid topic create {topic} --location <location> --input-schema cloudeventschemav1_0"
    return f"{made} && {set_settings(f'EVENT_GRID_TOPIC_ENDPOINT="{found}"')}"


def set_settings(setting: str = "<NAME=value>") -> str:
    """Return the command that sets app settings, written as `NAME=value`."""
    return f"az functionapp config appsettings set --resource-group <group> --name <function-app> --settings {setting}"


def name_settings(file: str | None) -> str:
    """Return how to correct the settings of a command at a terminal, and then those of the function app.

    `file` is the settings file that the command was given, if any. The terminal comes first, because a command without
    settings is more likely than an app that was deployed with invalid ones.
    """
    fetched = "the app's own: func azure functionapp fetch-app-settings <function-app> && func settings decrypt"
    named = f"set them in the environment, or in a file and add --settings local.settings.json ({fetched})"
    here = f"correct them in {file}, which wins over the environment" if file else named
    return f"here: {here}; in the function app: {set_settings()}"


def give_identity(*, managed: bool) -> str:
    """Return the command after which a token can be issued: for the app with a managed identity, or for a person."""
    if not managed:
        return "az login"
    given = "az functionapp identity assign --resource-group <group> --name <function-app> --identities <identity-id>"
    return f"{given} && {set_settings('AZURE_CLIENT_ID=<client-id>')}"


def enrol() -> str:
    """Return the command that enrols an account."""
    return "az tag update --operation merge --tags key-rotation=on --resource-id <account-id>"
