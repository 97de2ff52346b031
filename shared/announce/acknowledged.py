"""The marks once announcements were accepted: the reverse of `outstanding`.

Accepted announcements are recorded after they were sent. If that record is lost, they are sent again with the same ids
(P9).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.announce.outstanding import kind_of, valid_marks
from shared.decide.carried_over import valid_told
from shared.decide.situation import Situation
from shared.domain.publication import Marks
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline


def accepted_in_time(situation: Situation, announcement: Announcement, accepted_at: datetime) -> bool:
    """Return whether an announcement that was accepted at that time keeps the notice (P3).

    An end whose announcement took too long to send counts as not announced, and is announced again with a later
    deadline. An announcement that was accepted before may be repeated late.
    """
    match announcement.kind:
        case Kind.RETIREMENT_ANNOUNCED:
            told = valid_told(situation).retirement
        case Kind.SUNSET_ANNOUNCED:
            told = valid_told(situation).sunset
        case Kind.TRIAL_ANNOUNCED:
            told = situation.trial.told if situation.trial else None
        case (
            Kind.KEY_ADOPTED
            | Kind.ROTATION_ANNOUNCED
            | Kind.KEY_ROTATED
            | Kind.KEY_RETIRED
            | Kind.DRIFT_HEALED
            | Kind.ROTATION_FAILED
            | Kind.DEADLINE_WITHDRAWN
            | Kind.KEY_AUTH_DISABLED
            | Kind.KEY_AUTH_ENABLED
            | Kind.TRIAL_STARTED
            | Kind.TRIAL_ENDED
        ):
            return True  # no key ends at such an announcement
        case _:
            assert_never(announcement.kind)
    deadline = announcement.deadline
    if announcement.kind is Kind.RETIREMENT_ANNOUNCED and situation.ends_as_agreed:
        return True  # a person agreed to this end beforehand, so it needs no notice (P2, P3)
    known = told is not None and told.deadline == deadline
    return deadline is None or known or deadline - accepted_at >= situation.target.cadence.notice


def acknowledged(situation: Situation, accepted: Iterable[Announcement] = ()) -> Marks:
    """Return the marks with the accepted announcements recorded: the reverse of `outstanding`.

    Raises LookupError if the version is not marked.
    """
    marks = valid_marks(situation) or situation.marks
    for announcement in accepted:
        marks = _acknowledge(situation, _without_carried_over(marks, announcement), announcement)
    return marks


def _without_carried_over(marks: Marks, announcement: Announcement) -> Marks:
    remaining = tuple(one for one in marks.told.carried_over if not _announces(announcement, one))
    return replace(marks, told=replace(marks.told, carried_over=remaining))


def _announces(announcement: Announcement, one: CarriedOver) -> bool:
    if one.happened is Happened.KEYS_BACK:
        return announcement.kind is Kind.KEY_AUTH_ENABLED and announcement.occasion == one.text()
    return (kind_of(one.happened), one.slot, one.value) == (announcement.kind, announcement.slot, announcement.value)


def _acknowledge(situation: Situation, marks: Marks, announcement: Announcement) -> Marks:
    match announcement.kind:
        case Kind.KEY_ADOPTED | Kind.KEY_ROTATED | Kind.DRIFT_HEALED:
            return _acknowledge_origin(marks, announcement)
        case Kind.KEY_RETIRED:
            return _acknowledge_retired(situation, marks, announcement)
        case Kind.ROTATION_ANNOUNCED | Kind.RETIREMENT_ANNOUNCED | Kind.SUNSET_ANNOUNCED:
            return replace(marks, told=_acknowledge_deadline(marks.told, announcement))
        case Kind.KEY_AUTH_DISABLED:
            return replace(marks, told=replace(marks.told, key_auth_off=True))
        case Kind.KEY_AUTH_ENABLED:
            return marks  # it was carried over, and is not any more
        case Kind.DEADLINE_WITHDRAWN:
            return _acknowledge_withdrawn(marks, announcement)
        case Kind.ROTATION_FAILED:
            return marks  # no turn of the target announces it
        case Kind.TRIAL_ANNOUNCED | Kind.TRIAL_STARTED | Kind.TRIAL_ENDED:
            return marks  # the trial's own note keeps that (`of_orders`)
        case _:
            assert_never(announcement.kind)


def _acknowledge_withdrawn(marks: Marks, announcement: Announcement) -> Marks:
    """Return the marks without the announced rotation that does not come on its day."""
    told = marks.told.rotation
    if told is None or announcement.value != marks.live or announcement.deadline != told.deadline:
        return marks
    return replace(marks, told=replace(marks.told, rotation=None))


def _acknowledge_origin(marks: Marks, announcement: Announcement) -> Marks:
    if announcement.kind is not kind_of(marks.origin.happened) or announcement.value != marks.live:
        return marks  # it announced an older version, which is no longer carried over now
    return replace(marks, told=replace(marks.told, origin=True))


def _acknowledge_retired(situation: Situation, marks: Marks, announcement: Announcement) -> Marks:
    if announcement.value != marks.previous:
        return marks
    spare = situation.seen.keys[situation.spare]
    fresh = spare != situation.retired
    return replace(marks, previous=None, until=None, leaked=False, agreed=False, spare=spare, fresh=fresh)


def _acknowledge_deadline(told: Told, announcement: Announcement) -> Told:
    if announcement.after is not None:
        return replace(told, awaited=True)
    if announcement.deadline is None:
        return told
    accepted = ToldDeadline(announcement.deadline, announcement.lead)
    match announcement.kind:
        case Kind.ROTATION_ANNOUNCED:
            return replace(told, rotation=accepted)
        case Kind.RETIREMENT_ANNOUNCED:
            return replace(told, retirement=accepted)
        case Kind.SUNSET_ANNOUNCED:
            return replace(told, sunset=accepted)
        case _:
            return told
