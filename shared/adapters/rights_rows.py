"""Rows of Azure Resource Manager about rights, as the records of `shared.readers.kinds`.

A value that has not the form of its kind is an error, or is left out where that changes no right, so that nothing else
comes through: no key that somebody pasted into a name or a condition, either. The errors are those of Python; the
adapter says in their place that the answer could not be read, without quoting it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.domain.text import plain, quotable
from shared.readers.kinds import (
    AccessPolicy,
    DenyAssignment,
    Holding,
    Permissions,
    RoleDefinition,
    RoleHeld,
    VaultRules,
)

EVERYONE = "00000000-0000-0000-0000-000000000000"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPES = frozenset(
    ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device", "AgentServicePrincipal", "AgentUser")
)
_SECRETS = frozenset(("all", "get", "list", "set", "delete", "backup", "restore", "recover", "purge"))
_VAULT = re.compile(r"/subscriptions/[\w-]+/resourceGroups/[\w.()-]+/providers/Microsoft\.KeyVault/vaults/[\w-]+", re.I)
_PATTERN = re.compile(r"\S*[/*]\S*")


def role(row: Mapping[str, Any]) -> RoleDefinition:
    """Return a role definition."""
    facts = row["properties"]
    is_custom = str(facts.get("type") or "").casefold() != "builtinrole"
    return RoleDefinition(_guid(row["name"]), _words(facts.get("roleName")), is_custom, _blocks(facts))


def held(row: Mapping[str, Any], holding: Holding = Holding.ACTIVE) -> RoleHeld:
    """Return a role assignment, or an eligible one."""
    facts = row["properties"]
    principal = (facts.get("expandedProperties") or {}).get("principal") or {}
    return RoleHeld(
        _resource(row["id"]),
        _guid(facts["principalId"]),
        _one_of(_TYPES, facts.get("principalType")),
        _guid(str(facts["roleDefinitionId"]).rpartition("/")[2]),
        _resource(facts["scope"]),
        holding,
        _words(facts.get("condition")),
        _words(principal.get("displayName")),
        _words(principal.get("email")),
    )


def denial(row: Mapping[str, Any]) -> DenyAssignment:
    """Return a deny assignment."""
    facts = row["properties"]
    named, excluded = (_guids(facts.get(name)) for name in ("principals", "excludePrincipals"))
    return DenyAssignment(
        _resource(row["id"]),
        _words(facts.get("denyAssignmentName")),
        _resource(facts["scope"]),
        facts.get("doNotApplyToChildScopes") is not True,
        EVERYONE in named,
        named - {EVERYONE},
        excluded,
        _blocks(facts),
    )


def vault(row: Mapping[str, Any]) -> VaultRules:
    """Return how a vault decides. By roles only if it says so: the member is absent from old vaults."""
    facts = row["properties"]
    return VaultRules(
        _vault_id(row["id"]),
        _words(row["name"]),
        facts.get("enableRbacAuthorization") is True,
        tuple(_policy(one) for one in facts.get("accessPolicies") or ()),
        facts.get("enabledForTemplateDeployment") is True,
    )


def place(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the address and the resource id of a vault in a row of Azure Resource Graph."""
    return host(row.get("uri")), _vault_id(row["id"])


def host(address: object) -> str:
    """Return the address of a vault in the form in which addresses are compared."""
    return str(address or "").casefold().rstrip("/")


def contains(scope: str, resource: str) -> bool:
    """Return whether a scope is a resource or lies above it, by the ids. `/` lies above everything."""
    outer, inner = scope.casefold().rstrip("/"), resource.casefold()
    return inner == outer or inner.startswith(f"{outer}/")


def _policy(entry: Mapping[str, Any]) -> AccessPolicy:
    permissions = (entry.get("permissions") or {}).get("secrets") or ()
    application = entry.get("applicationId")
    return AccessPolicy(
        _guid(entry["objectId"]),
        _guid(application) if application else "",
        frozenset(str(one).lower() for one in permissions) & _SECRETS,
    )


def _blocks(facts: Mapping[str, Any]) -> tuple[Permissions, ...]:
    return tuple(_block(one) for one in facts.get("permissions") or ())


def _block(part: Mapping[str, Any]) -> Permissions:
    names = ("actions", "notActions", "dataActions", "notDataActions")
    actions, not_actions, data_actions, not_data_actions = (_patterns(part.get(name) or ()) for name in names)
    return Permissions(actions, not_actions, data_actions, not_data_actions, _words(part.get("condition")))


def _patterns(found: Iterable[object]) -> tuple[str, ...]:
    """Each action of Azure has a slash, so what has neither slash nor wildcard matches none and is left out."""
    return tuple(text for text in map(str, found) if _PATTERN.fullmatch(text))


def _guids(found: object) -> frozenset[str]:
    return frozenset(_guid(one["id"]) for one in (found if isinstance(found, list) else ()))


def _guid(found: object) -> str:
    text = str(found).lower()
    if not _GUID.fullmatch(text):
        raise ValueError("no GUID")
    return text


def _resource(found: object) -> str:
    if not isinstance(found, str) or not found.startswith("/") or not found.isprintable():
        raise ValueError("no resource id")
    return found


def _vault_id(found: object) -> str:
    if not isinstance(found, str) or not _VAULT.fullmatch(found):
        raise ValueError("no id of a vault")
    return found


def _one_of(known: frozenset[str], found: object) -> str:
    return found if isinstance(found, str) and found in known else ""


def _words(found: object) -> str:
    return quotable(plain(found)) if isinstance(found, str) else ""
