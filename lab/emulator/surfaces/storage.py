"""What the blob and the queue service share: authentication and the form of errors.

There is one account, devstoreaccount1, which storage emulators use by convention; its name is the first path segment. A
caller signs with the published key of that account, or sends an Entra token for storage. Roles are checked for a token
and not for the key. SAS tokens are not accepted.
"""

import base64
import hashlib
import hmac
from abc import abstractmethod
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import override
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from aiohttp import web

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.common import Call, Surface, entra_identity
from lab.emulator.world import World

ACCOUNT = "devstoreaccount1"
# Published by Microsoft for local emulators; it is valid for no real account.
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
AUDIENCE = "https://storage.azure.com"
PROVIDER = "Microsoft.Storage/storageAccounts"
_UNKNOWN_CALLER = (
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."
)
_SIGNED = (
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
)


class Storage(Surface):
    """The part that the blob and the queue service share."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.account_id = f"/subscriptions/{world.subscription}/resourceGroups/emulated/providers/{PROVIDER}/{ACCOUNT}"

    @abstractmethod
    def scope(self, call: Call) -> str:
        """Return the resource on which a role must be assigned to allow the request."""

    @override
    def identify(self, call: Call) -> Identity | None:
        """Return the identity of a token, or None for a request signed with the account key.

        Raises AzureError 401 without valid credentials and 403 for a wrong signature.
        """
        kind = call.request.headers.get("Authorization", "").partition(" ")[0].lower()
        if kind == "sharedkey":
            _check_signature(call)
            return None
        if kind == "bearer":
            return self._bearer(call)
        raise AzureError(401, "NoAuthenticationInformation", _UNKNOWN_CALLER, headers=self._challenge())

    @override
    def target(self, call: Call) -> str:
        """Return the path without the account name."""
        return call.request.path.removeprefix(f"/{ACCOUNT}/")

    def require(self, call: Call, actions: Iterable[str], *, data: bool = True) -> None:
        """Check that the caller may perform one of the actions. The account key allows everything.

        The actions are relative to Microsoft.Storage/storageAccounts; `data` selects data actions. Raises AzureError
        403 otherwise.
        """
        caller = call.caller
        if caller is None:
            return
        scope, allows = self.scope(call), self.world.directory.allows
        if not any(allows(caller, f"{PROVIDER}/{action}", scope, data=data) for action in actions):
            message = "This request is not authorized to perform this operation using this permission."
            raise AzureError(403, "AuthorizationPermissionMismatch", message)

    @override
    def marks(self, request: web.Request) -> frozenset[str]:
        """Return the values of `comp`, `restype` and the lease action; operations on the same path differ in them."""
        marks = {request.query[name].lower() for name in ("comp", "restype") if name in request.query}
        if "lease" in marks:
            marks.add(request.headers.get("x-ms-lease-action", "").lower())
        return frozenset(marks)

    @override
    def unmatched(self, call: Call) -> AzureError:
        """Return the 501 NotImitated for a request that fits no operation."""
        shown = {name: call.query(name) for name in ("comp", "restype") if call.query(name)}
        return NotImitatedError(f"the storage request {call.request.method} {call.request.path} {shown or ''}".strip())

    @override
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that every answer of the storage service carries."""
        headers = {"x-ms-request-id": call.id, "x-ms-version": call.header("x-ms-version") or "2026-04-06"}
        client = call.header("x-ms-client-request-id")
        return headers | ({"x-ms-client-request-id": client} if client else {})

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of the storage service: XML, and the code in x-ms-error-code."""
        headers = {"x-ms-error-code": error.code}
        if error.status == 304:
            return web.Response(status=304, headers=headers)
        time = self.world.clock.utcnow().isoformat()
        message = escape(f"{error.message}\nRequestId:{call.id}\nTime:{time}")
        text = f"<Error><Code>{escape(error.code)}</Code><Message>{message}</Message></Error>"
        return xml_answer(text, error.status, headers)

    def http_date(self, moment: float | None = None) -> str:
        """Return a time (seconds since 1970, default now) in the format of HTTP headers."""
        return http_date(self.world.clock.now() if moment is None else moment)

    def _bearer(self, call: Call) -> Identity:
        identity = entra_identity(call, (AUDIENCE, f"https://{ACCOUNT}.blob.core.windows.net"))
        if identity is None:
            raise AzureError(401, "InvalidAuthenticationInfo", _UNKNOWN_CALLER, headers=self._challenge())
        return identity

    def _challenge(self) -> dict[str, str]:
        place = f"https://login.microsoftonline.com/{self.world.directory.tenant}/oauth2/authorize"
        return {"WWW-Authenticate": f"Bearer authorization_uri={place} resource_id={AUDIENCE}"}


def xml_answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return an XML answer."""
    body = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/xml")


def http_date(moment: float) -> str:
    """Return a time (seconds since 1970) in the format of HTTP headers."""
    return format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)


def metadata(call: Call) -> dict[str, str]:
    """Return the user metadata that a request sets, with lower case names."""
    start = "x-ms-meta-"
    return {
        name[len(start) :].lower(): value
        for name, value in call.request.headers.items()
        if name.lower().startswith(start)
    }


def metadata_headers(facts: dict[str, str]) -> dict[str, str]:
    """Return the headers that carry user metadata."""
    return {f"x-ms-meta-{name}": value for name, value in facts.items()}


def number(call: Call, name: str, default: int) -> int:
    """Return a whole number from the query, or `default` if it is absent.

    Raises AzureError 400 if it is not a whole number.
    """
    text = call.query(name, str(default))
    try:
        return int(text)
    except ValueError as error:
        message = f"Value for one of the query parameters specified in the request URI is invalid: {name}."
        raise AzureError(400, "InvalidQueryParameterValue", message) from error


def _check_signature(call: Call) -> None:
    given = call.request.headers["Authorization"].partition(" ")[2]
    key = base64.b64decode(ACCOUNT_KEY)
    mark = base64.b64encode(hmac.new(key, _text_to_sign(call).encode(), hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(given.encode(), f"{ACCOUNT}:{mark}".encode()):
        message = (
            "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
            "correctly including the signature."
        )
        raise AzureError(403, "AuthenticationFailed", message)


def _text_to_sign(call: Call) -> str:
    request = call.request
    standard = [request.headers.get(name, "") for name in _SIGNED]
    if standard[2] == "0":
        standard[2] = ""
    if "x-ms-date" in request.headers:
        standard[5] = ""
    own = sorted((name.lower(), value) for name, value in request.headers.items() if name.lower()[:5] == "x-ms-")
    path, _, query = request.raw_path.partition("?")
    lines = [request.method, *standard, *(f"{name}:{value.strip()}" for name, value in own), f"/{ACCOUNT}{path}"]
    pairs: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        pairs.setdefault(name.lower(), []).append(value)
    lines += [f"{name}:{','.join(sorted(values))}" for name, values in sorted(pairs.items())]
    return "\n".join(lines)
