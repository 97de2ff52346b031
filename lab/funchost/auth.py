"""Keys of HTTP callers: the `x-functions-key` header, else the `code` query member."""

import hmac
from collections.abc import Iterable

from aiohttp import web

from lab.funchost.options import HostKeys


def given_key(request: web.Request) -> str:
    return request.headers.get("x-functions-key") or request.query.get("code") or ""


def allowed(request: web.Request, level: str, function: str, keys: HostKeys) -> bool:
    """anonymous: anybody; function: the function's key, the host's or the master key; admin: the master key."""
    if level == "anonymous":
        return True
    accepted = [keys.master]
    if level == "function":
        accepted += [keys.default, keys.functions.get(function, "")]
    return is_one_of(given_key(request), accepted)


def is_one_of(given: str, accepted: Iterable[str]) -> bool:
    return any(each and hmac.compare_digest(given.encode(), each.encode()) for each in accepted)
