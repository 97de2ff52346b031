"""The part of the closed table of what the app reads that shows rights: roles, who has them, and how vaults decide.

None of it shows a secret (docs/facts.md, Reads). A list of a subscription has what is assigned in it, above it and
below it. Azure allows 4,000 role assignments in a subscription; how many are on a page is not documented, so the bounds
are wide, and one page more is an error.
"""

from __future__ import annotations

from dataclasses import replace

from shared.adapters.read_table import VALUE, ReadOperation, graph

ROLE = "readersReader"
_PAGES = 100
_PATTERNS = dict.fromkeys(("actions", "notActions", "dataActions", "notDataActions", "condition"), VALUE)
_HELD = dict.fromkeys(("principalId", "principalType", "roleDefinitionId", "scope", "condition"), VALUE)
_ELIGIBLE_HELD = {**_HELD, "expandedProperties": {"principal": {"displayName": VALUE, "email": VALUE}}}


def _list(doing: str, kind: str, version: str, properties: dict[str, object], asked: str = "") -> ReadOperation:
    return ReadOperation(
        doing,
        "GET",
        f"{{scope}}/providers/Microsoft.Authorization/{kind}",
        version,
        f"Microsoft.Authorization/{kind}/read",
        {"id": VALUE, "name": VALUE, "properties": properties},
        most_pages=_PAGES,
        filter=asked,
        role=ROLE,
    )


ROLE_ASSIGNMENTS = _list("list the role assignments", "roleAssignments", "2022-04-01", {**_HELD})
# The service resolves groups, so no right in Microsoft Entra ID is needed.
ASSIGNED_TO = replace(
    ROLE_ASSIGNMENTS, doing="list the role assignments of a principal", filter="assignedTo('{principal}')"
)
# Without this filter, custom roles that can be assigned only in a resource group are missing. The preview is the only
# version that shows conditions on blocks; where it is refused, the other one answers without them.
ROLE_DEFINITIONS = _list(
    "list the role definitions",
    "roleDefinitions",
    "2022-05-01-preview",
    {"roleName": VALUE, "type": VALUE, "permissions": _PATTERNS},
    "atScopeAndBelow()",
)
ROLE_DEFINITIONS_WITHOUT_CONDITIONS = replace(ROLE_DEFINITIONS, version="2022-04-01")
DENY_ASSIGNMENTS = _list(
    "list the deny assignments",
    "denyAssignments",
    "2022-04-01",
    {
        **dict.fromkeys(("denyAssignmentName", "scope", "doNotApplyToChildScopes"), VALUE),
        "permissions": _PATTERNS,
        "principals": {"id": VALUE},
        "excludePrincipals": {"id": VALUE},
    },
)
# A list without a filter has what lies below; that it has what lies above is not documented, so both are asked for.
ELIGIBLE = _list("list the eligible assignments", "roleEligibilityScheduleInstances", "2020-10-01", {**_ELIGIBLE_HELD})
ELIGIBLE_ABOVE = replace(ELIGIBLE, filter="atScope()")
VAULT = ReadOperation(
    "see how the vault decides who reads its secrets",
    "GET",
    "{scope}",
    "2026-02-01",
    "Microsoft.KeyVault/vaults/read",
    {
        "id": VALUE,
        "name": VALUE,
        "properties": {
            **dict.fromkeys(("enableRbacAuthorization", "enabledForTemplateDeployment", "vaultUri"), VALUE),
            "accessPolicies": {"objectId": VALUE, "applicationId": VALUE, "permissions": {"secrets": VALUE}},
        },
    },
    role=ROLE,
)
VAULTS = replace(VAULT, doing="list the vaults", path="{scope}/providers/Microsoft.KeyVault/vaults", most_pages=_PAGES)
VAULTS_IN_SIGHT = replace(
    graph(
        "list the vaults that Resource Graph shows",
        VAULT.right,
        {"id": VALUE, "uri": VALUE},
        "resources",
        '| where type =~ "microsoft.keyvault/vaults"',
        "| project id, uri = properties.vaultUri",
    ),
    role=ROLE,
)
RIGHTS_READS = (
    ROLE_ASSIGNMENTS,
    ASSIGNED_TO,
    ROLE_DEFINITIONS,
    ROLE_DEFINITIONS_WITHOUT_CONDITIONS,
    DENY_ASSIGNMENTS,
    ELIGIBLE,
    ELIGIBLE_ABOVE,
    VAULT,
    VAULTS,
    VAULTS_IN_SIGHT,
)
