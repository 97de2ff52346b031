"""What all imitated services share: how a request gets from the socket to the world and back.

A request is matched to an operation, entered in the journal, authenticated, and checked against the fault rules. Then a
plain function performs it on the world. Each service adds only its own part: its operations, how it authenticates a
caller, how it words an error, and which headers it always sends.
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

from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError, ConnectionDroppedError, NotImitatedError
from lab.emulator.faults import Rule
from lab.emulator.journal import Entry
from lab.emulator.world import World

LARGEST_BODY = 64 * 1024 * 1024


@dataclass
class Call:
    """One request while it is served.

    world: The world that the request acts on.
    request: The HTTP request.
    body: The request body.
    operation: The operation name for journal and faults, for example `arm.listKeys`.
    parts: The named parts of the path.
    target: What the request is about, for journal and faults.
    caller: The authenticated identity, or None.
    done: Whether the world has performed the request.
    id: The request id that the answer carries.
    """

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
        """Return a query parameter, or `default` if it is absent."""
        return self.request.query.get(name, default)

    def header(self, name: str) -> str | None:
        """Return a request header, or None if it is absent."""
        return self.request.headers.get(name)

    def bearer(self) -> str | None:
        """Return the bearer token of the request, or None."""
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip() else None

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object. Raises ValueError if it is anything else."""
        body = self.json_value()
        if not isinstance(body, dict):
            raise ValueError("the body is not a JSON object")  # noqa: TRY004  (one error for every invalid body)
        return body

    def json_value(self) -> Any:  # noqa: ANN401
        """Return the body as JSON.

        Raises ValueError if it is not JSON, holds NaN or a text that is not Unicode, or is nested too deeply.
        """
        try:
            body = json.loads(self.body, parse_constant=_no_number)
            json.dumps(body, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ValueError("the body is nested too deeply") from error
        return body


Handler = Callable[[Call], web.Response]


@dataclass(frozen=True)
class Route:
    """One operation of a service.

    method: The HTTP method.
    path: A pattern for the whole path, without regard to case. Its named groups become `Call.parts`.
    operation: The operation name.
    handler: The function that performs the operation.
    marks: What the request must have besides method and path; see `Surface.marks`.
    """

    method: str
    path: re.Pattern[str]
    operation: str
    handler: Handler
    marks: frozenset[str] = frozenset()


def route(method: str, path: str, operation: str, handler: Handler, *marks: str) -> Route:
    """Return a route for a path pattern.

    `marks` are needed only for services that distinguish operations by more than method and path.
    """
    return Route(method, re.compile(path, re.IGNORECASE), operation, handler, frozenset(marks))


class Surface(ABC):
    """One imitated service.

    service: The short name of the service, the first part of its operation names.
    """

    service: ClassVar[str]

    def __init__(self, world: World) -> None:
        self.world = world
        self.routes = self.make_routes()

    @abstractmethod
    def make_routes(self) -> list[Route]:
        """Return the operations of the service."""

    @abstractmethod
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of this service."""

    def identify(self, call: Call) -> Identity | None:  # noqa: ARG002  (a default)
        """Authenticate the caller. Raises the service's 401 if that fails. By default no authentication is required."""
        return None

    def target(self, call: Call) -> str:
        """Return what the request is about, for journal and faults. By default the path."""
        return call.request.path

    def headers(self, call: Call) -> dict[str, str]:  # noqa: ARG002  (a default)
        """Return the headers that every answer of this service carries. By default none."""
        return {}

    def unmatched(self, call: Call) -> AzureError:
        """Return the error for a request that fits no operation: 501 NotImitated, in every service."""
        return NotImitatedError(f"{call.request.method} {call.request.path}")

    def application(self) -> web.Application:
        """Return the aiohttp application that serves this service on all paths."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve one request: match it, enter it in the journal, and return the answer."""
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
        await _apply(claimed.before, entry)
        try:
            response = handler(call)
            call.done = True
        except AzureError as error:
            response = self.refusal(error, call)
            response.headers.update(error.headers)
        await _apply([rule for rule in claimed.after if rule.effect != "malformed"], entry)
        if claimed.malformed is not None:
            entry.note = f"{entry.note} malformed".strip()
            _malform(response, claimed.malformed)
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
        """Return what distinguishes operations on the same method and path. By default nothing."""
        return frozenset()


def entra_identity(call: Call, audiences: Iterable[str]) -> Identity | None:
    """Return the identity whose bearer token the request carries, or None without a valid token for an audience."""
    token = call.bearer()
    return call.world.directory.read(token, audiences) if token else None


def json_answer(body: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a JSON answer without spaces, as Azure sends it."""
    text = json.dumps(body, separators=(",", ":"))
    return web.json_response(text=text, status=status, headers=headers)


def error_body(error: AzureError) -> dict[str, Any]:
    """Return the error body that most Azure services share (docs/facts.md, Keys)."""
    facts: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.inner:
        facts["innererror"] = {"code": error.inner}
    if error.details:
        facts["details"] = [{"code": code, "message": message} for code, message in error.details]
    return {"error": facts}


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _apply(rules: list[Rule], entry: Entry) -> None:
    for rule in rules:
        outcome = rule.strike(entry)
        await (outcome if isinstance(outcome, Awaitable) else asyncio.sleep(outcome))


def _client_request_id(request: web.Request) -> str:
    return request.headers.get("x-ms-client-request-id", "")


def _malform(response: web.Response, rule: Rule) -> None:
    whole = response.body if isinstance(response.body, bytes) else b""
    response.body = b'{"unexpected": true}' if rule.form == "wrong" else whole[: len(whole) // 2]


def _hang_up(request: web.Request) -> web.Response:
    """Close the connection without an answer. The response returned here does not reach the caller."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
