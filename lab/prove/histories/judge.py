"""The judge of every effect. It knows what Azure holds and what Event Grid accepted, never what the code believes.

Each function judges one effect and raises `Broken` with the number of the promise and a sentence:

    P1  the latest enabled version holds a key that the account accepts
    P2  a key that somebody may use works until the end it was promised
    P3  a scheduled end was announced at least the notice ahead, and does not come before the announced date
    P4  a key was accepted twice in this turn before it was published
    P7  no text contains a part of a key
    P9  what is announced is true, and what happened stays outstanding until Event Grid accepted it
    P13 a turn regenerates no key twice

Most functions take the state and return it with what the judge has to remember.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from lab.prove.histories import values
from lab.prove.histories.state import NOW, KeyFacts, State, Version
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.decide.cadence import LAPSES_AFTER
from shared.domain.keys import Fingerprint
from shared.domain.model import Cadence
from shared.domain.publication import Marks, Origin
from shared.domain.told import CarriedOver
from shared.turns.proof import ACCEPTANCES

MADE, ENDED, OFF, BACK = "published", "ended", "keys off", "on again"
_HAPPENED = {
    Kind.KEY_ADOPTED: MADE,
    Kind.KEY_ROTATED: MADE,
    Kind.DRIFT_HEALED: MADE,
    Kind.KEY_RETIRED: ENDED,
}


class Broken(AssertionError):
    """A promise does not hold. `doing` lists what was going on, from the whole to the part."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.doing: list[str] = []


@contextmanager
def during(doing: str) -> Iterator[None]:
    """Add these words to the `doing` of a Broken that this block raises."""
    try:
        yield
    except Broken as broken:
        broken.doing.insert(0, doing)
        raise


def published_key_works(state: State) -> State:
    """Check P1. Once the published key works again, the excuse for a dead one ends."""
    version = state.version
    if version is None or not version.enabled or not state.key_auth:
        return state
    if version.value in state.keys:
        return state._replace(excused=False) if state.excused else state
    if not state.excused:
        raise Broken("P1: the published key is not one of the account's keys")
    return state


def may_end(state: State, slot: int, cadence: Cadence) -> State:
    """Check P2 and P3 for a key that we are about to regenerate. Its end is outstanding from now on."""
    facts = state.key_facts[slot]
    if not facts.in_use:
        return state
    if not facts.leaked:
        if facts.until is not None and facts.until > NOW:
            raise Broken(f"P2: a key ends {facts.until - NOW} before the end of its promised overlap")
        if facts.deadline is None:
            raise Broken("P3: a key ends on schedule and its end was never announced")
        if not facts.in_time:
            raise Broken(f"P3: the end of a key was announced less than {cadence.notice} ahead")
        if facts.deadline > NOW:
            raise Broken(f"P3: a key ends {facts.deadline - NOW} before the end that was announced")
    return state._replace(outstanding=state.outstanding | {(ENDED, state.keys[slot])})


def may_be_made(state: State, *, by_others: bool) -> State:
    """Check P5 for a key that is regenerated while nothing is published: a fresh one that waits is not made again."""
    if state.version is not None:
        return state
    if state.made and not by_others:
        raise Broken("P5: a fresh key that could not be published is regenerated again")
    return state._replace(made=not by_others)


def may_be_regenerated(made: Collection[int], value: int) -> None:
    """Check P13 for a key that a turn is about to regenerate: it is none that this turn has made and not published."""
    if value in made:
        raise Broken("P13: a turn regenerates a key that it has made itself")


def may_be_published(value: int, accepted: int) -> None:
    """Check P4: how often the account accepted this key in this turn."""
    if accepted < ACCEPTANCES:
        raise Broken(f"P4: key {value} is published after {accepted} of {ACCEPTANCES} proofs")


def may_switch_off(state: State) -> None:
    """Check P3 for the end of all keys at a sunset."""
    if state.announced_sunset is None or not state.announced_sunset[1]:
        raise Broken("P3: keys are switched off and that was not announced at least the notice ahead")
    if not state.has_subdomain:
        raise Broken("keys are switched off although the account takes no identity: nobody can call it any more")
    if state.announced_sunset[0] > NOW:
        raise Broken(f"P3: keys are switched off {state.announced_sunset[0] - NOW} before the announced end")
    if NOW - state.announced_sunset[0] > LAPSES_AFTER:
        raise Broken("P3: keys are switched off although the announced end has lapsed")


