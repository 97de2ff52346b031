"""Who calls, and which roles the caller has: App Service authentication if it is on, function keys otherwise.

If the platform authenticates callers, it puts a description of the caller on each request and removes any that the
caller sent (Microsoft, "Work with user identities in Azure App Service authentication"). If it does not, the same
headers can be sent by everybody and are ignored. Then the host has asked for a function key before the app was called,
and a function key does not tell who holds it.

A reader sees and an operator acts. A caller who does both needs both roles. An auditor sees what a reader sees, and
also who can read the keys and where copies of them lie, which nobody else sees. A deployer may only report deployments,
and an operator may do that, too. A function key has every role but the auditor's: whoever looks up who can read keys
must be known by name.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.domain.errors import SignInNotEnforced
from shared.web import routes
from shared.web.sign_in import ENFORCED, EXPECTED, platform_authenticates, sign_in_required

PRINCIPAL = "x-ms-client-principal"
MOST_NAME = 80
_MICROSOFT, _SOAP = "http://schemas.microsoft.com", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
# App Service renames some claims on their way (docs/facts.md, Tokens).
_URIS = {
    f"{_MICROSOFT}/identity/claims/objectidentifier": "oid",
    f"{_MICROSOFT}/identity/claims/scope": "scp",
    f"{_MICROSOFT}/identity/claims/identityprovider": "idp",
    f"{_MICROSOFT}/identity/claims/tenantid": "tid",
    f"{_MICROSOFT}/ws/2008/06/identity/claims/role": "roles",
    f"{_SOAP}/upn": "upn",
    f"{_SOAP}/name": "unique_name",
    f"{_SOAP}/emailaddress": "email",
}
_ADDRESSES = ("preferred_username", "upn", "unique_name", "email")  # of a person, the most reliable first


class Role(StrEnum):
    """The app roles. Public names."""

    READER = routes.READER
    OPERATOR = routes.OPERATOR
    DEPLOYER = routes.DEPLOYER
    AUDITOR = routes.AUDITOR

    @property
    def words(self) -> str:
        """The role as a refusal names it, with the greater role that also does."""
        greater = _GREATER.get(self)
        return f"{self} or {greater}" if greater else str(self)


_GREATER = {Role.DEPLOYER: Role.OPERATOR, Role.READER: Role.AUDITOR}  # the role that includes another one
FUNCTION_KEY = "a function key"
OF_FUNCTION_KEYS = frozenset(Role) - {Role.AUDITOR}
_MUST_SIGN_IN = (
    "It cannot be had with a function key, which does not say who holds it: let callers sign in "
    "(docs/deploy.md, Who may call it), or use the command line."
)


class Refused(Exception):
    """The request is refused. Status 401: the caller is unknown. Status 403: the caller lacks the role."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(title, detail)
        self.status, self.title, self.detail = status, title, detail


@dataclass(frozen=True)
class Caller:
    """The caller of a request.

    name: How reports name the caller. At most 80 characters.
    roles: The app roles of the caller.
    object_id: The id of the person or the application in Microsoft Entra ID. Empty if not known. It never changes.
    application_id: The client id of the program that calls. Empty if not known.
    """

    name: str
    roles: frozenset[str]
    object_id: str = ""
    application_id: str = ""

    @property
    def key(self) -> str:
        """What tells this caller from others: an id if one is known, else the name."""
        return self.object_id or self.application_id or self.name

    def may(self, role: Role) -> bool:
        """Return whether the caller has the role, or one that includes it."""
        return role in self.roles or _GREATER.get(role) in self.roles

    def must(self, role: Role) -> None:
        """Raises Refused if the caller does not have the role."""
        if not self.may(role):
            why = f"This needs the app role {role.words}, which the caller does not have."
            how = f" {_MUST_SIGN_IN}" if self.name == FUNCTION_KEY and not self.object_id else ""
            raise Refused(403, "RoleMissing", f"{why}{how}")


