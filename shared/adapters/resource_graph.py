"""Azure Resource Graph: the accounts in sight, and who could call one of them by identity (docs/facts.md, Reads)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.adapters.azure_reads import AzureReads, parsed
from shared.adapters.openai_accounts import listed
from shared.adapters.read_table import ACCOUNTS_IN_SIGHT, IDENTITIES, ROLES_ON_ACCOUNT
from shared.domain.account_kinds import serves_openai
from shared.domain.model import AccountId
from shared.ports import Account
from shared.readiness.ports import HeldIdentity, HeldRole, IdentitiesSeen

_THING = "Resource Graph"
USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"
_ANY_GROUP = "/providers/microsoft.management/managementgroups/"


class ResourceGraph:
    """What the rows of Resource Graph show.

    reads: Sends the queries.
    """

    def __init__(self, reads: AzureReads) -> None:
        self._reads = reads

    async def accounts(self, groups: Sequence[str]) -> Sequence[Account]:
        """Return the accounts that serve Azure OpenAI in these management groups; without any, all that are shown."""
        rows = await self._reads.rows(ACCOUNTS_IN_SIGHT, _THING, groups=groups)
        mine = [row for row in rows if serves_openai(str(row.get("kind") or ""))]
        return parsed(lambda row: listed(_as_entry(row)), mine, ACCOUNTS_IN_SIGHT, _THING)

    async def around(self, account: AccountId) -> IdentitiesSeen:
        """Return the identities in sight, and the roles on an account and above it."""
        name = str(account)
        roles = await self._reads.rows(ROLES_ON_ACCOUNT, name, account=name, subscriptions=(account.subscription,))
        rows = await self._reads.rows(IDENTITIES, name)
        held = parsed(lambda row: tuple(identities_of(row)), rows, IDENTITIES, name)
        on_it = [one for one in parsed(_role, roles, ROLES_ON_ACCOUNT, name) if _acts_on(one.scope, name)]
        return IdentitiesSeen(tuple(one for row in held for one in row), tuple(on_it))


def _as_entry(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as a listing of Azure Resource Manager would show it."""
    action = row.get("rules")
    properties = {
        "disableLocalAuth": row.get("keysOff"),
        "customSubDomainName": row.get("subdomain"),
        "provisioningState": row.get("state"),
        "publicNetworkAccess": row.get("access"),
        "networkAcls": {"defaultAction": action} if action else None,
    }
    return {"id": row.get("id"), "kind": row.get("kind"), "tags": row.get("tags"), "properties": properties}


def identities_of(row: Mapping[str, Any]) -> Iterator[HeldIdentity]:
    """Yield the managed identities of a row: that of a resource, those it uses, or the identity that it is."""
    resource, kind = str(row["id"]), str(row.get("type") or "").lower()
    if row.get("principalId"):
        yield HeldIdentity(resource, kind, str(row["principalId"]).lower(), str(row.get("clientId") or ""))
    identity = row.get("identity") or {}
    if identity.get("principalId"):
        yield HeldIdentity(resource, kind, str(identity["principalId"]).lower())
    for one in (identity.get("userAssignedIdentities") or {}).values():
        if one and one.get("principalId"):
            yield HeldIdentity(resource, kind, str(one["principalId"]).lower(), str(one.get("clientId") or ""))


def _role(row: Mapping[str, Any]) -> HeldRole:
    # The spelling of the path differs between services, so only the last part counts.
    role = str(row["roleDefinitionId"]).rpartition("/")[2].lower()
    return HeldRole(str(row["principalId"]).lower(), str(row.get("principalType") or ""), role, str(row["scope"]))


def _acts_on(scope: str, account: str) -> bool:
    """Return whether an assignment on that scope acts on the account. The query compares without regard to slashes.

    A management group that the query shows lies above the account's subscription: only that subscription was asked.
    """
    outer, inner = scope.lower().rstrip("/"), account.lower()
    return outer.startswith(_ANY_GROUP) or inner == outer or inner.startswith(f"{outer}/")