def may_withdraw(state: State) -> None:
    """Check P1 for a version that we are about to disable."""
    if state.key_auth and not state.excused:
        raise Broken("P1: the published version is disabled while the account accepts keys")


def published(
    state: State,
    before: Version | None,
    cadence: Cadence,
    made_by_others: Collection[int] = (),
    *,
    by_leak: bool = False,
) -> State:
    """Note that a version was written: its value may be in use from now on, and the one before it has its overlap.

    Before the first version, strangers may use all keys, except those made by others while this turn ran.
    before: The version that was replaced.
    made_by_others: Keys that somebody else made since the turn began.
    by_leak: Whether the version replaces a leaked key, which must then end.
    """
    version = state.version
    if version is None or version.marks is None:
        return state
    touched = before is not None and before.touched  # somebody else has written it: what it says is not ours
    first = before is None or (before.marks is None and not touched)
    key_facts = [
        facts._replace(in_use=True) if first and value not in made_by_others else facts
        for facts, value in zip(state.key_facts, state.keys, strict=True)
    ]
    for slot, value in enumerate(state.keys):
        if value == version.value:
            key_facts[slot] = key_facts[slot]._replace(in_use=True)
        elif before is not None and value == before.value and not touched:
            key_facts[slot] = _promised(key_facts[slot], NOW + cadence.overlap)
            if by_leak:
                key_facts[slot] = key_facts[slot]._replace(leaked=True, must_end=True)
    state = _with_key_facts(state, key_facts)
    if before is None or first or before.value != version.value:
        state = state._replace(outstanding=state.outstanding | {(MADE, version.value)}, warned=frozenset())
        return noted(state)._replace(earlier_off=None)  # ends of all keys are counted again, for its own value
    return noted(state)


def noted(state: State) -> State:
    """Note what the tags promise for the previous key."""
    state = _on_again(state)
    marks = state.marks
    if marks is None or marks.previous is None or marks.until is None:
        return state
    mark, until = marks.previous, marks.until
    key_facts = [
        _promised(facts, until) if values.mark(value) == mark else facts
        for facts, value in zip(state.key_facts, state.keys, strict=True)
    ]
    return _with_key_facts(state, key_facts)


def regenerated_by_hand(state: State, slot: int) -> State:
    """Note that a person regenerated a key in the portal: that person may use it, so it may not end unannounced.

    Before the first publication this does not count: an adoption that rotates replaces key 2 immediately.
    """
    if state.marks is None:
        return state
    key_facts = list(state.key_facts)
    key_facts[slot] = key_facts[slot]._replace(in_use=True)
    return _with_key_facts(state, key_facts)


def _promised(facts: KeyFacts, until: datetime) -> KeyFacts:
    return facts._replace(in_use=True, until=max(facts.until or until, until))


def _with_key_facts(state: State, key_facts: Sequence[KeyFacts]) -> State:
    first, second = key_facts
    return state._replace(key_facts=(first, second))


def _on_again(state: State) -> State:
    """Note that keys are on again after an announced end: the next end, and the sunset, must be announced again."""
    over = state.key_auth and state.announced_off is not None
    return state._replace(announced_off=None, earlier_off=state.announced_off, announced_sunset=None) if over else state


