"""Who may do what: identities, role definitions, role assignments, and access tokens.

Role definitions have the shape of Azure's own JSON (blocks of actions, notActions, dataActions, notDataActions, with
wildcards: see `roles`), so that the role file that the app is deployed with can be loaded and tested. Tokens are signed
by this directory and name their audience; their lifetime follows the machine's clock (see `clock`).
"""

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from lab.emulator.roles import Block, Denial, Eligible, condition_met, contains
from lab.emulator.tokens import Signer

TENANT = "72f988bf-0000-4000-8000-00000000e001"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups/"


@dataclass(frozen=True)
class Role:
    """One role definition. Its first permission block has fields of its own here, because most roles have one block.

    name: The role name, by which it is assigned.
    actions: Patterns of the control plane actions that the first block allows.
    not_actions: Patterns of the control plane actions that it does not allow.
    data_actions: Patterns of the data plane actions that it allows.
    not_data_actions: Patterns of the data plane actions that it does not allow.
    definition: The GUID that Azure gives the role. Empty if it is not known.
    condition: The condition on the first block. Empty if it has none.
    more: The further blocks.
    custom: Whether somebody made it. None: it is Azure's if `definition` is known.
    assignable: The scopes on which and below which it can be assigned.
    """

    name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    definition: str = ""
    condition: str = ""
    more: tuple[Block, ...] = ()
    custom: bool | None = None
    assignable: tuple[str, ...] = ("/",)

    @property
    def id(self) -> str:
        """The GUID of the role definition: Azure's own for a built-in role, else one that follows from the name."""
        return self.definition or str(uuid.uuid5(uuid.NAMESPACE_URL, self.name))

    @property
    def is_custom(self) -> bool:
        """Whether somebody made it, and not Azure."""
        return not self.definition if self.custom is None else self.custom

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All permission blocks."""
        first = Block(self.actions, self.not_actions, self.data_actions, self.not_data_actions, self.condition)
        return first, *self.more

    @classmethod
    def from_definition(cls, body: Mapping[str, Any]) -> Self:
        """Return the role that a JSON role definition of Azure describes, with or without the `properties` level."""
        facts = body.get("properties", body)
        first, *more = [Block.of(part) for part in facts.get("permissions", [])] or [Block()]
        patterns = (first.actions, first.not_actions, first.data_actions, first.not_data_actions)
        known = str(body.get("name", ""))
        definition = known if _GUID.fullmatch(known) else ""
        kinds = {"CustomRole": True, "BuiltInRole": False}
        custom = kinds.get(str(facts.get("roleType") or facts.get("type")))
        assignable = tuple(facts.get("assignableScopes") or ("/",))
        name = facts.get("roleName") or body["name"]
        return cls(name, *patterns, definition, first.condition, tuple(more), custom, assignable)

    def allows(self, action: str, *, data: bool) -> bool:
        """Return whether the role allows an action, whatever its conditions; `data` selects the data plane actions."""
        return any(one.allows(action, data=data) for one in self.blocks)


@dataclass
class Identity:
    """A principal: a service principal or managed identity, a user, or a group. Without assignments it may do nothing.

    name: The name by which tests refer to it. Privileged Identity Management shows it as the display name.
    client_id: The application (client) id.
    object_id: The object id of the principal.
    assignments: Pairs of a role name and the scope (a resource id, or `/`) on which the role is assigned.
    on_their_way: Assignments that were made and do not act yet. A new assignment needs minutes (docs/facts.md, Tokens).
    kind: What Azure calls it: `ServicePrincipal`, `User`, `Group`. Empty as for one that no longer exists.
    mail: The address of a user.
    members: The names of the members of a group, which may be groups.
    tenant: The tenant that signs it in. Empty: the directory's own.
    """

    name: str
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    assignments: list[tuple[str, str]] = field(default_factory=list)
    on_their_way: list[tuple[str, str]] = field(default_factory=list)
    kind: str = "ServicePrincipal"
    mail: str = ""
    members: tuple[str, ...] = ()
    tenant: str = ""


EVERYTHING = Role("Everything that is imitated", actions=("*",), data_actions=("*",))


class Directory:
    """Identities, role definitions and tokens of one tenant.

    tenant: The tenant id.
    roles: The role definitions by name.
    identities: The identities by name.
    groups: The management groups: the ids in lower case of the subscriptions in each, by its name in lower case.
    conditions: The conditions of assignments, by holder, role and scope.
    eligible: The eligible assignments.
    denials: The deny assignments.
    has_pim: Whether the tenant has a licence for Privileged Identity Management.
    token_seconds: The lifetime of new tokens in seconds. Default 24 hours.
    must_choose: Whether the app has several identities and none of its own, so that it must name one. Default False.
    """

    def __init__(self) -> None:
        self.tenant = TENANT
        self.groups: dict[str, frozenset[str]] = {}
        self.conditions: dict[tuple[str, str, str], str] = {}
        self.eligible: list[Eligible] = []
        self.denials: list[Denial] = []
        self.has_pim = True
        self.roles: dict[str, Role] = {}
        self.identities: dict[str, Identity] = {}
        self.token_seconds = 24 * 3600
        self.must_choose = False
        self._signer = Signer()
        self._not_before = 0.0

    def define(self, *roles: Role) -> None:
        """Add role definitions, or replace those of the same name."""
        self.roles.update({role.name: role for role in roles})

    def add(self, identity: Identity, *roles: str, scope: str = "/") -> Identity:
        """Add an identity, assign it the named roles on `scope`, and return it.

        Raises KeyError if a role is not defined.
        """
        self.identities[identity.name] = identity
        for role in roles:
            self.assign(identity.name, role, scope)
        return identity

    def assign(self, identity: str, role: str, scope: str = "/", *, late: bool = False, condition: str = "") -> None:
        """Assign a role to an identity on a scope. Raises KeyError if the role or the identity does not exist.

        late: The assignment does not act before `arrive`.
        condition: The condition on the assignment. Empty for none.
        """
        if role not in self.roles:
            raise KeyError(f"no role definition named {role!r}; define the role first")
        one = self.identities[identity]
        (one.on_their_way if late else one.assignments).append((role, scope))
        self.conditions[identity, role, scope] = condition

    def make_eligible(self, identity: str, role: str, scope: str = "/", *, condition: str = "") -> None:
        """Let an identity make a role on a scope active. Raises KeyError if the role or the identity does not exist."""
        self.eligible.append(Eligible(self.identities[identity].name, self.roles[role].name, scope, condition))

    def deny(self, denial: Denial) -> Denial:
        """Add a deny assignment and return it."""
        self.denials.append(denial)
        return denial

    def all_of(self, identity: Identity) -> list[Identity]:
        """Return an identity and all groups that it belongs to, also through other groups."""
        found = [identity]
        for one in found:  # grows
            found += [group for group in self.identities.values() if one.name in group.members and group not in found]
        return found

    def group(self, name: str, *subscriptions: str) -> str:
        """Put subscriptions into a management group, in place of those that are in it, and return its resource id.

        A role that is assigned on the group acts in them. The subscriptions of groups within it must be named, too.
        """
        self.groups[name.lower()] = frozenset(one.lower() for one in subscriptions)
        return f"{MANAGEMENT_GROUPS}{name}"

    def contains(self, scope: str, resource: str) -> bool:
        """Return whether a resource id is a scope, or lies below it. A management group contains its subscriptions."""
        if scope.lower().startswith(MANAGEMENT_GROUPS.lower()):
            below = self.groups.get(scope.rstrip("/").rpartition("/")[2].lower(), frozenset())
            return contains(scope, resource) or any(contains(f"/subscriptions/{one}", resource) for one in below)
        return contains(scope, resource)

    def arrive(self, identity: str, role: str | None = None, scope: str | None = None) -> int:
        """Let assignments that are on their way act from now on, and return how many these were.

        Without `role` and `scope` all of them, otherwise those that match. Raises KeyError if the identity does not
        exist.
        """
        one = self.identities[identity]
        arrived = [pair for pair in one.on_their_way if role in (None, pair[0]) and scope in (None, pair[1])]
        one.on_their_way = [pair for pair in one.on_their_way if pair not in arrived]
        one.assignments.extend(arrived)
        return len(arrived)

    def revoke(self, identity: str, role: str | None = None, scope: str | None = None) -> int:
        """Remove role assignments of an identity and return how many were removed.

        Without `role` and `scope` all are removed, otherwise those that match. Those on their way stay on it. Raises
        KeyError if the identity does not exist.
        """
        held = self.identities[identity].assignments
        kept = [(name, where) for name, where in held if role not in (None, name) or scope not in (None, where)]
        self.identities[identity].assignments = kept
        return len(held) - len(kept)

    def allows(self, identity: Identity, action: str, scope: str, *, data: bool = False) -> bool:
        """Return whether an identity may perform an action on a resource id. `data` selects the data plane actions.

        Deny assignments come first. Then one assignment that allows the action is enough, to the identity or to a group
        that it belongs to. Raises NotImitatedError if that depends on a condition which limits this very action.
        """
        everybody = self.all_of(identity)
        if self._denied([one.name for one in everybody], action, scope, data=data):
            return False
        conditions = [
            (self.conditions.get((one.name, role, where), ""), block.condition)
            for one in everybody
            for role, where in one.assignments
            if self.contains(where, scope)
            for block in self.roles[role].blocks
            if block.allows(action, data=data)
        ]
        return ("", "") in conditions or any(all(condition_met(each, action) for each in both) for both in conditions)

    def _denied(self, who: list[str], action: str, scope: str, *, data: bool) -> bool:
        return any(
            one.names(who) and one.denies(action, data=data) and self.reaches(one, scope) for one in self.denials
        )

    def reaches(self, denial: Denial, scope: str) -> bool:
        """Return whether a deny assignment acts on a resource id, whomever it names."""
        here = scope.lower().rstrip("/") == denial.scope.lower().rstrip("/")
        return here or (denial.for_children and self.contains(denial.scope, scope))

    def has_role_in(self, identity: Identity, scope: str) -> bool:
        """Return whether an identity has any role on a resource id, above it or below it."""
        held = [where for one in self.all_of(identity) for _, where in one.assignments]
        return any(self.contains(where, scope) or contains(scope, where) for where in held)

    def by_client_id(self, client_id: str) -> Identity | None:
        """Return the identity with this client id, or None."""
        return next((one for one in self.identities.values() if one.client_id == client_id), None)

    def token(self, identity: Identity, audience: str, seconds: float | None = None) -> tuple[str, int]:
        """Return a signed access token for an audience, and its expiry in seconds since 1970.

        `seconds` is its lifetime, by default `token_seconds` (24 hours, as for managed identities: docs/facts.md,
        Tokens).
        """
        now = time.time()
        expires = int(now + (self.token_seconds if seconds is None else seconds))
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "iat": now,
            "nbf": int(now),
            "exp": expires,
            "appid": identity.client_id,
            "oid": identity.object_id,
            "sub": identity.object_id,
            "tid": identity.tenant or self.tenant,
        }
        return self._signer.seal(claims), expires

    def read(self, token: str, audiences: Iterable[str]) -> Identity | None:
        """Return the identity that a token names, or None if its signature, lifetime or audience is not valid."""
        claims = self._signer.open(token)
        if claims is None or claims["exp"] <= time.time() or claims["iat"] < self._not_before:
            return None
        if claims["aud"].rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
            return None
        return self.by_client_id(claims["appid"])

    def expire_tokens(self) -> None:
        """Make every token issued so far invalid."""
        self._not_before = time.time()
