"""Checks the key of an HTTP request: the header `x-functions-key`, otherwise the query parameter `code`.

The rules are those of the Functions host (docs/facts.md, HTTP).
"""

import hmac
from collections.abc import Iterable

from aiohttp import web

from lab.funchost.options import HostKeys


def given_key(request: web.Request) -> str:
    """Return the key that the request carries, or an empty string."""
    return request.headers.get("x-functions-key") or request.query.get("code") or ""


def allowed(request: web.Request, level: str, function: str, keys: HostKeys) -> bool:
    """Return True if the request's key is enough for a function of this authorization level.

    anonymous: no key is needed. function: the function's own key, the host's default key or the master key. admin: the
    master key (docs/facts.md, HTTP).
    """
    if level == "anonymous":
        return True
    accepted = [keys.master]
    if level == "function":
        accepted += [keys.default, keys.functions.get(function, "")]
    return is_one_of(given_key(request), accepted)


def is_one_of(given: str, accepted: Iterable[str]) -> bool:
    """Compare a key with the accepted ones in constant time. An empty accepted key matches nothing."""
    return any(each and hmac.compare_digest(given.encode(), each.encode()) for each in accepted)
