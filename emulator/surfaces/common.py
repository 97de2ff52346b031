"""What all imitated services share: the way a request takes from the socket to the world and back.

A request is matched to an operation, entered in the journal, authenticated, put through the faults that wait
for it, and then served by a plain function that speaks to the world. A surface says only what is its own: its
routes, how it knows its caller, how it words a refusal, which headers it always sends.
"""

import asyncio
import json
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from aiohttp import web

from emulator.directory import Identity
from emulator.errors import AzureError, ConnectionDroppedError
from emulator.faults import Rule
from emulator.journal import Entry
from emulator.world import World

LARGEST_BODY = 64 * 1024 * 1024


@dataclass
class Call:
    """One request on its way; `done` tells whether the world has done what was asked."""

    world: World
    request: web.Request
    body: bytes
    operation: str
    parts: dict[str, str]
    target: str = ""
    caller: Identity | None = None
    done: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def query(self, name: str, default: str = "") -> str:
        return self.request.query.get(name, default)

    def header(self, name: str) -> str | None:
        return self.request.headers.get(name)

    def bearer(self) -> str | None:
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip() else None

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; anything else raises ValueError."""
        body = json.loads(self.body)
        if not isinstance(body, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004  (one error for every bad body)
        return body


Handler = Callable[[Call], web.Response]


@dataclass(frozen=True)
class Route:
    """A method and path (whole, without regard to case), the operation's name, and who serves it."""

    method: str
    path: re.Pattern[str]
    operation: str
    handler: Handler
    marks: frozenset[str] = frozenset()


def route(method: str, path: str, operation: str, handler: Handler, *marks: str) -> Route:
    """`marks` are for services that tell operations apart by more than method and path."""
    return Route(method, re.compile(path, re.IGNORECASE), operation, handler, frozenset(marks))


class Surface(ABC):
    """One imitated service."""

    service: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes = self.make_routes()

    @abstractmethod
    def make_routes(self) -> list[Route]: ...

    @abstractmethod
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """An error in this service's own words."""

    def identify(self, call: Call) -> Identity | None:  # noqa: ARG002  (a default)
        """Who calls; raises the service's 401 when that cannot be told."""
        return None

    def target(self, call: Call) -> str:
        """What the call is about, for the journal and the faults."""
        return call.request.path

    def headers(self, call: Call) -> dict[str, str]:  # noqa: ARG002  (a default)
        """What every answer of this service carries."""
        return {}

    def unmatched(self, call: Call) -> AzureError:
        return not_imitated(f"{call.request.method} {call.request.path}")

    def application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        call, handler = self._match(request, await request.read())
        journal = self.world.journal
        entry = journal.open(call.operation, call.target, request_id=_client_request_id(request))
        try:
            response = await self._serve(call, handler, entry)
        except AzureError as error:
            response = self.refusal(error, call)
            response.headers.update(error.headers)
        except ConnectionDroppedError:
            journal.close(entry, 0, effect=call.done)
            return _hang_up(request)
        for name, value in self.headers(call).items():
            response.headers.setdefault(name, value)
        journal.close(entry, response.status, effect=call.done)
        return response

    async def _serve(self, call: Call, handler: Handler | None, entry: Entry) -> web.Response:
        self.world.check_service_up(self.service)
        if handler is None:
            raise self.unmatched(call)
        call.caller = self.identify(call)
        entry.caller = call.caller.name if call.caller else ""
        claimed = self.world.faults.claim(call.operation, call.target)
        await _meet(claimed.before, entry)
        try:
            response = handler(call)
            call.done = True
        except AzureError as error:
            response = self.refusal(error, call)
            response.headers.update(error.headers)
        await _meet([rule for rule in claimed.after if rule.effect != "malformed"], entry)
        if claimed.malformed is not None:
            entry.note = f"{entry.note} malformed".strip()
            _spoil(response, claimed.malformed)
        return response

    def _match(self, request: web.Request, body: bytes) -> tuple[Call, Handler | None]:
        marks = self.marks(request)
        for one in self.routes:
            found = one.path.fullmatch(request.path) if one.method == request.method else None
            if found and one.marks == marks:
                call = Call(self.world, request, body, one.operation, found.groupdict(default=""))
                call.target = self.target(call)
                return call, one.handler
        return Call(self.world, request, body, f"{self.service}.unknown", {}, request.path), None

    def marks(self, request: web.Request) -> frozenset[str]:  # noqa: ARG002  (a default)
        """What tells operations on one path apart, for services where method and path do not."""
        return frozenset()


def entra_identity(call: Call, audiences: Iterable[str]) -> Identity | None:
    token = call.bearer()
    return call.world.directory.read(token, audiences) if token else None


def json_answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    text = json.dumps(body, separators=(",", ":"))
    return web.json_response(text=text, status=status, headers=headers)


def error_body(error: AzureError) -> dict[str, Any]:
    """The body most Azure services share."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.inner:
        facts["innererror"] = {"code": error.inner}
    return {"error": facts}


def not_imitated(what: str) -> AzureError:
    return AzureError(404, "NotImitated", f"This emulator does not imitate {what}.")


async def _meet(rules: list[Rule], entry: Entry) -> None:
    for rule in rules:
        outcome = rule.strike(entry)
        await (outcome if isinstance(outcome, Awaitable) else asyncio.sleep(outcome))


def _client_request_id(request: web.Request) -> str:
    return request.headers.get("x-ms-client-request-id", "")


def _spoil(response: web.Response, rule: Rule) -> None:
    whole = response.body if isinstance(response.body, bytes) else b""
    response.body = b'{"unexpected": true}' if rule.form == "wrong" else whole[: len(whole) // 2]


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection without a word; the answer returned here cannot reach anybody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
