"""One target, one turn, while its caller waits; and what becomes of a wish that the turn could not carry out.

A leak is never left: whatever stands in its way, it is queued and tried for a day. A rotation that has begun goes on
without its caller. Nothing else is done later, when it may not be what is wanted any more: the answer says to ask
again.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.domain.errors import FixConfiguration, LeaseLost, PersonMustLook, RotationError, UnknownTarget
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest, Request, RotateRequest
from shared.fleet.rotation import planned_row
from shared.handlers.timer_and_queue import log_dropped_announcements
from shared.settings.target_fields import could_be_a_name
from shared.telemetry import Trigger
from shared.turns.message import Message
from shared.turns.report import Outcome, Result, failure
from shared.web.responses import Reply, of_error, of_outcome
from shared.wiring import rotation, telemetry

log = logging.getLogger(LOGGER)
PATIENCE = timedelta(seconds=150)  # the platform cuts an answer at 230 s (functions-facts, "HTTP auth")
OBSERVING = "observing"
_AGAIN = "ask again, with the same Idempotency-Key"
_QUEUED = "The key is not dead yet; its end is queued and tried for a day"
_FOR_PEOPLE = (PersonMustLook.__name__, FixConfiguration.__name__, OBSERVING)


async def answer(name: str, request: Request, *, dry_run: bool = False) -> Reply:
    """What became of the request, or only what would. Raises only RotationErrors, and none for a leak that is to be."""
    try:
        conductor = await rotation()
        target = await conductor.fleet.find(name)
    except UnknownTarget:
        raise
    except RotationError as error:
        if isinstance(request, LeakRequest) and not dry_run and could_be_a_name(name):
            log.error("a leak said by %s (%s) is queued: %s", request.by, request.reason, error)  # noqa: TRY400 - in full
            return _kept(failure(name, error), name, request, datetime.now(UTC))
        raise
    now = conductor.outside.clock.now()
    if dry_run:
        row = await conductor.plan_turn(target, request)
        return of_error(row.error) if row.error else of_outcome(planned_row(row), now)
    async with telemetry().turn(Trigger.HTTP) as saw:
        outcome = await conductor.turn(target, request, until=now + PATIENCE)
        saw(outcome)
    log.info("%s, asked by %s (%s): %s", request.kind, request.by, request.reason or "no reason given", outcome)
    log_dropped_announcements(outcome)
    return _reply(outcome, name, request, now)


def _reply(outcome: Outcome, name: str, request: Request, now: datetime) -> Reply:
    leak, undone = isinstance(request, LeakRequest), outcome.result in (Result.FAILED, Result.BUSY)
    if leak and (undone or outcome.result is Result.PLANNED):
        return _kept(outcome, name, request, now)
    reply = of_outcome(outcome, now)
    if not undone:
        return reply
    if reply.status == 202 and isinstance(request, RotateRequest):
        return replace(reply, queued=(Message(name, now, request=request),))
    again = of_outcome(replace(outcome, next_step=then_again(outcome.next_step)), now, goes_on=False)
    if outcome.reason == LeaseLost.__name__:  # somebody else came in between: look again soon
        return replace(again, queued=(Message(name, now),))
    return again


def _kept(outcome: Outcome, name: str, request: Request, now: datetime) -> Reply:
    """A leak that is queued is accepted, unless somebody must do something before the key can be ended."""
    if outcome.result is Result.PLANNED:
        outcome = _observing(outcome)
    status, queued = of_outcome(outcome, now).status, (Message(name, now, request=request),)
    if status not in (409, 503) or outcome.reason in _FOR_PEOPLE:
        return replace(of_outcome(replace(outcome, next_step=f"{outcome.next_step}. {_QUEUED}"), now), queued=queued)
    later = replace(outcome, next_step=f"nothing. {_QUEUED}")
    return Reply(202, later.data(), headers={"Location": f"/api/targets/{outcome.target}"}, queued=queued)


def _observing(outcome: Outcome) -> Outcome:
    why = f"ROTATION_MODE is observe, so nothing was done. {outcome.why}"
    step = "set ROTATION_MODE to rotate, or end the key by hand (docs/operations.md, Break-glass)"
    return replace(outcome, result=Result.HELD, reason=OBSERVING, why=why, next_step=step)


def then_again(step: str | None) -> str:
    """The next step of somebody whose wish nobody remembers: no tick makes up for that."""
    return _AGAIN if step is None or step.startswith("nothing") else f"{step}; then {_AGAIN}"
