"""The commands of the Azure CLI that fix a deployment, written out so that they can be pasted.

They are put together from names alone; nothing here asks Azure. What these names do not tell is looked up by the
commands themselves: the id of a custom role, whose name ends in the deployment's name, and of a vault, which is known
here by its URL only. What only the reader can know is a placeholder in angle brackets, such as `<subnet-id>`. Each
command names its subscription, because the one that the reader works in may be another: an account's id contains it;
for everything else it is the placeholder `<subscription>`. The commands are for bash and zsh.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.doctor.ports import TokenIdentity
from shared.domain.model import AccountId
from shared.domain.names import LEASE_CONTAINER

# The roles of infra/roles.json: custom ones by how their names begin, Microsoft's by their full names.
ROTATOR = "Azure OpenAI key rotator"
PUBLISHER = "Azure OpenAI key publisher"
SWITCH = "Azure OpenAI key authentication switch"
TRIAL = "Azure OpenAI key trial reader"
COUNTER = "Azure OpenAI key call counter"
HOST = "Azure OpenAI key rotation host"
READER = "Azure OpenAI key announcement reader"
READINESS = "Azure OpenAI readiness reader"
READERS = "Azure OpenAI key readers' reader"
COPIES = "Azure OpenAI key copies reader"
SENDER = "EventGrid Data Sender"
LEASES = "Storage Blob Data Contributor"
QUEUES = "Storage Queue Data Contributor"
CUSTOM = (ROTATOR, PUBLISHER, SWITCH, TRIAL, COUNTER, HOST, READER, READINESS, READERS, COPIES)
_SUBSCRIPTION = "<subscription>"
HERE = f"--subscription {_SUBSCRIPTION}"  # the deployment's own, which no setting names
_APP = f"--resource-group <group> --name <function-app> {HERE}"


@dataclass(frozen=True)
class Scope:
    """Where a role is assigned.

    text: How a command names it: a resource id, a shell command that finds one, or a placeholder.
    subscription: The id of its subscription. Default: the placeholder for it.
    """

    text: str = "<scope>"
    subscription: str = _SUBSCRIPTION

    @classmethod
    def of_subscription(cls, subscription: str | None) -> Scope:
        """Return a subscription as a scope, or a placeholder if it is unknown."""
        return cls(f"/subscriptions/{subscription}", subscription) if subscription else cls()


@dataclass(frozen=True)
class Remedies:
    """The commands that concern the roles of one deployment's identity.

    assignee: The options by which `az role assignment create` names that identity.
    """

    assignee: str

    @classmethod
    def of(cls, client_id: str | None, token: TokenIdentity | None, *, managed: bool) -> Remedies:
        """Return the remedies for an app.

        `client_id` is the identity that the settings name, and `token` the identity that a token was issued to. The
        object id is taken from the token if it is the app's own; otherwise the client id or a placeholder is used.
        `managed` is whether the token is a managed identity's, which is a service principal. Without that, the token
        can be a person's, and Azure looks up what kind of principal it is.
        """
        if token is not None and token.object_id and client_id in (None, token.client_id):
            kind = " --assignee-principal-type ServicePrincipal" if managed else ""
            return cls(f"--assignee-object-id {token.object_id}{kind}")
        return cls(f"--assignee {shlex.quote(client_id)}" if client_id else "--assignee <client-id>")

    def assign(self, role: str, scope: Scope) -> str:
        """Return the command that gives the app a role."""
        wanted = f'"$({_role_id(role, scope.subscription)})"' if role in CUSTOM else f'"{role}"'
        return (
            f"az role assignment create {self.assignee} --subscription {scope.subscription} --role {wanted} "
            f"--scope {scope.text}"
        )

    def see_accounts(self, groups: Sequence[str]) -> str:
        """Return the command that lets the app see accounts in the first of these management groups, or, without one,
        in a subscription. It is run in the app's repository, which has the template."""
        if not groups:
            return self.assign(READINESS, Scope.of_subscription(_SUBSCRIPTION))
        return (
            f"az deployment mg create {HERE} --name key-rotation-readiness --management-group-id "
            f"{shlex.quote(groups[0])} --location <location> --template-file infra/grants/management-group.bicep "
            f"--parameters environmentName=<environment> principalId={self._object_id()}"
        )

    def _object_id(self) -> str:
        """Return the object id of the app's identity, or a placeholder if it is not known."""
        who = self.assignee.split(" --assignee-principal-type")[0].removeprefix("--assignee-object-id ")
        return "<object-id>" if who.startswith("--assignee") else who

    def list_roles(self, scope: Scope) -> str:
        """Return the command that lists the roles that the app has at a scope."""
        who = self.assignee.replace("--assignee-object-id", "--assignee").split(" --assignee-principal-type")[0]
        return (
            f"az role assignment list {who} --subscription {scope.subscription} --include-inherited "
            f'--scope {scope.text} --query "[].roleDefinitionName"'
        )

    def allow_at_vault(self, url: str) -> str:
        """Return the command that lets the app at a vault that goes by access policies, where roles count for nothing.

        The other way is to let the vault go by roles, which changes who else may read it.
        """
        may = "--secret-permissions get list set"
        return f"az keyvault set-policy --name {vault_name(url)} {HERE} --object-id {self._object_id()} {may}"


