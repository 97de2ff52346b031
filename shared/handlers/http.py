"""The HTTP doors: see, rotate, report a leak, arm for a deployment, and say that one went live.

Each walks the same way: who calls, by which method, with which body; then one call inward and its answer. What a
request cannot finish while its caller waits is queued, and goes on without them.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.domain.errors import FixConfiguration, PersonMustLook, RotationError, UnknownTarget
from shared.domain.names import LOGGER
from shared.domain.requests import DisarmRequest, Request
from shared.fleet.enrolment import Enrolled
from shared.fleet.rotation import Rotation
from shared.handlers.one_turn import answer, then_again
from shared.handlers.timer_and_queue import message_for
from shared.turns.message import Message
from shared.web.bodies import Arm, BadRequest, Deployment, Leak, Rotate, RotateMany, request_id
from shared.web.callers import Caller, Refused, Role, caller_of
from shared.web.responses import Reply, heard, of_deadlines, of_error, of_row, of_survey, problem, wrong
from shared.wiring import rotation, telemetry

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class Incoming:
    """A request as the trigger hands it on. Header names are in lower case."""

    method: str = "GET"
    name: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    invocation: str = ""


type Act = Callable[[Incoming, Caller], Awaitable[Reply]]


@dataclass(frozen=True)
class Route:
    """Where, by which methods, in which role, and what stands behind. Without a role it is open to everybody."""

    route: str
    role: Role | None
    acts: Mapping[str, Act]

    async def __call__(self, incoming: Incoming) -> Reply:
        """Always a reply; what is wrong is a problem of its own status."""
        async with telemetry().request(incoming.method, f"/api/{self.route}") as saw:
            reply = await self._answer(incoming)
            saw(reply)
        return reply

    async def _answer(self, incoming: Incoming) -> Reply:
        caller: Caller | None = None
        try:
            caller = self._let_in(incoming)
            act = self.acts.get(incoming.method.upper())
            if act is None:
                return self._another_method(incoming)
            return await act(incoming, caller)
        except (BadRequest, Refused) as refused:
            return problem(refused.status, refused.title, refused.detail)
        except RotationError as error:
            if self.role is Role.OPERATOR and not isinstance(error, UnknownTarget):
                error.next_step = then_again(error.next_step)
            log.warning("%s", error)
            return of_error(error, names=caller is not None and caller.may(Role.READER))

    def _let_in(self, incoming: Incoming) -> Caller:
        if self.role is None:
            return Caller("anybody", frozenset())
        caller = caller_of(incoming.headers, os.environ)
        caller.must(self.role)
        return caller

    def _another_method(self, incoming: Incoming) -> Reply:
        allowed = ", ".join(self.acts)
        refused = problem(405, "MethodNotAllowed", f"{incoming.method[:20]}: use {allowed}.")
        return Reply(refused.status, refused.data, refused.kind, {"Allow": allowed})


async def _health(_: Incoming, __: Caller) -> Reply:
    return Reply(200, {"status": "running"})


async def _survey(_: Incoming, __: Caller) -> Reply:
    return of_survey(*await (await rotation()).survey())


async def _row(incoming: Incoming, _: Caller) -> Reply:
    conductor = await rotation()
    return of_row(await conductor.plan_turn(await conductor.fleet.find(incoming.name)))


async def _deadlines(_: Incoming, __: Caller) -> Reply:
    return of_deadlines(*await (await rotation()).deadlines())


async def _calendar(_: Incoming, __: Caller) -> Reply:
    from shared.web.calendar import calendar  # its library is needed nowhere else

    conductor = await rotation()
    found, problems = await conductor.deadlines()
    unseen = next((one for one in problems if not isinstance(one, FixConfiguration | PersonMustLook)), None)
    if unseen is not None:  # a calendar without some of its entries would be taken for the whole
        raise unseen
    return Reply(200, calendar(found, conductor.outside.clock.now()), "text/calendar")


async def _status(_: Incoming, __: Caller) -> Reply:
    """The survey for people. Wrong settings are a page, too."""
    from shared.web.pages.status import HEADERS, page, page_of_error

    try:
        conductor = await rotation()
        rows, problems = await conductor.survey()
    except RotationError as error:
        log.warning("%s", error)
        return Reply(of_error(error).status, page_of_error(error, datetime.now(UTC)), "text/html", HEADERS)
    said = page(rows, problems, conductor.outside.clock.now(), conductor.settings.remarks)
    return Reply(200, said, "text/html", HEADERS)


async def _openapi(_: Incoming, __: Caller) -> Reply:
    from shared.web.openapi import description

    return Reply(200, description())


async def _rotate(incoming: Incoming, caller: Caller) -> Reply:
    body = Rotate.read(incoming.body, incoming.headers)
    return await answer(incoming.name, body.request(_id(incoming), caller.name), dry_run=body.dry_run)


async def _leak(incoming: Incoming, caller: Caller) -> Reply:
    body = Leak.read(incoming.body, incoming.headers)
    return await answer(incoming.name, body.request(_id(incoming), caller.name), dry_run=body.dry_run)


async def _arm(incoming: Incoming, caller: Caller) -> Reply:
    body = Arm.read(incoming.body, incoming.headers)
    return await answer(incoming.name, body.request(_id(incoming), caller.name))


async def _disarm(incoming: Incoming, caller: Caller) -> Reply:
    return await answer(incoming.name, DisarmRequest(by=caller.name, id=_id(incoming)))


def _id(incoming: Incoming) -> str:
    return request_id(incoming.headers, incoming.invocation)


async def _rotate_many(incoming: Incoming, caller: Caller) -> Reply:
    body = RotateMany.read(incoming.body, incoming.headers)
    if body.targets == "all":
        caller.must(Role.READER)  # the answer names targets that the caller has not named
    conductor = await rotation()
    chosen, problems = await _chosen(conductor, body.targets)
    request = body.request(_id(incoming), caller.name)
    accepted = {"targets": [one.target.name for one in chosen], "problems": wrong(problems)}
    if body.dry_run:
        return Reply(200, accepted)
    log.info("rotate: %d targets, asked by %s: %s", len(chosen), request.by, request.reason)
    now = conductor.outside.clock.now()
    return Reply(202, accepted, queued=tuple(_asking(one, request, now) for one in chosen))


async def _chosen(conductor: Rotation, names: list[str] | str) -> tuple[list[Enrolled], list[RotationError]]:
    """The targets by name, or all that can be seen. Raises as `Fleet.find_all` does."""
    if isinstance(names, list):
        return await conductor.fleet.find_all(dict.fromkeys(names)), []
    return await conductor.fleet.enrolled()


async def _deployment(incoming: Incoming, caller: Caller) -> Reply:
    """A deployment that not everybody could hear of is answered with 503, so that the pipeline says it again: whoever
    heard it already does not rotate twice."""
    body = Deployment.read(incoming.body, incoming.headers)
    conductor = await rotation()
    now = conductor.outside.clock.now()
    request = body.request(_id(incoming), caller.name, now)
    waiting, look = await conductor.waiting_for(body.environment)
    targets, sees = [one.target.name for one in waiting], caller.may(Role.READER)
    said = heard(body.environment, targets, look.problems, names=sees)
    why, many = request.reason or "no reason given", len(waiting)
    log.info("deployment to %s, said by %s (%s): %d targets wait for it", body.environment, caller.name, why, many)
    queued = () if body.dry_run else tuple(_asking(one, request, now) for one in waiting)
    if look.may_show_more and not body.dry_run:
        detail = "not every target could be asked whether it waits for this deployment; say it again."
        again = "send the request again, with the same Idempotency-Key"
        facts = problem(503, "TryLater", detail, **{**said, "nextStep": again})
        return Reply(503, facts.data, facts.kind, {"Retry-After": "30"}, queued)
    return Reply(202 if queued else 200, said, queued=queued)


def _asking(one: Enrolled, request: Request, now: datetime) -> Message:
    plain = message_for(one, now)
    return Message(plain.target, now, plain.account, plain.tags, request)


health = Route("health", None, {"GET": _health})
targets = Route("targets", Role.READER, {"GET": _survey})
target = Route("targets/{name}", Role.READER, {"GET": _row})
deadlines = Route("deadlines", Role.READER, {"GET": _deadlines})
deadlines_ics = Route("deadlines.ics", Role.READER, {"GET": _calendar})
status = Route("status", Role.READER, {"GET": _status})
openapi = Route("openapi.json", Role.READER, {"GET": _openapi})
rotate = Route("targets/{name}/rotate", Role.OPERATOR, {"POST": _rotate})
leak = Route("targets/{name}/leak", Role.OPERATOR, {"POST": _leak})
arm = Route("targets/{name}/deployment", Role.OPERATOR, {"PUT": _arm, "DELETE": _disarm})
rotate_many = Route("rotate", Role.OPERATOR, {"POST": _rotate_many})
deployments = Route("deployments", Role.OPERATOR, {"POST": _deployment})
