"""What stands behind each trigger: one call for each, in plain data, without the Functions SDK.

A trigger in `function_app.py` says who may come in and hands on what it was given; here the message is read, the
conductor called, and the answer formed. Whatever fails is named and logged once; nothing is half said.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from shared.enrolment import Enrolled
from shared.errors import FixConfiguration, LeaseLost, PersonMustLook, RotationError, TryLater, UnknownTarget
from shared.messages import Message, read_message
from shared.model import Target
from shared.replies import BadRequest, Reply, of_error, of_outcome, of_row, of_survey, read_rotate
from shared.report import Outcome, Result, Row, person_must_look, said_again
from shared.rotation import Rotation, planned_row
from shared.targets import TAG
from shared.wiring import rotation

log = logging.getLogger("key-rotation")
MOST_TRIES = 3  # host.json, maxDequeueCount
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class TurnFailed(Exception):
    """The invocation must be seen to fail: the queue offers the message again, and monitoring sees it."""


async def tick(last: str | None, *, past_due: bool) -> list[str]:
    """The messages to queue. `last` is when the timer ran before, as the host tells it."""
    conductor = await rotation()
    now = conductor.outside.clock.now()
    found = await conductor.tick(_since(last), now)
    for error in found.problems:
        log.error("tick: %s", error)
    log.info("tick%s: %s", " (past due)" if past_due else "", found)
    return [_message(one, now).text() for one in found.turns]


def _since(last: str | None) -> datetime:
    """The host's word for the last run; a timer that never ran has the year 1 there."""
    try:
        moment = datetime.fromisoformat(last or "")
    except ValueError:
        return _LONG_AGO
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment, _LONG_AGO)


def _message(one: Enrolled, now: datetime) -> Message:
    account = one.account
    if account is None:
        return Message(one.target.name, now)
    ours = {name: text for name, text in account.tags.items() if name.startswith(TAG)}
    return Message(one.target.name, now, account.id, ours)


async def turn(body: bytes, tries: int = 1) -> None:
    """One queue message, one turn. Raises TurnFailed so that the message is offered again; the last of its `tries`
    announces why."""
    conductor = await rotation()
    message = read_message(body)
    if message.request is None and message.is_stale(conductor.outside.clock.now()):
        log.warning("%r: the message is older than an hour and was left to the next tick", message.target)
        return
    target = await _target(conductor, message)
    outcome = await conductor.turn(target, message.request)
    _say_what_is_forgotten(outcome)
    if outcome.result is Result.FAILED and tries >= MOST_TRIES:
        await _announce_failure(conductor, target, said_again(outcome))
    if outcome.result is Result.FAILED or (outcome.result is Result.BUSY and message.request is not None):
        raise TurnFailed(str(outcome))  # a tick's wish is made again by the next tick, a person's is not
    log.info("turn: %s", outcome)


def _say_what_is_forgotten(outcome: Outcome) -> None:
    """The last place for an announcement that a long outage left no room for."""
    for debt in outcome.forgotten:
        log.error("%s: never announced, and said here only: %s", outcome.target, debt)


async def _target(conductor: Rotation, message: Message) -> Target:
    if message.account is None:
        return await conductor.find(message.target)
    return conductor.from_tags(message.account, message.tags)


async def turn_poison(body: bytes) -> str | None:
    """A message that was given up. Says why, as an event where the target is known, and in the log always. Returns
    a message to queue again where a person's request must not be lost."""
    message: Message | None = None
    try:
        conductor = await rotation()
        message = read_message(body)
        target = await _target(conductor, message)
    except RotationError as error:
        log.error("turn_poison: a message was given up: %s", error)  # noqa: TRY400 - said in full already
        hopeless = message is None or isinstance(error, FixConfiguration | UnknownTarget)
        return message.text() if message and not hopeless and message.is_to_be_kept(datetime.now(UTC)) else None
    reason = _why_it_failed(await conductor.look(target, message.request))
    kept = message.is_to_be_kept(datetime.now(UTC))
    if message.request is not None:
        reason.next_step = (
            "nothing; the request is tried again for a day" if kept else "ask again; the request was given up"
        )
    log.error("turn_poison: a turn was given up: %s", reason)
    await _announce_failure(conductor, target, reason)
    return message.text() if kept else None


async def _announce_failure(conductor: Rotation, target: Target, reason: RotationError) -> None:
    """Not being able to say it must not hide what it was, nor lose what is to follow."""
    try:
        await conductor.announce_failure(target, reason)
    except RotationError as error:
        log.error("%s: its failure could not be announced: %s", target.name, error)  # noqa: TRY400 - said in full already


def _why_it_failed(row: Row) -> RotationError:
    """The reason as another look finds it; where looking works, what the turn could not carry out."""
    if row.error is not None:
        return row.error
    if row.plan is not None and person_must_look(row.plan):
        return PersonMustLook(row.target.name, row.plan.why)
    if row.plan is not None and row.plan.steps:
        steps = ", ".join(str(step) for step in row.plan.steps)
        return TryLater(row.target.name, f"its turn was given up; what it could not carry out: {steps}.")
    return TryLater(row.target.name, "its turn was given up, though another look finds nothing left to do.")


async def targets() -> Reply:
    return await _answer(_survey)


async def _survey() -> Reply:
    rows, problems = await (await rotation()).survey()
    return of_survey(rows, problems)


async def target(name: str) -> Reply:
    async def look() -> Reply:
        conductor = await rotation()
        return of_row(await conductor.look(await conductor.find(name)))

    return await _answer(look)


async def rotate(name: str, body: bytes, headers: Mapping[str, str], invocation: str) -> tuple[Reply, str | None]:
    """The reply, and a message to queue where the turn is still proving and must be gone on with."""
    queued: list[str] = []

    async def act() -> Reply:
        request, dry_run = read_rotate(body, headers)
        request = replace(request, id=request.id or invocation)
        conductor = await rotation()
        found = await conductor.find(name)
        now = conductor.outside.clock.now()
        if dry_run:
            row = await conductor.look(found, request)
            return of_error(row.error) if row.error else of_outcome(planned_row(row), now)
        outcome = await conductor.turn(found, request)
        log.info("rotate: %s", outcome)
        _say_what_is_forgotten(outcome)
        reply = of_outcome(outcome, now)
        if reply.status == 202:
            queued.append(Message(found.name, now, request=request).text())
        elif outcome.reason == LeaseLost.__name__:  # somebody else came in between: look again soon
            queued.append(Message(found.name, now).text())
        return reply

    reply = await _answer(act)
    return reply, queued[0] if queued else None


async def _answer(act: Callable[[], Awaitable[Reply]]) -> Reply:
    try:
        return await act()
    except BadRequest as bad:
        return bad.reply
    except RotationError as error:
        log.warning("%s", error)
        return of_error(error)
