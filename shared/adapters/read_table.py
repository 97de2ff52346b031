"""The closed table of what the app reads in Azure Resource Manager beside accounts: `azure_reads` sends nothing else.

An operation reads, and it names the members that are kept of what comes back. All others are dropped before anything
else sees them. To read something new takes one entry, and one in the emulator. This module has the entries of
readiness and audit, `rights_table` those of rights, `copies_table` those of copies, `trials_table` those of trials. No
operation is made to show a key:
most that do are POST requests whose right ends in `/action` (docs/facts.md, Reads), and backends and policies of API
Management show them to a GET. Neither kind can be made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Members by name; `*` is any name, and an empty mapping a plain value. A function keeps what it makes of the value.
type Kept = Mapping[str, Any] | Callable[[Any], Any]

VALUE: Mapping[str, Any] = {}
_GRAPH = "/providers/Microsoft.ResourceGraph/resources"
_SHOWS_SECRETS = re.compile(
    r"list(keys|secrets?|adminkeys|querykeys|value|credentials|accountsas|connectionstrings|callbackurl)\b"
    r"|/config/[^/]+/list\b|publishxml|regenerate|getfullurl|/(backends|polic(y|ies)|policyfragments)\b",
    re.IGNORECASE,
)
_HOLE = re.compile(r"\{[^}]*\}?")


@dataclass(frozen=True)
class ReadOperation:
    """One operation that only reads.

    doing: Completes the sentence "could not ...".
    method: GET; or POST, for what Azure asks by POST although it changes nothing.
    path: The path after the address of Azure Resource Manager, with `{scope}` for a resource id.
    version: The API version.
    right: The action that the identity needs, always one that ends in `/read`. For Resource Graph: what its rows need.
    kept: The members that are kept of each entry.
    query: For Resource Graph: the query, with `{account}` for the resource id of an account. Empty for all others.
    inherited: For Resource Graph: whether role assignments above the scope are wanted, too.
    most_pages: How many pages are read. One more is an error. Resource Graph has 1,000 rows on each.
    filter: The OData filter of a list, with `{principal}` as its only hole, for an object id. Empty for none.
    role: The custom role of infra/roles.json that has the right, for the error of who lacks it.
    asked: Further query parameters, with `{span}` as their only hole, for a span of time.
    next_link: The member of a page of a list that has the address of the next one.

    Raises ValueError for an operation that could do more than read.
    """

    doing: str
    method: str
    path: str
    version: str
    right: str
    kept: Kept
    query: str = ""
    inherited: bool = False
    most_pages: int = 20
    filter: str = ""
    role: str = "readinessReader"
    asked: Mapping[str, str] = field(default_factory=dict)
    next_link: str = "nextLink"

    def __post_init__(self) -> None:
        """Refuse to be made if it could do more than read, or if rows would end after the first page."""
        if self.method not in ("GET", "POST") or not self.right.casefold().endswith("/read"):
            raise ValueError(f"{self.method} {self.path} needs {self.right}, which is no right to read")
        if _SHOWS_SECRETS.search(self.path):
            raise ValueError(f"{self.path} could show a secret")
        if bool(self.query) != (self.path == _GRAPH):
            raise ValueError("a query belongs to Resource Graph, and Resource Graph takes nothing else")
        if self.filter and (self.query or set(_HOLE.findall(self.filter)) - {"{principal}"}):
            raise ValueError(f"the filter {self.filter} has another hole than {{principal}}, or is none of a list")
        if set(_HOLE.findall("".join(self.asked.values()))) - {"{span}"}:
            raise ValueError(f"{self.path} is asked with another hole than {{span}}")
        if self.query and "| project id," not in self.query:
            raise ValueError("a query of Resource Graph must project id, or its answer names no next page")

    def parameters(self, principal: str = "", span: str = "") -> dict[str, str]:
        """Return the query parameters, with an object id and a span of time in their holes."""
        asked = {"$filter": self.filter.replace("{principal}", principal)} if self.filter else {}
        filled = {name: value.replace("{span}", span) for name, value in self.asked.items()}
        return {"api-version": self.version, **asked, **filled}


def graph(doing: str, right: str, kept: Kept, *lines: str, inherited: bool = False, pages: int = 20) -> ReadOperation:
    """Return a query of Resource Graph, ordered by `id` so that its pages do not overlap."""
    query = "\n".join((*lines, "| order by id asc"))
    return ReadOperation(doing, "POST", _GRAPH, "2024-04-01", right, kept, query, inherited, pages)


ACCOUNTS_IN_SIGHT = graph(
    "list the accounts that Resource Graph shows",
    "Microsoft.CognitiveServices/accounts/read",
    {
        **dict.fromkeys(("id", "kind", "keysOff", "subdomain", "state", "access", "rules"), VALUE),
        "tags": {"*": VALUE},
    },
    "resources",
    '| where type =~ "microsoft.cognitiveservices/accounts"',
    "| project id, kind, tags, keysOff = properties.disableLocalAuth, subdomain = properties.customSubDomainName, "
    "state = properties.provisioningState, access = properties.publicNetworkAccess, "
    "rules = properties.networkAcls.defaultAction",
    pages=100,
)
ROLES_ON_ACCOUNT = graph(
    "list the role assignments on the account and above",
    "Microsoft.Authorization/roleAssignments/read",
    dict.fromkeys(("id", "scope", "principalId", "principalType", "roleDefinitionId"), VALUE),
    "authorizationresources",
    '| where type =~ "microsoft.authorization/roleassignments"',
    "| extend scope = tolower(tostring(properties.scope))",
    '| where "{account}" startswith scope or scope startswith "/providers/microsoft.management/managementgroups/"',
    "| project id, scope, principalId = properties.principalId, principalType = properties.principalType, "
    "roleDefinitionId = properties.roleDefinitionId",
    inherited=True,
)
IDENTITIES = graph(
    "list the resources that have an identity",
    "Microsoft.ManagedIdentity/userAssignedIdentities/read",
    {
        **dict.fromkeys(("id", "name", "type", "kind", "principalId", "clientId"), VALUE),
        "identity": {
            "principalId": VALUE,
            "userAssignedIdentities": {"*": {"principalId": VALUE, "clientId": VALUE}},
        },
    },
    "resources",
    '| where isnotnull(identity) or type =~ "microsoft.managedidentity/userassignedidentities"',
    "| project id, name, type, kind, identity, principalId = properties.principalId, clientId = properties.clientId",
)
LOG_SETTINGS = ReadOperation(
    "see where its logs are sent",
    "GET",
    "{scope}/providers/Microsoft.Insights/diagnosticSettings",
    "2021-05-01-preview",
    "Microsoft.Insights/diagnosticSettings/read",
    {
        "name": VALUE,
        "properties": {
            "workspaceId": VALUE,
            "logs": {"category": VALUE, "categoryGroup": VALUE, "enabled": VALUE},
        },
    },
)
READS = (ACCOUNTS_IN_SIGHT, ROLES_ON_ACCOUNT, IDENTITIES, LOG_SETTINGS)


def keep(found: Any, kept: Kept) -> Any:  # noqa: ANN401 - any JSON
    """Return the kept members of a value, and of each value of a list. What is kept as a plain value and is none
    becomes None."""
    if callable(kept):
        return kept(found)
    if isinstance(found, list):
        return [keep(one, kept) for one in found]
    if not kept:
        return found if isinstance(found, str | int | float | None) else None
    if not isinstance(found, dict):
        return None
    return {name: keep(part, kept.get(name, kept.get("*"))) for name, part in found.items() if {name, "*"} & {*kept}}