def _role_id(role: str, subscription: str) -> str:
    """Return the command that finds the id of a custom role of this deployment.

    infra/roles.bicep adds the environment's name and a token to a role's name. If two deployments share the name, two
    ids are found, and the command around this one fails: it does not assign the role of another deployment.
    """
    literal = role.replace("'", "\\'")  # JMESPath's way to have a quotation mark in a text
    query = f"[?starts_with(roleName, '{literal} (<environment>, ')].name"
    return (
        f'az role definition list --subscription {subscription} --custom-role-only true --query "{query}" --output tsv'
    )


def account(of: AccountId) -> Scope:
    """Return an account as the scope of a role."""
    return Scope(shlex.quote(str(of)), of.subscription)


def vault(url: str) -> Scope:
    """Return a vault as the scope of a role: a shell command that finds its resource id."""
    return Scope(f'"$(az keyvault show --name {vault_name(url)} {HERE} --query id --output tsv)"')


def topic(url: str) -> Scope:
    """Return a topic as the scope of a role: a shell command that finds its resource id."""
    query = f"{_topics_at(url)}.id"
    return Scope(f'"$(az eventgrid topic list {HERE} --query "{query}" --output tsv)"')


def _topics_at(url: str) -> str:
    """Return the JMESPath of the topic at a URL. A topic that is being created has no endpoint yet."""
    return f"[?endpoint && contains(endpoint, '{urlsplit(url).hostname}')]"


def workspace(guid: str) -> Scope:
    """Return a log workspace as the scope of a role: a shell command that finds its resource id.

    `guid` is the id by which it is queried, which is all that the settings hold.
    """
    query = f"[?customerId=='{guid}'].id"
    return Scope(f'"$(az monitor log-analytics workspace list {HERE} --query "{query}" --output tsv)"')


def leases(storage: str) -> Scope:
    """Return the container of the leases, in the storage account of that name, as the scope of a role."""
    return Scope(f'"{_storage(storage)}/blobServices/default/containers/{LEASE_CONTAINER}"')


def queue(storage: str, name: str) -> Scope:
    """Return a queue, in the storage account of that name, as the scope of a role."""
    return Scope(f'"{_storage(storage)}/queueServices/default/queues/{name}"')


def _storage(name: str) -> str:
    return f"$(az storage account show --name {name} {HERE} --query id --output tsv)"


def vault_name(url: str) -> str:
    """Return the name of the vault at a URL, quoted for a shell."""
    return shlex.quote((urlsplit(url).hostname or "").split(".")[0])


def storage_name(blob_url: str | None) -> str:
    """Return the name of the storage account at a blob URL, or a placeholder if the host is an IP address or absent."""
    host = urlsplit(blob_url or "").hostname or ""
    return (
        shlex.quote(host.split(".")[0]) if host.endswith(tuple("abcdefghijklmnopqrstuvwxyz")) else "<storage-account>"
    )


