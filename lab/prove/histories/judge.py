"""The judge of every effect. It knows what Azure holds and what Event Grid accepted, never what the code believes.

Each function is asked at one effect and raises `Broken` with the promise's number and plain words:

    P1  the latest enabled version holds a key that the account takes
    P2  a key that somebody may hold works until the end it was promised
    P3  what ends on schedule was announced the notice ahead, and not for later
    P4  a key was accepted twice in this turn before it was published
    P9  what is announced is true, and what happened stays owed until it was accepted
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from lab.prove.histories import values
from lab.prove.histories.state import NOW, Grip, State, Version
from shared.announce.announcements import Announcement, Kind
from shared.domain.keys import Fingerprint
from shared.domain.model import Cadence
from shared.domain.publication import Marks
from shared.turns.proof import ACCEPTANCES

MADE, ENDED, OFF = "published", "ended", "keys off"
_SAYS = {
    Kind.KEY_ADOPTED: MADE,
    Kind.KEY_ROTATED: MADE,
    Kind.DRIFT_HEALED: MADE,
    Kind.KEY_RETIRED: ENDED,
}


class Broken(AssertionError):
    """A promise of the design does not hold. `doing` is what was going on, from the whole to the part."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.doing: list[str] = []


@contextmanager
def while_(doing: str) -> Iterator[None]:
    """What breaks in here, breaks while this is going on."""
    try:
        yield
    except Broken as broken:
        broken.doing.insert(0, doing)
        raise


def published_key_works(state: State) -> State:
    """P1. Once the published key works again, nobody needs to be excused any more."""
    version = state.version
    if version is None or not version.enabled or not state.key_auth:
        return state
    if version.value in state.keys:
        return state._replace(excused=False) if state.excused else state
    if not state.excused:
        raise Broken("P1: the published key is not one of the account's keys")
    return state


def may_end(state: State, slot: int, rhythm: Cadence) -> State:
    """P2 and P3, for a key that we are about to end. What ends is owed a word."""
    grip = state.grips[slot]
    if not grip.held:
        return state
    if not grip.leaked:
        if grip.until is not None and grip.until > NOW:
            raise Broken(f"P2: a key ends that was promised to work for {grip.until - NOW} more")
        if grip.deadline is None:
            raise Broken("P3: a key ends on schedule and its end was never announced")
        if not grip.in_time:
            raise Broken(f"P3: the end of a key was announced less than {rhythm.notice} ahead")
        if grip.deadline > NOW:
            raise Broken(f"P3: a key ends {grip.deadline - NOW} before the end that was announced")
    return state._replace(outstanding=state.outstanding | {(ENDED, state.keys[slot])})


def may_be_published(value: int, accepted: int) -> None:
    """P4."""
    if accepted < ACCEPTANCES:
        raise Broken(f"P4: key {value} is published after {accepted} of {ACCEPTANCES} proofs")


def may_switch_off(state: State) -> None:
    """P3, for all keys at once."""
    if state.sunset_said is None or not state.sunset_said[1]:
        raise Broken("P3: keys are switched off and that was not announced in time")
    if state.sunset_said[0] > NOW:
        raise Broken(f"P3: keys are switched off {state.sunset_said[0] - NOW} before the announced end")


def may_withdraw(state: State) -> None:
    """P1, from its other side."""
    if state.key_auth and not state.excused:
        raise Broken("P1: the published version is disabled while the account takes keys")


def published(
    state: State, before: Version | None, rhythm: Cadence, by_hand: Collection[int] = (), *, by_leak: bool = False
) -> State:
    """A version was written: its value may be in hands from now on, and the one before it has its overlap. Before the
    first one, all keys were in unknown hands, but for those that somebody has made while we looked."""
    version = state.version
    if version is None or version.marks is None:
        return state
    first = before is None or before.marks is None
    grips = [
        grip._replace(held=True) if first and value not in by_hand else grip
        for grip, value in zip(state.grips, state.keys, strict=True)
    ]
    for slot, value in enumerate(state.keys):
        if value == version.value:
            grips[slot] = grips[slot]._replace(held=True)
        elif before is not None and value == before.value:
            grips[slot] = _promised(grips[slot], NOW + rhythm.overlap)
            if by_leak:
                grips[slot] = grips[slot]._replace(leaked=True, must_go=True)
    state = _with_grips(state, grips)
    if before is None or first or before.value != version.value:
        state = state._replace(outstanding=state.outstanding | {(MADE, version.value)}, warned=frozenset())
        return noted(state)._replace(off_before=None)  # its ends are counted anew, and named by its own value
    return noted(state)


