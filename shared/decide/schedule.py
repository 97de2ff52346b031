"""The dates that lie ahead of one target. The only place that computes them.

The plan's sentence, the announcements, the survey, the calendar, the status page and the command line all read the
dates here, so that none of them can name another one (P11).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from shared.decide import cadence
from shared.decide.carried_over import valid_told
from shared.decide.situation import Situation
from shared.domain.requests import Follow


@dataclass(frozen=True)
class Schedule:
    """What happens to a target next, and when. All times are in UTC.

    rotation: When the next scheduled rotation can start: it is due, the window is open, and the previous key has ended.
    retirement: When the previous key stops working. None if there is none, or if it leaked (it ends immediately).
    sunset: When the account stops accepting keys. None if no date was agreed.
    trial: When a planned trial starts. None if none is planned.
    """

    rotation: datetime
    retirement: datetime | None = None
    sunset: datetime | None = None
    trial: datetime | None = None


def schedule_of(situation: Situation) -> Schedule | None:
    """Return the target's dates.

    None if no date is known: keys are switched off, nothing readable is published, or the version is not marked.
    """
    publication = situation.seen.publication
    if not situation.seen.key_auth or not situation.is_published or publication is None or publication.marks is None:
        return None
    return Schedule(rotation(situation), retirement(situation), sunset(situation), trial(situation))


def due(situation: Situation) -> datetime:
    """Return when the rotation is due, by the schedule or after a deployment. Raises LookupError if the version is not
    marked."""
    return cadence.due_at(situation.marks, situation.target, situation.publication.named_due)


def rotation(situation: Situation) -> datetime:
    """Return when the next scheduled rotation can start. Raises LookupError if the version is not marked."""
    opens = cadence.within_window(_not_on_hold(due(situation), situation), situation.target.cadence)
    return max(opens, retirement(situation) or opens)


def rotation_is_open(situation: Situation) -> bool:
    """Whether nobody can date the next rotation, because it comes after an end that waits for a listener.

    Its date then moves with every check. Raises LookupError if the version is not marked.
    """
    opens = cadence.within_window(due(situation), situation.target.cadence)
    return situation.seen.unheard is not None and rotation(situation) > opens


def retirement(situation: Situation) -> datetime | None:
    """Return when the previous key ends: after its overlap, and never sooner than the notice from now (P3).

    None if no previous key is in use, or if it leaked. Raises LookupError if the version is not marked.
    """
    marks = situation.marks
    if not situation.spare_in_use or marks.leaked or marks.until is None:
        return None
    until = _not_on_hold(marks.until, situation)
    if situation.ends_as_agreed:
        return until  # a person agreed to this very moment beforehand, so it waits for no notice
    return cadence.ending_at(replace(marks, until=until), situation.target.cadence, situation.now)


def sunset(situation: Situation) -> datetime | None:
    """Return when all keys end: on the agreed date, and never sooner than the notice from now (P3). None without
    one."""
    agreed, told = situation.agreed_sunset, valid_told(situation).sunset
    if agreed is None:
        return None
    return cadence.sunset_at(_not_on_hold(agreed, situation), told, situation.target.cadence, situation.now)


def trial(situation: Situation) -> datetime | None:
    """Return when a planned trial starts: when it was asked for, and never sooner than the notice from now (P3).

    None if none is planned.
    """
    planned = situation.trial
    if planned is None or not planned.is_planned:
        return None
    starts = _not_on_hold(planned.starts, situation)
    return cadence.sunset_at(starts, planned.told, situation.target.cadence, situation.now)


def both_ended(situation: Situation) -> datetime | None:
    """Return when both values that the keys have now have ended, if a person agreed to that after a deployment.

    It is the end of the soak time, or later if the next key can only be published later: because of a hold, the window,
    or a key that the vault held before. None if nothing is agreed, or if neither a deployment nor a latest time is
    known.
    """
    awaited, terms = situation.marks.awaited, situation.target.cadence
    begins = cadence.rotates_from(situation.marks, terms)
    if awaited is None or awaited.then is not Follow.END or awaited.due is None or begins is None:
        return None
    published = cadence.within_window(_not_on_hold(max(begins, situation.now), situation), terms)
    return max(_not_on_hold(awaited.due, situation), published + awaited.time_of_readers(terms.overlap))


def _not_on_hold(moment: datetime, situation: Situation) -> datetime:
    """Return the moment, or the end of a hold that lasts longer: until then nothing happens on schedule."""
    return max(moment, situation.hold.until) if situation.hold else moment


def retirement_is_announced(situation: Situation) -> bool:
    """Whether P3 lets the previous key end now: its end was announced in time, or it leaked, or there is none."""
    marks = situation.marks
    if marks.leaked or situation.ends_as_agreed or not situation.spare_in_use or marks.until is None:
        return True
    return cadence.announced_in_time(marks.told.retirement, marks.until, situation.now)
