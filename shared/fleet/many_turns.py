"""When the accounts of a request for many get their turns: some at once, the rest with the ticks, at the pace of a tick.

Nothing keeps a place in a queue: each tick finds what is left. So a process may be killed at any moment, and whatever it
has not queued, the next tick queues. A message that is there twice does no harm.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor

from shared.domain.errors import ConfirmFirst, PersonMustLook, RotationError, TryLater
from shared.domain.many import LASTS, Fate, ManyProgress, ManyRequest, ManyState
from shared.domain.model import Target
from shared.domain.names import LOGGER, QUEUE
from shared.domain.rates import Rates
from shared.domain.throttle import Throttle
from shared.fleet.admission import admit_many
from shared.fleet.enrolment import message_for
from shared.fleet.many import Candidate, account_key, by_account
from shared.fleet.pace import BURST_SECONDS, ROTATION, SHARE, USUAL, Cost, Pace, Planned
from shared.fleet.rotation import Rotation, Tick
from shared.fleet.waits import waits_known
from shared.turns.many import ManyRecord
from shared.turns.message import Message

log = logging.getLogger(LOGGER)
LEAK = Cost(writes=5, creations=1)  # lists the keys three times, and regenerates both
TURN = timedelta(minutes=1)  # what a turn takes, and a little more
MOST_REMOVED = 500  # notes of old requests in one tick; the next one goes on
MOST_NAMED = 20  # accounts that are left, in one line
AT_ONCE = timedelta(0)


@dataclass(frozen=True)
class ManyTurn:
    """A turn of one account of a request for many.

    message: The message that asks for it.
    target: The target, by which it is paced. None for an account that is not listed any more: its turn says so.
    """

    message: Message
    target: Target | None = None


@dataclass
class OpenTurns:
    """The turns that a tick finds of all open requests for many.

    leaks: Those that end leaked keys. They come before all scheduled turns.
    rotations: Those that rotate. They come after the scheduled turns that have something to do.
    at_once: Those of accounts that are not listed any more.
    """

    leaks: list[ManyTurn] = field(default_factory=list)
    rotations: list[ManyTurn] = field(default_factory=list)
    at_once: list[Message] = field(default_factory=list)

    def add(self, turn: ManyTurn, *, leak: bool) -> None:
        """Add a turn."""
        if turn.target is None:
            self.at_once.append(turn.message)
        else:
            (self.leaks if leak else self.rotations).append(turn)


def cost_of(request: ManyRequest) -> Cost:
    """Return what one turn of a request calls at most of what Azure limits."""
    return LEAK if request.is_leak else ROTATION


def confirmation(count: int) -> str:
    """Return the words that confirm a request for that many targets."""
    return f"{count} targets"


def check_confirmed_many(count: int, confirm: str | None) -> None:
    """Raises ConfirmFirst unless a request for several targets says how many it means."""
    wanted = confirmation(count)
    if (count > 1 or confirm is not None) and confirm != wanted:
        said = "The request confirms another number of targets." if confirm is not None else "It is not confirmed."
        step = f'if you mean them all, send it again with "confirm": "{wanted}"; on the command line, --confirm "{wanted}"'
        raise ConfirmFirst("targets", f"{count} are meant. {said} Nothing was done.", step)


async def start(
    app: Rotation, many: ManyRequest, chosen: Sequence[Candidate], seen_at: datetime, confirm: str | None
) -> ManyProgress:
    """Put a request for many on record, and queue its first turns. Return what is on record under its id.

    chosen: Its targets, in the order in which they are served.
    seen_at: When a listing showed them, in UTC.
    confirm: What the caller confirmed. None without it.

    Raises ConfirmFirst, LimitReached, and what the storage raises: then nothing is on record.
    """
    check_confirmed_many(len(chosen), confirm)
    admitted = await admit_many(app, many.for_one())
    record = ManyRecord(app.outside.notes)
    if not await record.add(many):
        known = await record.find(many.id)
        return known or ManyProgress(many)
    await admitted.settle()
    log.info("rotations: %s: %d targets, requested by %s: %s", many.id, len(chosen), many.request.by, many.request.reason)
    await _queue_first(app, many, chosen, seen_at)
    return ManyProgress(many)


async def _queue_first(app: Rotation, many: ManyRequest, chosen: Sequence[Candidate], seen_at: datetime) -> None:
    """Queue what may begin before the next tick. What may not be queued is left to that tick."""
    if app.outside.later is None:
        return
    ready = [one for one in chosen if many.is_leak or one.hold(many.for_one(), many.made_at) is None]
    until_tick = _interval(app) - (many.made_at - seen_at)
    slots = first_slots(many, [one.target for one in ready], app.settings.rates, until_tick)
    messages = [
        (message_of(many, one, seen_at).text(), slot) for one, slot in zip(ready, slots, strict=True) if slot is not None
    ]
    errors = await app.outside.later.send_many(messages)
    if errors:
        log.warning("rotations: %s: %d turns may not be queued before the next tick: %s", many.id, len(errors), errors[0])


def first_slots(
    many: ManyRequest, targets: Sequence[Target], rates: Rates, until_tick: timedelta
) -> list[timedelta | None]:
    """Return when turns begin before the first tick, from now on. None: that tick queues them.

    A leak takes the pace of a whole tick. A rotation takes only what every tick leaves to people.
    """
    if many.is_leak:
        turns = [Planned(one, LEAK) for one in targets]
        return Pace(rates, max(until_tick, TURN)).slots(turns)
    most = floor((1 - SHARE) * BURST_SECONDS * rates.arm_writes / ROTATION.writes)
    begun: Counter[str] = Counter()
    found: list[timedelta | None] = []
    for one in targets:
        begun[one.account.subscription] += 1
        found.append(AT_ONCE if begun[one.account.subscription] <= most else None)
    return found


def begins(many: ManyRequest, targets: Sequence[Target], rates: Rates, interval: timedelta) -> list[timedelta]:
    """Return how long after now each turn begins, if nothing else is to be done: now, or with the ticks that follow.

    What does not begin within seven days begins then, as far as this says.
    """
    found = [LASTS] * len(targets)
    waiting, after = list(range(len(targets))), AT_ONCE
    slots = first_slots(many, targets, rates, interval)
    while waiting and after < LASTS:
        for number, slot in zip(waiting, slots, strict=True):
            found[number] = after + slot if slot is not None else LASTS
        waiting = [number for number, slot in zip(waiting, slots, strict=True) if slot is None]
        after += interval
        slots = Pace(rates, interval).slots([Planned(targets[number], cost_of(many)) for number in waiting])
    return found


def done_by(app: Rotation, many: ManyRequest, chosen: Sequence[Candidate], now: datetime) -> list[datetime]:
    """Return by when each target is done, if Azure does not ask to wait and nothing fails, in UTC."""
    targets = [one.target for one in chosen]
    found = [now + after for after in begins(many, targets, app.settings.rates, _interval(app))]
    if not many.is_leak:
        holds = [one.hold(many.for_one(), now) for one in chosen]
        found = [max(at, (hold and hold.held_until) or at) for at, hold in zip(found, holds, strict=True)]
    return [at + TURN for at in found]


def message_of(many: ManyRequest, one: Candidate, seen_at: datetime, *, troubled: bool = False) -> Message:
    """Return the message of one account's turn. It always names the account, which a name may not lead to for ever."""
    message = message_for(one.enrolled, seen_at, request=many.for_one(), troubled=troubled)
    return message if message.account else Message(
        message.target, seen_at, one.target.account, request=message.request, troubled=troubled
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


def _is_open(head: object) -> bool:
    return bool(getattr(head, "there", False)) and getattr(head, "ended_at", None) is None


async def _go_on(
    app: Rotation, found: Tick, progress: ManyProgress, turns: OpenTurns, waits: Sequence[Throttle]
) -> None:
    """Add the next turns of a request, or say why there are none."""
    state = progress.state(found.now, app.settings.brake)
    if state is ManyState.PAUSED:
        found.problems.append(paused(progress, app.settings.brake))
    elif state is ManyState.RUNNING:
        for turn in _next_turns(found, progress, waits):
            turns.add(turn, leak=progress.request.is_leak)
    else:
        await ManyRecord(app.outside.notes).end(progress.request.id, found.now)
        log.log(logging.ERROR if progress.rest else logging.INFO, "rotations: %s", in_words(progress, state))


def _next_turns(found: Tick, progress: ManyProgress, waits: Sequence[Throttle]) -> Iterable[ManyTurn]:
    """Yield the turns of the open accounts, in their order, without those that must wait."""
    listed, many = by_account(found.listing), progress.request
    for one in progress.of(Fate.OPEN):
        candidate = listed.get(account_key(one.account))
        if candidate is None:
            if not found.listing.may_show_more:
                yield ManyTurn(Message(one.name, found.now, one.account, request=many.for_one()))
            continue
        if any(wait.is_on(found.now) and wait.covers(candidate.target) for wait in waits):
            continue
        if many.is_leak or candidate.hold(many.for_one(), found.now) is None:
            message = message_of(many, candidate, found.now, troubled=found.has_trouble(candidate.enrolled))
            yield ManyTurn(message, candidate.target)


def paused(progress: ManyProgress, brake: int) -> PersonMustLook:
    """Return the error that names a request that pauses, and how to go on."""
    id_ = progress.request.id
    what = (
        f"more than {brake} of its accounts failed (ROTATION_BRAKE), so nothing further begins. "
        f"{len(progress.rest)} of {len(progress.request.targets)} are left."
    )
    step = (
        f'see GET /api/rotations/{id_} for the reasons and mend them; then POST /api/rotate with "select": '
        f'{{"rest_of": "{id_}"}} goes on with the rest, and DELETE /api/rotations/{id_} ends this one'
    )
    return PersonMustLook(f"rotations {id_}", what, step)


def in_words(progress: ManyProgress, state: ManyState) -> str:
    """Return how a request ended, with the accounts that are left."""
    rest, many = progress.rest, progress.request
    if not rest:
        return f"{many.id}: {state}: all of its {len(many.targets)} accounts are done."
    names = ", ".join(str(one.account) for one in rest[:MOST_NAMED])
    more = f" and {len(rest) - MOST_NAMED} more" if len(rest) > MOST_NAMED else ""
    return f"{many.id}: {state}: {len(rest)} of its {len(many.targets)} accounts are left: {names}{more}."


def not_queued(count: int, sent: int, first: RotationError) -> TryLater:
    """Return the error of turns that may not be queued."""
    what = f"{count} of {sent} turns may not be queued: {first.what}"
    return TryLater(f"queue {QUEUE}", what, "nothing; the next tick finds their targets again")


def _interval(app: Rotation) -> timedelta:
    """Return the time between two ticks, as far as the app knows it."""
    return app.settings.pause or USUAL
