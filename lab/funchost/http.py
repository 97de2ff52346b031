"""The HTTP server: the routes of the app's functions, the host's start page, and the paths of `admin` and `webhooks`.

Answers follow the Functions host (docs/facts.md, HTTP): 404 for an unknown path and for a method that a known
path does not accept, 401 without a sufficient key, 500 with an empty body if a function fails. If a response takes
longer than `response_timeout`, the caller gets 504 while the function keeps running.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from lab.funchost.admin import AdminApi
from lab.funchost.auth import allowed
from lab.funchost.bindings import FunctionDescription, HttpTrigger
from lab.funchost.http_messages import request_value, response_of
from lab.funchost.invoker import Call, Invoker
from lab.funchost.key_ring import KeyRing
from lab.funchost.platform_auth import Gate
from lab.funchost.webhooks import EventGridWebhook

_LARGEST_BODY = 100 * 1024 * 1024
_PAGE = "<!doctype html><title>Functions</title><p>The function host is running.</p>\n"


@dataclass(frozen=True, slots=True)
class HttpServices:
    """What the server needs from the host.

    functions: Returns the functions as they are indexed now.
    invoker: Runs functions.
    keys: The keys that callers may use.
    route_prefix: The first part of every function's path, without slashes. May be empty.
    response_timeout: How long a caller waits for a response, in seconds.
    gate: What signs callers in before they reach the host. None: nothing does.
    """

    functions: Callable[[], Iterable[FunctionDescription]]
    invoker: Invoker
    keys: KeyRing
    route_prefix: str
    response_timeout: float
    gate: Gate | None = None


class HttpServer:
    """The host's HTTP server."""

    def __init__(self, services: HttpServices, admin: AdminApi, webhook: EventGridWebhook) -> None:
        self._services, self._admin, self._webhook = services, admin, webhook
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1)
        self._running: set[asyncio.Task[web.Response]] = set()
        self.port = 0

    async def start(self, address: str, port: int) -> None:
        """Listen on an address.

        A `port` of 0 means any free port; the attribute `port` then has its number.
        Raises OSError if the port is in use.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, address, port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening and let running requests end."""
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        gate = self._services.gate
        found = gate.pass_on(request) if gate else request
        return found if isinstance(found, web.Response) else await self._answer(found)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.strip("/")
        first = path.partition("/")[0].lower()
        if first == "admin":
            return await self._admin.handle(request)
        if path.lower() == "runtime/webhooks/eventgrid":
            return await self._webhook.handle(request)
        found = self._match(request.method, request.rel_url.raw_path)
        if found is not None:
            return await self._call(request, *found)
        if not path and request.method in ("GET", "HEAD"):
            return web.Response(text=_PAGE, content_type="text/html")
        return web.Response(status=404)

    def _match(self, method: str, path: str) -> tuple[FunctionDescription, HttpTrigger, dict[str, str]] | None:
        prefix, rest = self._services.route_prefix.lower(), path.strip("/")
        if prefix:
            if rest.lower() != prefix and not rest.lower().startswith(f"{prefix}/"):
                return None
            rest = rest[len(prefix) :].strip("/")
        candidates = []
        for function in self._services.functions():
            trigger = function.trigger
            if function.active and isinstance(trigger, HttpTrigger) and method in (trigger.methods or {method}):
                parameters = trigger.route.match(rest)
                if parameters is not None:
                    candidates.append((trigger.route.rank, function, trigger, parameters))
        best = min(candidates, key=lambda each: each[0], default=None)
        return best[1:] if best else None

    async def _call(
        self, request: web.Request, function: FunctionDescription, trigger: HttpTrigger, parameters: dict[str, str]
    ) -> web.Response:
        if not allowed(request, trigger.auth_level, function.name, self._services.keys):
            return web.Response(status=401)
        value = await request_value(request, parameters)
        task = asyncio.create_task(self._run(function, Call("an HTTP request", {trigger.name: value})))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=self._services.response_timeout)
        return task.result() if task.done() else web.Response(status=504)

    async def _run(self, function: FunctionDescription, call: Call) -> web.Response:
        return response_of(await self._services.invoker.run(function, call))
