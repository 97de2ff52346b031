"""The judge: it checks every effect of a turn, and every state in which ticks have come to rest.

It knows what Azure holds, which events were accepted, and what the note of orders says as data. It knows nothing of
how the app decides. Its rules:

    keys are switched off only after an announcement that was accepted the notice before, and never on hold
    keys are switched on only for a trial that the note says has begun, and no leaked key is there then
    no key ends, nothing is published and nothing is withdrawn during a trial; a leak is the exception
    a version is withdrawn after a sunset, or one overlap after somebody else has switched keys off
    what is told of a trial is what happened
    in the end the trial is over, keys are on, the published key works, and no leaked key does
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from lab.prove.histories import values
from lab.prove.trials.state import State, Told
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.model import Target

NOBODY_EXPECTS_IT = timedelta(days=8)
A_WHILE = timedelta(hours=2)


class Broken(Exception):
    """A promise does not hold. The message begins with its number, if it has one."""


def switched_off(state: State, target: Target, *, surprised: bool) -> State:
    """Judge that the app switches keys off, and return the state with it. Raises Broken."""
    trial, memory = state.open_trial, state.memory
    if trial is None:
        if not surprised:
            _may_end_all(state, target)
        return _off(state, "trial" if state.memory.lost else "sunset")
    begun = datetime.fromisoformat(trial["begun"])
    if not _announced(state, Kind.TRIAL_ANNOUNCED, trial["id"], begun):
        raise Broken("P3: a trial begins that was not announced at least the notice before")
    if state.hold_at(state.now):
        raise Broken("a trial begins on hold")
    return _off(state.remember(off_for=memory.off_for | {trial["id"]}), "trial")


def _may_end_all(state: State, target: Target) -> None:
    agreed = state.memory.sunset or (target.sunset is not None and state.now >= target.sunset)
    if not agreed or not _announced(state, Kind.SUNSET_ANNOUNCED, "", None):
        raise Broken("P3: keys are switched off without a trial or a sunset that was announced")
    if state.hold_at(state.now):
        raise Broken("a sunset happens on hold")


def _off(state: State, by: str) -> State:
    since = state.now if state.key_auth else state.memory.off_since
    by = by if state.key_auth else state.memory.off_by
    return state.remember(off_by=by, off_since=since, by_hand=state.memory.by_hand and not state.key_auth)


def off_by_others(state: State) -> State:
    """Note that somebody else has switched keys off. That they were on before counts only if a turn could see it."""
    unseen = state.memory.unseen
    state = _off(state, "others").remember(by_hand=True)
    return state.remember(off_since=unseen) if unseen else state


def switched_on(state: State, _target: Target, *, surprised: bool) -> State:
    """Judge that the app switches keys on, and return the state before it. Raises Broken."""
    if state.open_trial is None and not surprised:
        raise Broken("keys are switched on without a trial that is noted as begun")
    if not state.key_auth and state.memory.recorded & set(state.keys) and not state.memory.despite:
        raise Broken("a leaked key works again, because keys are switched on")
    return state


def are_on(state: State) -> State:
    """Note that keys are on now, whoever did it."""
    memory = state.memory
    unseen = memory.off_since if not state.key_auth else memory.unseen
    back = memory.back_after | memory.off_for
    return state.remember(off_by="", off_since=None, by_hand=False, back_after=back, unseen=unseen)


def regenerated(state: State, slot: int, *, by_leak: bool) -> None:
    """Judge that the app regenerates a slot, before it happens. Raises Broken."""
    value, latest = state.keys[slot], state.latest
    leak = by_leak or value in state.memory.leaked
    if state.open_trial is not None and not leak:
        raise Broken("a key is regenerated during a trial")
    if not state.key_auth and not leak:
        raise Broken("a key is regenerated while keys are off, and none has leaked")
    if state.key_auth and latest is not None and latest.enabled and latest.value == value:
        raise Broken("P1: the published key is regenerated")
    if state.hold_at(state.now) and not leak:
        raise Broken("a key ends on hold")


def may_end(state: State, slot: int, *, by_person: bool) -> None:
    """Judge P2 and P3 of a key that ends. An end that a person has confirmed needs no notice. Raises Broken.

    by_person: Whether a person's request ends it, by name.
    """
    value, memory = state.keys[slot], state.memory
    if by_person or value in memory.leaked or value not in memory.known:
        return
    if memory.agreed is not None and value in memory.copied:
        if _is_replaced(state, value) and state.now < memory.agreed:
            raise Broken("P2: a key ends before the moment that was agreed")
        return
    if any(one == value and state.now < until for one, until in memory.promised):
        raise Broken("P2: a key ends while it is promised to work")
    if not _announced(state, Kind.RETIREMENT_ANNOUNCED, str(value), None):
        raise Broken("P3: a key ends that nobody announced at least the notice before, and no end was confirmed")


def _is_replaced(state: State, value: int) -> bool:
    """Return whether this key was the last one before the published one."""
    values = [one.value for one in state.versions]
    before = [one for one in values if values and one != values[-1]]
    return bool(before) and before[-1] == value


def may_be_published(state: State, value: int, accepted: int, *, by_leak: bool) -> None:
    """Judge that the app publishes a key, before it happens. Raises Broken."""
    if accepted < 2:
        raise Broken("P4: a key is published that was not proven")
    if not state.key_auth or value not in state.keys:
        raise Broken("P1: a key is published that the account does not accept")
    if _replaces(state, value) and not by_leak and (state.open_trial is not None or state.hold_at(state.now)):
        raise Broken("a rotation happens during a trial or on hold")


def published(state: State, value: int, target: Target) -> State:
    """Return the state with what is promised when a key is published."""
    latest, memory, promised = state.latest, state.memory, state.memory.promised
    if latest is not None and _replaces(state, value) and latest.value not in memory.leaked:
        until = state.now + target.cadence.overlap
        if memory.agreed is not None and latest.value in memory.copied:
            until = min(until, max(memory.agreed, state.now))
        promised |= {(latest.value, until)}
    return state.remember(known=memory.known | {value}, promised=promised)


def _replaces(state: State, value: int) -> bool:
    latest = state.latest
    return latest is not None and latest.enabled and latest.value != value and latest.value in state.keys


def withdrawn(state: State, target: Target) -> None:
    """Judge that the app disables the published version. Raises Broken."""
    memory = state.memory
    if state.key_auth:
        raise Broken("P1: the published version is withdrawn while keys are on")
    if state.open_trial is not None:
        raise Broken("the published version is withdrawn during a trial")
    by_sunset = memory.off_by == "sunset" or (target.sunset is not None and state.now >= target.sunset)
    since = memory.off_since or state.now
    if not by_sunset and state.now - since < target.cadence.overlap:
        raise Broken("the version is withdrawn although somebody else has switched keys off only a while ago")


def announced(state: State, one: Announcement, target: Target, *, surprised: bool) -> State:
    """Judge an accepted event, and return the state with it. Raises Broken."""
    memory, trial = state.memory, (one.occasion or "").removeprefix("trial ")
    match one.kind:
        case Kind.TRIAL_STARTED if trial not in memory.off_for and not memory.lost:
            raise Broken("P9: the start of a trial is told that did not start")
        case Kind.TRIAL_STARTED:
            return state.remember(started=memory.started | {trial})
        case Kind.TRIAL_ENDED if trial in memory.off_for - memory.back_after:
            raise Broken("P9: the end of a trial is told, and keys are off by it")
        case Kind.TRIAL_ENDED:
            return state.remember(ended=memory.ended | {trial})
        case Kind.KEY_AUTH_DISABLED if not surprised and (state.key_auth or state.open_trial is not None):
            raise Broken("P9: the end of all keys is told, although they are on or off for a trial only")
        case Kind.KEY_AUTH_ENABLED if not surprised and not state.key_auth:
            raise Broken("P9: it is told that keys are on again while they are off")
        case _:
            return _to_come(state, one, trial, target)


def _to_come(state: State, one: Announcement, trial: str, target: Target) -> State:
    if one.deadline is None:
        return state
    about = trial if one.kind is Kind.TRIAL_ANNOUNCED else _number(one)
    known = any(
        (told.kind, told.about, told.deadline) == (one.kind, about, one.deadline) and told.in_time
        for told in state.memory.told
    )
    in_time = known or one.deadline - state.now >= target.cadence.notice
    told = Told(one.kind, about, one.deadline, in_time)
    return state.remember(told=state.memory.told | {told})


def _number(one: Announcement) -> str:
    return str(values.number_of(one.value)) if one.value else ""


def _announced(state: State, kind: Kind, about: str, moment: datetime | None) -> bool:
    """Return whether something was announced in time for this moment. An end of all keys or a trial that was announced
    so long ago that nobody expects it does not count."""
    now = moment or state.now
    longest = timedelta.max if kind is Kind.RETIREMENT_ANNOUNCED else NOBODY_EXPECTS_IT
    return any(
        (one.kind, one.about) == (kind, about) and one.in_time and one.deadline <= now and now - one.deadline <= longest
        for one in state.memory.told
    )


def settled(state: State, target: Target) -> None:
    """Judge a state in which nothing is left to do, some hours after the last moment that anybody named. Raises
    Broken."""
    memory, latest = state.memory, state.latest
    stop = state.open_trial["stop"] if state.open_trial else None
    chosen = stop is not None and stop["despiteLeak"]
    leak_waits = bool(memory.recorded & set(state.keys)) and memory.refused and not chosen
    stays_off = not state.key_auth and (
        state.policy or memory.by_hand or memory.lost or leak_waits or memory.off_by == "sunset"
    )
    if state.open_trial is not None and not (not state.key_auth and (state.policy or leak_waits)):
        raise Broken("P1: a trial does not end")
    if not state.key_auth:
        if not stays_off:
            raise Broken("P1: keys stay off after a trial")
        return
    if latest is None or not latest.enabled or latest.value not in state.keys:
        raise Broken("P1: keys are on, and the published version is not enabled or does not work")
    if memory.recorded & set(state.keys):
        raise Broken("a leaked key works after the end of a trial")
    _all_is_told(state)
    _nothing_is_overdue(state, target)


def _all_is_told(state: State) -> None:
    memory = state.memory
    if memory.lost:
        return
    if memory.off_for - memory.started:
        raise Broken("P9: the start of a trial was never told")
    if memory.off_for - memory.ended:
        raise Broken("P9: the end of a trial was never told")


def _nothing_is_overdue(state: State, target: Target) -> None:
    memory, latest = state.memory, state.latest
    if state.hold_at(state.now) or latest is None:
        return
    if state.now > latest.created + target.cadence.period + target.cadence.overlap + target.cadence.notice + A_WHILE:
        raise Broken("P5: a rotation is overdue, and nothing holds it")
    over = memory.sure and not memory.tampered and memory.agreed is not None and state.now > memory.agreed + A_WHILE
    if over and memory.copied & set(state.keys):
        raise Broken("a copied key works after the end that was agreed")


def must_show_no_key(texts: Iterable[str]) -> None:
    """Check P7: these texts contain no part of a key. Raises Broken."""
    if any(values.MATERIAL in text for text in texts):
        raise Broken("P7: a text contains a key")
