"""Which announcements are outstanding.

Announcements are delivered at least once (P9). What is true is compared with what the marks record as accepted; the
difference is outstanding. `acknowledged` is the reverse: it records what was accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from shared.announce.announcements import Announcement, event_time
from shared.announce.kinds import Kind
from shared.announce.of_orders import of_orders
from shared.decide import cadence, schedule
from shared.decide.carried_over import valid_told
from shared.decide.situation import Situation
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.model import Target
from shared.domain.orders import Hold
from shared.domain.publication import Marks, Origin
from shared.domain.requests import AwaitedDeployment, Follow, Requester
from shared.domain.told import CarriedOver, Happened, ToldDeadline


def kind_of(happened: Happened) -> Kind:
    """Return the kind of event that announces this occurrence."""
    match happened:
        case Happened.ADOPTED:
            return Kind.KEY_ADOPTED
        case Happened.ROTATED:
            return Kind.KEY_ROTATED
        case Happened.HEALED:
            return Kind.DRIFT_HEALED
        case Happened.ENDED:
            return Kind.KEY_RETIRED
        case Happened.KEYS_BACK:
            return Kind.KEY_AUTH_ENABLED
        case _:
            assert_never(happened)


def outstanding(situation: Situation) -> tuple[Announcement, ...]:
    """Return everything that should be announced about a target now and was not accepted yet."""
    return (*of_orders(situation), *_of_keys(situation))


def _of_keys(situation: Situation) -> tuple[Announcement, ...]:
    marks = valid_marks(situation)
    if marks is None or (situation.seen.orders.open_trial is not None and not situation.seen.key_auth):
        return ()  # while a trial runs, nothing about keys can be recorded on the secret; it is told after that
    if not situation.seen.key_auth:
        return tuple(_after_key_auth_ended(situation, marks)) if situation.is_ours else ()
    if not situation.is_published or situation.seen.live is None or not situation.is_marked_truly:
        return ()
    return (
        *_carried_over(situation, marks),
        *_occurrences(situation, marks),
        *_rotation_notices(situation, marks),
        *_retirement_notices(situation, marks),
        *_sunset_notices(situation, marks),
    )


def valid_marks(situation: Situation) -> Marks | None:
    """Return the marks, with only those accepted announcements that still hold."""
    marks = situation.seen.publication.marks if situation.seen.publication else None
    return replace(marks, told=valid_told(situation)) if marks else None


def _after_key_auth_ended(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    """Yield what is outstanding from before, and that keys are off.

    If keys are switched on and off again, that is a second event, so `ends` is part of its identity. A change of other
    tags in between does not make the first event another one.
    """
    yield from _carried_over(situation, marks)
    if not marks.told.origin:
        yield _origin(situation, marks)
    if not marks.told.key_auth_off:
        yield Announcement(Kind.KEY_AUTH_DISABLED, situation.target, occasion=f"{marks.live} {marks.told.ends}")


def _origin(situation: Situation, marks: Marks) -> Announcement:
    until = marks.until if situation.seen.key_auth and situation.spare_in_use else None
    # A healed version keeps the requester of the version before it, and nobody requested the repair.
    requester = marks.requester if marks.origin is Origin.ROTATED else Requester()
    return Announcement(
        kind_of(marks.origin.happened),
        situation.target,
        situation.live,
        marks.live,
        happened_at=max(marks.since, situation.publication.created),
        previous_until=until,
        unproven=marks.unproven,
        requester=requester,
    )


def _carried_over(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    for one in marks.told.carried_over:
        if one.happened is not Happened.KEYS_BACK:
            yield Announcement(
                kind_of(one.happened),
                situation.target,
                one.slot,
                one.value,
                happened_at=one.happened_at,
                requester=_who_ended(situation, marks, one),
            )
        elif situation.seen.key_auth:  # about both keys, and told apart by its moment; not true once they are off
            yield Announcement(
                Kind.KEY_AUTH_ENABLED, situation.target, happened_at=one.happened_at, occasion=one.text()
            )


def _who_ended(situation: Situation, marks: Marks, one: CarriedOver) -> Requester:
    """Return who asked for the rotation that ended this value: the one that made the version. Empty otherwise."""
    by_rotation = one.happened is Happened.ENDED and marks.origin is Origin.ROTATED and one.slot is situation.live
    return marks.requester if by_rotation else Requester()


def _occurrences(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    if not marks.told.origin:
        yield _origin(situation, marks)
    if marks.previous is not None and not situation.spare_in_use:
        who = marks.requester if marks.leaked or marks.agreed else Requester()
        yield Announcement(Kind.KEY_RETIRED, situation.target, situation.spare, marks.previous, requester=who)


def _rotation_notices(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    if schedule.rotation_is_open(situation):
        return
    deadline, leads = schedule.rotation(situation), situation.target.cadence.warnings
    told = marks.told.rotation
    notice = _due_notice(situation, deadline, leads, told, at_once=False)
    if notice:
        announced = _notice(Kind.ROTATION_ANNOUNCED, situation.target, notice, situation.live, marks.live)
        yield replace(announced, occasion=_after_a_hold(situation, marks))
    elif situation.hold is not None and told is not None and told.deadline < deadline:
        yield _moved_by_hold(situation, marks, told.deadline, situation.hold)
    if situation.awaited and not situation.awaited.deployed and not marks.told.awaited:
        yield _awaits_deployment(situation, situation.awaited, deadline)


def _after_a_hold(situation: Situation, marks: Marks) -> str | None:
    """Return what tells an announcement from one of the same day that a hold may have withdrawn. None without one."""
    hold = situation.seen.orders.hold
    return f"after a hold {event_time(hold.since)}" if hold and hold.since > marks.since else None


def _moved_by_hold(situation: Situation, marks: Marks, deadline: datetime, hold: Hold) -> Announcement:
    """Return that an announced rotation does not come on its day. Its new day is announced when its time has come."""
    why = f"A person put the rotation on hold until {hold.until:%Y-%m-%d %H:%M} UTC."
    about = Announcement(
        Kind.DEADLINE_WITHDRAWN,
        situation.target,
        situation.live,
        marks.live,
        deadline=deadline,
        occasion=f"hold {event_time(hold.since)}",
    )
    return replace(about, reason=why, requester=Requester(None, hold.by, hold.reason))


def _retirement_notices(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    deadline = schedule.retirement(situation)
    if deadline is None or situation.seen.unheard:  # announced once somebody listens, with the notice from then on
        return
    leads = [lead for lead in situation.target.cadence.warnings if lead <= deadline - marks.since]
    notice = _due_notice(situation, deadline, leads, marks.told.retirement, at_once=True)
    if notice:
        who = marks.requester if marks.agreed else Requester()
        announced = _notice(Kind.RETIREMENT_ANNOUNCED, situation.target, notice, situation.spare, marks.previous)
        yield replace(announced, requester=who)


def _sunset_notices(situation: Situation, marks: Marks) -> Iterator[Announcement]:
    deadline = schedule.sunset(situation)
    if deadline is None or situation.seen.unheard or not situation.seen.takes_identity:
        return  # it does not happen while nobody hears of it, or could call without a key
    readiness = situation.seen.readiness
    if readiness is not None and not readiness.is_ready and marks.told.sunset is None:
        return  # its date has passed, and it is held: it is announced anew once nobody uses a key
    notice = _due_notice(situation, deadline, situation.target.cadence.warnings, marks.told.sunset, at_once=True)
    if notice:
        yield replace(_notice(Kind.SUNSET_ANNOUNCED, situation.target, notice), requester=_of_deployment(marks))


def _of_deployment(marks: Marks) -> Requester:
    """Return that a deployment is why all keys end. Empty if it is not."""
    awaited = marks.awaited
    if awaited is None or awaited.then is not Follow.SUNSET or awaited.deployed is None:
        return Requester()
    return Requester(awaited.id, "deployment", f"deployment to {awaited.environment}")


def _due_notice(
    situation: Situation,
    deadline: datetime,
    leads: Iterable[timedelta],
    told: ToldDeadline | None,
    *,
    at_once: bool,
) -> cadence.DueNotice | None:
    slack = cadence.sending_time(situation.target.cadence)
    return cadence.due_notice(deadline, tuple(leads), told, situation.now, at_once=at_once, slack=slack)


def _notice(
    kind: Kind,
    target: Target,
    notice: cadence.DueNotice,
    slot: KeySlot | None = None,
    value: Fingerprint | None = None,
) -> Announcement:
    return Announcement(kind, target, slot, value, deadline=notice.deadline, lead=notice.lead)


def _awaits_deployment(situation: Situation, awaited: AwaitedDeployment, deadline: datetime) -> Announcement:
    """Return the announcement that a deployment is awaited; at the deadline the rotation happens without one."""
    return Announcement(
        Kind.ROTATION_ANNOUNCED,
        situation.target,
        situation.live,
        situation.marks.live,
        deadline=deadline,
        occasion=_occasion(awaited),
        after=awaited,
    )


def _occasion(awaited: AwaitedDeployment) -> str:
    """Return what tells an awaited deployment apart. That of a rotation is what it always was."""
    words = [awaited.environment.casefold(), awaited.soak.total_seconds(), event_time(awaited.latest)]
    if awaited.then is not Follow.ROTATE:
        words += [awaited.then, awaited.length.total_seconds() if awaited.length else ""]
    return " ".join(map(str, words))
