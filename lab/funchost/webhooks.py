"""The Event Grid webhook: answers the handshakes, and runs the function once for each event.

All of it follows docs/facts.md, Webhooks. Events of one delivery run in parallel and get one answer. If one fails,
Event Grid sends all of them again, so functions must be idempotent.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from lab.funchost.auth import given_key, is_one_of
from lab.funchost.bindings import EventGridTrigger, FunctionDescription
from lab.funchost.invoker import Call, Invoker
from lab.funchost.options import HostKeys


class EventGridWebhook:
    """Answers `/runtime/webhooks/eventgrid?functionName=…&code=<system key>`."""

    def __init__(
        self, functions: Callable[[], Iterable[FunctionDescription]], invoker: Invoker, keys: HostKeys
    ) -> None:
        self._functions, self._invoker, self._keys = functions, invoker, keys

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a delivery, a subscription validation or a CloudEvents handshake.

        Answers 202 if the function succeeded for every event, and 500 if it failed for one.
        """
        if not is_one_of(given_key(request), (self._keys.eventgrid, self._keys.master)):
            return web.Response(status=401)
        function = self._function(request.query.get("functionName", ""))
        if function is None:
            return web.Response(status=404, text="no such Event Grid function")
        if request.method == "OPTIONS":
            return _cloud_events_handshake(request)
        if request.method != "POST":
            return web.Response(status=405)
        try:
            content: Any = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="the body is not JSON")
        return await self._deliver(request.headers.get("aeg-event-type", "Notification").lower(), content, function)

    async def _deliver(self, kind: str, content: Any, function: FunctionDescription) -> web.Response:  # noqa: ANN401
        events = content if isinstance(content, list) else [content]
        if not all(isinstance(event, dict) for event in events):
            return web.Response(status=400, text="an event must be a JSON object")
        if kind == "subscriptionvalidation":
            return _validation(events)
        if kind == "unsubscribe":
            return web.Response(status=202)
        if kind != "notification":
            return web.Response(status=400, text=f"unknown aeg-event-type {kind}")
        done = await asyncio.gather(*(self._invoker.run(function, event_call(function, event)) for event in events))
        return web.Response(status=202 if all(each.succeeded for each in done) else 500)

    def _function(self, name: str) -> FunctionDescription | None:
        for function in self._functions():
            fits = function.active and isinstance(function.trigger, EventGridTrigger)
            if fits and function.name.lower() == name.lower():
                return function
        return None


def event_call(function: FunctionDescription, event: Any) -> Call:  # noqa: ANN401
    """Return the call of an Event Grid function for one event, in the Event Grid or the CloudEvents schema."""
    name = function.trigger.name if function.trigger else ""
    data = event.get("data") if isinstance(event, dict) else None
    metadata = {"data": {"json": json.dumps(data)}}
    return Call("an Event Grid event", {name: {"json": json.dumps(event)}}, metadata)


def _validation(events: list[dict[str, Any]]) -> web.Response:
    code = events[0].get("data", {}).get("validationCode") if events else None
    if not code:
        return web.Response(status=400, text="data.validationCode is missing")
    return web.json_response({"validationResponse": code})


def _cloud_events_handshake(request: web.Request) -> web.Response:
    origin = request.headers.get("WebHook-Request-Origin")
    if not origin:
        return web.Response(status=400, text="the header WebHook-Request-Origin is missing")
    return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"})