def noted(state: State) -> State:
    """What the tags promise about the other key is a promise."""
    state = _on_again(state)
    marks = state.marks
    if marks is None or marks.previous is None or marks.until is None:
        return state
    mark, until = marks.previous, marks.until
    grips = [
        _promised(grip, until) if values.mark(value) == mark else grip
        for grip, value in zip(state.grips, state.keys, strict=True)
    ]
    return _with_grips(state, grips)


def in_hands(state: State, slot: int) -> State:
    """Whoever regenerates a key in the portal may use what it is from then on, and is owed what others are owed. Before
    anything was published nobody is: a strict adoption ends what key 2 holds."""
    if state.marks is None:
        return state
    grips = list(state.grips)
    grips[slot] = grips[slot]._replace(held=True)
    return _with_grips(state, grips)


def _promised(grip: Grip, until: datetime) -> Grip:
    return grip._replace(held=True, until=max(grip.until or until, until))


def _with_grips(state: State, grips: Sequence[Grip]) -> State:
    first, second = grips
    return state._replace(grips=(first, second))


def _on_again(state: State) -> State:
    """An end of all keys that was told of and is over, because somebody has switched them on again and we have seen
    it, must be told of anew before it comes again, and so must the sunset."""
    over = state.key_auth and state.off_said is not None
    return state._replace(off_said=None, off_before=state.off_said, sunset_said=None) if over else state


def told(state: State, said: Announcement, rhythm: Cadence) -> State:
    """Event Grid accepted this."""
    state = _on_again(state)
    if said.kind in _SAYS and said.value is not None:
        return _happening_told(state, _SAYS[said.kind], values.number_of(said.value))
    if said.kind is Kind.KEY_AUTH_DISABLED:
        return _off_told(state, said)
    if said.after is not None:
        return state._replace(wait_said=replace(said.after, id=None))
    if said.deadline is None:
        return state
    in_time = said.deadline - NOW >= rhythm.notice
    if said.kind is Kind.RETIREMENT_ANNOUNCED and said.value is not None:
        return _end_told(state, said.value, said.deadline, in_time=in_time)
    if said.kind is Kind.SUNSET_ANNOUNCED:
        again = state.sunset_said is not None and state.sunset_said == (said.deadline, True)
        return state._replace(sunset_said=(said.deadline, in_time or again))
    lead = said.lead if said.lead is not None else timedelta.max
    others = {one for one in state.warned if one[0] != said.deadline}
    return state._replace(warned=frozenset({*others, (said.deadline, lead)}))


def _happening_told(state: State, what: str, value: int) -> State:
    if what == ENDED and value in state.keys and state.key_auth:
        raise Broken("P9: the end of a key is announced and the key works")
    return state._replace(outstanding=state.outstanding - {(what, value)})


def _end_told(state: State, mark: Fingerprint, deadline: datetime, *, in_time: bool) -> State:
    grips = []
    for grip, value in zip(state.grips, state.keys, strict=True):
        if values.mark(value) == mark:
            again = grip.in_time and grip.deadline == deadline
            grips.append(grip._replace(deadline=deadline, in_time=in_time or again))
        else:
            grips.append(grip)
    return _with_grips(state, grips)


def _off_told(state: State, said: Announcement) -> State:
    if state.key_auth:
        raise Broken("P9: the end of all keys is announced and the account takes keys")
    number = int((said.occasion or "").split()[-1])
    if state.off_said not in (None, number):
        raise Broken("P9: one end of all keys is announced under two ids")
    if state.off_said is None and state.off_before == number:
        raise Broken("P9: a second end of all keys is announced under the first one's id")
    return state._replace(off_said=number, outstanding=frozenset(one for one in state.outstanding if one[0] != OFF))


def leak_reported(state: State, slots: Sequence[int]) -> State:
    """A person says that these slots' keys are out: they may end at any time."""
    grips = list(state.grips)
    for slot in slots:
        grips[slot] = grips[slot]._replace(leaked=True)
    return _with_grips(state, grips)


def nothing_is_shown(*texts: str) -> None:
    """P7."""
    if any(values.MATERIAL in text for text in texts):
        raise Broken("P7: a key is shown in a text")


def marks_fit(marks: Marks, value: int) -> None:
    """P7 and the seal: what is written is about the key that is written."""
    if values.sealed_with(marks.sealed_endpoint or "") != value:
        raise Broken("a version carries an endpoint that its own key has not sealed")
