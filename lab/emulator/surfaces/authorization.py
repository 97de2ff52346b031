"""Role assignments, role definitions, deny assignments and eligible assignments, as Azure Resource Manager lists them
at a scope, and vaults with the rules by which they decide who reads secrets (docs/facts.md, Reads).

Only what stands where the caller may read is listed, and nothing says that something is missing: without a right above
a subscription, what is assigned there is not in the answer. `management` admits the calls and has the routes.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from lab.emulator.directory import Identity, Role
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.resources import assignment_id
from lab.emulator.roles import EVERYONE, Block, Denial, Eligible, contains
from lab.emulator.surfaces.arm_pages import page
from lab.emulator.surfaces.common import Call, Route, json_answer, route
from lab.emulator.vaults import Vault
from lab.emulator.world import World

_WITHOUT_CONDITIONS, _WITH_CONDITIONS = "2022-04-01", "2022-05-01-preview"
VERSIONS: dict[str, tuple[str, ...]] = {
    "arm.listRoleAssignments": ("2022-04-01",),
    "arm.listRoleDefinitions": (_WITHOUT_CONDITIONS, _WITH_CONDITIONS),
    "arm.listDenyAssignments": ("2022-04-01",),
    "arm.listEligible": ("2020-10-01",),
    "arm.listVaults": ("2026-02-01",),
    "arm.getVault": ("2026-02-01",),
}
_SCOPE = r"(?P<scope>/subscriptions/(?P<subscription>[^/]+)(?:/.+)?)/providers/Microsoft\.Authorization"
_VAULTS = r"/subscriptions/(?P<subscription>[^/]+)/providers/Microsoft\.KeyVault/vaults"
_VAULT = (
    r"(?P<scope>/subscriptions/(?P<subscription>[^/]+)/resourceGroups/[^/]+/providers/Microsoft\.KeyVault/vaults/[^/]+)"
)
_ASSIGNED_TO = re.compile(r"assignedTo\('(?P<who>[^']+)'\)")
_AT_SCOPE, _AND_BELOW = "atScope()", "atScopeAndBelow()"
_PROVIDER = "Microsoft.Authorization"

type Shown = dict[str, Any]


def routes(admit: Callable[[Call, str], None]) -> list[Route]:
    """Return the operations. `admit` raises AzureError unless the caller may perform an action on the call's target."""

    def listed(path: str, name: str, action: str, rows: Callable[[Call], list[Shown]]) -> Route:
        def handler(call: Call) -> web.Response:
            admit(call, action)
            return json_answer(page(call, rows(call), call.world.arm_page, dict))

        return route("GET", path, name, handler)

    def one_vault(call: Call) -> web.Response:
        admit(call, "Microsoft.KeyVault/vaults/read")
        return json_answer(_get_vault(call))

    return [
        listed(f"{_SCOPE}/roleAssignments", "arm.listRoleAssignments", _read("roleAssignments"), _assignments),
        listed(f"{_SCOPE}/roleDefinitions", "arm.listRoleDefinitions", _read("roleDefinitions"), _definitions),
        listed(f"{_SCOPE}/denyAssignments", "arm.listDenyAssignments", _read("denyAssignments"), _denials),
        listed(
            f"{_SCOPE}/roleEligibilityScheduleInstances",
            "arm.listEligible",
            _read("roleEligibilityScheduleInstances"),
            _eligible,
        ),
        listed(_VAULTS, "arm.listVaults", "Microsoft.KeyVault/vaults/read", _list_vaults),
        route("GET", _VAULT, "arm.getVault", one_vault),
    ]


def _read(kind: str) -> str:
    return f"{_PROVIDER}/{kind}/read"


@dataclass(frozen=True)
class _Look:
    """What a list is about.

    world: The world.
    caller: Who asks.
    scope: The resource id that is asked about.
    at_and_above: Whether nothing below the scope is wanted.
    holders: The names of those whose assignments are wanted: an identity and its groups. None for everybody's.
    readable: Whether the caller may read what is assigned on a scope, for the scopes that were asked about already.
    """

    world: World
    caller: Identity
    scope: str
    at_and_above: bool
    holders: frozenset[str] | None
    readable: dict[str, bool] = field(default_factory=dict)

    def shows(self, kind: str, scope: str, holder: str = "") -> bool:
        """Return whether something of that kind, assigned on a scope to a holder, is in the answer."""
        directory = self.world.directory
        wanted = directory.contains(scope, self.scope) or (not self.at_and_above and contains(self.scope, scope))
        mine = self.holders is None or holder in self.holders
        if wanted and mine and scope not in self.readable:
            self.readable[scope] = directory.allows(self.caller, _read(kind), scope)
        return wanted and mine and self.readable[scope]


