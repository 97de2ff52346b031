"""What operators ask for about one target over HTTP: each reads a body, takes one turn, and says what became of it."""

from __future__ import annotations

import logging
from dataclasses import replace

from shared.domain.errors import (
    ConfirmFirst,
    DisputedName,
    DisputedSecret,
    LimitReached,
    OutOfScope,
    RotationError,
    UnknownTarget,
)
from shared.domain.names import LOGGER
from shared.domain.requests import (
    ArmRequest,
    DisarmRequest,
    EndTrialRequest,
    Follow,
    HoldRequest,
    Request,
    RotateRequest,
    TrialRequest,
)
from shared.domain.times import iso_duration
from shared.handlers.incoming import Incoming
from shared.handlers.one_turn import answer
from shared.handlers.reach import reach_of
from shared.web.bodies import Arm, Leak, Rotate
from shared.web.callers import Caller, Role
from shared.web.orders_bodies import LiftHold, PlanTrial, SetHold, StopTrial
from shared.web.responses import Reply, next_step_to_repeat, of_error

log = logging.getLogger(LOGGER)
# Their next steps say already what to send next.
_SAY_WHAT_TO_SEND = (UnknownTarget, DisputedName, DisputedSecret, OutOfScope, ConfirmFirst, LimitReached)


async def rotate(incoming: Incoming, caller: Caller) -> Reply:
    """Rotate now."""
    body = Rotate.read(incoming.body, incoming.headers)
    request = body.request(incoming.id, caller.name)
    return await _answered(incoming, caller, request, dry_run=body.dry_run, confirm=body.confirm)


async def report_leak(incoming: Incoming, caller: Caller) -> Reply:
    """End a leaked key."""
    body = Leak.read(incoming.body, incoming.headers)
    request = body.request(incoming.id, caller.name)
    return await _answered(incoming, caller, request, dry_run=body.dry_run, confirm=body.confirm)


async def arm(incoming: Incoming, caller: Caller) -> Reply:
    """Wait for the next deployment."""
    body = Arm.read(incoming.body, incoming.headers)
    request = body.request(incoming.id, caller.name)
    return await _answered(incoming, caller, request, dry_run=body.dry_run, confirm=body.confirm)


async def disarm(incoming: Incoming, caller: Caller) -> Reply:
    """Wait for no deployment any more."""
    return await _answered(incoming, caller, DisarmRequest(by=caller.name, id=incoming.id))


async def plan_trial(incoming: Incoming, caller: Caller) -> Reply:
    """Plan a trial."""
    body = PlanTrial.read(incoming.body, incoming.headers)
    request = body.request(incoming.id, caller.name)
    return await _answered(incoming, caller, request, dry_run=body.dry_run, confirm=body.confirm)


async def stop_trial(incoming: Incoming, caller: Caller) -> Reply:
    """End a trial, or call one off."""
    body = StopTrial.read(incoming.body, incoming.headers)
    return await _answered(incoming, caller, body.request(incoming.id, caller.name), dry_run=body.dry_run)


async def set_hold(incoming: Incoming, caller: Caller) -> Reply:
    """Let scheduled work wait."""
    body = SetHold.read(incoming.body, incoming.headers)
    return await _answered(incoming, caller, body.request(incoming.id, caller.name), dry_run=body.dry_run)


async def lift_hold(incoming: Incoming, caller: Caller) -> Reply:
    """End a hold."""
    body = LiftHold.read(incoming.body, incoming.headers)
    return await _answered(incoming, caller, body.request(incoming.id, caller.name), dry_run=body.dry_run)


async def _answered(
    incoming: Incoming, caller: Caller, request: Request, *, dry_run: bool = False, confirm: str | None = None
) -> Reply:
    """Return the answer to a request about one target. The log's line about it also says what was asked for."""
    try:
        reply = await answer(incoming.which, request, reach_of(caller), dry_run=dry_run, confirm=confirm)
    except RotationError as error:
        reply = refused(error, caller, acts=True)
    asked = facts_of(request) | ({"dryRun": True} if dry_run else {})
    return replace(reply, on_record={**asked, **reply.on_record})


def facts_of(request: Request) -> dict[str, object]:
    """Return what the log's line about an act says of a request beside its route: what the body decides."""
    match request:
        case RotateRequest(end_other=True):
            return {"endOtherKey": True}
        case ArmRequest(deployment=awaited) if awaited.then is not Follow.ROTATE:
            length = {"duration": iso_duration(awaited.length)} if awaited.length else {}
            return {"then": awaited.then, **length}
        case TrialRequest():
            despite = {"despiteCopies": True} if request.despite_copies else {}
            return {"duration": iso_duration(request.length), **despite}
        case EndTrialRequest(despite_leak=True):
            return {"despiteLeak": True}
        case HoldRequest():
            return {"until": request.until.isoformat()}
        case _:
            return {}


def refused(error: RotationError, caller: Caller, *, acts: bool) -> Reply:
    """Return the answer to a request that an error ended, and log the error.

    acts: Whether the request asked for a change, so that the next step ends with sending it again.
    """
    if acts and not isinstance(error, _SAY_WHAT_TO_SEND):
        error.next_step = next_step_to_repeat(error)
    log.warning("%s", error)
    return of_error(error, names=caller.may(Role.READER))
