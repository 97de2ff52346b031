"""Azure Resource Graph for the queries that the app sends, api-version 2024-04-01 (docs/facts.md, Reads).

The Kusto language is not imitated. The known queries are answered from the world; any other query is refused with
NotImitated. A row is shown only to a caller who may read what it is about, and nothing says that a row is missing.
`management` has the route.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import Any

from lab.emulator.accounts import Account
from lab.emulator.directory import MANAGEMENT_GROUPS, Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.resources import USER_ASSIGNED, ShownResource, assignment_id
from lab.emulator.world import World

VERSION = "2024-04-01"
_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_ACCOUNTS = (
    "resources",
    '| where type =~ "microsoft.cognitiveservices/accounts"',
    "| project id, kind, tags, keysOff = properties.disableLocalAuth, subdomain = properties.customSubDomainName, "
    "state = properties.provisioningState, access = properties.publicNetworkAccess, "
    "rules = properties.networkAcls.defaultAction",
    "| order by id asc",
)
_ROLES = (
    "authorizationresources",
    '| where type =~ "microsoft.authorization/roleassignments"',
    "| extend scope = tolower(tostring(properties.scope))",
    '| where ACCOUNT startswith scope or scope startswith "/providers/microsoft.management/managementgroups/"',
    "| project id, scope, principalId = properties.principalId, principalType = properties.principalType, "
    "roleDefinitionId = properties.roleDefinitionId",
    "| order by id asc",
)
_IDENTITIES = (
    "resources",
    '| where isnotnull(identity) or type =~ "microsoft.managedidentity/userassignedidentities"',
    "| project id, name, type, kind, identity, principalId = properties.principalId, clientId = properties.clientId",
    "| order by id asc",
)
_HOLDERS = (
    "resources",
    "| where type in~ ("
    '"microsoft.cognitiveservices/accounts", "microsoft.machinelearningservices/workspaces", '
    '"microsoft.apimanagement/service", "microsoft.web/sites", "microsoft.web/sites/slots", '
    '"microsoft.app/containerapps", "microsoft.app/jobs", "microsoft.search/searchservices", '
    '"microsoft.web/connections", "microsoft.datafactory/factories")',
    '| where type !~ "microsoft.cognitiveservices/accounts" or kind =~ "AIServices"',
    "| project id, type",
    "| order by id asc",
)
_HOLDER_TYPES = frozenset(re.findall(r'"(microsoft[^"]+)"', _HOLDERS[1]))
_VAULTS = (
    "resources",
    '| where type =~ "microsoft.keyvault/vaults"',
    "| project id, uri = properties.vaultUri",
    "| order by id asc",
)
_INHERITED = "AtScopeAboveAndBelow"

type Row = dict[str, Any]
type Rows = Callable[[World, Identity, re.Match[str]], Iterator[Row]]


def answer(world: World, caller: Identity, body: dict[str, Any]) -> dict[str, Any]:
    """Return one page of the rows of a query.

    Raises NotImitatedError for a query that the app does not send, and AzureError 400 or 403 for scopes in which the
    caller may read nothing.
    """
    options = body.get("options") or {}
    inherited = options.get("authorizationScopeFilter") == _INHERITED
    read, found = _known(str(body.get("query")), inherited=inherited)
    scope = _subscriptions(world, caller, body)
    rows = [row for row in read(world, caller, found) if _subscription(row["id"]) in scope or inherited]
    return _page(sorted(rows, key=lambda row: str(row["id"]).lower()), options)


def throttled(resets: int) -> AzureError:
    """Return the 429 for more queries than the caller may send. It says in a header of its own how long to wait."""
    what = (
        "Client application has been throttled and should not attempt to repeat the request until an amount of time "
        "has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
    )
    headers = quota(0, resets)
    return AzureError(429, "RateLimiting", _SUPPORT, details=(("RateLimiting", what),), headers=headers)


def quota(left: int, resets: int) -> dict[str, str]:
    """Return the headers that say how many queries are left, and after which time all are, in hh:mm:ss."""
    return {"x-ms-user-quota-remaining": str(left), "x-ms-user-quota-resets-after": f"00:00:{resets:02}"}


_SUPPORT = "Please provide below info when asking for support: timestamp = emulated, correlationId = emulated."


def _known(query: str, *, inherited: bool) -> tuple[Rows, re.Match[str]]:
    for lines, read, needs in (
        (_ACCOUNTS, _accounts, False),
        (_ROLES, _roles, True),
        (_IDENTITIES, _held, False),
        (_VAULTS, _vaults, False),
        (_HOLDERS, _holders, False),
    ):
        pattern = re.escape("\n".join(lines)).replace("ACCOUNT", r'"(?P<account>[^"\\]+)"')
        found = re.fullmatch(pattern, query)
        if found and needs is inherited:
            return read, found
    raise NotImitatedError("any query of Resource Graph except those of the app, with their options")


def _subscriptions(world: World, caller: Identity, body: dict[str, Any]) -> set[str]:
    """Return the subscriptions of the query's scope that the caller can read, in lower case."""
    everywhere = {world.subscription.lower()}
    everywhere |= {
        one.subscription.lower() for one in (*world.accounts, *world.resources.shown, *world.vaults.values())
    }
    asked = {one.lower() for one in body.get("subscriptions") or ()}
    for name in body.get("managementGroups") or ():
        if name.lower() not in world.directory.groups:
            given = f"The provided management groups must be valid. Given: '{name}'."
            raise AzureError(400, "BadRequest", _SUPPORT, details=(("ManagementGroupsContainInvalidIds", given),))
        asked |= world.directory.groups[name.lower()]
    readable = {one for one in everywhere if world.directory.has_role_in(caller, f"/subscriptions/{one}")}
    if not (body.get("subscriptions") or body.get("managementGroups")):
        if not readable:
            raise AzureError(403, "AccessDenied", _SUPPORT)
        return readable
    if not readable & asked:
        given = "There must be at least one subscription that is eligible to contain resources."
        raise AzureError(400, "BadRequest", _SUPPORT, details=(("NoValidSubscriptionsInQueryRequest", given),))
    return readable & asked