def _look(call: Call) -> _Look:
    """Raises NotImitatedError for a filter that is not imitated."""
    asked, caller = call.query("$filter"), call.caller
    found = _ASSIGNED_TO.fullmatch(asked)
    if caller is None or (asked not in ("", _AT_SCOPE) and not found):
        raise NotImitatedError(f"the filter {asked} of {call.operation}")
    holders = _holders(call.world, found["who"]) if found else None
    return _Look(call.world, caller, call.target, asked == _AT_SCOPE, holders)


def _holders(world: World, object_id: str) -> frozenset[str]:
    directory = world.directory
    found = [one for one in directory.identities.values() if one.object_id.lower() == object_id.lower()]
    return frozenset(each.name for one in found for each in directory.all_of(one))


def _assignments(call: Call) -> list[Shown]:
    look = _look(call)
    return [
        _assignment(look.world, holder, role, scope)
        for holder in look.world.directory.identities.values()
        for role, scope in (*holder.assignments, *holder.on_their_way)
        if look.shows("roleAssignments", scope, holder.name)
    ]


def _assignment(world: World, holder: Identity, role: str, scope: str) -> Shown:
    condition = world.directory.conditions.get((holder.name, role, scope))
    facts: Shown = {"principalId": holder.object_id, "roleDefinitionId": _definition_id(world, role, scope)}
    facts |= {"scope": scope} | ({"principalType": holder.kind} if holder.kind else {})
    facts |= {"condition": condition, "conditionVersion": "2.0"} if condition else {}
    return _thing(assignment_id(holder.object_id, role, scope), "roleAssignments", facts)


def _definition_id(world: World, role: str, scope: str) -> str:
    """Return the id of a role definition. The path before the last part differs from list to list."""
    parts = scope.split("/")
    prefix = f"/subscriptions/{parts[2]}" if scope.lower().startswith("/subscriptions/") else ""
    return f"{prefix}/providers/{_PROVIDER}/roleDefinitions/{world.roles[role].id}"


def _definitions(call: Call) -> list[Shown]:
    asked = call.query("$filter")
    if asked not in ("", _AND_BELOW):
        raise NotImitatedError(f"the filter {asked} of role definitions")
    shown = [one for one in call.world.roles.values() if _is_assignable(call, one, below=asked == _AND_BELOW)]
    conditions = call.query("api-version") == _WITH_CONDITIONS
    return [_definition(call, one, conditions=conditions) for one in shown]


def _is_assignable(call: Call, role: Role, *, below: bool) -> bool:
    directory, scope = call.world.directory, call.target
    here = any(directory.contains(one, scope) for one in role.assignable)
    return here or (below and any(contains(scope, one) for one in role.assignable))


def _definition(call: Call, role: Role, *, conditions: bool) -> Shown:
    facts = {
        "roleName": role.name,
        "type": "CustomRole" if role.is_custom else "BuiltInRole",
        "assignableScopes": list(role.assignable),
        "permissions": [_block(one, conditions=conditions) for one in role.blocks],
    }
    subscription = f"/subscriptions/{call.parts['subscription']}"
    return _thing(f"{subscription}/providers/{_PROVIDER}/roleDefinitions/{role.id}", "roleDefinitions", facts)


def _block(one: Block, *, conditions: bool) -> Shown:
    shown: Shown = {
        "actions": list(one.actions),
        "notActions": list(one.not_actions),
        "dataActions": list(one.data_actions),
        "notDataActions": list(one.not_data_actions),
    }
    return shown | ({"condition": one.condition, "conditionVersion": "2.0"} if conditions and one.condition else {})


def _denials(call: Call) -> list[Shown]:
    look = _look(call)
    if look.holders is not None:
        raise NotImitatedError("deny assignments of a principal")
    shown = [one for one in look.world.directory.denials if look.shows("denyAssignments", one.scope)]
    return [_denial(look.world, one) for one in shown]


def _denial(world: World, one: Denial) -> Shown:
    facts = {
        "denyAssignmentName": one.name,
        "permissions": [_block(each, conditions=False) for each in one.blocks],
        "scope": one.scope,
        "doNotApplyToChildScopes": not one.for_children,
        "principals": list(_principals(world, one.principals)),
        "excludePrincipals": list(_principals(world, one.excluded)),
        "isSystemProtected": one.by_azure,
    }  # the effect is not shown: this api-version has no member for it
    return _thing(one.id, "denyAssignments", facts)