def check_sign_in(environment: Mapping[str, str]) -> None:
    """Raises SignInNotEnforced if callers must sign in and the platform does not say that it makes them.

    Anybody may then have sent the headers about the caller.
    """
    if sign_in_required(environment) and not platform_authenticates(environment):
        what = f"it is required, but App Service authentication is off or does not say that it is on ({ENFORCED})."
        raise SignInNotEnforced(EXPECTED, what)


def caller_of(headers: Mapping[str, str], environment: Mapping[str, str]) -> Caller:
    """Return the caller of a request. Raises Refused if the platform authenticates callers and names none."""
    if not platform_authenticates(environment):
        return Caller(FUNCTION_KEY, OF_FUNCTION_KEYS)
    claims = _claims(headers.get(PRINCIPAL, ""))
    if not claims:
        raise Refused(401, "NotSignedIn", "Call with a token of Microsoft Entra ID for this app.")
    first = {kind: each[0] for kind, each in claims.items()}
    name, known_as, client = map(_printable, (_name(first), first.get("oid", ""), _client(first) or ""))
    return Caller(name, frozenset(claims.get("roles", ())), known_as, client)


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:MOST_NAME]


def _client(claim: Mapping[str, str]) -> str | None:
    return claim.get("appid") or claim.get("azp")


def _name(claim: Mapping[str, str]) -> str:
    """Return how reports name the caller: a person by an address, an application by its client id.

    The token of a person who uses a tool names the tool's client id, too, so that id alone does not tell.
    """
    client, known_as = _client(claim), claim.get("oid", "")
    if not _is_person(claim):
        return f"app {client}" if client else known_as or "somebody signed in"
    address = next((claim[kind] for kind in _ADDRESSES if kind in claim), None)
    if address is not None:
        return f"{address.removeprefix('live.com#').removeprefix('mail#')}{' (guest)' if _is_guest(claim) else ''}"
    if "name" in claim and known_as:  # people choose it, and two may have the same
        return f"{claim['name'][: MOST_NAME - len(known_as) - 3]} ({known_as})"
    return f"person {claim.get('name', known_as)}".rstrip()


def _is_person(claim: Mapping[str, str]) -> bool:
    if "idtyp" in claim:
        return claim["idtyp"] == "user"
    # A tool without a secret cannot act by itself (docs/facts.md, Tokens).
    with_a_tool = claim.get("azpacr", claim.get("appidacr")) == "0"
    return with_a_tool or any(kind in claim for kind in ("scp", "name", *_ADDRESSES))


def _is_guest(claim: Mapping[str, str]) -> bool:
    """Return whether the person's home is another tenant."""
    home, tenant = claim.get("idp"), claim.get("tid")
    elsewhere = bool(home and tenant) and str(tenant) not in str(home)
    return elsewhere or claim.get("acct") == "1" or "#" in claim.get("upn", claim.get("unique_name", ""))


def _claims(header: str) -> dict[str, list[str]]:
    """Return the claims by their short names. Empty if the header is absent or not as the platform writes it."""
    try:
        principal = json.loads(base64.b64decode(header, validate=True))
    except (ValueError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    listed = principal.get("claims") if isinstance(principal, dict) else None
    if not isinstance(listed, list) or principal.get("auth_typ") != "aad":  # only Microsoft Entra ID counts
        return {}
    for claim in listed:
        kind, value = _claim(claim, principal.get("role_typ"))
        if kind and value:
            found.setdefault(kind, []).append(value)
    return found


def _claim(claim: Any, role_kind: object) -> tuple[str, str]:  # noqa: ANN401 - JSON from outside
    if not isinstance(claim, dict) or not isinstance(claim.get("typ"), str) or not isinstance(claim.get("val"), str):
        return "", ""
    kind, value = str(claim["typ"]), str(claim["val"])
    return "roles" if kind == role_kind else _URIS.get(kind, kind), value
