"""The policies of trials: keys are switched off for a stated time, to find out who still needs them, and on again.

The app's own note decides, and nothing else: no tag, no mark and no state of the account begins a trial, and keys are
switched on only for a trial that is noted as begun. It ends by itself. Only a key that leaked meanwhile and could not
be ended keeps it from that, until a person chooses.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.decide import cadence, schedule
from shared.decide.plan import Plan, Reason
from shared.decide.situation import Situation
from shared.decide.steps import BeginTrial, EndTrial, EndWhileOff, KeepOrders, Mark, Prove
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.orders import EndedBy, Orders, Stop, Trial
from shared.domain.publication import SecretState
from shared.domain.readiness import CANNOT
from shared.domain.requests import EndTrialRequest, Follow, LeakedKey, LeakRequest, Request, TrialRequest
from shared.domain.times import iso_duration

BEGINS_WITHIN = timedelta(minutes=10)  # one turn's longest time: after that a trial that did not begin is closed
LATE_READS = timedelta(minutes=2)  # for so long Azure may show that keys are on after they were switched off
TRIED_EVERY = timedelta(hours=1)
PROVEN_WITHIN = timedelta(hours=1)


def running_trial(situation: Situation) -> Plan | None:
    """A trial is open: it ends, is watched, or is closed because somebody else switched keys on. None otherwise."""
    trial, seen, request = situation.seen.orders.open_trial, situation.seen, situation.request
    if trial is None:
        return _off_again(situation)
    if isinstance(request, LeakRequest):
        return None if seen.key_auth else _leaked_while_off(situation, trial, request)
    if isinstance(request, EndTrialRequest) and not seen.orders.knows(request.id):
        return _ended_by_a_person(situation, trial, request)
    if trial.is_over(situation.now):
        return _over(situation, trial)
    if seen.key_auth:
        return _keys_are_on(situation, trial)
    why = f"Keys are off for a trial until {trial.ends:%Y-%m-%d %H:%M} UTC, and then on again."
    if trial.off is not None:
        return Plan(Reason.TRIAL_RUNS, why, held_until=trial.ends)
    noted = _with(seen.orders, replace(trial, off=situation.now))
    return Plan(Reason.TRIAL_RUNS, why, (KeepOrders(noted, "that keys are off for the trial"),), trial.ends)


def _off_again(situation: Situation) -> Plan | None:
    """Keys were on at the end of a trial, and are off before the published one was proven: a policy switched them. Then
    it is tried again. None otherwise."""
    trial, request = situation.trial, situation.request
    if trial is None or not trial.may_be_off_again or situation.seen.key_auth:
        return None
    return _leaked_while_off(situation, trial, request) if isinstance(request, LeakRequest) else _over(situation, trial)


def _ended_by_a_person(situation: Situation, trial: Trial, request: EndTrialRequest) -> Plan:
    if trial.leaked and not request.despite_leak and _are_off(situation, trial):
        return _waits_for_a_person(trial)
    if situation.seen.leak_pending and not request.despite_leak:
        return _leak_first()
    stop = Stop(request.by, request.reason, situation.now, request.despite_leak)
    leaked = frozenset[Fingerprint]() if request.despite_leak else trial.leaked
    noted = _with(situation.seen.orders.after(request.id), replace(trial, stop=stop, leaked=leaked))
    why = "The trial is ended before its time: keys are switched on again."
    return Plan(Reason.TRIAL_STOPPED, why, (KeepOrders(noted, "that the trial ends now"), EndTrial(EndedBy.PERSON)))


def _over(situation: Situation, trial: Trial) -> Plan:
    if trial.leaked and _are_off(situation, trial):
        return _waits_for_a_person(trial)
    chosen = trial.stop is not None and trial.stop.despite_leak
    if situation.seen.leak_pending and not situation.seen.key_auth and not chosen:
        return _leak_first()
    again = trial.tried + TRIED_EVERY if trial.tried else situation.now
    if situation.now < again and not situation.seen.key_auth:
        why = f"The trial is over, and keys could not be switched on. It is tried again at {again:%H:%M} UTC."
        return Plan(Reason.TRIAL_RUNS, why, held_until=again)
    by = EndedBy.PERSON if trial.stop else EndedBy.TIME
    return Plan(Reason.TRIAL_OVER, "The trial is over: keys are switched on again.", (EndTrial(by),))


def _are_off(situation: Situation, trial: Trial) -> bool:
    """Return whether keys are off, or may be: a read that shows them on can be late."""
    since = trial.off or trial.begun or situation.now
    return not situation.seen.key_auth or situation.now - since <= LATE_READS


def _leak_first() -> Plan:
    why = "A leak is on record that has not ended. The leaked key ends first, and then keys are switched on."
    return Plan(Reason.LEAKED_IN_TRIAL, why)


def _waits_for_a_person(trial: Trial) -> Plan:
    marks = ", ".join(sorted(trial.leaked))
    why = (
        f"A leaked key (fingerprint {marks}) still has its value, and Azure regenerates no key while keys are off. "
        "Keys stay off until a person chooses: leave them off, or end the trial all the same and the key at once after "
        "that."
    )
    return Plan(Reason.LEAKED_IN_TRIAL, why)


def _keys_are_on(situation: Situation, trial: Trial) -> Plan:
    """Keys are on although the trial is noted as begun: it is about to begin, a read is late, or somebody ended it."""
    begun, now = trial.begun or situation.now, situation.now
    if trial.off is None and now - begun <= BEGINS_WITHIN and situation.hold is None:
        return Plan(Reason.TRIAL_BEGINS, "The trial was about to begin. Keys are switched off.", (BeginTrial(),))
    if trial.off is not None and now - trial.off <= LATE_READS:
        return Plan(Reason.TRIAL_RUNS, "Keys were switched off for a trial just now.", held_until=trial.ends)
    by = EndedBy.OTHERS if trial.off else EndedBy.NEVER_BEGUN
    why = "Somebody else switched keys on." if trial.off else "The trial was interrupted before keys were off."
    return Plan(Reason.TRIAL_OVER, f"{why} The trial is over.", (EndTrial(by),))


def _leaked_while_off(situation: Situation, trial: Trial, request: LeakRequest) -> Plan:
    """End a leaked key while keys are off, so that switching them on opens nothing to whoever holds it.

    The account lists no keys now. The vault still holds the live value, so its fingerprint is known; what the tags say
    of the other key is not believed, and the answer of the regeneration is checked.
    """
    if situation.seen.orders.knows(request.id):
        return Plan(Reason.ALREADY_DONE, "The key that was reported as leaked does not work any more.")
    if trial.stop is not None and trial.stop.despite_leak:
        return Plan(Reason.LEAKED_IN_TRIAL, "Keys are switched on first, as a person chose. The leaked key ends then.")
    publication = situation.seen.publication
    readable = publication is not None and publication.state is SecretState.ACTIVE
    live = publication.value if publication and readable else None
    slot = publication.slot if publication and publication.slot else KeySlot.KEY1
    named = request.values or frozenset({request.fingerprint} if request.fingerprint else ())
    both = (slot, slot.other)
    if named and request.key is not LeakedKey.BOTH:
        slots: tuple[KeySlot, ...] = (slot,) if named == {live} else both if live in named else (slot.other,)
    elif request.key is LeakedKey.LIVE:
        slots = (slot,) if live else both
    else:
        slots = both if request.key is LeakedKey.BOTH or live is None else (slot.other,)
    values = named | ({live} if live and slot in slots else frozenset())
    keeps = live if slot not in slots else None
    why = (
        "A leak was reported while keys are off for a trial. The account lists no keys now, so what "
        f"{' and '.join(one.words for one in slots)} holds ends; the vault gets its successor after the trial."
    )
    return Plan(
        Reason.LEAKED, why, (EndWhileOff(slots, frozenset(values), keeps, request.id),), leaked=frozenset(values)
    )


def trial_requested(situation: Situation) -> Plan | None:
    """A person asks for a trial, or calls off one that did not begin. None otherwise."""
    request, orders = situation.request, situation.seen.orders
    if isinstance(request, EndTrialRequest):
        return _called_off(situation, request)
    if not isinstance(request, TrialRequest):
        return None
    if orders.knows(request.id):
        return Plan(Reason.ALREADY_DONE, "This trial is planned, or has ended already.")
    trial = Trial(
        request.id or f"{situation.now:%Y%m%dT%H%M%S}",
        request.by,
        request.reason,
        max(request.starts or situation.now, situation.now),
        request.length,
        situation.seen.trial_check.copies if request.despite_copies else (),
    )
    refused = _refused(situation, trial)
    return refused or _planned(situation, trial, request)


def _called_off(situation: Situation, request: EndTrialRequest) -> Plan:
    orders, trial = situation.seen.orders, situation.trial
    if trial is None or not trial.is_planned or orders.knows(request.id):
        return Plan(Reason.ALREADY_DONE, "No trial is planned, and none runs.")
    stop = Stop(request.by, request.reason, situation.now)
    left = replace(trial, stop=stop) if trial.told else None  # who was told of it is told that it does not come
    noted = replace(orders, trial=left).after(request.id)
    why = "The trial is called off. Keys stay on."
    return Plan(Reason.TRIAL_CALLED_OFF, why, (KeepOrders(noted, "that the trial is called off"),))


def _planned(situation: Situation, trial: Trial, request: Request | None, *more: Mark) -> Plan:
    noted = replace(situation.seen.orders, trial=trial).after(request.id if request else trial.id)
    seen = replace(situation.seen, orders=noted)
    starts = schedule.trial(replace(situation, seen=seen)) or trial.starts
    why = f"Keys are switched off on {starts:%Y-%m-%d %H:%M} UTC for {iso_duration(trial.length)}, and on again."
    why += "".join(f" Not checked: {one}" for one in situation.seen.trial_check.unseen)
    return Plan(Reason.TRIAL_PLANNED, why, (KeepOrders(noted, "the trial"), *more))


def _refused(situation: Situation, trial: Trial) -> Plan | None:
    """Return why this trial is not even planned. None if it may be."""
    if situation.trial is not None:
        return Plan(Reason.TRIAL_REFUSED, "A trial is planned already, runs, or has just ended. Call it off first.")
    return _what_holds(situation, trial)


def what_holds_a_trial(situation: Situation) -> Plan | None:
    """Return why a planned trial may not begin, apart from its date, its announcement and the window. None if it
    may."""
    trial = situation.trial
    if trial is None:
        return None
    if situation.seen.unheard:
        why = f"The trial waits for somebody to hear of it. {situation.seen.unheard}"
        return Plan(Reason.NOBODY_LISTENS, why)
    return _what_holds(situation, trial)


def _what_holds(situation: Situation, trial: Trial) -> Plan | None:
    seen, agreed = situation.seen, situation.agreed_sunset
    if not seen.takes_identity:
        why = f"No trial: the account {CANNOT.says}. Nobody could call it while keys are off."
        return Plan(Reason.CANNOT_TAKE_AN_IDENTITY, why)
    if agreed is not None and agreed <= max(trial.starts, situation.now) + trial.length:
        return Plan(Reason.TRIAL_REFUSED, f"No trial: all keys end on {agreed:%Y-%m-%d %H:%M} UTC, before its end.")
    if seen.trial_check.blockers:
        return Plan(Reason.TRIAL_REFUSED, f"No trial: {' '.join(seen.trial_check.blockers)}")
    new = [one for one in seen.trial_check.copies if one not in trial.despite]
    if new:
        known = "; ".join(new)
        why = f"No trial: a copy of a key is used in {known}. Move them first, or say that it may start despite copies."
        return Plan(Reason.TRIAL_REFUSED, why)
    return None


def trial_after_deployment(situation: Situation) -> Plan | None:
    """The deployment went live after which a trial was agreed: it is planned. None otherwise."""
    awaited, marks = situation.marks.awaited, situation.marks
    if awaited is None or awaited.then is not Follow.TRIAL or awaited.due is None or awaited.length is None:
        return None
    if (awaited.deployed is None and situation.now < awaited.due) or situation.trial is not None:
        return None
    told = replace(marks.told, awaited=False)
    done = Mark(situation.live, replace(marks, awaited=None, told=told))
    id_ = awaited.id or f"latest {awaited.due:%Y%m%dT%H%M%S}"
    why = f"deployment to {awaited.environment}"
    trial = Trial(id_, "deployment", why, awaited.due, awaited.length)
    if situation.seen.orders.knows(id_):
        return Plan(Reason.ALREADY_DONE, "The trial after this deployment was planned already.", (done,))
    return _planned(situation, trial, None, done)


def trial(situation: Situation) -> Plan | None:
    """Begin a trial whose time has come, if it was announced in time and heard, and nothing speaks against it."""
    planned, window = situation.trial, situation.target.cadence.window
    if planned is None or not planned.is_planned:
        return None
    if situation.now - _wanted(situation, planned) > cadence.LAPSES_AFTER:
        return _lapsed(situation, planned)
    if not cadence.announced_in_time(planned.told, planned.starts, situation.now):
        return None
    if what_holds_a_trial(situation) is not None or not (window is None or window.open_at(situation.now)):
        return None
    if situation.spare_is_fresh and situation.now >= schedule.due(situation):
        return None  # a rotation was interrupted, and is finished first
    why = f"A trial begins, as announced: keys are switched off for {iso_duration(planned.length)}."
    return Plan(Reason.TRIAL_BEGINS, why, (BeginTrial(),))


def _wanted(situation: Situation, planned: Trial) -> datetime:
    """Return when a planned trial should have begun: when it was asked for, or announced, or when the last hold
    ended."""
    hold, told = situation.seen.orders.hold, planned.told
    moments = [planned.starts, *([hold.until] if hold else []), *([told.deadline] if told else [])]
    return max(moments)


def _lapsed(situation: Situation, planned: Trial) -> Plan:
    """Call off a trial that could not begin for so long that nobody expects it any more."""
    days = cadence.LAPSES_AFTER.days
    stop = Stop("", f"It could not begin within {days} days.", situation.now)
    noted = replace(situation.seen.orders, trial=replace(planned, stop=stop) if planned.told else None)
    why = f"The trial could not begin within {days} days after its start, so it is called off."
    return Plan(Reason.TRIAL_CALLED_OFF, why, (KeepOrders(noted, "that the trial is called off"),))


def after_a_trial(situation: Situation) -> Plan | None:
    """Keys are on again after a trial: prove the published one before anybody is told. None otherwise."""
    ended = situation.trial
    if ended is None or not ended.may_be_off_again or is_told_unproven(ended, situation.now):
        return None
    noted = _with(situation.seen.orders, replace(ended, proven=True))
    why = f"Keys are on again after a trial. {situation.live.words.capitalize()} is proven."
    return Plan(Reason.KEYS_WORK_AGAIN, why, (Prove(situation.live, patient=True), KeepOrders(noted, "that keys work")))


def is_told_unproven(ended: Trial, now: datetime) -> bool:
    """Return whether the end of a trial is told although the published key was not proven: for so long nothing could
    prove it, and nothing else waits for that."""
    return ended.ended is not None and now - ended.ended >= PROVEN_WITHIN


def _with(orders: Orders, trial: Trial) -> Orders:
    return replace(orders, trial=trial)
