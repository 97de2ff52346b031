"""Which announcements are owed, and how the marks look once they were accepted.

Announcing is at least once. What is true is compared with what the marks say was told, and the difference is owed;
what was accepted is noted afterwards, and losing the note only repeats it. `acknowledged` is the reverse of `outstanding`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from shared.announce.announcements import Announcement, Kind, text_of
from shared.decide import cadence
from shared.decide.situation import Situation
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Happened, Told, ToldDeadline

_ORIGINS = {
    Origin.ADOPTED: Kind.KEY_ADOPTED,
    Origin.ROTATED: Kind.KEY_ROTATED,
    Origin.HEALED: Kind.DRIFT_HEALED,
}
_DEBTS = {
    Happened.ADOPTED: Kind.KEY_ADOPTED,
    Happened.ROTATED: Kind.KEY_ROTATED,
    Happened.HEALED: Kind.DRIFT_HEALED,
    Happened.ENDED: Kind.KEY_RETIRED,
}


def outstanding(situation: Situation) -> tuple[Announcement, ...]:
    """Everything that should be announced about a target now and was not yet accepted."""
    marks = _standing(situation)
    if marks is None:
        return ()
    if not situation.seen.key_auth:
        return tuple(_last_words(situation, marks)) if situation.is_ours else ()
    if not situation.is_published or situation.seen.live is None or not situation.is_marked_truly:
        return ()
    return (*_debts(situation, marks), *_events(situation, marks), *_deadlines(situation, marks))


def _standing(situation: Situation) -> Marks | None:
    """The marks, as far as what they say was told still stands."""
    marks = situation.seen.publication.marks if situation.seen.publication else None
    return replace(marks, told=situation.told()) if marks else None


def _last_words(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    """Keys are off: what is still owed from before, and that they are off. A second end is a second event; whoever
    touches the version in between does not make the first one another."""
    yield from _debts(situation, marks)
    if not marks.told.origin:
        yield _origin(situation, marks)
    if not marks.told.key_auth_off:
        occasion = f"{marks.live} {marks.told.ends}"
        yield Announcement(Kind.KEY_AUTH_DISABLED, situation.target, occasion=occasion)


def _origin(situation: Situation, marks: Marks) -> Announcement:
    until = marks.until if situation.seen.key_auth and situation.spare_in_use else None
    asked = (
        marks.requester if marks.origin is Origin.ROTATED else Requester()
    )  # a healed version keeps it, and nobody asked
    return Announcement(
        _ORIGINS[marks.origin],
        situation.target,
        situation.live,
        marks.live,
        happened_at=marks.since,
        previous_until=until,
        unproven=marks.unproven,
        requester=asked,
    )


def _debts(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    for carried in marks.told.carried_over:
        yield Announcement(
            _DEBTS[carried.happened], situation.target, carried.slot, carried.value, happened_at=carried.at
        )


def _events(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    if not marks.told.origin:
        yield _origin(situation, marks)
    if marks.previous is not None and not situation.spare_in_use:
        yield Announcement(Kind.KEY_RETIRED, situation.target, situation.spare, marks.previous)


def _deadlines(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    rhythm, told, slack = situation.target.cadence, marks.told, cadence.sending(situation.target.cadence)
    due = situation.rotation_expected
    rung = cadence.due_notice(due, rhythm.warnings, told.rotation, situation.now, at_once=False, slack=slack)
    if rung:
        yield _announced(Kind.ROTATION_ANNOUNCED, situation.target, rung, situation.live, marks.live)
    if situation.awaited and not situation.awaited.deployed and not told.awaited:
        yield _armed(situation, situation.awaited, due)
    ending = cadence.ending_at(marks, rhythm, situation.now) if situation.spare_in_use and not marks.leaked else None
    if ending is not None:
        leads = [lead for lead in rhythm.warnings if lead <= ending - marks.since]
        rung = cadence.due_notice(ending, leads, told.retirement, situation.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.RETIREMENT_ANNOUNCED, situation.target, rung, situation.spare, marks.previous)
    if situation.target.sunset is not None:
        deadline = cadence.sunset_at(situation.target.sunset, told.sunset, rhythm, situation.now)
        rung = cadence.due_notice(deadline, rhythm.warnings, told.sunset, situation.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.SUNSET_ANNOUNCED, situation.target, rung)


def _armed(situation: Situation, armed: AwaitedDeployment, due: datetime) -> Announcement:
    """That a deployment is waited for; the deadline is when the rotation happens without one."""
    return Announcement(
        Kind.ROTATION_ANNOUNCED,
        situation.target,
        situation.live,
        situation.marks.live,
        deadline=due,
        occasion=f"{armed.environment.casefold()} {armed.soak.total_seconds()} {text_of(armed.latest)}",
        after=armed,
    )


def _announced(
    kind: Kind,
    target: Target,
    rung: cadence.DueNotice,
    slot: KeySlot | None = None,
    value: Fingerprint | None = None,
) -> Announcement:
    return Announcement(kind, target, slot, value, deadline=rung.deadline, lead=rung.lead)


def accepted_in_time(situation: Situation, said: Announcement, accepted: datetime) -> bool:
    """Whether an end that was accepted at that moment kept the notice (P3). One whose sending took too long counts as
    not announced, and is announced again with a later deadline. One that was told before may be repeated late."""
    if said.kind not in (Kind.RETIREMENT_ANNOUNCED, Kind.SUNSET_ANNOUNCED) or said.deadline is None:
        return True
    told = situation.told().retirement if said.kind is Kind.RETIREMENT_ANNOUNCED else situation.told().sunset
    known = told is not None and told.deadline == said.deadline
    return known or said.deadline - accepted >= situation.target.cadence.notice


def acknowledged(situation: Situation, accepted: Iterable[Announcement] = ()) -> Marks:
    """The marks with what was accepted noted on them: the reverse of `outstanding`. Raises LookupError without marks."""
    marks = _standing(situation) or situation.marks
    for said in accepted:
        marks = _settle(situation, marks, said)
    return marks


def _settle(situation: Situation, marks: Marks, said: Announcement) -> Marks:
    told = marks.told
    remaining = tuple(
        d for d in told.carried_over if (_DEBTS[d.happened], d.slot, d.value) != (said.kind, said.slot, said.value)
    )
    told = replace(told, carried_over=remaining)
    if said.kind is _ORIGINS[marks.origin] and said.value == marks.live:
        told = replace(told, origin=True)
    elif said.kind is Kind.KEY_RETIRED and said.value == marks.previous:
        spare = situation.seen.keys[situation.spare]
        marks = replace(marks, previous=None, until=None, leaked=False, spare=spare, fresh=spare != situation.retired)
    elif said.after is not None:
        told = replace(told, awaited=True)
    elif said.deadline is not None:
        told = _tell_deadline(told, said, cadence.DueNotice(said.deadline, said.lead).told_deadline())
    elif said.kind is Kind.KEY_AUTH_DISABLED:
        told = replace(told, key_auth_off=True)
    return replace(marks, told=told)


def _tell_deadline(told: Told, said: Announcement, told_deadline: ToldDeadline) -> Told:
    if said.kind is Kind.ROTATION_ANNOUNCED:
        return replace(told, rotation=told_deadline)
    if said.kind is Kind.RETIREMENT_ANNOUNCED:
        return replace(told, retirement=told_deadline)
    return replace(told, sunset=told_deadline)
