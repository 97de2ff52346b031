"""Who may do what: identities, role definitions, role assignments, and access tokens.

Role definitions have the shape of Azure's own JSON (actions, notActions, dataActions, notDataActions, with wildcards),
so that the role file that the app is deployed with can be loaded and tested. Tokens are signed by this directory and
name their audience; their lifetime follows the machine's clock (see `clock`).
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Self

TENANT = "72f988bf-0000-4000-8000-00000000e001"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups/"


@dataclass(frozen=True)
class Role:
    """One role definition. The patterns may contain `*` and are compared without regard to case.

    name: The role name, by which it is assigned.
    actions: Patterns of the control plane actions that the role allows.
    not_actions: Patterns of the control plane actions that it does not allow.
    data_actions: Patterns of the data plane actions that it allows.
    not_data_actions: Patterns of the data plane actions that it does not allow.
    definition: The GUID that Azure gives the role. Empty if it is not known.
    """

    name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    definition: str = ""

    @property
    def id(self) -> str:
        """The GUID of the role definition: Azure's own for a built-in role, else one that follows from the name."""
        return self.definition or str(uuid.uuid5(uuid.NAMESPACE_URL, self.name))

    @classmethod
    def from_definition(cls, body: Mapping[str, Any]) -> Self:
        """Return the role that a JSON role definition of Azure describes, with or without the `properties` level."""
        facts = body.get("properties", body)
        parts = facts.get("permissions", [])

        def gather(key: str) -> tuple[str, ...]:
            return tuple(action for part in parts for action in part.get(key, ()))

        name = facts.get("roleName") or body["name"]
        actions, not_actions = gather("actions"), gather("notActions")
        data_actions, not_data_actions = gather("dataActions"), gather("notDataActions")
        known = str(body.get("name", ""))
        definition = known if _GUID.fullmatch(known) else ""
        return cls(name, actions, not_actions, data_actions, not_data_actions, definition)

    def allows(self, action: str, *, data: bool) -> bool:
        """Return whether the role allows an action; `data` selects the data plane actions."""
        granted, withheld = (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        return _covers(granted, action) and not _covers(withheld, action)


@dataclass
class Identity:
    """A service principal or managed identity. Without assignments it may do nothing.

    name: The name by which tests refer to it.
    client_id: The application (client) id.
    object_id: The object id of the principal.
    assignments: Pairs of a role name and the scope (a resource id, or `/`) on which the role is assigned.
    on_their_way: Assignments that were made and do not act yet. A new assignment needs minutes (docs/facts.md, Tokens).
    """

    name: str
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    assignments: list[tuple[str, str]] = field(default_factory=list)
    on_their_way: list[tuple[str, str]] = field(default_factory=list)


EVERYTHING = Role("Everything that is imitated", actions=("*",), data_actions=("*",))


class Directory:
    """Identities, role definitions and tokens of one tenant.

    tenant: The tenant id.
    roles: The role definitions by name.
    identities: The identities by name.
    groups: The management groups: the ids in lower case of the subscriptions in each, by its name in lower case.
    token_seconds: The lifetime of new tokens in seconds. Default 24 hours.
    """

    def __init__(self) -> None:
        self.tenant = TENANT
        self.groups: dict[str, frozenset[str]] = {}
        self.roles: dict[str, Role] = {}
        self.identities: dict[str, Identity] = {}
        self.token_seconds = 24 * 3600
        self._secret = secrets.token_bytes(32)
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

    def assign(self, identity: str, role: str, scope: str = "/", *, late: bool = False) -> None:
        """Assign a role to an identity on a scope. Raises KeyError if the role or the identity does not exist.

        late: The assignment does not act before `arrive`.
        """
        if role not in self.roles:
            raise KeyError(f"no role definition named {role!r}; define the role first")
        one = self.identities[identity]
        (one.on_their_way if late else one.assignments).append((role, scope))

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
            return _contains(scope, resource) or any(_contains(f"/subscriptions/{one}", resource) for one in below)
        return _contains(scope, resource)

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
        """Return whether an identity may perform an action on a resource id. `data` selects the data plane actions."""
        return any(
            self.contains(where, scope) and self.roles[role].allows(action, data=data)
            for role, where in identity.assignments
        )

    def has_role_in(self, identity: Identity, scope: str) -> bool:
        """Return whether an identity has any role on a resource id, above it or below it."""
        return any(self.contains(where, scope) or _contains(scope, where) for _, where in identity.assignments)

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
            "tid": self.tenant,
        }
        head = _encode({"typ": "JWT", "alg": "HS256"})
        body = f"{head}.{_encode(claims)}"
        return f"{body}.{self._sign(body)}", expires

    def read(self, token: str, audiences: Iterable[str]) -> Identity | None:
        """Return the identity that a token names, or None if its signature, lifetime or audience is not valid."""
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(self._sign(body).encode(), signature.encode("utf-8", "replace")):
            return None
        claims = _decode(body.partition(".")[2])
        if claims["exp"] <= time.time() or claims["iat"] < self._not_before:
            return None
        if claims["aud"].rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
            return None
        return self.by_client_id(claims["appid"])

    def expire_tokens(self) -> None:
        """Make every token issued so far invalid."""
        self._not_before = time.time()

    def _sign(self, body: str) -> str:
        return _text(hmac.new(self._secret, body.encode("ascii", "replace"), hashlib.sha256).digest())


def _covers(patterns: Iterable[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def _contains(scope: str, resource: str) -> bool:
    outer, inner = scope.lower().rstrip("/"), resource.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _encode(claims: Mapping[str, Any]) -> str:
    return _text(json.dumps(claims, separators=(",", ":")).encode())


def _decode(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims
