"""Who calls, and what they may: App Service authentication with app roles where it is on, function keys otherwise.

Where the platform authenticates, it puts a description of the caller on each request and lets nobody else put one
there (Microsoft, "Work with user identities in Azure App Service authentication"); it says that it does so in
WEBSITE_AUTH_ENABLED. Where it does not, the same headers are anybody's to send, and are not looked at: then the
host has asked for a function key before we were called, and a key does not say who holds it.

A reader sees and an operator acts; whoever shall do both has both roles.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ENFORCED = "WEBSITE_AUTH_ENABLED"  # set by App Service, read-only
PRINCIPAL = "x-ms-client-principal"
MOST_NAME = 80
_NAMES = ("preferred_username", "upn", "unique_name", "appid", "azp", "oid")
_URIS = {
    "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role": "roles",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "upn",
}


class Role(StrEnum):
    """The app roles. Public names."""

    READER = "Rotation.Reader"
    OPERATOR = "Rotation.Operator"


class Refused(Exception):
    """401: nobody knows who calls. 403: the caller is known and lacks the role."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title, detail)
        self.status, self.title, self.detail = status, title, detail


@dataclass(frozen=True)
class Caller:
    """Whoever calls, as a report may name them."""

    name: str
    roles: frozenset[str]

    def may(self, role: Role) -> bool:
        return role in self.roles

    def must(self, role: Role) -> None:
        """Raises Refused without that role."""
        if not self.may(role):
            raise Refused(403, "RoleMissing", f"This needs the app role {role}, which the caller does not have.")


def is_enforced(environment: Mapping[str, str]) -> bool:
    """Whether the platform itself authenticates every caller."""
    return environment.get(ENFORCED, "").strip().lower() in ("true", "1")


def caller_of(headers: Mapping[str, str], environment: Mapping[str, str]) -> Caller:
    """The caller of a request that has come as far as this. Raises Refused when the platform names nobody."""
    if not is_enforced(environment):
        return Caller("a function key", frozenset(Role))
    claims = _claims(headers.get(PRINCIPAL, ""))
    if not claims:
        raise Refused(401, "NotSignedIn", "Call with a token of Microsoft Entra ID for this app.")
    names = [f"app {values[0]}" if kind in ("appid", "azp") else values[0] for kind, values in _named(claims)]
    name = "".join(sign if sign.isprintable() else " " for sign in names[0]) if names else "somebody signed in"
    return Caller(name[:MOST_NAME], frozenset(claims.get("roles", ())))


def _named(claims: Mapping[str, list[str]]) -> list[tuple[str, list[str]]]:
    return [(kind, claims[kind]) for kind in _NAMES if claims.get(kind)]


def _claims(header: str) -> dict[str, list[str]]:
    """The claims by their short names; none when the header is absent or not what the platform writes."""
    try:
        principal = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    listed = principal.get("claims") if isinstance(principal, dict) else None
    if not isinstance(listed, list) or principal.get("auth_typ") != "aad":  # signed in elsewhere is not signed in here
        return {}
    for claim in listed:
        kind, value = _claim(claim, principal.get("role_typ"))
        if kind and value:
            found.setdefault(kind, []).append(value)
    return found


def _claim(claim: Any, role_kind: object) -> tuple[str, str]:  # noqa: ANN401 - whatever stood in the JSON
    if not isinstance(claim, dict) or not isinstance(claim.get("typ"), str) or not isinstance(claim.get("val"), str):
        return "", ""
    kind, value = str(claim["typ"]), str(claim["val"])
    return "roles" if kind == role_kind else _URIS.get(kind, kind), value
