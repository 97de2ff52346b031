"""What becomes of a turn that Azure asked to wait: nothing of it is lost, and nobody is asked too early.

A tick's turn that has changed nothing is left to a tick after the wait. Any other one goes back to the queue,
hidden until then: what a person asked for, what an event said, and work that has begun. The new message is sent before
the old one is completed, so that a crash between the two leaves two of them and never none. A wait uses no try, counts
for no brake and is not announced as a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.errors import RotationError, Throttled
from shared.domain.names import LOGGER
from shared.domain.requests import LeakRequest
from shared.fleet.rotation import Rotation
from shared.fleet.waits import note_wait
from shared.handlers.invocation import TurnFailed
from shared.turns.message import WISH_LASTS, Message
from shared.turns.report import Outcome

log = logging.getLogger(LOGGER)
LONGEST_DELAY = timedelta(minutes=50)  # within the hour in which the tags in a message are valid
SHORTEST_DELAY = timedelta(seconds=5)


async def put_off(app: Rotation, message: Message, outcome: Outcome, error: Throttled) -> None:
    """Leave a message's turn to a later tick, or put it back into the queue.

    outcome: What became of the turn. If it has carried out a step, it goes back.

    Raises TurnFailed if it must go back and cannot, or has gone back for a day: then it is tried as if it had failed.
    """
    await note_wait(app.outside, error)
    by_tick = message.repeated or (message.request is None and not message.insists)
    if by_tick and not outcome.done:
        log.warning("turn: %s It is left to a later check.", outcome)
        return
    if app.outside.clock.now() - message.queued_at >= WISH_LASTS and not message.repeated:
        raise TurnFailed(f"{outcome} It has waited for a day.")
    again = replace(message, insists=message.insists or message.request is None)
    if not await sent_later(app, [again], error):
        raise TurnFailed(str(outcome))
    log.warning("turn: %s It is queued again for then.", outcome)


async def sent_later(app: Rotation, messages: Sequence[Message], error: Throttled) -> bool:
    """Queue messages so that nobody sees them before the wait is over. Return whether that worked; the log says why
    not.

    An unclear answer about a leak on record counts as sent: if it was not, a tick repeats the leak.
    """
    if app.outside.later is None:
        return False
    now = app.outside.clock.now()
    for message in messages:
        try:
            await app.outside.later.send(message.text(), delay(error, now))
        except RotationError as problem:
            log.error("a turn could not be queued for later: %s", problem)  # noqa: TRY400 - the error says it all
            may_be_there = problem.unclear or isinstance(problem, Throttled)
            if not (may_be_there and await _is_on_record(app, message)):
                return False
    return True


async def _is_on_record(app: Rotation, message: Message) -> bool:
    request = message.request
    return isinstance(request, LeakRequest) and await app.leaks.holds(message.about, request)


def delay(error: Throttled, now: datetime) -> timedelta:
    """Return how long a message is hidden: until Azure may be asked again, and 50 minutes at most."""
    wait = error.until - now if error.until else SHORTEST_DELAY
    return min(max(wait, SHORTEST_DELAY), LONGEST_DELAY)
