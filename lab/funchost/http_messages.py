"""Converts HTTP requests to the worker's form, and the worker's responses to the form that callers get.

Header names are lower-cased, repeated headers and query values are joined with commas, and empty query values are
dropped (docs/facts.md, Worker). Routing and keys are left to `http`.
"""

from collections.abc import Iterable
from email.utils import formatdate
from typing import Any, Literal

from aiohttp import web

from lab.funchost.activity import Invocation
from lab.funchost.wire import Json, bytes_of, bytes_value

_SAME_SITE: dict[int, Literal["Lax", "Strict", "None"]] = {1: "Lax", 2: "Strict", 3: "None"}
_SET_BY_SERVER = ("content-length", "transfer-encoding", "connection")


async def request_value(request: web.Request, route_parameters: dict[str, str]) -> Json:
    """Return the request as a typed value for the worker. `route_parameters` come from the matched route."""
    return http_value(
        request.method,
        str(request.url),
        headers=_joined((name.lower(), value) for name, value in request.headers.items()),
        query=_joined((name, value) for name, value in request.query.items() if value),
        body=await request.read(),
        route_parameters=route_parameters,
    )


def http_value(
    method: str,
    url: str,
    headers: dict[str, str],
    query: dict[str, str],
    body: bytes,
    route_parameters: dict[str, str],
) -> Json:
    """Return a typed value of kind "http" for a request made of these parts."""
    return {
        "http": {
            "method": method,
            "url": url,
            "headers": headers,
            "query": query,
            "params": route_parameters,
            "body": bytes_value(body) if body else None,
        }
    }


def response_of(invocation: Invocation) -> web.Response:
    """Return the response to an HTTP call.

    A failed function gives 500 with an empty body: its error is logged and not shown to the caller.
    """
    value = invocation.return_value
    if not invocation.succeeded:
        return web.Response(status=500)
    if value is None:
        return web.Response(status=204)
    if "http" not in value:
        return web.Response(text=str(next(iter(value.values()))))
    return _response(value["http"])


def _response(http: Json) -> web.Response:
    body = bytes_of(http["body"]) if http["body"] else b""
    response = web.Response(status=int(http["status_code"]), body=body)
    response.headers.popall("Content-Type", None)
    for name, value in http["headers"].items():
        if name.lower() not in _SET_BY_SERVER:
            response.headers[name] = value
    for cookie in http["cookies"]:
        _set_cookie(response, cookie)
    return response


def _set_cookie(response: web.Response, cookie: Json) -> None:
    expires, age = cookie["expires"], cookie["max_age"]
    response.set_cookie(
        cookie["name"],
        cookie["value"],
        expires=formatdate(expires, usegmt=True) if expires is not None else None,
        domain=cookie["domain"] or None,
        path=cookie["path"] or "",
        max_age=int(age) if age is not None else None,
        secure=cookie["secure"] or None,
        httponly=cookie["http_only"] or None,
        samesite=_SAME_SITE.get(cookie["same_site"]),
    )


def _joined(pairs: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Join the values of a repeated name with commas, in their order."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values
