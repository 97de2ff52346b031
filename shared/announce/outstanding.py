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


def outstanding(at: Situation) -> tuple[Announcement, ...]:
    """Everything that should be announced about a target now and was not yet accepted."""
    marks = _standing(at)
    if marks is None:
        return ()
    if not at.seen.key_auth:
        return tuple(_last_words(at, marks)) if at.is_ours else ()
    if not at.is_published or at.seen.live is None or not at.is_marked_truly:
        return ()
    return (*_debts(at, marks), *_events(at, marks), *_deadlines(at, marks))


def _standing(at: Situation) -> Marks | None:
    """The marks, as far as what they say was told still stands."""
    marks = at.seen.publication.marks if at.seen.publication else None
    return replace(marks, told=at.told()) if marks else None


def _last_words(at: Situation, marks: Marks) -> Iterator[Announcement]:
    """Keys are off: what is still owed from before, and that they are off. A second end is a second event; whoever
    touches the version in between does not make the first one another."""
    yield from _debts(at, marks)
    if not marks.told.origin:
        yield _origin(at, marks)
    if not marks.told.key_auth_off:
        occasion = f"{marks.live} {marks.told.ends}"
        yield Announcement(Kind.KEY_AUTH_DISABLED, at.target, occasion=occasion)


def _origin(at: Situation, marks: Marks) -> Announcement:
    until = marks.until if at.seen.key_auth and at.spare_in_use else None
    asked = (
        marks.requester if marks.origin is Origin.ROTATED else Requester()
    )  # a healed version keeps it, and nobody asked
    return Announcement(
        _ORIGINS[marks.origin],
        at.target,
        at.live,
        marks.live,
        happened_at=marks.since,
        previous_until=until,
        unproven=marks.unproven,
        requester=asked,
    )


def _debts(at: Situation, marks: Marks) -> Iterator[Announcement]:
    for carried in marks.told.carried_over:
        yield Announcement(_DEBTS[carried.happened], at.target, carried.slot, carried.value, happened_at=carried.at)


def _events(at: Situation, marks: Marks) -> Iterator[Announcement]:
    if not marks.told.origin:
        yield _origin(at, marks)
    if marks.previous is not None and not at.spare_in_use:
        yield Announcement(Kind.KEY_RETIRED, at.target, at.spare, marks.previous)


def _deadlines(at: Situation, marks: Marks) -> Iterator[Announcement]:
    rhythm, told, slack = at.target.cadence, marks.told, cadence.sending(at.target.cadence)
    due = at.rotation_expected
    rung = cadence.due_notice(due, rhythm.warnings, told.rotation, at.now, at_once=False, slack=slack)
    if rung:
        yield _announced(Kind.ROTATION_ANNOUNCED, at.target, rung, at.live, marks.live)
    if at.awaited and not at.awaited.deployed and not told.awaited:
        yield _armed(at, at.awaited, due)
    ending = cadence.ending_at(marks, rhythm, at.now) if at.spare_in_use and not marks.leaked else None
    if ending is not None:
        leads = [lead for lead in rhythm.warnings if lead <= ending - marks.since]
        rung = cadence.due_notice(ending, leads, told.retirement, at.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.RETIREMENT_ANNOUNCED, at.target, rung, at.spare, marks.previous)
    if at.target.sunset is not None:
        deadline = cadence.sunset_at(at.target.sunset, told.sunset, rhythm, at.now)
        rung = cadence.due_notice(deadline, rhythm.warnings, told.sunset, at.now, at_once=True, slack=slack)
        if rung:
            yield _announced(Kind.SUNSET_ANNOUNCED, at.target, rung)


def _armed(at: Situation, armed: AwaitedDeployment, due: datetime) -> Announcement:
    """That a deployment is waited for; the deadline is when the rotation happens without one."""
    return Announcement(
        Kind.ROTATION_ANNOUNCED,
        at.target,
        at.live,
        at.marks.live,
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


def accepted_in_time(at: Situation, said: Announcement, accepted: datetime) -> bool:
    """Whether an end that was accepted at that moment kept the notice (P3). One whose sending took too long counts as
    not announced, and is announced again with a later deadline. One that was told before may be repeated late."""
    if said.kind not in (Kind.RETIREMENT_ANNOUNCED, Kind.SUNSET_ANNOUNCED) or said.deadline is None:
        return True
    told = at.told().retirement if said.kind is Kind.RETIREMENT_ANNOUNCED else at.told().sunset
    known = told is not None and told.deadline == said.deadline
    return known or said.deadline - accepted >= at.target.cadence.notice


def acknowledged(at: Situation, accepted: Iterable[Announcement] = ()) -> Marks:
    """The marks with what was accepted noted on them: the reverse of `outstanding`. Raises LookupError without marks."""
    marks = _standing(at) or at.marks
    for said in accepted:
        marks = _settle(at, marks, said)
    return marks


def _settle(at: Situation, marks: Marks, said: Announcement) -> Marks:
    told = marks.told
    remaining = tuple(
        d for d in told.carried_over if (_DEBTS[d.happened], d.slot, d.value) != (said.kind, said.slot, said.value)
    )
    told = replace(told, carried_over=remaining)
    if said.kind is _ORIGINS[marks.origin] and said.value == marks.live:
        told = replace(told, origin=True)
    elif said.kind is Kind.KEY_RETIRED and said.value == marks.previous:
        spare = at.seen.keys[at.spare]
        marks = replace(marks, previous=None, until=None, leaked=False, spare=spare, fresh=spare != at.retired)
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
