"""Which announcements of standing orders are outstanding, and the orders once they were accepted.

A trial is announced like a sunset. What was accepted is recorded in its own note, and not on the secret: while keys are
off, nobody could seal it there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.decide import cadence, schedule
from shared.decide.situation import Situation
from shared.decide.trials import is_told_unproven, what_holds_a_trial
from shared.domain.orders import EndedBy, Orders, Trial
from shared.domain.requests import Requester
from shared.domain.told import ToldDeadline

_ENDED = {
    EndedBy.TIME: "Its time was over.",
    EndedBy.PERSON: "A person ended it before its time.",
    EndedBy.OTHERS: "Somebody else switched keys on.",
    EndedBy.NEVER_BEGUN: "It was interrupted before keys were off.",
}


def of_orders(situation: Situation) -> Iterator[Announcement]:
    """Yield what should be announced about the target's trial now and was not accepted yet."""
    trial = situation.trial
    if trial is None:
        return
    if trial.is_planned:
        yield from _of_start(situation, trial)
        return
    if trial.is_called_off:
        yield from _called_off(situation, trial)
        return
    if trial.off is not None and not trial.told_start:
        yield replace(_about(Kind.TRIAL_STARTED, situation, trial), happened_at=trial.off, deadline=trial.ends)
    no_proof = not situation.target.publishes or (situation.seen.key_auth and is_told_unproven(trial, situation.now))
    if trial.ended is not None and (trial.proven or no_proof):
        yield replace(
            _about(Kind.TRIAL_ENDED, situation, trial), happened_at=trial.ended, reason=_how(situation, trial)
        )


def _of_start(situation: Situation, trial: Trial) -> Iterator[Announcement]:
    deadline = schedule.trial(situation)
    if deadline is None or not situation.seen.key_auth or what_holds_a_trial(situation) is not None:
        return
    terms = situation.target.cadence
    slack = cadence.sending_time(terms)
    notice = cadence.due_notice(deadline, terms.warnings, trial.told, situation.now, at_once=True, slack=slack)
    if notice:
        about = _about(Kind.TRIAL_ANNOUNCED, situation, trial)
        yield replace(about, deadline=notice.deadline, lead=notice.lead)


def _called_off(situation: Situation, trial: Trial) -> Iterator[Announcement]:
    if trial.told is not None and trial.stop is not None:
        why = "The trial is called off." + (f" {trial.stop.why}" if trial.stop.why else "")
        about = _about(Kind.DEADLINE_WITHDRAWN, situation, trial)
        yield replace(about, deadline=trial.told.deadline, reason=why, requester=Requester(None, trial.stop.by))


def _about(kind: Kind, situation: Situation, trial: Trial) -> Announcement:
    requester = Requester(trial.id, trial.by, trial.why)
    return Announcement(kind, situation.target, occasion=f"trial {trial.id}", requester=requester, length=trial.length)


def _how(situation: Situation, trial: Trial) -> str:
    """Return how a trial ended, how many calls it refused, and where the log names their callers."""
    says = _ENDED[trial.ended_by] if trial.ended_by else ""
    if trial.refused is None:
        says = f"{says} How many calls were refused meanwhile is not known."
    else:
        says = f"{says} {trial.refused} calls were refused meanwhile."
    return f"{says} Where calls are logged, python -m cli readiness {situation.target.name} names who calls with a key."


def acknowledged_orders(situation: Situation, accepted: Iterable[Announcement]) -> Orders:
    """Return the orders with the accepted announcements recorded: the reverse of `of_orders`."""
    orders = situation.seen.orders
    for one in accepted:
        trial = orders.trial
        if trial is not None and one.occasion == f"trial {trial.id}":
            orders = replace(orders, trial=_acknowledged(trial, one))
    return orders


def _acknowledged(trial: Trial, announcement: Announcement) -> Trial | None:
    match announcement.kind:
        case Kind.TRIAL_ANNOUNCED if announcement.deadline is not None:
            return replace(trial, told=ToldDeadline(announcement.deadline, announcement.lead))
        case Kind.TRIAL_STARTED:
            return replace(trial, told_start=True)
        case Kind.TRIAL_ENDED | Kind.DEADLINE_WITHDRAWN:
            return None
        case _:
            return trial
