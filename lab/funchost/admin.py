"""The admin interface: list the functions, show the host's status, run a function by hand, change keys.

It imitates the part of the Functions host below `/admin`, which needs the master key (docs/facts.md, HTTP).
Running the function is left to the host.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from aiohttp import web

from lab.funchost.auth import given_key, is_one_of
from lab.funchost.bindings import FunctionDescription, HttpTrigger
from lab.funchost.key_ring import KeyRing


class AdminHost(Protocol):
    """The part of the host that the admin interface uses."""

    def status(self) -> Mapping[str, Any]:
        """Return the JSON body of `GET /admin/host/status`."""

    def begin_manual_run(self, function: FunctionDescription, text: str) -> None:
        """Start the function with this input and return without waiting for it."""


class AdminApi:
    """Answers every request below `/admin`.

    functions: Returns the functions as they are indexed now.
    keys: The keys that it changes. Only the master key opens this interface.
    host: The host that is shown and that runs functions.
    link: Returns the URL of an HTTP function, or None for any other function.
    """

    def __init__(
        self,
        functions: Callable[[], Iterable[FunctionDescription]],
        keys: KeyRing,
        host: AdminHost,
        link: Callable[[FunctionDescription], str | None],
    ) -> None:
        self._functions, self._keys, self._host, self._link = functions, keys, host, link

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request below `/admin`: 401 without the master key, 404 for an unknown path or function."""
        if not is_one_of(given_key(request), (self._keys.master,)):
            return web.Response(status=401)
        parts = [part for part in request.path.split("/") if part][1:]
        if parts[:2] == ["host", "functionkeys"] and len(parts) <= 3:
            return await self._handle_keys(request, None, parts[2:])
        if parts[:1] == ["functions"] and parts[2:3] == ["keys"] and len(parts) <= 4:
            known = any(each.name.lower() == parts[1].lower() for each in self._functions())
            return await self._handle_keys(request, parts[1], parts[3:]) if known else web.Response(status=404)
        if parts[:1] == ["functions"] and len(parts) <= 2:
            return await self._handle_functions(request, parts[1:])
        if parts == ["host", "status"] and request.method == "GET":
            return web.json_response(self._host.status())
        if parts == ["host", "ping"] and request.method in ("GET", "POST", "HEAD"):
            return web.Response()
        return web.Response(status=404)

    async def _handle_functions(self, request: web.Request, name: list[str]) -> web.Response:
        if not name:
            listed = [self._shown(each) for each in self._functions()]
            return web.json_response(listed) if request.method == "GET" else web.Response(status=405)
        function = next((each for each in self._functions() if each.name.lower() == name[0].lower()), None)
        if function is None or function.error:
            return web.Response(status=404)
        if request.method == "GET":
            return web.json_response(self._shown(function))
        if request.method != "POST":
            return web.Response(status=405)
        return await self._run(request, function)

    async def _handle_keys(self, request: web.Request, function: str | None, name: list[str]) -> web.Response:
        """List the keys of a function, or of the host for None; make, renew or delete the named one."""
        kept = self._keys.of(function)
        if not name:
            listed = [{"name": one, "value": value} for one, value in kept.items()]
            return web.json_response({"keys": listed}) if request.method == "GET" else web.Response(status=405)
        [key] = name
        if request.method == "DELETE":
            return web.Response(status=404 if kept.pop(key, None) is None else 204)
        if request.method not in ("PUT", "POST"):
            return web.Response(status=405)
        sent = await request.json() if request.method == "PUT" else {}
        made = key not in kept
        value = self._keys.renew(function, key, sent.get("value"))
        return web.json_response({"name": key, "value": value}, status=201 if made else 200)

    async def _run(self, request: web.Request, function: FunctionDescription) -> web.Response:
        try:
            content: Any = json.loads(await request.read() or b"{}")
        except ValueError:
            return web.Response(status=400, text="the body is not JSON")
        text = content.get("input") if isinstance(content, dict) else None
        if not isinstance(text, str | None):
            return web.Response(status=400, text="input must be text")
        self._host.begin_manual_run(function, text or "")
        return web.Response(status=202)

    def _shown(self, function: FunctionDescription) -> dict[str, Any]:
        is_http = isinstance(function.trigger, HttpTrigger)
        return {
            "name": function.name,
            "script_href": None,
            "isDisabled": function.disabled,
            "language": "python",
            "invoke_url_template": self._link(function) if is_http else None,
            "config": {"name": function.name, "bindings": list(function.raw_bindings)},
            "error": function.error,
        }
