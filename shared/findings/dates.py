"""The dates of a target as people are told them: when, what, and whether it is certain.

A date that waits slides with the clock: an end that could not be announced is always the notice away. Such a date is
shown as not known, with the moment that was agreed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.announce.deadlines import Deadline, DeadlineKind, deadlines
from shared.decide import cadence, schedule
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.relative import length_in_words
from shared.domain.times import LAST
from shared.findings.status import TargetStatus


@dataclass(frozen=True)
class Date:
    """One date that lies ahead.

    target: The target that it is a date of.
    kind: What happens.
    says: What happens, in words: "key 1 stops working".
    falls_at: When it happens, in UTC. None if that is not known, because it waits.
    was: When it was to happen, in UTC, if it waits. None otherwise.
    announced: Whether Event Grid accepted an announcement of this very moment.
    after_deployment: The environment whose next deployment brings it sooner. None if it waits for none.
    doubtful: Whether all keys end before it.
    held_until: Until when a person's hold moves it, in UTC. None if none does.
    """

    target: Target
    kind: DeadlineKind
    says: str
    falls_at: datetime | None
    was: datetime | None = None
    announced: bool = False
    after_deployment: str | None = None
    doubtful: bool = False
    held_until: datetime | None = None


def dates_of(one: TargetStatus) -> list[Date]:
    """Return the dates of a target, the soonest first and those that are not known last.

    A target that is misconfigured or cannot be read has the dates that were known last, all of them held.
    """
    situation = one.row.situation
    if situation is None:
        return []
    held = one.is_stale or one.row.plan is None or one.row.plan.needs_a_person
    found = one.deadlines or tuple(deadlines(situation))
    return sorted(_dates(situation, found, held=held), key=lambda date: date.falls_at or LAST)


def _dates(situation: Situation, found: Sequence[Deadline], *, held: bool) -> Iterator[Date]:
    end = min((one.falls_at for one in found if one.what is DeadlineKind.SUNSET), default=LAST)
    for one in found:
        was = one.falls_at if held else _agreed(one, situation)
        slides = was is not None
        falls_at, announced = (None, False) if slides else (one.falls_at, one.announced)
        doubt = ", if keys still work then" if (doubtful := one.falls_at > end) else ""
        says = f"{_words(one)}{doubt}{', after a hold' if one.held_until else ''}"
        yield Date(one.target, one.what, says, falls_at, was, announced, one.after_deployment, doubtful, one.held_until)


def _agreed(one: Deadline, situation: Situation) -> datetime | None:
    """Return the moment that was agreed, if the date slides away from it, or if all keys cannot end yet.

    None if the date stands.
    """
    if one.announced and situation.seen.takes_identity:
        return None
    if one.held_until is not None:
        return None  # it stands, at the end of the hold or after it
    match one.what:
        case DeadlineKind.RETIREMENT:
            return _if_it_slides(situation.marks.until, situation)
        case DeadlineKind.SUNSET:
            agreed = situation.agreed_sunset
            return _if_it_slides(agreed, situation) if situation.seen.takes_identity else agreed
        case DeadlineKind.ROTATION:
            return _rotation_that_waits(one, situation)
        case DeadlineKind.TRIAL:
            return _if_it_slides(situation.trial.starts if situation.trial else None, situation)


def _rotation_that_waits(one: Deadline, situation: Situation) -> datetime | None:
    """Return when a rotation was due, if it comes after an end that slides. None if it does not."""
    ends = schedule.retirement(situation)
    if ends is None or _if_it_slides(situation.marks.until, situation) is None or one.falls_at > ends:
        return None
    told = situation.marks.told.retirement
    if told is not None and told.deadline == ends:
        return None
    opens = cadence.within_window(schedule.due(situation), situation.target.cadence)
    return opens if opens < ends else None


def _if_it_slides(agreed: datetime | None, situation: Situation) -> datetime | None:
    """Return a moment that comes too soon to be announced in time, so that its date moves with the clock."""
    terms = situation.target.cadence
    soonest = situation.now + terms.notice + cadence.sending_time(terms)
    return agreed if agreed is not None and agreed < soonest else None


def _words(one: Deadline) -> str:
    match one.what:
        case DeadlineKind.RETIREMENT:
            return f"{one.key.words} stops working"
        case DeadlineKind.SUNSET:
            return "all keys end"
        case DeadlineKind.ROTATION:
            return "new key, or at a deployment" if one.after_deployment else "new key"
        case DeadlineKind.TRIAL:
            return f"a trial, {length_in_words(one.length)} without keys" if one.length else "a trial without keys"
