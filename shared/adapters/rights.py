"""Who has which right around accounts and vaults, as Azure Resource Manager shows it (docs/facts.md, Reads).

What a subscription has is read once for all its accounts and used again for a minute: five lists, of one page each in
most subscriptions and of 100 at most. The vaults are looked up by one query of Azure Resource Graph for all accounts,
and each vault is read once. An account costs no call of its own.

Azure leaves out what the app may not read, and says so only if that is all. So each answer names what was not looked
at.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from shared.adapters import rights_rows as rows
from shared.adapters.azure_reads import AzureReads, parsed
from shared.adapters.read_table import IDENTITIES, ReadOperation
from shared.adapters.resource_graph import USER_ASSIGNED, identities_of
from shared.adapters.rights_table import (
    ASSIGNED_TO,
    DENY_ASSIGNMENTS,
    ELIGIBLE,
    ELIGIBLE_ABOVE,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    ROLE_DEFINITIONS_WITHOUT_CONDITIONS,
    VAULT,
    VAULTS,
    VAULTS_IN_SIGHT,
)
from shared.domain.errors import GrantRole, PersonMustLook, RotationError, TryLater
from shared.domain.model import AccountId
from shared.domain.relative import counted
from shared.readers.kinds import DenyAssignment, Holding, RightsSeen, RoleDefinition, RoleHeld, VaultRules
from shared.readiness.ports import HeldIdentity

_USED_AGAIN = 60.0  # seconds
_GROUPS = "/providers/microsoft.management/managementgroups/"
_OTHER_TENANTS = "rights of other tenants (Azure Lighthouse): they are in no list of role assignments"
_NO_VAULT = "Azure shows this identity no vault with that address"
_LET_IT_SEE = (
    "let the app read the vault in Azure Resource Manager: assign it readersReader of infra/roles.json in the vault's "
    "subscription"
)

type RightsRow = Mapping[str, Any]


@dataclass
class _Part:
    """What was seen of a subscription or a vault, together with what was not."""

    roles: dict[str, RoleDefinition] = field(default_factory=dict)
    held: dict[str, RoleHeld] = field(default_factory=dict)
    denied: list[DenyAssignment] = field(default_factory=list)
    vault: VaultRules | None = None
    looked: list[str] = field(default_factory=list)
    not_looked: list[str] = field(default_factory=list)
    problems: list[RotationError] = field(default_factory=list)
    assigned_in: set[str] = field(default_factory=set)
    defined_in: set[str] = field(default_factory=set)

    def missed(self, what: str, error: RotationError, *, is_problem: bool = True) -> None:
        """Note that something was not looked at, and why."""
        self.not_looked.append(f"{what}: {error.what}")
        self.problems += [error] if is_problem else []


class AzureRights:
    """Role assignments, role definitions, deny and eligible assignments, and how vaults decide. Reads no secret.

    reads: Sends the calls.
    now: A clock in seconds, for how long something is used again.
    own: Returns the object id of the identity that asks. None: it is not known.
    """

    def __init__(
        self,
        reads: AzureReads,
        now: Callable[[], float] = time.monotonic,
        own: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._reads, self._calls_before = reads, reads.calls
        self._now = now
        self._own = own
        self._kept: dict[str, tuple[float, object]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def calls(self) -> int:
        """How many calls were made so far, repeats of failed ones not counted. Others that this process makes at the
        same time count, too, because all share one sender."""
        return self._reads.calls - self._calls_before

    async def around(self, account: AccountId, vault_url: str) -> RightsSeen:
        """Return the rights around an account and the vault in which its key is published.

        vault_url: The vault's address. Empty if its key is published nowhere: then no vault is looked at.

        What was seen of a subscription up to a minute ago is used again. Raises nothing.
        """
        vault = await self._vault(account.subscription, vault_url) if vault_url else _Part()
        subscriptions = dict.fromkeys((account.subscription.lower(), *_subscription_of(vault.vault)))
        parts = [*(await asyncio.gather(*map(self._subscription, subscriptions))), vault]
        places = [str(account), *([vault.vault.id] if vault.vault else [])]
        return _joined(parts, places)

    async def of_principal(self, account: AccountId, principal: str) -> Sequence[RoleHeld]:
        """Return the role assignments that act on an account and reach a principal, through groups too: the service
        itself resolves them. Eligible assignments are not among them.

        principal: The object id.

        Raises a RotationError, and ValueError if `principal` is no GUID.
        """
        found = await self._reads.entries(ASSIGNED_TO, str(account), principal=principal)
        with_form = parsed(rows.held, found, ASSIGNED_TO, str(account))
        return [one for one in with_form if _above(one.scope, str(account))]

    async def in_subscription(self, subscription: str) -> RightsSeen:
        """Return the rights in a subscription, at, above and below it, without any vault. Raises nothing."""
        return _joined([await self._subscription(subscription.lower())], [f"/subscriptions/{subscription}"])

    async def own_principal(self) -> str:
        """Return the object id of the identity that asks, in lower case. Empty if that is not known. Raises nothing."""
        if self._own is None:
            return ""
        try:
            return (await self._own()).lower()
        except RotationError:
            return ""

    async def identities(self) -> Mapping[str, str]:
        """Return the resource of each managed identity that Resource Graph shows, by the object id of its principal."""
        return await self._once("identities", self._identities)

    async def _identities(self) -> Mapping[str, str]:
        thing = "Resource Graph"
        rows_of_each = parsed(_identities_in, await self._reads.rows(IDENTITIES, thing), IDENTITIES, thing)
        found = [one for row in rows_of_each for one in row]
        # The resource of a user-assigned identity comes last, because it stands for all that use it.
        ordered = sorted(found, key=lambda one: one.kind == USER_ASSIGNED)
        return {one.object_id: one.resource_id for one in ordered}

    async def _once[T](self, key: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what was read under a key in the last minute, or read it: once, also for several at the same time."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            until, found = self._kept.get(key, (0.0, None))
            if until <= self._now() or found is None:
                found = await read()
                self._kept = {name: one for name, one in self._kept.items() if one[0] > self._now()}
                self._kept[key] = self._now() + _USED_AGAIN, found
            return cast("T", found)

    # A subscription.

    async def _subscription(self, subscription: str) -> _Part:
        return await self._once(subscription, lambda: self._read_subscription(subscription))

    async def _read_subscription(self, subscription: str) -> _Part:
        part = _Part()
        await asyncio.gather(
            self._definitions(part, subscription),
            self._assignments(part, subscription),
            self._denials(part, subscription),
            self._eligible(part, subscription),
        )
        _note_unknown_roles(part, subscription)
        return part

    async def _assignments(self, part: _Part, subscription: str) -> None:
        what = f"role assignments of subscription {subscription}"
        try:
            found = await self._list(ROLE_ASSIGNMENTS, subscription, rows.held)
        except RotationError as error:
            part.missed(what, error)
            return
        part.held |= {one.id.lower(): one for one in found}
        if found:  # of a subscription without any, nothing is believed: somebody made it
            part.assigned_in.add(subscription)
        part.looked.append(f"{what}, in it and below it")
        part.not_looked.append(_levels_above(subscription, found))

    async def _definitions(self, part: _Part, subscription: str) -> None:
        what = f"role definitions of subscription {subscription}"
        try:
            found = await self._list(ROLE_DEFINITIONS, subscription, rows.role)
        except (GrantRole, TryLater) as error:
            part.missed(what, error)
            return
        except RotationError as error:
            part.not_looked.append(f"conditions in the {what}: {error.what}")
            try:
                found = await self._list(ROLE_DEFINITIONS_WITHOUT_CONDITIONS, subscription, rows.role)
            except RotationError as without:
                part.missed(what, without)
                return
        part.roles |= {one.id: one for one in found}
        if found:
            part.defined_in.add(subscription)
        part.looked.append(what)

    async def _denials(self, part: _Part, subscription: str) -> None:
        what = f"deny assignments of subscription {subscription}"
        try:
            part.denied += await self._list(DENY_ASSIGNMENTS, subscription, rows.denial)
        except RotationError as error:
            part.missed(what, error)
            return
        part.looked.append(what)

    async def _eligible(self, part: _Part, subscription: str) -> None:
        """Read the eligible assignments. Without a licence for them Azure refuses the call, which is no problem."""
        what = f"eligible assignments (Privileged Identity Management) of subscription {subscription}"
        for operation in (ELIGIBLE, ELIGIBLE_ABOVE):
            try:
                found = await self._list(operation, subscription, _as_eligible)
            except RotationError as error:
                part.missed(what, error, is_problem=not _is_without_licence(error))
                return
            part.held |= {one.id.lower(): one for one in found}
        part.looked.append(what)

    async def _list[T](self, operation: ReadOperation, subscription: str, form: Callable[[RightsRow], T]) -> list[T]:
        scope = f"/subscriptions/{subscription}"
        return parsed(form, await self._reads.entries(operation, scope), operation, scope)

    # The vault.

    async def _vault(self, subscription: str, address: str) -> _Part:
        part = _Part()
        where = rows.host(address)
        rules = await self._once(f"{subscription.lower()} {where}", lambda: self._try_vault(subscription, where))
        if isinstance(rules, RotationError):
            part.missed(f"vault {address}", rules)
            return part
        part.vault = rules
        part.looked.append(f"vault {rules.name}, which decides by {'roles' if rules.by_roles else 'access policies'}")
        return part

    async def _try_vault(self, subscription: str, where: str) -> VaultRules | RotationError:
        """Find a vault by its address, in Resource Graph or, because its rows come late, in the account's subscription.

        Returns the error if it is in neither, so that it is not looked for again with each account.
        """
        try:
            in_sight = await self._once("vaults", self._vaults_in_sight)
            if where in in_sight:
                return await self._once(in_sight[where], lambda: self._read_vault(in_sight[where]))
            unseen: RotationError = PersonMustLook(where, f"{_NO_VAULT}.", _LET_IT_SEE)
        except RotationError as error:
            unseen = error
        try:
            return await self._listed_vault(subscription, where) or unseen
        except RotationError as error:
            return error

    async def _read_vault(self, vault: str) -> VaultRules:
        return parsed(rows.vault, [await self._reads.entry(VAULT, vault)], VAULT, vault)[0]

    async def _listed_vault(self, subscription: str, where: str) -> VaultRules | None:
        scope = f"/subscriptions/{subscription}"
        listed = await self._reads.entries(VAULTS, scope)
        hosts = parsed(_host_of, listed, VAULTS, scope)
        mine = [one for one, host in zip(listed, hosts, strict=True) if host == where]
        return parsed(rows.vault, mine[:1], VAULTS, scope)[0] if mine else None

    async def _vaults_in_sight(self) -> Mapping[str, str]:
        found = await self._reads.rows(VAULTS_IN_SIGHT, "Resource Graph")
        return dict(parsed(rows.place, found, VAULTS_IN_SIGHT, "Resource Graph"))


def _host_of(row: RightsRow) -> str:
    return rows.host((row.get("properties") or {}).get("vaultUri"))


def _identities_in(row: RightsRow) -> list[HeldIdentity]:
    return list(identities_of(row))


def _as_eligible(row: RightsRow) -> RoleHeld:
    return rows.held(row, Holding.ELIGIBLE)


def _joined(parts: Sequence[_Part], places: Sequence[str]) -> RightsSeen:
    """Return the parts as one, with the deny assignments that stand at one of the places or above it."""
    denied = {one.id.lower(): one for part in parts for one in part.denied}
    held = {name: one for part in parts for name, one in part.held.items()}
    return RightsSeen(
        {name: one for part in parts for name, one in part.roles.items()},
        tuple(held.values()),
        tuple(one for one in denied.values() if any(_above(one.scope, place) for place in places)),
        next((part.vault for part in parts if part.vault), None),
        tuple(one for part in parts for one in part.looked),
        (*(one for part in parts for one in part.not_looked), _OTHER_TENANTS),
        tuple(one for part in parts for one in part.problems),
        frozenset(one for part in parts for one in part.assigned_in),
        frozenset(one for part in parts for one in part.defined_in),
    )


def _above(scope: str, resource: str) -> bool:
    """Return whether a scope is a resource or lies above it. A management group that Azure lists with a subscription
    lies above that subscription."""
    return scope.casefold().startswith(_GROUPS) or rows.contains(scope, resource)


def _levels_above(subscription: str, found: Iterable[RoleHeld]) -> str:
    """Say what is not known of the levels above a subscription: Azure shows less where less may be read."""
    scopes = {one.scope for one in found if one.scope.casefold().startswith(_GROUPS) or one.scope == "/"}
    names = sorted(scope.rpartition("/")[2] or "the root" for scope in scopes)
    seen = f"of these it shows some of {', '.join(names)}" if names else "it shows none"
    return f"levels above subscription {subscription}: Azure shows only what the app may read there, and {seen}"


def _note_unknown_roles(part: _Part, subscription: str) -> None:
    """Note roles that somebody has and whose definition Azure does not list: what they allow is not known."""
    unknown = sorted({one.role for one in part.held.values()} - part.roles.keys())
    if unknown and part.roles:
        what = f"{counted(len(unknown), 'role', 'roles')} in use in subscription {subscription}"
        part.not_looked.append(f"{what}, because Azure does not list the definition: {', '.join(unknown)}")


def _is_without_licence(error: RotationError) -> bool:
    """Return whether Azure refused a call although no right is missing. The code for that is not documented."""
    refused = error.refusal is not None and error.refusal.status < HTTPStatus.INTERNAL_SERVER_ERROR
    return refused and not isinstance(error, GrantRole | TryLater)


def _subscription_of(vault: VaultRules | None) -> tuple[str, ...]:
    return (vault.id.split("/")[2].lower(),) if vault else ()