def recover_secret(url: str, secret: str) -> str:
    """Return the command that recovers a deleted secret."""
    return f"az keyvault secret recover --vault-name {vault_name(url)} --name {shlex.quote(secret)} {HERE}"


def see_vault(url: str) -> str:
    """Return the command that shows whether a vault exists and which networks it admits."""
    query = "properties.{enabled: publicNetworkAccess, rules: networkAcls}"
    return f'az keyvault show --name {vault_name(url)} {HERE} --query "{query}"'


def account_options(of: AccountId) -> str:
    """Return the options that name an account."""
    group, name = shlex.quote(of.group), shlex.quote(of.name)
    return f"--resource-group {group} --name {name} --subscription {of.subscription}"


def see_account(of: AccountId) -> str:
    """Return the command that shows an account's endpoint, its networks and whether its keys are disabled."""
    query = (
        "properties.{endpoint: endpoint, keysOff: disableLocalAuth, public: publicNetworkAccess, rules: networkAcls}"
    )
    return f'az cognitiveservices account show {account_options(of)} --query "{query}"'


def see_locks(subscription: str) -> str:
    """Return the command that shows the read-only locks in a subscription."""
    return f"az lock list --subscription {subscription} --query \"[?level=='ReadOnly'].id\" --output tsv"


def see_subscription(subscription: str) -> str:
    """Return the command that shows whether a subscription is enabled."""
    return f"az account show --subscription {subscription} --query state --output tsv"


def see_deny_assignments(subscription: str) -> str:
    """Return the command that shows the deny assignments in a subscription. The Azure CLI has none of its own."""
    path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/denyAssignments"
    query = "value[].properties.{name: denyAssignmentName, scope: scope}"
    return f'az rest --subscription {subscription} --url "{path}?api-version=2022-04-01" --query "{query}"'


def see_storage(name: str) -> str:
    """Return the command that shows the networks and the kinds of access that a storage account admits."""
    query = "{public: publicNetworkAccess, rules: networkRuleSet, sharedKeys: allowSharedKeyAccess}"
    return f'az storage account show --name {name} {HERE} --query "{query}"'


def see_topic(url: str) -> str:
    """Return the command that shows whether a topic exists and its schema."""
    query = f"{_topics_at(url)}.{{name: name, schema: inputSchema}}"
    return f'az eventgrid topic list {HERE} --query "{query}"'


def see_sign_in() -> str:
    """Return the command that shows whether App Service authentication is on."""
    site = "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.Web/sites/<function-app>"
    url = f"{site}/config/authsettingsV2?api-version=2024-04-01"
    return f'az rest --method get --url "{url}" --query properties.platform.enabled'


def make_topic() -> str:
    """Return the commands that create a topic with the CloudEvents schema and name it in the app's settings."""
    topic = f"--resource-group <group> --name <topic> {HERE}"
    found = f"$(az eventgrid topic show {topic} --query endpoint --output tsv)"
    made = f"az eventgrid topic create {topic} --location <location> --input-schema cloudeventschemav1_0"
    return f"{made} && {set_settings(f'EVENT_GRID_TOPIC_ENDPOINT="{found}"')}"


def set_settings(setting: str = "<NAME=value>") -> str:
    """Return the command that sets app settings, written as `NAME=value`."""
    return f"az functionapp config appsettings set {_APP} --settings {setting}"


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
    given = f"az functionapp identity assign {_APP} --identities <identity-id>"
    return f"{given} && {set_settings('AZURE_CLIENT_ID=<client-id>')}"


def set_the_clock() -> str:
    """Return the command that makes a machine keep its clock right, for each operating system."""
    return (
        "Linux: timedatectl set-ntp true; macOS: sudo systemsetup -setusingnetworktime on; "
        "Windows: w32tm /resync, as an administrator"
    )


def enrol() -> str:
    """Return the command that enrols an account."""
    return "az tag update --operation merge --tags key-rotation=on --resource-id <account-id>"
