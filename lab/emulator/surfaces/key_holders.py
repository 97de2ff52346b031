"""Lists of Azure Resource Manager in which copies of keys can lie (docs/facts.md, Copies).

Some of them show keys, as Azure does: backends and named values that are not secret, variables of containers, addresses
that are connection strings. `management` has the routes and checks the rights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lab.emulator import holdings as held
from lab.emulator.resources import ShownResource
from lab.emulator.world import World

type Json = dict[str, Any]
type Things = Callable[[World, str], list[tuple[str, Any]]]

_GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
_SUBSCRIPTION = r"/subscriptions/(?P<subscription>[^/]+)"
APPS, JOBS = "Microsoft.App/containerApps", "Microsoft.App/jobs"
API_CONNECTIONS = "Microsoft.Web/connections"
MASKED = "**********"


@dataclass(frozen=True)
class HeldList:
    """One list.

    operation: Its name, for journal and faults.
    path: A pattern for the path.
    version: The API version.
    right: The action that it needs.
    things: Returns what the list shows, each with the id of the resource that it belongs to.
    shown: Makes an entry of each.
    """

    operation: str
    path: str
    version: str
    right: str
    things: Things
    shown: Callable[[World, str, Any], Json]


def _in(kind: type[Any]) -> Things:
    return lambda world, resource: [(resource, one) for one in world.holdings.of(resource, kind)]


def _below(kind: str) -> Things:
    """Return the resources of a type within a scope."""
    return lambda world, scope: [
        (one.id, one)
        for one in world.resources.shown
        if one.type == kind and one.id.lower().startswith(f"{scope.lower()}/")
    ]


def _plain(shown: Callable[[str, Any], Json]) -> Callable[[World, str, Any], Json]:
    return lambda _, resource, one: shown(resource, one)


def _connection(kind: str) -> Callable[[World, str, held.Connection], Json]:
    def shown(_: World, resource: str, one: held.Connection) -> Json:
        # The ids in Azure's own examples name another type than there is.
        last = "linkedWorkspaces" if "MachineLearning" in kind else "linkedaccounts"
        properties: Json = {
            "authType": one.auth,
            "category": one.category,
            "target": one.target,
            "isSharedToAll": one.to_all,
            "sharedUserList": list(one.users),
            "metadata": {**({"ResourceId": one.account} if one.account else {}), **one.metadata},
        }
        return {"id": f"{resource}/{last}/{one.name}", "name": one.name, "type": kind, "properties": properties}

    return shown


def _project(resource: str, one: held.Project) -> Json:
    return {
        "id": f"{resource}/projects/{one.name}",
        "name": f"{resource.rpartition('/')[2]}/{one.name}",
        "type": "Microsoft.CognitiveServices/accounts/projects",
        "properties": {"provisioningState": "Succeeded"},
    }


def named_value(resource: str, one: held.NamedValue) -> Json:
    """Return what is shown of a named value: never one that is secret."""
    properties: Json = {"displayName": one.name, "secret": one.is_secret}
    if one.address:
        status = {"code": one.code, "message": one.message, "timeStampUtc": "2026-07-01T00:00:00Z"}
        properties["keyVault"] = {"secretIdentifier": one.address, "lastStatus": status}
    elif not one.is_secret:
        properties["value"] = one.value
    return _part(resource, "namedValues", one.name, properties)


def _backend(resource: str, one: held.Backend) -> Json:
    headers = {name: [value] for name, value in one.headers.items()}
    properties = {"url": one.url, "protocol": "http", "credentials": {"header": headers}}
    return _part(resource, "backends", one.name, properties)


def _reference(resource: str, one: held.Reference) -> Json:
    properties = {
        "vaultName": one.vault or None,
        "secretName": one.secret or None,
        "secretVersion": one.version or None,
        "activeVersion": one.active or None,
        "status": one.status,
        "source": "KeyVault",
    }
    # The example of the specification has no name.
    return {"id": f"{resource}/config/configreferences/appsettings/{one.name}", "properties": properties}


def _container(world: World, resource: str, one: ShownResource) -> Json:
    secrets = [
        {"name": each.name, **({"keyVaultUrl": each.url, "identity": "system"} if each.url else {})}
        for each in world.holdings.of(resource, held.ContainerSecret)
    ]
    variables = [
        {"name": each.name, **({"secretRef": each.secret} if each.secret else {"value": each.value})}
        for each in world.holdings.of(resource, held.Variable)
    ]
    configuration: Json = {"secrets": secrets}
    if one.type == JOBS:
        configuration["triggerType"] = "Manual"
    template = {"containers": [{"name": "main", "image": "mcr.microsoft.com/k8se/quickstart", "env": variables}]}
    properties = {"provisioningState": "Succeeded", "configuration": configuration, "template": template}
    return {"id": resource, "name": one.name, "type": one.type, "location": "eastus", "properties": properties}


def _api_connection(world: World, resource: str, one: ShownResource) -> Json:
    [says] = world.holdings.of(resource, held.ApiConnection) or [held.ApiConnection()]
    api = f"/subscriptions/{one.subscription}/providers/Microsoft.Web/locations/eastus/managedApis/{says.api}"
    values = {"azureOpenAIResourceName": says.account} if says.account else {}
    properties = {"displayName": one.name, "api": {"id": api, "name": says.api}, "nonSecretParameterValues": values}
    return {"id": resource, "name": one.name, "type": one.type, "location": "eastus", "properties": properties}


def _linked_service(resource: str, one: held.LinkedService) -> Json:
    parts: Json = {"baseUrl" if one.type == "AzureKeyVault" else "url": one.url}
    if one.type != "AzureKeyVault":
        parts["authenticationType"] = "Anonymous"
    if one.headers:
        parts["authHeaders"] = {name: _header(how) for name, how in one.headers.items()}
    if one.encrypted:
        parts["encryptedCredential"] = "ew0KICAiVmVyc2lvbiI6ICIyMDE3"
    return _part(resource, "linkedservices", one.name, {"type": one.type, "typeProperties": parts})


def _header(how: str | held.StoredSecret) -> Json:
    if isinstance(how, str):
        return {"type": "SecureString", "value": MASKED}
    store = {"referenceName": how.store, "type": "LinkedServiceReference"}
    pinned = {"secretVersion": how.version} if how.version else {}
    return {"type": "AzureKeyVaultSecret", "store": store, "secretName": how.secret, **pinned}


def _part(resource: str, kind: str, name: str, properties: Json) -> Json:
    provider = resource.split("/providers/")[1].rsplit("/", 1)[0]
    return {"id": f"{resource}/{kind}/{name}", "name": name, "type": f"{provider}/{kind}", "properties": properties}


def _holder(provider: str, *parts: str) -> str:
    """Return a pattern for a list of a resource, whose part of the path is named `holder`."""
    kinds = provider.replace(".", r"\.").split("/")
    inner = kinds[0] + "".join(rf"/{kind}/[^/]+" for kind in kinds[1:])
    return rf"{_GROUP}/providers/(?P<holder>{inner})/" + "/".join(parts)


_COGNITIVE, _SERVICE, _SITES = (
    "Microsoft.CognitiveServices/accounts",
    "Microsoft.ApiManagement/service",
    "Microsoft.Web/sites",
)
_REFERENCES = ("config", "configreferences", "appsettings")

LISTS: Sequence[HeldList] = (
    HeldList("arm.listConnections", _holder(_COGNITIVE, "connections"), "2026-03-01",
             f"{_COGNITIVE}/connections/read", _in(held.Connection), _connection(f"{_COGNITIVE}/connections")),
    HeldList("arm.listProjects", _holder(_COGNITIVE, "projects"), "2026-03-01", f"{_COGNITIVE}/projects/read",
             _in(held.Project), _plain(_project)),
    HeldList("arm.listProjectConnections", _holder(f"{_COGNITIVE}/projects", "connections"), "2026-03-01",
             f"{_COGNITIVE}/projects/connections/read", _in(held.Connection),
             _connection(f"{_COGNITIVE}/projects/connections")),
    HeldList("arm.listHubConnections", _holder("Microsoft.MachineLearningServices/workspaces", "connections"),
             "2025-09-01", "Microsoft.MachineLearningServices/workspaces/connections/read", _in(held.Connection),
             _connection("Microsoft.MachineLearningServices/workspaces/connections")),
    HeldList("arm.listNamedValues", _holder(_SERVICE, "namedValues"), "2024-05-01", f"{_SERVICE}/namedValues/read",
             _in(held.NamedValue), _plain(named_value)),
    HeldList("arm.listBackends", _holder(_SERVICE, "backends"), "2024-05-01", f"{_SERVICE}/backends/read",
             _in(held.Backend), _plain(_backend)),
    HeldList("arm.listReferences", _holder(_SITES, *_REFERENCES), "2025-05-01", f"{_SITES}/config/read",
             _in(held.Reference), _plain(_reference)),
    HeldList("arm.listSlotReferences", _holder(f"{_SITES}/slots", *_REFERENCES), "2025-05-01",
             f"{_SITES}/slots/config/read", _in(held.Reference), _plain(_reference)),
    HeldList("arm.listContainerApps", rf"{_SUBSCRIPTION}/providers/Microsoft\.App/containerApps", "2025-07-01",
             f"{APPS}/read", _below(APPS), _container),
    HeldList("arm.listContainerJobs", rf"{_SUBSCRIPTION}/providers/Microsoft\.App/jobs", "2025-07-01",
             f"{JOBS}/read", _below(JOBS), _container),
    HeldList("arm.listApiConnections", rf"{_GROUP}/providers/Microsoft\.Web/connections", "2016-06-01",
             f"{API_CONNECTIONS}/read", _below(API_CONNECTIONS), _api_connection),
    HeldList("arm.listLinkedServices", _holder("Microsoft.DataFactory/factories", "linkedServices"), "2018-06-01",
             "Microsoft.DataFactory/factories/linkedservices/read", _in(held.LinkedService), _plain(_linked_service)),
)  # fmt: skip
VERSIONS = {one.operation: (one.version,) for one in LISTS}
