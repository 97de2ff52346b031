"""The timer and the queue: a tick names who needs a turn, a turn serves one target, and what was given up is said.

Several ticks' and people's messages for one target do no harm: each turn decides from what it sees.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shared.decide.plan import Reason
from shared.domain.errors import LeaseLost, PersonMustLook, RotationError, TryLater, UnknownTarget
from shared.domain.model import Target
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest
from shared.fleet.enrolment import Enrolled
from shared.fleet.rotation import Rotation, Tick
from shared.settings.target_fields import TAG
from shared.telemetry import Trigger
from shared.turns.brake import Brake
from shared.turns.message import Message, read_message
from shared.turns.report import Outcome, Result, Row, person_must_look, said_again
from shared.wiring import rotation, telemetry

log = logging.getLogger(LOGGER)
MOST_TRIES = 3  # host.json, maxDequeueCount
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PASSING = frozenset({TryLater.__name__, LeaseLost.__name__})


class TurnFailed(Exception):
    """The invocation must be seen to fail: the queue offers the message again, and monitoring sees it."""


async def tick(last: str | None, *, past_due: bool) -> list[str]:
    """The messages to queue. `last` is when the timer ran before, as the host tells it."""
    async with telemetry().tick() as saw:
        return await _tick(last, past_due, saw)


async def _tick(last: str | None, past_due: bool, saw: Callable[[Tick], None]) -> list[str]:
    conductor = await rotation()
    now = conductor.outside.clock.now()
    found = await conductor.tick(_since(last), now)
    saw(found)
    for error in found.problems:
        log.error("tick: %s", error)
    log.info("tick%s: %s", " (past due)" if past_due else "", found)
    return [message.text() for message in _messages(found.turns, now, conductor.settings.brake)]


def _since(last: str | None) -> datetime:
    """The host's word for the last run; a timer that never ran has the year 1 there."""
    try:
        moment = datetime.fromisoformat(last or "")
    except ValueError:
        return _LONG_AGO
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment, _LONG_AGO)


def _messages(turns: Sequence[Enrolled], now: datetime, limit: int) -> list[Message]:
    """In another order each time, so that targets which fail in every tick are not always the first, and brake the
    same others for ever. So few turns that the brake cannot come on need not ask for it."""
    shuffled = random.sample(turns, len(turns))
    return [message_for(one, now, crowded=len(turns) > limit) for one in shuffled]


def message_for(one: Enrolled, now: datetime, *, crowded: bool = False, insists: bool = False) -> Message:
    """A turn for this target, with the tags of its account where it was enrolled by them."""
    account = one.account
    if account is None:
        return Message(one.target.name, now, crowded=crowded, insists=insists)
    ours = {name: text for name, text in account.tags.items() if name.lower().startswith(TAG)}
    return Message(one.target.name, now, account.id, ours, crowded=crowded, insists=insists)


async def turn(body: bytes, tries: int = 1) -> None:
    """One queue message, one turn. Raises TurnFailed so that the message is offered again; the last of its `tries`
    announces why."""
    async with telemetry().turn(Trigger.QUEUE) as saw:
        await _turn(body, tries, saw)


async def _turn(body: bytes, tries: int, saw: Callable[[Outcome], None]) -> None:
    conductor = await rotation()
    message = read_message(body)
    if message.request is None and message.is_stale(conductor.outside.clock.now()):
        log.warning("%r: the message is older than an hour and was left to the next tick", message.target)
        return
    target = await _target(conductor, message)
    brake = conductor.brake(message.queued_at) if message.crowded else None
    try:
        outcome = await conductor.turn(target, message.request, brake=brake)
    except Exception:  # a mistake of ours is what the brake is there for, too
        await _note_unexpected(brake, target)
        raise
    saw(outcome)
    log_dropped_announcements(outcome)
    if outcome.result is Result.FAILED:
        await _note_failure(brake, target, outcome, last=tries >= MOST_TRIES)
    if outcome.result is Result.FAILED and tries >= MOST_TRIES:
        await _announce_failure(conductor, target, said_again(outcome))
    if outcome.result is Result.PLANNED and isinstance(message.request, LeakRequest):
        raise TurnFailed(f"{outcome} A leak is not forgotten because the app only observes.")
    wanted = message.request is not None or message.insists
    if outcome.result is Result.FAILED or (outcome.result is Result.BUSY and wanted):
        raise TurnFailed(str(outcome))  # a tick's wish is made again by the next tick, anybody else's is not
    log.log(logging.WARNING if outcome.reason == Reason.BRAKE else logging.INFO, "turn: %s", outcome)


async def _note_unexpected(brake: Brake | None, target: Target) -> None:
    unexpected = Outcome(target.name, Result.FAILED, "Unexpected", "an error that nobody foresaw.")
    await _note_failure(brake, target, unexpected, last=True)


async def _note_failure(brake: Brake | None, target: Target, outcome: Outcome, *, last: bool) -> None:
    """For the brake. What the next try may mend counts when it was the last, a person's affair never."""
    passing = outcome.reason in _PASSING and not last
    if brake is None or passing or outcome.reason == PersonMustLook.__name__:
        return
    try:
        await brake.note(str(target.account).casefold())
    except RotationError as error:
        log.error("%s: its failure could not be noted: %s", target.name, error)  # noqa: TRY400 - said in full already


def log_dropped_announcements(outcome: Outcome) -> None:
    """The last place for an announcement that a long outage left no room for."""
    for carried in outcome.dropped:
        log.error("%s: never announced, and said here only: %s", outcome.target, carried)


async def _target(conductor: Rotation, message: Message) -> Target:
    """The target that the message means. Tags that it carries are believed for an hour; after that the account is
    asked whether it still takes part, and as what."""
    if message.account is None:
        return await conductor.fleet.find(message.target)
    if not message.is_stale(conductor.outside.clock.now()):
        return conductor.fleet.from_tags(message.account, message.tags)
    found = await conductor.fleet.find_account(message.account)
    if found is None:
        raise UnknownTarget(repr(message.target[:64]), "its account is not enrolled any more.")
    return found.target


async def turn_poison(body: bytes) -> str | None:
    """A message that was given up. Says why, as an event where the target is known, and in the log always. Returns
    a message to queue again where a person's request must not be lost."""
    message: Message | None = None
    try:
        message = read_message(body)
        conductor = await rotation()
        target = await _target(conductor, message)
    except RotationError as error:
        log.error("turn_poison: a message was given up: %s", error)  # noqa: TRY400 - said in full already
        return message.text() if message and message.is_to_be_kept(datetime.now(UTC)) else None
    row = await conductor.plan_turn(target, message.request)
    if message.insists and row.plan is not None and not row.plan.steps and not person_must_look(row.plan):
        log.warning("%s: an event's turn never had the target to itself; another look finds it well", target.name)
        return None
    reason = _why_it_failed(row)
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
