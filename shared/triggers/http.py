"""The HTTP triggers: one Azure function for each route of `shared/web/routes.py`.

Every route but one asks for a function key, unless callers sign in: because App Service authentication is on, or
because the settings demand it. If they demand it and App Service authentication is off, the handlers refuse every
request. A caller then gets a named problem, where the host would answer a missing key with an empty 401. `handlers`
decide which role a caller needs. A function takes every method, so that the handler can answer a
wrong method with 405 and the allowed ones; the host alone would answer 404.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import List  # noqa: UP035 - see `timer_and_queue.tick`

import azure.functions as func

from shared.domain.names import QUEUE, STORAGE
from shared.web.routes import ROUTES, Route
from shared.web.sign_in import platform_authenticates, sign_in_required

KEYLESS = platform_authenticates(os.environ) or sign_in_required(os.environ)
LEVEL = func.AuthLevel.ANONYMOUS if KEYLESS else func.AuthLevel.FUNCTION
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK has no types for it


def _seeing(route: Route) -> Callable[..., Awaitable[func.HttpResponse]]:
    async def see(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return await _answer(route, req, context)

    return see


def _acting(route: Route) -> Callable[..., Awaitable[func.HttpResponse]]:
    async def act(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
        return await _answer(route, req, context, turns)

    return act


async def _answer(
    route: Route,
    req: func.HttpRequest,
    context: func.Context,
    turns: func.Out[List[str]] | None = None,  # noqa: UP006
) -> func.HttpResponse:
    from shared.handlers import http
    from shared.handlers.incoming import Incoming

    name = req.route_params.get("name") or req.route_params.get("id", "")
    account = req.params.get("account", "")
    act = req.route_params.get("act", "")
    incoming = Incoming(
        req.method or "", name, req.get_body(), req.headers, context.invocation_id, account, act, req.params
    )
    reply = await http.serve(route, incoming)
    if reply.queued and turns is not None:
        turns.set([message.text() for message in reply.queued])
    return func.HttpResponse(reply.body, status_code=reply.status, mimetype=reply.kind, headers=dict(reply.headers))


def _register(route: Route) -> None:
    """Register the Azure function of a route. The worker takes the function's name from `__name__`."""
    function = _acting(route) if route.queues else _seeing(route)
    function.__name__ = function.__qualname__ = route.name
    if route.queues:
        function = blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)(function)
    blueprint.route(route.path, methods=ANY, auth_level=LEVEL if route.role else func.AuthLevel.ANONYMOUS)(function)


for _route in ROUTES.values():
    _register(_route)