def announced(state: State, announcement: Announcement, cadence: Cadence) -> State:
    """Note that Event Grid accepted this announcement. Raises Broken if it is not true."""
    state = _on_again(state)
    if announcement.kind in _HAPPENED and announcement.value is not None:
        return _happening_announced(state, _HAPPENED[announcement.kind], values.number_of(announcement.value))
    if announcement.kind is Kind.KEY_AUTH_DISABLED:
        return _keys_off_announced(state, announcement)
    if announcement.kind is Kind.KEY_AUTH_ENABLED:
        return _keys_back_announced(state, announcement)
    if announcement.after is not None:
        return state._replace(announced_wait=replace(announcement.after, id=None))
    if announcement.deadline is None:
        return state
    in_time = announcement.deadline - NOW >= cadence.notice
    if announcement.kind is Kind.RETIREMENT_ANNOUNCED and announcement.value is not None:
        return _retirement_announced(state, announcement.value, announcement.deadline, in_time=in_time)
    if announcement.kind is Kind.SUNSET_ANNOUNCED and not state.has_subdomain:
        raise Broken("P9: an end of all keys is announced that cannot come, because the account takes no identity")
    if announcement.kind is Kind.SUNSET_ANNOUNCED:
        again = state.announced_sunset is not None and state.announced_sunset == (announcement.deadline, True)
        return state._replace(announced_sunset=(announcement.deadline, in_time or again))
    lead = announcement.lead if announcement.lead is not None else timedelta.max
    others = {one for one in state.warned if one[0] != announcement.deadline}
    return state._replace(warned=frozenset({*others, (announcement.deadline, lead)}))


def _happening_announced(state: State, event: str, value: int) -> State:
    if event == ENDED and value in state.keys and state.key_auth:
        raise Broken("P9: the end of a key is announced although the key works")
    return state._replace(outstanding=state.outstanding - {(event, value)})


def _retirement_announced(state: State, mark: Fingerprint, deadline: datetime, *, in_time: bool) -> State:
    key_facts = []
    for facts, value in zip(state.key_facts, state.keys, strict=True):
        if values.mark(value) == mark:
            again = facts.in_time and facts.deadline == deadline
            key_facts.append(facts._replace(deadline=deadline, in_time=in_time or again))
        else:
            key_facts.append(facts)
    return _with_key_facts(state, key_facts)


def _keys_off_announced(state: State, announcement: Announcement) -> State:
    if state.key_auth:
        raise Broken("P9: the end of all keys is announced although the account accepts keys")
    number = int((announcement.occasion or "").split()[-1])
    if state.announced_off not in (None, number):
        raise Broken("P9: one end of all keys is announced under two ids")
    if state.announced_off is None and state.earlier_off == number:
        raise Broken("P9: a second end of all keys is announced under the first one's id")
    outstanding = frozenset(one for one in state.outstanding if one[0] not in (OFF, ENDED))  # it says that all ended
    return state._replace(announced_off=number, outstanding=outstanding)


def _keys_back_announced(state: State, announcement: Announcement) -> State:
    """Note that the return of keys was announced. It also tells which key is published now."""
    if not state.key_auth:
        raise Broken("P9: it is announced that keys are on again although they are off")
    version, back = state.version, CarriedOver.read(announcement.occasion or "")
    value = values.number_of(back.value)
    is_published = version is not None and version.value == value
    if is_published and (BACK, value) in state.outstanding and _is_younger(state, back.happened_at):
        raise Broken("P9: a second return of keys is announced under the first one's id")
    return state._replace(outstanding=state.outstanding - {(BACK, value), (MADE, value)})


def _is_younger(state: State, moment: datetime) -> bool:
    """Return whether the version that a return of keys has made is younger than this moment."""
    made = state.version is not None and state.marks is not None and state.marks.origin is Origin.ADOPTED
    return made and state.version is not None and moment < state.version.created


def leak_reported(state: State, slots: Sequence[int]) -> State:
    """Note that a person reported the keys of these slots as leaked: they may end at any time."""
    key_facts = list(state.key_facts)
    for slot in slots:
        key_facts[slot] = key_facts[slot]._replace(leaked=True)
    return _with_key_facts(state, key_facts)


def must_show_no_key(*texts: str) -> None:
    """Check P7: these texts contain no part of a key."""
    if any(values.MATERIAL in text for text in texts):
        raise Broken("P7: a text contains a key")


def no_tag_is_ours(others: Mapping[str, str]) -> None:
    """Check that a tag of ours, in whatever case it is written, is not kept beside the one that replaces it."""
    if others:
        raise Broken(f"tags of ours are kept as somebody else's: {', '.join(sorted(others))}")


def marks_fit(marks: Marks, value: int) -> None:
    """Check that the marks are sealed with the key that is published."""
    if marks.seal is None or values.makers(marks.seal)[0] != value:
        raise Broken("the marks of a version are not sealed with its own key")
