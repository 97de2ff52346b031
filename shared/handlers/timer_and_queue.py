"""The timer and the queue: a tick finds the targets that need a turn, a turn serves one target, the rest is reported.

Several messages for one target do no harm, whether ticks or people sent them: each turn decides from what it observes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from shared.decide.plan import Reason
from shared.domain.causes import Cause
from shared.domain.errors import (
    FixConfiguration,
    GrantRole,
    PersonMustLook,
    RotationError,
    Throttled,
    TryLater,
    UnexpectedAnswer,
    UnknownTarget,
)
from shared.domain.many import request_of_many
from shared.domain.model import AccountId, Target
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest
from shared.fleet.pace import until_next
from shared.fleet.rotation import Rotation
from shared.fleet.waits import note_wait
from shared.handlers import telemetry_facts
from shared.handlers.daily_survey import survey_daily
from shared.handlers.invocation import MOST_SECONDS, TurnFailed, log_dropped_announcements
from shared.handlers.one_of_many import take_one_of_many
from shared.handlers.queued_turns import queue_turns
from shared.handlers.status_line import log_status
from shared.handlers.timer_status import interval, since
from shared.handlers.waiting import put_off
from shared.telemetry import TickFacts, Trigger, TurnFacts
from shared.turns.brake import Brake
from shared.turns.message import Message, read_message
from shared.turns.orders import ordered_target, orders_of
from shared.turns.report import Outcome, Result, Row, failure
from shared.turns.trouble import forget_trouble, note_trouble
from shared.wiring import rotation, telemetry, time_for, time_limit

log = logging.getLogger(LOGGER)
MOST_TRIES = 3  # host.json, maxDequeueCount


async def tick(last: str | None, due: str | None = None, *, past_due: bool) -> list[str]:
    """Handle the timer: find the targets that need a turn, and queue the turns. Return the messages.

    last: When the timer last ran, as the host writes it.
    due: When it was or is due next, as the host writes it.
    """
    async with telemetry().tick() as saw:
        with time_limit(MOST_SECONDS):
            return await _tick(last, due, past_due, saw)


async def _tick(last: str | None, due: str | None, past_due: bool, saw: Callable[[TickFacts], None]) -> list[str]:
    app = await _with_valid_settings()
    now = app.outside.clock.now()
    usual = interval(last, due, app, now)
    found = await app.tick(since(last, app, now), now, usual, keep=False)
    try:
        messages = await queue_turns(app, found, until_next(usual, app.outside.clock.now() - now))
    finally:
        found.view.next_at = now + usual
        await app.keep(found)
        saw(telemetry_facts.of_tick(found))
        for error in found.problems:
            log.error("tick: %s", error)
        log.info("tick%s: %s", " (past due)" if past_due else "", found)
    app.ticked_at = now
    await log_status(app, found.view)
    await survey_daily(app, now)
    return messages


async def _with_valid_settings() -> Rotation:
    """Return the process's `Rotation`. Log each invalid setting in a line of its own, and raise FixConfiguration.

    The error ends the tick visibly, but in the host's log it is the middle of an exception's text. The lines are what a
    person reads, and what the alert of the settings looks for.
    """
    try:
        return await rotation()
    except FixConfiguration as error:
        for problem in error.each or (error,):
            log.error("settings: nothing is done because of %s", problem)  # noqa: TRY400 - the error says it all
        raise


async def turn(body: bytes, tries: int = 1) -> None:
    """Handle a queue message: take the turn that one queue message asks for. `tries` counts the deliveries of the
    message.

    Raises TurnFailed if the message must be delivered again. The last try announces why the turn fails.
    """
    async with telemetry().turn(Trigger.QUEUE) as saw:
        with time_limit(MOST_SECONDS):
            await _turn(body, tries, saw)


async def _turn(body: bytes, tries: int, saw: Callable[[TurnFacts], None]) -> None:
    app = await rotation()
    message = read_message(body)
    if request_of_many(message.request) is not None:
        one_of_many = await take_one_of_many(app, message, _target)
        if one_of_many is not None:
            saw(telemetry_facts.of_outcome(one_of_many))
            log_dropped_announcements(one_of_many)
        return
    if message.request is None and not message.insists and message.is_stale(app.outside.clock.now()):
        log.warning(
            "%r: the message is older than an hour; the next tick queues another one if it is needed", message.target
        )
        return
    try:
        target = await _target(app, message)
    except Throttled as error:
        await put_off(app, message, failure(message.target, error), error)
        return
    brake = app.brake(message.queued_at) if message.crowded else None
    try:
        by_name = message.account is None
        outcome = await app.turn(target, message.request, brake=brake, by_name=by_name, ordered=message.ordered)
    except Exception:  # an error in this app counts for the brake as well
        await _note_failure(brake, target)
        raise
    saw(telemetry_facts.of_outcome(outcome))
    log_dropped_announcements(outcome)
    await _conclude(app, target, message, outcome, brake, last=tries >= MOST_TRIES)


async def _conclude(
    app: Rotation, target: Target, message: Message, outcome: Outcome, brake: Brake | None, *, last: bool
) -> None:
    """Decide what becomes of the message of a turn. Raises TurnFailed if it must be delivered again."""
    if isinstance(outcome.error, Throttled):
        await put_off(app, message, outcome, outcome.error)
        return
    if outcome.error is not None and await _waits_for_a_role(app, target, message, outcome):
        await note_trouble(app.outside.notes, target, outcome.error, app.outside.clock.now())
        log.warning("turn: %s", outcome)
        return
    if message.repeated and outcome.result in (Result.BUSY, Result.PLANNED):
        log.warning("turn: %s The leak is on record; a later check repeats it.", outcome)
        return
    if outcome.result is Result.FAILED and outcome.error is not None:
        await _after_failure(app, target, outcome.error, brake, last=last)
    if outcome.result is Result.PLANNED and isinstance(message.request, LeakRequest):
        raise TurnFailed(f"{outcome} The app only observes; the leak stays queued.")
    wanted = message.request is not None or message.insists
    if outcome.result is Result.FAILED or (outcome.result is Result.BUSY and wanted):
        raise TurnFailed(str(outcome))  # the next tick repeats a tick's message, and nothing repeats another one
    if message.troubled and outcome.result in (Result.DONE, Result.NOTHING):
        await forget_trouble(app.outside.notes, target)
    log.log(logging.WARNING if outcome.cause is Reason.BRAKE else logging.INFO, "turn: %s", outcome)


async def _waits_for_a_role(app: Rotation, target: Target, message: Message, outcome: Outcome) -> bool:
    """Return whether a scheduled turn lacks a role on a target of which nothing is published yet.

    A new role assignment needs some minutes until it acts (docs/facts.md, Tokens). No application depends on such a
    target, so its turn is neither tried again within seconds nor announced as failed, and does not count for the brake.
    The log names it at each tick, and so do page and doctor. After six hours the alert of overdue targets fires.
    """
    error, scheduled = outcome.error, message.request is None and not message.insists
    if not scheduled or not isinstance(error, GrantRole) or error.cause is Cause.IDENTITY_REFUSED:
        return False
    try:
        return await app.outside.vault.latest(target) is None
    except RotationError:
        return False  # whether something is published is not known


async def _after_failure(
    app: Rotation, target: Target, error: RotationError, brake: Brake | None, *, last: bool
) -> None:
    """Count the failure for the brake; after the last try announce it as well.

    An error that the next try may clear counts after the last try only. One that a person must judge never counts, nor
    does a refusal by the resource itself, such as a lock: neither says anything about other targets.
    """
    may_pass = isinstance(error, TryLater) and not isinstance(error, UnexpectedAnswer)
    about_others = not isinstance(error, PersonMustLook) and not error.of_owner
    if last or not may_pass:
        await note_trouble(app.outside.notes, target, error, app.outside.clock.now())
    if about_others and (last or not may_pass):
        await _note_failure(brake, target)
    if last:
        await _announce_failure(app, target, error)


async def _note_failure(brake: Brake | None, target: Target) -> None:
    """Count the target as failed for the brake of its check. If that cannot be noted, the log says so."""
    if brake is None:
        return
    try:
        await brake.note(str(target.account).casefold())
    except RotationError as error:
        log.error("%s: its failure could not be noted: %s", target.name, error)  # noqa: TRY400 - the error says it all


async def _target(app: Rotation, message: Message) -> Target:
    """Return the target of a message.

    The tags in a message count for an hour. After that the account is read again. Raises UnknownTarget if the account
    is not enrolled any more, and whatever reading it raises.
    """
    if message.account is None:
        return (await app.fleet.find_one(message.target, message.request)).target
    if message.tags and not message.is_stale(app.outside.clock.now()):
        return app.fleet.from_tags(message.account, message.tags)
    try:
        found = await app.fleet.find_account(message.account, message.request)
        if found is not None:
            return found.target
    except RotationError:
        left = await _to_end_a_trial(app, message.account) if message.ordered else None
        if left is None:
            raise
        return left
    left = await _to_end_a_trial(app, message.account) if message.ordered else None
    if left is None:
        raise UnknownTarget(repr(message.target[:64]), "its account is not enrolled any more.")
    return left


async def _to_end_a_trial(app: Rotation, account: AccountId) -> Target | None:
    """Return the target as the note of its trial names it, if one has begun: it ends, whether the account is still
    enrolled or not. None otherwise."""
    orders = await orders_of(app.outside.notes, account)
    begun = orders.trial is not None and orders.trial.begun is not None
    return await ordered_target(app.outside.notes, account) if begun else None


async def turn_poison(body: bytes) -> str | None:
    """Handle a message of the poison queue: report that it was given up: in the log, and as an event if the target is
    known.

    Returns the message to queue again if it holds a person's request that is not a day old. None otherwise.
    """
    with time_limit(MOST_SECONDS):
        return await _turn_poison(body)


async def _turn_poison(body: bytes) -> str | None:
    message: Message | None = None
    app: Rotation | None = None
    try:
        message = read_message(body)
        app = await rotation()
        target = await _target(app, message)
    except RotationError as error:
        log.error("turn_poison: a message was given up: %s", error)  # noqa: TRY400 - the error says it all
        return message.text() if message and message.is_to_be_kept(time_for(app)) else None
    row = await app.plan_turn(target, message.request)
    if message.insists and row.plan is not None and not row.plan.steps and not row.plan.needs_a_person:
        log.warning("%s: other turns always held the target of an event; nothing is left to do now", target.name)
        return None
    reason = _why_it_failed(row)
    kept = message.is_to_be_kept(time_for(app))
    if isinstance(reason, Throttled):  # a wait is no failure
        await note_wait(app.outside, reason)
        log.error("turn_poison: a turn is %s: %s", "queued again" if kept else "left to a later check", reason)
        return message.text() if kept else None  # its turn meets the wait and is put off
    if message.request is not None:
        reason.next_step = _step_of_request(reason, await _what_becomes_of(app, message, kept=kept))
    log.error("turn_poison: a turn was given up: %s", reason)
    await _announce_failure(app, target, reason)
    return message.text() if kept else None


async def _what_becomes_of(app: Rotation, message: Message, *, kept: bool) -> str | None:
    """Return what becomes of a request that a turn gave up. None if it must be asked for again."""
    if isinstance(message.request, LeakRequest) and await app.leaks.holds(message.about, message.request):
        return "the leak is on record and is tried every hour until the key has ended"
    return "the request is tried again for a day" if kept else None


def _step_of_request(reason: RotationError, later: str | None) -> str:
    """Return the next step for a request that a turn gave up. `later` is what becomes of it by itself."""
    first = reason.next_step if reason.needs_a_person else None
    if later is None:
        again = "ask again; the request was given up"
        return f"{first}; then {again}" if first else again
    return f"{first or 'nothing'}; {later}"


async def _announce_failure(app: Rotation, target: Target, reason: RotationError) -> None:
    """Announce why turns fail. If that fails too, the log says so, and the caller goes on."""
    try:
        await app.announce_failure(target, reason)
    except RotationError as error:
        log.error("%s: its failure could not be announced: %s", target.name, error)  # noqa: TRY400 - the error says it all


def _why_it_failed(row: Row) -> RotationError:
    """Return the reason as another observation finds it, or else the steps that the turn did not carry out."""
    if row.error is not None:
        return row.error
    if row.plan is not None and row.plan.needs_a_person:
        return PersonMustLook(row.target.name, row.plan.why)
    if row.plan is not None and row.plan.steps:
        steps = ", ".join(step.words for step in row.plan.steps)
        return TryLater(row.target.name, f"its turn was given up; these steps are left to do: {steps}.")
    return TryLater(row.target.name, "its turn was given up, but nothing is left to do now.")
