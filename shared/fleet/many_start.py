"""Begin a request for many: confirm, count, put on record, queue its first turns. And say how long it takes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import floor

from shared.domain.errors import ConfirmFirst
from shared.domain.many import LASTS, Fate, ManyProgress, ManyRequest
from shared.domain.model import Target
from shared.domain.names import LOGGER
from shared.domain.rates import Rates
from shared.fleet.admission import admit_many
from shared.fleet.beat import Beat, beat_of
from shared.fleet.many import Candidate
from shared.fleet.many_turns import cost_of, message_of
from shared.fleet.pace import BURST_SECONDS, LEAK, LONGEST, ROTATION, SHARE, Pace, Planned
from shared.fleet.rotation import Rotation
from shared.turns.many import ManyRecord

log = logging.getLogger(LOGGER)
TURN = timedelta(minutes=1)  # what a turn takes, and a little more
AT_ONCE = timedelta(0)


def confirmation(count: int) -> str:
    """Return the words that confirm a request for that many targets."""
    return "1 target" if count == 1 else f"{count} targets"


def check_confirmed_many(count: int, confirm: str | None) -> None:
    """Raises ConfirmFirst unless a request for several targets says how many it means. `1 targets` will do for one."""
    wanted = confirmation(count)
    if (count > 1 or confirm is not None) and confirm not in {wanted, f"{count} targets"}:
        said = "The request confirms another number of targets." if confirm is not None else "It is not confirmed."
        again = f'send it again with "confirm": "{wanted}"; on the command line, with --confirm "{wanted}"'
        raise ConfirmFirst("targets", f"{count} are meant. {said} Nothing was done.", f"if you mean them all, {again}")


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
    by, why = many.request.by, many.request.reason or "no reason given"
    log.info("rotations: %s: %d targets, requested by %s: %s", many.id, len(chosen), by, why)
    await _queue_first(app, many, chosen, seen_at)
    return ManyProgress(many)


async def _queue_first(app: Rotation, many: ManyRequest, chosen: Sequence[Candidate], seen_at: datetime) -> None:
    """Queue what may begin before the next tick, and all leaks. What may not be queued is left to that tick."""
    if app.outside.later is None:
        return
    ready = [one for one in chosen if many.is_leak or one.hold(many.for_one(), many.made_at) is None]
    targets, until_tick = [one.target for one in ready], (await beat_of(app)).until_next(many.made_at)
    slots = first_slots(many, targets, app.settings.rates, until_tick)
    if many.is_leak:
        slots = past_tick(targets, slots, app.settings.rates, until_tick)
    messages = [
        (message_of(many, one, seen_at).text(), slot)
        for one, slot in zip(ready, slots, strict=True)
        if slot is not None
    ]
    errors = await app.outside.later.send_many(messages)
    if errors:
        log.warning(
            "rotations: %s: %d turns may not be queued before the next tick: %s", many.id, len(errors), errors[0]
        )


def first_slots(
    many: ManyRequest, targets: Sequence[Target], rates: Rates, until_tick: timedelta
) -> list[timedelta | None]:
    """Return when turns begin before the first tick, from now on. None: that tick queues them.

    A leak takes the pace of a whole tick. A rotation takes only what every tick leaves to people.
    """
    if many.is_leak:
        return Pace(rates, min(until_tick, LONGEST)).slots([Planned(one, LEAK) for one in targets])
    most = floor((1 - SHARE) * BURST_SECONDS * rates.arm_writes / ROTATION.writes)
    begun: Counter[str] = Counter()
    found: list[timedelta | None] = []
    for one in targets:
        begun[one.account.subscription] += 1
        found.append(AT_ONCE if begun[one.account.subscription] <= most else None)
    return found


def past_tick(
    targets: Sequence[Target], slots: Sequence[timedelta | None], rates: Rates, until_tick: timedelta
) -> list[timedelta | None]:
    """Return the slots of leaks with those that did not fit before the tick. They follow a minute behind it: if it
    comes, it serves them first, and they find them done; if it is late, no leak waits for it. None: after 50 minutes.
    """
    found, begin = list(slots), until_tick + TURN
    left = [number for number, slot in enumerate(slots) if slot is None]
    if begin < LONGEST:
        more = Pace(rates, LONGEST - begin).slots([Planned(targets[number], LEAK) for number in left])
        for number, slot in zip(left, more, strict=True):
            found[number] = None if slot is None else begin + slot
    return found


def begins(
    many: ManyRequest,
    targets: Sequence[Target],
    rates: Rates,
    until_tick: timedelta,
    interval: timedelta,
    *,
    begun: bool = False,
) -> list[timedelta]:
    """Return how long after now each turn begins, if nothing else is to be done: now, or with the ticks that follow.

    until_tick: How long it is until the next tick.
    interval: The time between two ticks.
    begun: Whether the next tick queues the first of them. Default: the request itself does.

    What does not begin within seven days begins then, as far as this says.
    """
    found = [LASTS] * len(targets)
    waiting, after, following = list(range(len(targets))), AT_ONCE, until_tick
    planned, horizon = [Planned(one, cost_of(many)) for one in targets], min(interval, LONGEST)
    slots = [None] * len(targets) if begun else first_slots(many, targets, rates, until_tick)
    while waiting and after < LASTS:
        for number, slot in zip(waiting, slots, strict=True):
            found[number] = after + slot if slot is not None else LASTS
        waiting = [number for number, slot in zip(waiting, slots, strict=True) if slot is None]
        after, following = following, following + interval
        slots = Pace(rates, horizon).slots([planned[number] for number in waiting])
    return found


async def done_by(app: Rotation, many: ManyRequest, chosen: Sequence[Candidate], now: datetime) -> list[datetime]:
    """Return by when each target is done, if Azure does not ask to wait and nothing fails, in UTC."""
    targets, beat = [one.target for one in chosen], await beat_of(app)
    after = begins(many, targets, app.settings.rates, beat.until_next(now), beat.interval)
    found = [now + one for one in after]
    if not many.is_leak:
        holds = [one.hold(many.for_one(), now) for one in chosen]
        found = [max(at, (hold and hold.held_until) or at) for at, hold in zip(found, holds, strict=True)]
    return [at + TURN for at in found]


def dates_of_open(app: Rotation, progress: ManyProgress, beat: Beat, now: datetime) -> dict[str, datetime]:
    """Return by when each open account of a request is done, by its hash, in UTC, if nothing fails.

    Until the first tick that follows the request, as the request itself has queued its turns; then from the next tick
    on. What holds a single target back is not known here.
    """
    many, begun = progress.request, beat.has_ticked_since(progress.request.made_at)
    waiting = progress.of(Fate.OPEN) if begun else many.targets
    targets = [Target(one.name, one.account, "", "") for one in waiting]
    since = now if begun else many.made_at
    after = begins(many, targets, app.settings.rates, beat.until_next(since), beat.interval, begun=begun)
    dates = {one.hash: max(since + at, now) + TURN for one, at in zip(waiting, after, strict=True)}
    return {one.hash: dates[one.hash] for one in progress.of(Fate.OPEN)}
