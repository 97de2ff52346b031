"""Azure Policy as Azure Resource Manager shows it: assignments and exemptions of an account, what would be denied, and
what policies last found of the account.

The answer about denials knows the assignments on the resource group and above, and no exemption: whether Azure minds
exemptions there is not documented (docs/facts.md, Trials). A policy that modifies is not in it. `management` admits the
calls and has the routes. They find what is so now; with Azure that can be a day old.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.policies import KEYS_OFF_AUDIT, AssignedPolicy, PolicyExemption, PolicyPart
from lab.emulator.roles import contains
from lab.emulator.surfaces.arm_pages import page
from lab.emulator.surfaces.bodies import WrongTypeError, json_object
from lab.emulator.surfaces.common import Call, Route, json_answer, route

VERSIONS: dict[str, tuple[str, ...]] = {
    "arm.listPolicyAssignments": ("2025-01-01",),
    "arm.listPolicyExemptions": ("2022-07-01-preview",),
    "arm.checkPolicyRestrictions": ("2024-10-01",),
    "arm.queryPolicyStates": ("2024-10-01",),
}
_GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
_ACCOUNT = _GROUP + r"/providers/Microsoft\.CognitiveServices/accounts/(?P<name>[^/]+)"
_AUTHORIZATION = _ACCOUNT + r"/providers/Microsoft\.Authorization"
_CHECK = _GROUP + r"/providers/Microsoft\.PolicyInsights/checkPolicyRestrictions"
_STATES = _ACCOUNT + r"/providers/Microsoft\.PolicyInsights/policyStates/latest/queryResults"
_TYPE = "microsoft.cognitiveservices/accounts"
_FIELD = "Microsoft.CognitiveServices/accounts/disableLocalAuth"

type Shown = dict[str, Any]


def routes(admit: Callable[[Call, str], None]) -> list[Route]:
    """Return the operations. `admit` raises AzureError unless the caller may perform an action on the call's target."""

    def listed(kind: str, name: str, rows: Callable[[Call], list[Shown]]) -> Route:
        def handler(call: Call) -> web.Response:
            admit(call, f"Microsoft.Authorization/{kind}/read")
            if call.query("$filter"):
                raise NotImitatedError(f"a filter of {name}")
            return json_answer(page(call, rows(call), call.world.arm_page, dict))

        return route("GET", f"{_AUTHORIZATION}/{kind}", name, handler)

    def check(call: Call) -> web.Response:
        admit(call, "Microsoft.PolicyInsights/checkPolicyRestrictions/read")
        return json_answer({"fieldRestrictions": [], "contentEvaluationResult": {"policyEvaluations": _denials(call)}})

    def states(call: Call) -> web.Response:
        admit(call, "Microsoft.PolicyInsights/policyStates/queryResults/read")
        if set(call.request.query) - {"api-version", "$skiptoken"}:
            raise NotImitatedError("a query of policy states with options")
        found = page(call, _states(call), call.world.arm_page, dict)
        next_link = found.pop("nextLink", None)
        return json_answer({"@odata.nextLink": next_link, **found})

    return [
        listed("policyAssignments", "arm.listPolicyAssignments", _assignments),
        listed("policyExemptions", "arm.listPolicyExemptions", _exemptions),
        route("POST", _CHECK, "arm.checkPolicyRestrictions", check),
        route("POST", _STATES, "arm.queryPolicyStates", states),
    ]


def _assignments(call: Call) -> list[Shown]:
    return [_assignment(one) for one in call.world.policies.of(call.world.accounts[call.target])]


def _assignment(one: AssignedPolicy) -> Shown:
    return {
        "id": one.id,
        "name": one.name,
        "type": "Microsoft.Authorization/policyAssignments",
        "properties": {
            **({"displayName": one.title} if one.title else {}),
            "policyDefinitionId": one.definition,
            "scope": one.scope,
            "notScopes": list(one.left_out),
            "enforcementMode": one.mode,
            "parameters": {"effect": {"value": one.effect}} if one.effect else {},
        },
    }


def _exemptions(call: Call) -> list[Shown]:
    return [_exemption(one) for one in call.world.policies.exemptions(call.world.accounts[call.target])]


def _exemption(one: PolicyExemption) -> Shown:
    return {
        "id": one.id,
        "name": one.name,
        "type": "Microsoft.Authorization/policyExemptions",
        "properties": {
            "policyAssignmentId": one.assignment,
            "exemptionCategory": "Waiver",
            **({"expiresOn": one.until} if one.until else {}),
            **({"policyDefinitionReferenceIds": list(one.parts)} if one.parts else {}),
        },
    }


def _denials(call: Call) -> list[Shown]:
    """Return what would be denied of the content in the body. Raises AzureError 400 for a body of another form."""
    try:
        details = json_object(call.json_object().get("resourceDetails"), "resourceDetails")
        content = json_object(details.get("resourceContent"), "resourceContent")
        properties = json_object(content.get("properties", {}), "properties")
    except (WrongTypeError, ValueError) as error:
        raise AzureError(400, "InvalidRequestContent", str(error), gateway=True) from error
    if str(content.get("type")).lower() != _TYPE or properties.get("disableLocalAuth") is True:
        return []
    resource = f"{call.target}/providers/{_TYPE}/{content.get('name', '-')}"
    known = [one for one in call.world.policies.assigned if contains(one.scope, call.target)]
    return [
        _denial(one, part, properties.get("disableLocalAuth"))
        for one in known
        for part in one.policies
        if one.acts_on(resource) and (part.definition, part.does) == (KEYS_OFF_AUDIT, "Deny")
    ]


def _states(call: Call) -> list[Shown]:
    account = call.world.accounts[call.target]
    return [
        {
            "resourceId": account.id.lower(),
            "policyAssignmentId": one.id.lower(),
            "policyDefinitionId": part.definition.lower(),
            "policyDefinitionAction": part.does.lower(),
            "policyDefinitionReferenceId": part.reference or None,
            "policySetDefinitionId": one.definition.lower() if part.reference else None,
        }
        for one in call.world.policies.of(account)
        if not any(contains(scope, account.id) for scope in one.left_out)
        for part in one.policies
    ]


def _denial(one: AssignedPolicy, part: PolicyPart, value: object) -> Shown:
    looked_at = {
        "path": "properties.disableLocalAuth",
        "expression": _FIELD,
        "expressionKind": "Field",
        "operator": "NotEquals",
        "targetValue": True,
        "result": "True",
        **({} if value is None else {"expressionValue": value}),
    }
    return {
        "policyInfo": {
            "policyAssignmentId": one.id,
            "policyDefinitionId": part.definition,
            **({"policyDefinitionReferenceId": part.reference} if part.reference else {}),
        },
        "evaluationResult": "NonCompliant",
        "effectDetails": {"policyEffect": "Deny"},
        "evaluationDetails": {"evaluatedExpressions": [looked_at]},
    }