def _accounts(world: World, caller: Identity, _: re.Match[str]) -> Iterator[Row]:
    for one in world.accounts:
        if _is_shown(world, caller, "Microsoft.CognitiveServices/accounts", one.id):
            yield _account(one)


def _account(one: Account) -> Row:
    rules = one.network_acls or {}
    return {
        "id": one.id,
        "kind": one.kind,
        "tags": one.tags,
        "keysOff": one.disable_local_auth,
        "subdomain": one.subdomain,
        "state": one.state,
        "access": one.public_network_access,
        "rules": rules.get("defaultAction"),
    }


def _roles(world: World, caller: Identity, found: re.Match[str]) -> Iterator[Row]:
    account, groups = found["account"].lower(), MANAGEMENT_GROUPS.lower()
    for holder in world.directory.identities.values():
        for role, scope in holder.assignments:
            near = account.startswith(scope.lower()) or scope.lower().startswith(groups)
            if near and world.directory.allows(caller, "Microsoft.Authorization/roleAssignments/read", scope):
                yield {
                    "id": assignment_id(holder.object_id, role, scope),
                    "scope": scope.lower(),
                    "principalId": holder.object_id,
                    "principalType": "ServicePrincipal",
                    "roleDefinitionId": _definition(world.roles[role].id),
                }


def _definition(role: str) -> str:
    return f"/providers/Microsoft.Authorization/RoleDefinitions/{role}"


def _held(world: World, caller: Identity, _: re.Match[str]) -> Iterator[Row]:
    for one in world.resources.shown:
        itself = one.type == USER_ASSIGNED
        if (one.own or one.assigned) and _is_shown(world, caller, one.type, one.id):
            yield {
                "id": one.id,
                "name": one.name.rpartition("/")[2],
                "type": one.type.lower(),
                "kind": one.kind,
                "identity": None if itself else _identity(one, world.directory.tenant),
                "principalId": one.own.object_id if one.own and itself else None,
                "clientId": one.own.client_id if one.own and itself else None,
            }


def _holders(world: World, caller: Identity, _: re.Match[str]) -> Iterator[Row]:
    for account in world.accounts:
        if account.kind == "AIServices" and _is_shown(
            world, caller, "Microsoft.CognitiveServices/accounts", account.id
        ):
            yield {"id": account.id, "type": "microsoft.cognitiveservices/accounts"}
    for one in world.resources.shown:
        if one.type.lower() in _HOLDER_TYPES and _is_shown(world, caller, one.type, one.id):
            yield {"id": one.id, "type": one.type.lower()}


def _vaults(world: World, caller: Identity, _: re.Match[str]) -> Iterator[Row]:
    for one in world.vaults.values():
        if _is_shown(world, caller, "Microsoft.KeyVault/vaults", one.id):
            yield {"id": one.id, "uri": f"{one.url}/"}


def _identity(one: ShownResource, tenant: str) -> Row:
    """Return the member `identity` of a resource. The one that Azure made shows no client id."""
    kinds = ["SystemAssigned"] * bool(one.own) + ["UserAssigned"] * bool(one.assigned)
    shown: Row = {"type": ", ".join(kinds)}
    if one.own:
        shown |= {"principalId": one.own.object_id, "tenantId": tenant}
    if one.assigned:
        used = {each.id: each.own for each in one.assigned if each.own}
        shown["userAssignedIdentities"] = {
            name: {"principalId": own.object_id, "clientId": own.client_id} for name, own in used.items()
        }
    return shown


def _is_shown(world: World, caller: Identity, kind: str, resource: str) -> bool:
    return resource.lower() not in world.resources.unindexed and world.directory.allows(
        caller, f"{kind}/read", resource
    )


def _page(rows: list[Row], options: dict[str, Any]) -> dict[str, Any]:
    """Return the page that the token names. `resultTruncated` is "false" on pages that have a next one, too."""
    start, size = _start(options.get("$skipToken")), min(int(options.get("$top", _DEFAULT_PAGE)), _LARGEST_PAGE)
    shown = rows[start : start + size]
    body = {"totalRecords": len(rows), "count": len(shown), "data": shown, "resultTruncated": "false"}
    if start + size < len(rows):
        body["$skipToken"] = base64.urlsafe_b64encode(f"row {start + size}".encode()).decode()
    return body


def _start(token: str | None) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("row ")) if token else 0
    except (ValueError, binascii.Error):
        invalid = ("InvalidSkipToken", "The skip token is invalid.")
        raise AzureError(400, "BadRequest", _SUPPORT, details=(invalid,)) from None


def _subscription(resource: str) -> str:
    parts = resource.lower().split("/")
    return parts[2] if parts[1] == "subscriptions" else ""
