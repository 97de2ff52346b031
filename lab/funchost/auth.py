"""Checks the key of an HTTP request: the header `x-functions-key`, otherwise the query parameter `code`.

The rules are those of the Functions host (docs/facts.md, HTTP).
"""

import hmac
from collections.abc import Iterable

from aiohttp import web

from lab.funchost.key_ring import KeyRing


def given_key(request: web.Request) -> str:
    """Return the key that the request carries, or an empty string."""
    return request.headers.get("x-functions-key") or request.query.get("code") or ""


def allowed(request: web.Request, level: str, function: str, keys: KeyRing) -> bool:
    """Return True if the request's key is enough for a function of this authorization level.

    anonymous: no key is needed. function: a key of the function, a key of the host or the master key. admin: the
    master key (docs/facts.md, HTTP).
    """
    if level == "anonymous":
        return True
    return is_one_of(given_key(request), keys.opening(level, function))


def is_one_of(given: str, accepted: Iterable[str]) -> bool:
    """Compare a key with the accepted ones in constant time. An empty accepted key matches nothing."""
    return any(each and hmac.compare_digest(given.encode(), each.encode()) for each in accepted)
