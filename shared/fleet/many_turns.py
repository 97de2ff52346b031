"""The turns of requests for many that a tick finds: each open account gets one, at the pace of the tick.

Nothing keeps a place in a queue: each tick finds what is left. So a process may be killed at any moment, and what it
has not queued, the next tick queues. A message that is there twice does no harm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import PersonMustLook, RotationError, TryLater
from shared.domain.many import Fate, ManyProgress, ManyRequest, ManyState, ManyTarget
from shared.domain.names import LOGGER
from shared.domain.throttle import Throttle
from shared.fleet.enrolment import message_for
from shared.fleet.many import Candidate, account_key, by_account
from shared.fleet.pace import LEAK, ROTATION, Cost, Planned
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick
from shared.fleet.waits import waits_known
from shared.turns.many import Head, ManyRecord
from shared.turns.message import Message

log = logging.getLogger(LOGGER)
MOST_REMOVED = 500  # notes of old requests in one tick; the next one goes on
MOST_NAMED = 20  # accounts that are left, in one line


@dataclass(frozen=True)
class PacedTurn:
    """A turn that is to be queued.

    planned: What it calls at most, by which it is paced.
    message: The message that asks for it.
    """

    planned: Planned
    message: Message


@dataclass
class OpenTurns:
    """The turns that a tick finds of all open requests for many.

    leaks: Those that end leaked keys. They come before all scheduled turns.
    rotations: Those that rotate. They come after the scheduled turns that have something to do.
    unlisted: Those of accounts that are not listed any more. They are few and find that out with one call.
    """

    leaks: list[PacedTurn] = field(default_factory=list)
    rotations: list[PacedTurn] = field(default_factory=list)
    unlisted: list[Message] = field(default_factory=list)


def cost_of(request: ManyRequest) -> Cost:
    """Return what one turn of a request calls at most of what Azure limits."""
    return LEAK if request.is_leak else ROTATION


def message_of(many: ManyRequest, one: Candidate, seen_at: datetime, *, troubled: bool = False) -> Message:
    """Return the message of one account's turn. It always names the account, which a name may not lead to for ever."""
    message = message_for(one.enrolled, seen_at, request=many.for_one(), troubled=troubled)
    return (
        message
        if message.account
        else Message(message.target, seen_at, one.target.account, request=message.request, troubled=troubled)
    )


async def open_turns(app: Rotation, found: Tick) -> OpenTurns:
    """Return the turns of all open requests for many, end those that are over, and remove old ones.

    What is to be known of them, and what could not be read, is named among the tick's problems.
    """
    record, turns = ManyRecord(app.outside.notes), OpenTurns()
    try:
        heads = await record.heads()
        waits = await waits_known(app.outside, found.problems, found.now) if any(map(_is_open, heads)) else ()
        for head in filter(_is_open, heads):
            progress = await record.progress(head)
            if progress is None:
                found.problems.append(TryLater(f"rotations {head.id}", "the request for many cannot be read."))
                continue
            await _go_on(app, found, progress, turns, waits)
        await record.remove_old(heads, found.now, MOST_REMOVED)
    except RotationError as error:
        found.problems.append(error)
    return turns


def _is_open(head: Head) -> bool:
    return head.there and head.ended_at is None


async def _go_on(
    app: Rotation, found: Tick, progress: ManyProgress, turns: OpenTurns, waits: Sequence[Throttle]
) -> None:
    """Add the next turns of a request, or say why there are none."""
    state = progress.state(found.now, app.settings.brake)
    if state is ManyState.PAUSED:
        found.problems.append(paused(progress, app.settings.brake))
    elif state is ManyState.RUNNING:
        _add_turns(found, progress, turns, waits)
    else:
        await ManyRecord(app.outside.notes).end(progress.request.id, found.now)
        log.log(logging.ERROR if progress.rest else logging.INFO, "rotations: %s", in_words(progress, state))


def _add_turns(found: Tick, progress: ManyProgress, turns: OpenTurns, waits: Sequence[Throttle]) -> None:
    """Add the turns of the open accounts, in their order, without those that must wait."""
    listed, many = by_account(found.listing), progress.request
    for one in progress.of(Fate.OPEN):
        candidate = listed.get(account_key(one.account))
        if candidate is not None:
            if not _must_wait(candidate, many, found, waits):
                troubled = found.has_trouble(candidate.enrolled)
                message = message_of(many, candidate, found.now, troubled=troubled)
                turn = PacedTurn(Planned(candidate.target, cost_of(many)), message)
                (turns.leaks if many.is_leak else turns.rotations).append(turn)
        elif not found.listing.may_show_more:
            turns.unlisted.append(Message(one.name, found.now, one.account, request=many.for_one()))


def _must_wait(candidate: Candidate, many: ManyRequest, found: Tick, waits: Sequence[Throttle]) -> bool:
    """Return whether Azure asked to wait, or the target's own previous key holds a rotation back."""
    if any(wait.is_on(found.now) and wait.covers(candidate.target) for wait in waits):
        return True
    return not many.is_leak and candidate.hold(many.for_one(), found.now) is not None


def paused(progress: ManyProgress, brake: int) -> PersonMustLook:
    """Return the error that names a request that pauses, and how to go on."""
    id_ = progress.request.id
    what = (
        f"more than {brake} of its accounts failed (ROTATION_BRAKE), so nothing further begins. "
        f"{len(progress.rest)} of its {len(progress.request.targets)} accounts are left."
    )
    return PersonMustLook(f"rotations {id_}", what, going_on(progress, ManyState.PAUSED))


def going_on(progress: ManyProgress, state: ManyState) -> str | None:
    """Return what a person should do about a request in this state. None if there is nothing to do."""
    id_ = progress.request.id
    typed = f"python -m cli rotate-many --rest-of {id_}"
    rest = f'POST /api/rotate with "select": {{"rest_of": "{id_}"}}, or {typed}, goes on with the rest'
    if state is ManyState.PAUSED:
        see = f"see GET /api/rotations/{id_} for the reasons and mend them; then {rest}"
        return f"{see}, and DELETE /api/rotations/{id_} ends this one"
    return rest if state in (ManyState.STOPPED, ManyState.ENDED) else None


def in_words(progress: ManyProgress, state: ManyState) -> str:
    """Return how a request ended, with the accounts that are left, or else those that are gone."""
    rest, many = progress.rest, progress.request
    if rest:
        return f"{many.id}: {state}: {len(rest)} of its {len(many.targets)} accounts are left: {_named(rest)}."
    gone = progress.of(Fate.GONE)
    found = f" Gone are {len(gone)}: {_named(gone)}." if gone else ""
    return f"{many.id}: {state}: {len(many.targets) - len(gone)} of its {len(many.targets)} accounts are done.{found}"


def _named(accounts: Sequence[ManyTarget]) -> str:
    more = f" and {len(accounts) - MOST_NAMED} more" if len(accounts) > MOST_NAMED else ""
    return ", ".join(str(one.account) for one in accounts[:MOST_NAMED]) + more
