"""App Service authentication, which stands in front of the host and signs callers in (docs/facts.md, Authentication).

It is configured by the properties of the resource `authsettingsV2`, so that the ones of a template can be tried as they
are. Microsoft Entra ID is not imitated: a bearer token is one that `Authentication.tokens` names, and the sign-in page
signs the browser in at once and sends it back. A form that a browser sends with its cookie must come from the app's own
pages, as its `Origin` says, or its `Referer` without one. That is more than any page of Microsoft promises.

What no page of Microsoft says is imitated as the harmless reading would not have it: an excluded path is reached with
every header that the caller sent, also with those that only the platform may write.
"""

import base64
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web
from multidict import CIMultiDict

COOKIE = "AppServiceAuthSession"
LOGIN, LOGOUT = "/.auth/login/aad", "/.auth/logout"
ENABLED = "WEBSITE_AUTH_ENABLED"
_WRITTEN_BY_PLATFORM = "x-ms-client-principal"
type Claims = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Authentication:
    """App Service authentication in front of a host.

    settings: The properties of `authsettingsV2`.
    tokens: The claims of each bearer token that is valid for this app.
    person: The claims of the person who signs in with a browser.
    says_so: Whether the platform tells the app in `WEBSITE_AUTH_ENABLED` that authentication is on. Default: it does.
    """

    settings: Mapping[str, Any]
    tokens: Mapping[str, Claims] = field(default_factory=dict)
    person: Claims = ()
    says_so: bool = True

    @property
    def enabled(self) -> bool:
        """Whether requests go through it at all."""
        return bool(self.settings["platform"]["enabled"])

    @property
    def environment(self) -> dict[str, str]:
        """What the platform adds to the environment of the app."""
        return {ENABLED: str(self.enabled)} if self.says_so else {}


class Gate:
    """Lets requests through to the host, or answers them."""

    def __init__(self, authentication: Authentication) -> None:
        self._authentication = authentication
        self._rules: Mapping[str, Any] = authentication.settings.get("globalValidation", {})
        self._sessions: dict[str, Claims] = {}

    def pass_on(self, request: web.Request) -> web.Request | web.Response:
        """Return the request as the host gets it, or the answer of the platform."""
        if not self._authentication.enabled or request.path in self._rules.get("excludedPaths", ()):
            return request
        if request.path == LOGIN:
            return self._sign_in(request)
        if request.path == LOGOUT:
            return self._sign_out(request)
        token = request.headers.get("Authorization", "").partition("Bearer ")[2]
        if token and token not in self._authentication.tokens:
            return web.Response(status=401)
        claims = self._authentication.tokens.get(token) or self._sessions.get(request.cookies.get(COOKIE, ""))
        if claims is None and self._rules.get("requireAuthentication"):
            return self._turned_away(request)
        if claims is not None and not token and _is_from_elsewhere(request):
            return web.Response(status=403)  # its sub-status is 60: cross-site request forgery
        return _described(request, claims)

    def _turned_away(self, request: web.Request) -> web.Response:
        """Return the answer to a caller who is not signed in. There is one kind of answer for the whole app."""
        action = self._rules["unauthenticatedClientAction"]
        if action == "RedirectToLoginPage" and _is_browser(request):
            return _moved(f"{LOGIN}?post_login_redirect_uri={quote(str(request.rel_url), safe='')}")
        return web.Response(status=403 if action == "Return403" else 401)

    def _sign_in(self, request: web.Request) -> web.Response:
        session = secrets.token_urlsafe(24)
        self._sessions[session] = self._authentication.person
        back = request.query.get("post_login_redirect_uri", "/.auth/login/done")
        answer = _moved(back if back.startswith("/") and not back.startswith("//") else "/")
        answer.set_cookie(COOKIE, session, httponly=True)
        return answer

    def _sign_out(self, request: web.Request) -> web.Response:
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        return web.Response(text="You are signed out.")


def _is_browser(request: web.Request) -> bool:
    return request.headers.get("User-Agent", "").startswith("Mozilla/")


def _is_from_elsewhere(request: web.Request) -> bool:
    """Return whether a browser sends something that no page of this app has caused. Only POST is looked at."""
    if request.method != "POST" or not _is_browser(request):
        return False
    came_from = request.headers.get("Origin") or request.headers.get("Referer", "")
    return urlsplit(came_from).netloc != request.host


def _moved(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


def _described(request: web.Request, claims: Claims | None) -> web.Request:
    """Return the request without what the caller said about itself, and with what the platform knows about it."""
    kept = CIMultiDict(
        (name, value) for name, value in request.headers.items() if not name.lower().startswith(_WRITTEN_BY_PLATFORM)
    )
    if claims is not None:
        listed = [{"typ": kind, "val": value} for kind, value in claims]
        whole = {"auth_typ": "aad", "claims": listed, "name_typ": "preferred_username", "role_typ": "roles"}
        kept["X-MS-CLIENT-PRINCIPAL"] = base64.b64encode(json.dumps(whole).encode()).decode()
    return request.clone(headers=kept)
