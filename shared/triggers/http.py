"""The HTTP functions. All but `health` ask for a function key, or leave that to the platform where it authenticates
every caller itself; which role a caller needs is decided inside. Every method is let in, so that a wrong one is told
which is right; the host would say that there is nothing here.
"""

from __future__ import annotations

import os
from typing import List  # noqa: UP035 - the worker code refuses `Out[list[str]]`

import azure.functions as func

from shared.domain.names import QUEUE, STORAGE

PLATFORM_AUTHENTICATES = os.environ.get("WEBSITE_AUTH_ENABLED", "").strip().lower() in ("true", "1")
LEVEL = func.AuthLevel.ANONYMOUS if PLATFORM_AUTHENTICATES else func.AuthLevel.FUNCTION
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]  # the SDK left it untyped


@blueprint.route("health", methods=ANY, auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """That the app runs, and nothing else."""
    return await _through("health", req, context)


@blueprint.route("targets", methods=ANY, auth_level=LEVEL)
async def targets(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The survey: every target, what would be done now, and why."""
    return await _through("targets", req, context)


@blueprint.route("targets/{name}", methods=ANY, auth_level=LEVEL)
async def target(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """One line of the survey."""
    return await _through("target", req, context)


@blueprint.route("deadlines", methods=ANY, auth_level=LEVEL)
async def deadlines(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Every deadline to come."""
    return await _through("deadlines", req, context)


@blueprint.route("deadlines.ics", methods=ANY, auth_level=LEVEL)
async def deadlines_ics(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The same as a calendar."""
    return await _through("deadlines_ics", req, context)


@blueprint.route("status", methods=ANY, auth_level=LEVEL)
async def status(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The survey as a page for people."""
    return await _through("status", req, context)


@blueprint.route("openapi.json", methods=ANY, auth_level=LEVEL)
async def openapi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """These doors, described."""
    return await _through("openapi", req, context)


@blueprint.route("targets/{name}/rotate", methods=ANY, auth_level=LEVEL)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def rotate(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
    """Rotate now, or say what would be done."""
    return await _through("rotate", req, context, turns)


@blueprint.route("targets/{name}/leak", methods=ANY, auth_level=LEVEL)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def leak(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
    """A key is out: end it."""
    return await _through("leak", req, context, turns)


@blueprint.route("targets/{name}/deployment", methods=ANY, auth_level=LEVEL)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def arm(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
    """Rotate after the next deployment (PUT), or wait for none any more (DELETE)."""
    return await _through("arm", req, context, turns)


@blueprint.route("rotate", methods=ANY, auth_level=LEVEL)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def rotate_many(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
    """Rotate several targets, each in a turn of its own."""
    return await _through("rotate_many", req, context, turns)


@blueprint.route("deployments", methods=ANY, auth_level=LEVEL)
@blueprint.queue_output(arg_name="turns", queue_name=QUEUE, connection=STORAGE)
async def deployments(req: func.HttpRequest, turns: func.Out[List[str]], context: func.Context) -> func.HttpResponse:  # noqa: UP006
    """A deployment went live: rotate what waited for it."""
    return await _through("deployments", req, context, turns)


async def _through(
    door: str,
    req: func.HttpRequest,
    context: func.Context,
    turns: func.Out[List[str]] | None = None,  # noqa: UP006
) -> func.HttpResponse:
    from shared.handlers import http

    name = req.route_params.get("name", "")
    incoming = http.Incoming(req.method or "", name, req.get_body(), req.headers, context.invocation_id)
    walk: http.Route = getattr(http, door)
    reply = await walk(incoming)
    if reply.queued and turns is not None:
        turns.set([message.text() for message in reply.queued])
    return func.HttpResponse(reply.body, status_code=reply.status, mimetype=reply.kind, headers=dict(reply.headers))
