"""What each HTTP route does. What a person asks for about one target is in `acts`.

Every request goes the same way: who calls, with which method and body; then one call to the fleet or one turn, and its
answer. What cannot be finished while the caller waits is queued and goes on without the caller. Routes, methods and
roles stand in `shared/web/routes.py`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from shared.announce.deadlines import Deadline
from shared.domain.errors import (
    PersonMustLook,
    RotationError,
    SignInNotEnforced,
)
from shared.domain.names import LOGGER
from shared.findings.gather import gather_named, gather_shown
from shared.findings.status import status_of
from shared.fleet.rotation import Rotation
from shared.handlers import acts, as_pages, deployments, many, readers, readiness, telemetry_facts
from shared.handlers.act_lines import RefusedCallers, log_act, log_refused, on_record_as
from shared.handlers.incoming import Incoming
from shared.web.bodies import BadRequest
from shared.web.browsers import check_form, check_same_site
from shared.web.callers import Caller, Refused, Role, caller_of, check_sign_in
from shared.web.pages.asked_filters import Filters
from shared.web.responses import (
    SAFE,
    Reply,
    of_deadlines,
    of_error,
    problem,
)
from shared.web.routes import Route
from shared.web.status_data import of_one_target, of_survey
from shared.wiring import copy_looks, invalid_settings, read_only, rights, rotation, telemetry, time_limit

log = logging.getLogger(LOGGER)
REFUSALS = RefusedCallers()
MOST_SECONDS = 215  # for the calls of an answer; the platform cuts it at 230 s (docs/facts.md, HTTP)


_BROKEN = Reply(500, "")
_SEE_SETTINGS = "open GET /api/status, or run python -m cli doctor: they say what is wrong and what is right"
_SHOWING = (
    "status",
    "way_out_page",
    "readers_page",
    "copies_page",
    "target_page",
)  # the routes of pages that only show
type Handler = Callable[[Incoming, Caller], Awaitable[Reply]]


async def serve(route: Route, incoming: Incoming) -> Reply:
    """Return the answer to a request. An error is answered as a problem with a status of its own, and never raised."""
    async with telemetry().request(incoming.method, f"/api/{route.path}") as saw:
        with time_limit(MOST_SECONDS):
            reply = await _answered(route, incoming)
        saw(telemetry_facts.of_reply(reply))
    return replace(reply, headers={**SAFE, **reply.headers})


async def _answered(route: Route, incoming: Incoming) -> Reply:
    """Return the answer, and log it if the caller acted or was refused (P14)."""
    caller, recorded = None, on_record_as(route, incoming.act)
    try:
        caller = _who(route, incoming)
        _let_in(route, incoming, caller)
    except Refused as refused:
        reply = problem(refused.status, refused.title, refused.detail)
        shows = route.name in _SHOWING or (route.page and refused.status == 401)
        shown = as_pages.denied(refused, route, incoming, caller) if shows else None
        reply = shown or as_pages.for_people(route, incoming, caller, reply)
        log_refused(REFUSALS, recorded, incoming.method, incoming.asked, caller, reply, time.monotonic())
        return reply
    except SignInNotEnforced as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence says it all
        return as_pages.failed(error, incoming) if route.name == "status" or route.page else of_error(error)
    reply = _BROKEN  # until there is an answer: an act that an error in this app ends has a line as well
    try:
        reply = as_pages.for_people(route, incoming, caller, await _carried_out(route, incoming, caller))
    finally:
        if route.acts_by(incoming.method):
            log_act(recorded, incoming.method, incoming.asked, caller, reply)
    return reply


async def _carried_out(route: Route, incoming: Incoming, caller: Caller) -> Reply:
    try:
        operation = route.operations.get(incoming.method.upper())
        if operation is None:
            return _another_method(route, incoming)
        return await HANDLERS[operation](incoming, caller)
    except (BadRequest, Refused) as refused:
        return problem(refused.status, refused.title, refused.detail)
    except RotationError as error:
        return acts.refused(error, caller, acts=route.acts_by(incoming.method))


def _who(route: Route, incoming: Incoming) -> Caller:
    """Return who calls. Raises Refused if nobody is signed in, and SignInNotEnforced for every route, health
    included."""
    check_sign_in(os.environ)
    if route.role is None:
        return Caller("anybody", frozenset())
    return caller_of(incoming.headers, os.environ)


def _let_in(route: Route, incoming: Incoming, caller: Caller) -> None:
    """Raises Refused if the caller lacks the role of the route, or acts for another site in a browser."""
    role = route.role_of(incoming.method)
    if role is not None:
        caller.must(Role(role))
    if route.acts_by(incoming.method):
        (check_form if route.page else check_same_site)(incoming.headers)


def _another_method(route: Route, incoming: Incoming) -> Reply:
    allowed = ", ".join(route.operations)
    refused = problem(405, "MethodNotAllowed", f"{incoming.method[:20]}: use {allowed}.")
    return Reply(refused.status, refused.data, refused.kind, {"Allow": allowed})


async def _health(_: Incoming, __: Caller) -> Reply:
    """Say whether the app runs and may act. Every caller is let in, so of invalid settings only the names are shown.

    The platform does not look at callers here, so nobody can be known to have signed in, and no version is shown.
    """
    error = invalid_settings()
    if error is None:
        return Reply(200, {"status": "running"})
    names = list(dict.fromkeys(problem.thing.partition("[")[0] for problem in error.each))
    return Reply(503, {"status": "stopped", "invalidSettings": names, "nextStep": _SEE_SETTINGS})


async def _list_targets(_: Incoming, __: Caller) -> Reply:
    facts, found = await gather_shown(await rotation())
    return of_survey(facts, status_of(facts, found))


async def _see_target(incoming: Incoming, _: Caller) -> Reply:
    app = await rotation()
    row = await app.plan_turn((await app.fleet.find_one(incoming.which)).target)
    return of_error(row.error) if row.error else of_one_target(status_of(*await gather_named(app, [row])))


async def _see_readiness(incoming: Incoming, _: Caller) -> Reply:
    return await readiness.see_readiness(await rotation(), incoming)


async def _see_readiness_of(incoming: Incoming, _: Caller) -> Reply:
    return await readiness.see_readiness_of(await rotation(), await read_only(), incoming)


async def _see_readers(incoming: Incoming, _: Caller) -> Reply:
    return await readers.see_readers(await rotation(), await read_only(), await rights(), incoming)


async def _see_readers_of(incoming: Incoming, _: Caller) -> Reply:
    return await readers.see_readers_of(await rotation(), await rights(), incoming)


async def _see_copies(incoming: Incoming, _: Caller) -> Reply:
    return await readers.see_copies(await rotation(), await read_only(), await copy_looks(), incoming)


async def _see_copies_of(incoming: Incoming, _: Caller) -> Reply:
    return await readers.see_copies_of(await rotation(), await copy_looks(), incoming)


async def _deadlines(app: Rotation, incoming: Incoming) -> tuple[list[Deadline], list[RotationError]]:
    """Return the deadlines of the targets that the query chooses, and what could not be read."""
    found, problems = await app.deadlines()
    fits = Filters.read(incoming.query).fits_target
    return [one for one in found if fits(one.target)], problems


async def _list_deadlines(incoming: Incoming, _: Caller) -> Reply:
    return of_deadlines(*await _deadlines(await rotation(), incoming))


async def _calendar(incoming: Incoming, _: Caller) -> Reply:
    from shared.web.calendar import calendar  # only this route needs its library

    app = await rotation()
    found, problems = await _deadlines(app, incoming)
    unseen = next((one for one in problems if one.hides_targets and not isinstance(one, PersonMustLook)), None)
    if unseen is not None:  # a calendar program would delete the entries that are missing
        raise unseen
    return Reply(200, calendar(found, app.outside.clock.now()), "text/calendar")


async def _describe(_: Incoming, __: Caller) -> Reply:
    from shared.web.openapi import openapi_document

    return Reply(200, openapi_document())


async def _rotate_many(incoming: Incoming, caller: Caller) -> Reply:
    return await many.rotate_many(rotation, incoming, caller)


async def _list_rotations(_: Incoming, __: Caller) -> Reply:
    return await many.list_rotations(await rotation())


async def _see_rotation(incoming: Incoming, _: Caller) -> Reply:
    return await many.see_rotation(await rotation(), incoming.name)


async def _stop_rotation(incoming: Incoming, caller: Caller) -> Reply:
    return await many.stop_rotation(await rotation(), incoming.name, caller)


async def _deployed(incoming: Incoming, caller: Caller) -> Reply:
    return await deployments.deployed(await rotation(), incoming, caller)


HANDLERS: Mapping[str, Handler] = {
    "listTargets": _list_targets,
    "seeTarget": _see_target,
    "seeReadiness": _see_readiness,
    "seeReadinessOf": _see_readiness_of,
    "seeReaders": _see_readers,
    "seeReadersOf": _see_readers_of,
    "seeCopies": _see_copies,
    "seeCopiesOf": _see_copies_of,
    "rotate": acts.rotate,
    "reportLeak": acts.report_leak,
    "arm": acts.arm,
    "disarm": acts.disarm,
    "planTrial": acts.plan_trial,
    "stopTrial": acts.stop_trial,
    "setHold": acts.set_hold,
    "liftHold": acts.lift_hold,
    "showAct": as_pages.show_act_page,
    "act": as_pages.act_page,
    "rotateMany": _rotate_many,
    "listRotations": _list_rotations,
    "seeRotation": _see_rotation,
    "stopRotation": _stop_rotation,
    "deployed": _deployed,
    "listDeadlines": _list_deadlines,
    "subscribe": _calendar,
    "status": as_pages.status_page,
    "wayOutPage": as_pages.way_out_page,
    "readersPage": as_pages.readers_page,
    "copiesPage": as_pages.copies_page,
    "targetPage": as_pages.target_page,
    "describe": _describe,
    "health": _health,
}
