"""The applications around one account, as far as they can be seen: who has an identity, a role, and made calls with it.

What cannot be seen is not guessed at: an app in another tenant, outside Azure, or that this app's identity may not read
is in no list here. Nobody is asked for the settings of an app, which hold keys.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.model import AccountId
from shared.domain.usage import MOST_CALLERS, Usage
from shared.readiness.ports import HeldIdentity, HeldRole, IdentitiesSeen

NOT_SEEN = (
    "Only what this app's identity may read is listed, as Azure Resource Graph shows it, whose rows come late. Other "
    "apps cannot be seen: outside Azure, in another tenant, or where it has no right to read."
)
ROLE = "Cognitive Services OpenAI User"
# The built-in roles that may call a model (docs/facts.md, Reads), by the id of their definition, the narrowest first.
CALLING_ROLES: Mapping[str, str] = {
    "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": ROLE,
    "a001fd3d-188f-4b5d-821b-7da978bf7442": "Cognitive Services OpenAI Contributor",
    "a97b65f3-24c7-4388-baec-2e87135dc908": "Cognitive Services User",
    "64702f94-c441-49e6-a78b-ef80e0188fee": "Azure AI Developer",
    "53ca6127-db72-4b80-b1b0-d745d6d5456d": "Foundry User",
    "eadc314b-1a2d-4efa-be10-5d325db5065e": "Foundry Project Manager",
    "c883944f-8b7b-4483-af10-35834be79c4a": "Foundry Owner",
}
_KINDS = {
    "microsoft.web/sites": "App Service or Functions app",
    "microsoft.web/sites/slots": "slot of an App Service or Functions app",
    "microsoft.app/containerapps": "Container App",
    "microsoft.app/jobs": "Container Apps job",
    "microsoft.managedidentity/userassignedidentities": "user-assigned identity",
}
_NEIGHBOURS = frozenset(_KINDS)  # listed also just because they lie in the account's resource group
_USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"


@dataclass(frozen=True)
class App:
    """One application with a managed identity.

    name: Its name.
    kind: What it is, in words; Azure's type in lower case if no words are known.
    resource_id: Its resource id.
    client_id: The client id of the identity. Empty if Azure does not show it, as for one that Azure made for the app.
    object_id: The object id of the identity's principal, in lower case.
    role: The built-in role by which it may call the account. Empty without one; other roles are not known.
    last_identity_call: When the identity last called, in UTC. None if no call is known. Other apps may share it.
    next_step: What to do about it, without a period at the end.
    """

    name: str
    kind: str
    resource_id: str
    client_id: str
    object_id: str
    role: str
    last_identity_call: datetime | None
    next_step: str


@dataclass(frozen=True)
class RoleWithoutApp:
    """A role that may call the account, held by somebody whose resource is not in sight: a person, a group, an app.

    object_id: The object id of who holds it, in lower case.
    principal_type: What that is, as Azure says it: `User`, `Group`, `ServicePrincipal`. Empty if it does not say.
    role: The role.
    scope: Where it is assigned, in lower case.
    last_identity_call: When it last called, in UTC. None if no call is known; those of a group's members are theirs.
    """

    object_id: str
    principal_type: str
    role: str
    scope: str
    last_identity_call: datetime | None


@dataclass(frozen=True)
class CallerWithoutApp:
    """Somebody who called by identity and of whom neither a resource nor a role is in sight.

    object_id: The object id, in lower case.
    calls: How many calls.
    last_at: When the last one was made, in UTC.
    """

    object_id: str
    calls: int
    last_at: datetime


@dataclass(frozen=True)
class AppsAround:
    """The applications around one account.

    apps: Those with an identity that has a role, made calls, or lies in the account's resource group; by name.
    roles: The roles that are held by somebody else.
    callers: The callers by identity that nothing explains.
    """

    apps: tuple[App, ...] = ()
    roles: tuple[RoleWithoutApp, ...] = ()
    callers: tuple[CallerWithoutApp, ...] = ()


def apps_around(account: AccountId, seen: IdentitiesSeen, usage: Usage | None) -> AppsAround:
    """Return the applications around an account.

    seen: The identities and roles in sight.
    usage: How the account was called. None if that is not known.
    """
    roles = _best_roles(seen.roles)
    calls = {one.object_id.lower(): one for one in usage.identities} if usage is not None else {}
    held = [one for one in _used(seen.held) if _concerns(account, one, {*roles, *calls})]
    last = {object_id: one.last_at for object_id, one in calls.items()}
    times = Counter(one.object_id for one in held)
    apps = [
        _app(account, one, roles.get(one.object_id), last, _unknown(usage), shared=times[one.object_id] > 1)
        for one in held
    ]
    explained = {one.object_id for one in held}
    return AppsAround(
        tuple(sorted(apps, key=lambda app: (app.name.casefold(), app.resource_id, app.object_id))),
        tuple(_without_app(one, last) for who, one in roles.items() if who not in explained),
        tuple(
            CallerWithoutApp(who, one.calls, one.last_at)
            for who, one in calls.items()
            if who not in explained and who not in roles
        ),
    )


def _best_roles(roles: Sequence[HeldRole]) -> dict[str, HeldRole]:
    """Return the narrowest role of each principal that may call a model."""
    order = list(CALLING_ROLES)
    calling = [one for one in roles if one.role in CALLING_ROLES]
    return {one.object_id: one for one in sorted(calling, key=lambda one: order.index(one.role), reverse=True)}


def _used(held: Sequence[HeldIdentity]) -> list[HeldIdentity]:
    """Return the identities without those user-assigned ones that a resource in sight uses: that one is the app."""
    used = {one.object_id for one in held if one.kind != _USER_ASSIGNED}
    return [one for one in held if one.kind != _USER_ASSIGNED or one.object_id not in used]


def _concerns(account: AccountId, one: HeldIdentity, known: set[str]) -> bool:
    """Return whether an identity has to do with the account: by role or calls, or because it lies beside it."""
    beside = f"/subscriptions/{account.subscription}/resourceGroups/{account.group}/".lower()
    return one.object_id in known or (one.kind in _NEIGHBOURS and one.resource_id.lower().startswith(beside))


def _unknown(usage: Usage | None) -> str:
    """Return why an identity that is not among the callers may have called all the same. Empty if it has not."""
    if usage is None:
        return "no log of its calls could be read"
    return f"only the {MOST_CALLERS} that call most are known" if len(usage.identities) >= MOST_CALLERS else ""


def _app(
    account: AccountId,
    one: HeldIdentity,
    role: HeldRole | None,
    last: Mapping[str, datetime],
    unknown: str,
    *,
    shared: bool,
) -> App:
    last_call = last.get(one.object_id)
    by_another = shared and last_call is not None
    named = CALLING_ROLES[role.role] if role else ""
    return App(
        one.resource_id.rpartition("/")[2],
        _KINDS.get(one.kind, one.kind),
        one.resource_id,
        one.client_id,
        one.object_id,
        named,
        last_call,
        _OF_SEVERAL
        if by_another
        else _next_step(account, one, has_role=role is not None, called=last_call is not None, unknown=unknown),
    )


_OF_SEVERAL = (
    "its identity calls, but other apps have it as well: see that this app calls by it, and take its key away then"
)


def _next_step(account: AccountId, one: HeldIdentity, *, has_role: bool, called: bool, unknown: str) -> str:
    if called:
        return "it calls by its identity: take the key away from its settings"
    if not has_role:
        return f"if it uses the account, assign it the role: {assigning(account, one.object_id)}"
    if unknown:
        return f"it has the role; whether it calls by its identity is not known, because {unknown}"
    client = f", with AZURE_CLIENT_ID={one.client_id}" if one.client_id else ""
    return f"it has the role, and no call by its identity was seen: switch its code over to the identity{client}"


def assigning(account: AccountId, object_id: str) -> str:
    """Return the command that lets an identity call an account, quoted for a shell.

    object_id: The object id of the identity's principal.
    """
    who = ("--assignee-object-id", object_id, "--assignee-principal-type", "ServicePrincipal")
    return shlex.join(("az", "role", "assignment", "create", *who, "--role", ROLE, "--scope", str(account)))


def _without_app(one: HeldRole, last: Mapping[str, datetime]) -> RoleWithoutApp:
    return RoleWithoutApp(
        one.object_id, one.principal_type, CALLING_ROLES[one.role], one.scope, last.get(one.object_id)
    )