def _principals(world: World, names: Iterable[str]) -> Iterator[Shown]:
    for name in names:
        who = world.directory.identities.get(name)
        if who is not None:
            yield {"id": who.object_id, "type": who.kind}
        elif name == EVERYONE:
            yield {"id": EVERYONE, "type": "SystemDefined", "displayName": "All Principals"}


def _eligible(call: Call) -> list[Shown]:
    look = _look(call)
    if not look.world.directory.has_pim:  # that it is a 400 is known; code and text are assumed
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise AzureError(400, "AadPremiumLicenseRequired", message)
    kind = "roleEligibilityScheduleInstances"
    shown = [one for one in look.world.directory.eligible if look.shows(kind, one.scope, one.holder)]
    return [_instance(look, one) for one in shown]


def _instance(look: _Look, one: Eligible) -> Shown:
    holder, role = look.world.directory.identities[one.holder], look.world.roles[one.role]
    definition = _definition_id(look.world, one.role, one.scope)
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"eligible {one.holder} {one.role} {one.scope}")
    principal = {"id": holder.object_id, "displayName": holder.name, "type": holder.kind}
    kind = "CustomRole" if role.is_custom else "BuiltInRole"
    facts: Shown = {
        "principalId": holder.object_id,
        "principalType": holder.kind,
        "roleDefinitionId": definition,
        "scope": one.scope,
        "status": "Provisioned",
        "memberType": "Direct" if contains(look.scope, one.scope) else "Inherited",
        "expandedProperties": {
            "principal": principal | ({"email": holder.mail} if holder.mail else {}),
            "roleDefinition": {"id": definition, "displayName": role.name, "type": kind},
            "scope": {"id": one.scope, "displayName": one.scope.rpartition("/")[2]},
        },
    }
    facts |= {"condition": one.condition, "conditionVersion": "2.0"} if one.condition else {}
    kind = "roleEligibilityScheduleInstances"
    return _thing(f"{one.scope.rstrip('/')}/providers/{_PROVIDER}/{kind}/{name}", kind, facts)


def _thing(id: str, kind: str, facts: Shown) -> Shown:
    return {"id": id, "name": id.rpartition("/")[2], "type": f"{_PROVIDER}/{kind}", "properties": facts}


def _list_vaults(call: Call) -> list[Shown]:
    mine = [one for one in call.world.vaults.values() if one.subscription.lower() == call.parts["subscription"].lower()]
    return [_vault(call.world, one) for one in mine if may_read_vault(call.world, call.caller, one)]


def may_read_vault(world: World, caller: Identity | None, vault: Vault) -> bool:
    """Return whether a caller may see a vault in Azure Resource Manager, which shows no secret."""
    return caller is not None and world.directory.allows(caller, "Microsoft.KeyVault/vaults/read", vault.id)


def _get_vault(call: Call) -> Shown:
    found = next((one for one in call.world.vaults.values() if one.id.lower() == call.target.lower()), None)
    if found is None:
        what = f"The Resource 'Microsoft.KeyVault/vaults/{call.target.rpartition('/')[2]}' was not found."
        raise AzureError(404, "ResourceNotFound", what, gateway=True)
    return _vault(call.world, found)


def _vault(world: World, one: Vault) -> Shown:
    tenant = world.directory.tenant
    plain = [(who, "", may) for who, may in (one.policies or {}).items()]
    compound = [(who, application, may) for (who, application), may in one.compound.items()]
    facts = {
        "tenantId": tenant,
        "accessPolicies": [_policy(tenant, *each) for each in (*plain, *compound)],
        "enabledForTemplateDeployment": one.for_deployments,
        "enableSoftDelete": True,
        "vaultUri": f"{one.url}/",
        "provisioningState": "Succeeded",
    }
    facts |= {"enableRbacAuthorization": True} if one.policies is None else {}  # absent from old vaults
    named = {"id": one.id, "name": one.name, "type": "Microsoft.KeyVault/vaults", "location": one.location}
    return named | {"tags": one.tags, "properties": facts}


def _policy(tenant: str, who: str, application: str, may: set[str]) -> Shown:
    shown: Shown = {"tenantId": tenant, "objectId": who, "permissions": {"keys": ["list"], "secrets": sorted(may)}}
    return shown | ({"applicationId": application} if application else {})
