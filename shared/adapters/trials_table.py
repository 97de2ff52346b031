"""The part of the closed table of what the app reads that trials need: refused calls, and policies that keep keys off.

None of it shows a key (docs/facts.md, Trials). Azure asks by POST what a policy would deny, which changes nothing and
takes a right to read. The members of an account that Azure is asked about go back to where they came from.
"""

from __future__ import annotations

from dataclasses import replace

from shared.adapters.read_table import VALUE, ReadOperation

ROLE = "trialReader"
_ACCOUNT_VERSION = "2025-09-01"
_RULE = {"*": VALUE}

REFUSED_CALLS = ReadOperation(
    "count the calls that it refused",
    "GET",
    "{scope}/providers/Microsoft.Insights/metrics",
    "2024-02-01",
    "Microsoft.Insights/metrics/read",
    {
        "value": {
            "errorCode": VALUE,
            "timeseries": {
                "metadatavalues": {"name": {"value": VALUE}, "value": VALUE},
                "data": {"timeStamp": VALUE, "total": VALUE},
            },
        }
    },
    role=ROLE,
    asked={
        "metricnames": "AzureOpenAIRequests",
        "aggregation": "Total",
        "interval": "PT1M",
        "timespan": "{span}",
        "$filter": "StatusCode eq '*'",
    },
)
# For more than a day: a number for each minute and status would be an answer of megabytes.
REFUSED_BY_HOUR = replace(REFUSED_CALLS, asked={**REFUSED_CALLS.asked, "interval": "PT1H"})
CONTENT = ReadOperation(
    "read it for the policies",
    "GET",
    "{scope}",
    _ACCOUNT_VERSION,
    "Microsoft.CognitiveServices/accounts/read",
    {
        **dict.fromkeys(("name", "location", "kind"), VALUE),
        "sku": {"name": VALUE, "tier": VALUE},
        "tags": {"*": VALUE},
        "properties": {
            **dict.fromkeys(("customSubDomainName", "publicNetworkAccess", "restrictOutboundNetworkAccess"), VALUE),
            "networkAcls": {
                "defaultAction": VALUE,
                "bypass": VALUE,
                "ipRules": _RULE,
                "virtualNetworkRules": _RULE,
            },
        },
    },
    role="keyRotator",
)
RESTRICTIONS = ReadOperation(
    "ask whether a policy would deny keys",
    "POST",
    "{scope}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
    "2024-10-01",
    "Microsoft.PolicyInsights/checkPolicyRestrictions/read",
    {
        "contentEvaluationResult": {
            "policyEvaluations": {
                "policyInfo": dict.fromkeys(("policyAssignmentId", "policyDefinitionReferenceId"), VALUE),
                "evaluationResult": VALUE,
                "effectDetails": {"policyEffect": VALUE},
                "evaluationDetails": {"evaluatedExpressions": {"path": VALUE, "expression": VALUE}},
            }
        }
    },
    role=ROLE,
)
ASSIGNMENTS = ReadOperation(
    "list the policies that apply to it",
    "GET",
    "{scope}/providers/Microsoft.Authorization/policyAssignments",
    "2025-01-01",
    "Microsoft.Authorization/policyAssignments/read",
    {
        "id": VALUE,
        "name": VALUE,
        "properties": {
            **dict.fromkeys(("displayName", "policyDefinitionId", "enforcementMode", "notScopes"), VALUE),
            "parameters": {"effect": {"value": VALUE}},
            "overrides": {"kind": VALUE, "value": VALUE, "selectors": {"kind": VALUE}},
            "resourceSelectors": {"name": VALUE},
        },
    },
    role=ROLE,
)
STATES = ReadOperation(
    "read what policies found of it",
    "POST",
    "{scope}/providers/Microsoft.PolicyInsights/policyStates/latest/queryResults",
    "2024-10-01",
    "Microsoft.PolicyInsights/policyStates/queryResults/read",
    dict.fromkeys(
        ("policyAssignmentId", "policyDefinitionId", "policyDefinitionAction", "policyDefinitionReferenceId"), VALUE
    ),
    role=ROLE,
    next_link="@odata.nextLink",
)
EXEMPTIONS = ReadOperation(
    "list its exemptions from policies",
    "GET",
    "{scope}/providers/Microsoft.Authorization/policyExemptions",
    "2022-07-01-preview",
    "Microsoft.Authorization/policyExemptions/read",
    {
        "id": VALUE,
        "properties": {
            **dict.fromkeys(("policyAssignmentId", "expiresOn", "policyDefinitionReferenceIds"), VALUE),
            "resourceSelectors": {"name": VALUE},
        },
    },
    role=ROLE,
)
TRIAL_READS = (REFUSED_CALLS, REFUSED_BY_HOUR, CONTENT, RESTRICTIONS, ASSIGNMENTS, STATES, EXEMPTIONS)
