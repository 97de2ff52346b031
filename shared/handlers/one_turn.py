"""One turn for one target while its caller waits, and what becomes of a request that the turn could not carry out.

A reported leak is never dropped: whatever the turn met, it is on record (docs/decisions/0017), and queued for a day.
Where nothing but a person can help, the answer says so at once, with what to do. A rotation that has begun goes on
without its caller. If Azure asked to wait, both go on when the wait is over, and the answer names the moment. Any other
request is not carried out later, because it may not be wanted any more then: the answer says to ask again.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from shared.decide.plan import Reason
from shared.domain.errors import DisputedName, LeaseLost, RotationError, Throttled, UnknownTarget
from shared.domain.model import AccountId, Target
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest, Request, RotateRequest
from shared.domain.scopes import Reach
from shared.fleet.admission import Counting, admit, check_confirmed, counting
from shared.fleet.enrolment import Enrolled
from shared.fleet.rotation import Rotation
from shared.fleet.survey import planned_row
from shared.fleet.waits import note_wait
from shared.handlers import telemetry_facts
from shared.handlers.invocation import log_dropped_announcements
from shared.handlers.reach import check_reach
from shared.handlers.waiting import sent_later
from shared.settings.target_fields import could_be_a_name, default_name
from shared.telemetry import Trigger
from shared.turns.message import About
from shared.turns.report import HeldByMode, Outcome, Result, failure
from shared.web.asked import address_of
from shared.web.fitting import check_fits, time_of_readers
from shared.web.responses import Reply, next_step_to_repeat, of_error, of_outcome
from shared.wiring import rotation, telemetry, time_for

log = logging.getLogger(LOGGER)
PATIENCE = timedelta(seconds=150)  # the platform cuts an answer at 230 s (docs/facts.md, HTTP)
_LATER = {  # by whether the leak is on record
    True: "The key still works; the leak is on record and is tried until the key has ended",
    False: "The key still works; its end is queued and tried for a day",
}
_AFTER_A_PERSON = {
    True: "The key works until a person has done that. The leak is on record, and the key is then ended within an hour",
    False: "The key works until a person has done that. For a day it is then ended by itself; later, report it again",
}


async def answer(
    which: str | AccountId, request: Request, reach: Reach, *, dry_run: bool = False, confirm: str | None = None
) -> Reply:
    """Carry out a request on the target of that name or account and return the answer.

    reach: The accounts on which the caller may act.
    dry_run: Whether to say only what would be done.
    confirm: The target's name, by which the caller confirms the request. None without it.

    Raises BadRequest for a request that does not fit the time or the settings, and RotationErrors. For a leak of
    something that can be a target's name, or of an account, it raises only that there is no such target, that several
    accounts have this name, that the caller may not act on the account, or what `admit` raises: any other error queues
    the leak. Whose name cannot be looked up is not queued for a caller who is limited.
    """
    app: Rotation | None = None
    if isinstance(which, AccountId):
        check_reach(reach, (str(which), which))
    try:
        app = await rotation()
        target, counted = await _found(app, which, request, confirm, None if dry_run else reach)
    except (UnknownTarget, DisputedName):
        raise
    except RotationError as error:
        if isinstance(request, LeakRequest) and not dry_run and _is_known_well_enough(which, reach, error):
            check_confirmed(which, request, confirm, error)
            return await _recorded(app, which, request, error)
        raise
    check_reach(reach, (target.name, target.account))
    now = app.outside.clock.now()
    check_fits(request, now, time_of_readers(target, app.settings.defaults.lag))
    if dry_run:
        row = await app.plan_turn(target, request)
        return of_error(row.error) if row.error else of_outcome(planned_row(row), now)
    admitted = await admit(app, target, request, confirm, counted)
    async with telemetry().turn(Trigger.HTTP) as saw:
        outcome = await app.turn(target, request, until=now + PATIENCE)
        saw(telemetry_facts.of_outcome(outcome))
    log.info("%s, requested by %s (%s): %s", request.kind, request.by, request.reason or "no reason given", outcome)
    log_dropped_announcements(outcome)
    await admitted.settle(outcome)
    about = About.of(target)
    if isinstance(request, LeakRequest) and (_is_undone(outcome) or _is_only_observed(outcome)):
        reply = _kept(outcome, about, request, now, recorded=await app.leaks.holds(about, request))
    else:
        reply = _reply(outcome, about, request, now)
    reply = replace(reply, done=outcome.did)
    return _addressed(await _put_off(app, outcome.error, reply), which)


async def _found(
    app: Rotation, which: str | AccountId, request: Request, confirm: str | None, reach: Reach | None
) -> tuple[Target, Counting | None]:
    """Return the target. A leak is counted while its account is read: its key must not wait for that.

    reach: The accounts on which the caller may act. None for a dry run, which is not counted.
    """
    account = await _account_of(app, which, request, reach) if reach is not None else None
    counted = counting(app, account, request, confirm) if account is not None else None
    try:
        found = await _by_key(app, which, account, request)
        if found is not None:
            return found.target, counted
        if counted is not None and isinstance(which, str):
            await counted.stop()  # the name leads to another account
            counted = None
        return (await app.fleet.find_one(which, request)).target, counted
    except RotationError:
        if counted is not None:
            await counted.stop()
        raise


async def _account_of(app: Rotation, which: str | AccountId, request: Request, reach: Reach) -> AccountId | None:
    """Return the account that a request is about, as far as it can be told without asking Azure about it.

    Of a leak by name only if it names the key: that shows whether it is the right account.
    """
    if isinstance(which, AccountId):
        return which
    if not isinstance(request, LeakRequest) or request.fingerprint is None:
        return None
    if any(one.name.casefold() == which.casefold() for one in app.settings.targets):
        return None  # the settings say where it leads
    found = await app.names.only_account(which, app.outside)
    return found if found is not None and reach.includes(found) else None


async def _by_key(
    app: Rotation, which: str | AccountId, account: AccountId | None, request: Request
) -> Enrolled | None:
    """Return the target of that name, if the account that had it last has the key that leaked. None otherwise."""
    if account is None or not isinstance(which, str) or not isinstance(request, LeakRequest):
        return None
    return await app.fleet.find_by_key(which, account, request)


def _is_known_well_enough(which: str | AccountId, reach: Reach, error: RotationError) -> bool:
    """Return whether a leak can be put on record although its target could not be looked up.

    A name that could not be looked up may lead to an account on which the caller may not act. Then the error says how
    to report the leak at once.
    """
    if isinstance(which, AccountId):
        return True
    if could_be_a_name(which) and not reach.is_whole:
        wait, error.resolves_itself = "wait" if error.resolves_itself else error.next_step, False
        error.next_step = f"report the leak by the account's resource id, which puts it on record, or {wait}"
        return False
    return could_be_a_name(which)


async def _recorded(app: Rotation | None, which: str | AccountId, request: LeakRequest, error: RotationError) -> Reply:
    """Queue a leak whose target could not be looked up."""
    log.error("a leak reported by %s (%s) is queued: %s", request.by, request.reason, error)
    about = About(which) if isinstance(which, str) else About(default_name(which), which)
    recorded = False
    if app is not None:
        request = await app.leaks.add(about, request)
        recorded = await app.leaks.holds(about, request)
    outcome = replace(failure(about.name, error), account=str(about.account or ""))
    kept = _kept(outcome, about, request, time_for(app), recorded=recorded)
    return _addressed(await _put_off(app, error, kept), which)


def _addressed(reply: Reply, which: str | AccountId) -> Reply:
    """Return the reply to a caller who asked by account with the address that leads there."""
    if isinstance(which, str) or "Location" not in reply.headers:
        return reply
    return replace(reply, headers={**reply.headers, "Location": address_of(which, "")})


async def _put_off(app: Rotation | None, error: RotationError | None, reply: Reply) -> Reply:
    """Note the wait that Azure asked for, and hide what is queued until it is over.

    If it cannot be hidden, it is queued like any other message: its turn meets the wait and is put off.
    """
    if app is None or not isinstance(error, Throttled):
        return reply
    await note_wait(app.outside, error)
    sent = reply.queued and await sent_later(app, reply.queued, error)
    return replace(reply, queued=()) if sent else reply


def _is_only_observed(outcome: Outcome) -> bool:
    return outcome.result is Result.PLANNED and outcome.cause is not Reason.WHICH_KEY


def _is_undone(outcome: Outcome) -> bool:
    return isinstance(outcome.error, Throttled) or outcome.result in (Result.FAILED, Result.BUSY)


def _has_begun(outcome: Outcome) -> bool:
    """Return whether a turn that Azure asked to wait has changed something, or may have."""
    error = outcome.error
    return isinstance(error, Throttled) and (bool(outcome.done) or error.unclear)


def _reply(outcome: Outcome, about: About, request: Request, now: datetime) -> Reply:
    reply = of_outcome(outcome, now)
    if not _is_undone(outcome):
        return reply
    if _has_begun(outcome) and isinstance(request, RotateRequest):
        reply = _accepted(outcome)
    if reply.status == 202 and isinstance(request, RotateRequest):
        return replace(reply, queued=(about.message(now, request),))
    step = next_step_to_repeat(outcome.error) if outcome.error else outcome.next_step
    again = of_outcome(replace(outcome, next_step=step), now, goes_on=False)
    if isinstance(outcome.error, LeaseLost):  # another turn interfered: check the target again soon
        return replace(again, queued=(about.message(now),))
    return again


def _kept(outcome: Outcome, about: About, request: Request, now: datetime, *, recorded: bool) -> Reply:
    """Queue a leak. The answer is 202, or the error's own status if a person must act before the key can be ended."""
    if outcome.result is Result.PLANNED:
        outcome = _observing(outcome)
    status, queued = of_outcome(outcome, now).status, (about.message(now, request),)
    if _needs_a_person(outcome):
        stuck = replace(outcome, next_step=f"{outcome.next_step}. {_AFTER_A_PERSON[recorded]}")
        log.error("a leak reported by %s cannot be carried out before a person acts: %s", request.by, stuck)
        return replace(of_outcome(stuck, now), queued=queued)
    if status not in (409, 503) or (outcome.error and not _passes(outcome.error)):
        return replace(
            of_outcome(replace(outcome, next_step=f"{outcome.next_step}. {_LATER[recorded]}"), now), queued=queued
        )
    return replace(_accepted(replace(outcome, next_step=f"nothing. {_LATER[recorded]}")), queued=queued)


def _accepted(outcome: Outcome) -> Reply:
    return Reply(202, outcome.data(), headers={"Location": f"/api/targets/{outcome.target}"})


def _observing(outcome: Outcome) -> Outcome:
    why = f"ROTATION_MODE is observe, so nothing was done. {outcome.why}"
    step = "set ROTATION_MODE to rotate, or end the key by hand (docs/operations.md, Break-glass)"
    return replace(outcome, result=Result.HELD, cause=HeldByMode.OBSERVING, why=why, next_step=step)


def _needs_a_person(outcome: Outcome) -> bool:
    """Return whether the key cannot be ended before a person has done something."""
    needed = outcome.error is not None and outcome.error.needs_a_person
    return needed or outcome.cause is HeldByMode.OBSERVING


def _passes(error: RotationError) -> bool:
    """Return whether nothing says that it may stay: an answer of Azure that nobody knows may."""
    return error.refusal is None or error.refusal.passes
