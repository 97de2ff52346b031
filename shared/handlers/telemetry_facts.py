"""Ticks, outcomes and replies as the plain facts that telemetry takes."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from shared.announce.deadlines import deadlines
from shared.announce.outstanding import outstanding
from shared.decide.plan import Reason
from shared.domain.names import LOGGER
from shared.fleet.found import Listed
from shared.fleet.ticks import Tick
from shared.telemetry import ReplyFacts, Standing, TickFacts, TurnFacts
from shared.turns.report import Outcome, Result
from shared.web.responses import PROBLEM, Reply

log = logging.getLogger(LOGGER)


def of_tick(tick: Tick) -> TickFacts:
    """Return what a tick found, in numbers."""
    return TickFacts(len(tick.turns), tick.quiet, tick.unseen, len(tick.problems), lambda: standings(tick))


def of_outcome(outcome: Outcome) -> TurnFacts:
    """Return what became of a turn, in public words."""
    return TurnFacts(
        outcome.target,
        outcome.result.value,
        outcome.reason,
        error=outcome.error.code if outcome.error else None,
        failed=outcome.result is Result.FAILED,
        braked=outcome.cause is Reason.BRAKE,
        steps=outcome.done,
        outstanding=outcome.outstanding,
    )


def of_reply(reply: Reply) -> ReplyFacts:
    """Return the status of a reply and, if it is a problem, the problem's title, also where a page says it."""
    if reply.kind == PROBLEM and isinstance(reply.data, dict):
        return ReplyFacts(reply.status, str(reply.data.get("title")))
    title = reply.on_record.get("title")
    return ReplyFacts(reply.status, str(title)) if title else ReplyFacts(reply.status)


def standings(tick: Tick) -> Iterator[Standing]:
    """Yield every target that the listings tell enough about. A target that cannot be judged is logged and left out."""
    for one in tick.listed:
        try:
            found = _standing(one, tick)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is named, and hides no other target (P10)
            name = one.enrolled.target.name
            log.warning("telemetry: %s is missing from the metrics (%s)", name, type(error).__name__)
            continue
        if found is not None:
            yield found


def _standing(one: Listed, tick: Tick) -> Standing | None:
    situation = one.situation(tick.now)
    if situation is None:
        return None
    remaining = {deadline.what.value: deadline.falls_at - tick.now for deadline in deadlines(situation)}
    return Standing(situation.target.name, tick.now - situation.marks.since, remaining, len(outstanding(situation)))
