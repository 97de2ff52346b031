"""What must be true where ticks change nothing any more: nothing owed, nothing stuck, nothing forgotten (P5, P9).

At rest may not mean that something is waited for which never comes: whatever is overdue must have a deadline that
was announced and lies ahead, and every warning whose lead is crossed must have been accepted.
"""

from __future__ import annotations

from lab.prove.histories import values, waiting
from lab.prove.histories.judge import ENDED, Broken
from lab.prove.histories.state import NOW, State, Version
from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks


def must_be_well(state: State, target: Target) -> None:
    """For a state in which a tick does nothing. One that only a person can end is left to that person."""
    version, rhythm = state.version, target.cadence
    if version is None or (state.key_auth and not version.enabled) or _is_foreign(state, version):
        return
    _everything_is_told(state)
    if not state.key_auth:
        return
    if version.marks is None or state.live is None:
        raise Broken("P5: nothing is left to do and the publication is not marked, or is dead")
    _nothing_is_stuck(state, version.marks, 1 - state.live, rhythm)
    _was_warned(state, version.marks, 1 - state.live, rhythm)
    _sunset_is_coming(state)
    waiting.must_be_remembered(state, version.marks, target)


def _is_foreign(state: State, version: Version) -> bool:
    return not version.ours and version.value not in state.keys


def _everything_is_told(state: State) -> None:
    for what, number in state.outstanding:
        if what != ENDED or state.key_auth:
            raise Broken(f"P9: key {number} ({what}) happened and will never be announced")


def _nothing_is_stuck(state: State, marks: Marks, spare: int, rhythm: Cadence) -> None:
    grip = state.grips[spare]
    if grip.must_go:
        raise Broken("P5: a leaked key was replaced, still works, and nothing will end it")
    in_use = marks.previous == values.mark(state.keys[spare])
    ahead = in_use and marks.until is not None and (marks.until > NOW or bool(grip.deadline and grip.deadline > NOW))
    if in_use and not ahead:
        raise Broken("P5: the overlap is over and the previous key will never be retired")
    if waiting.due(marks, rhythm) <= NOW and not ahead:
        raise Broken("P5: a rotation is due and will never happen")
    if in_use and grip.held and not grip.leaked and grip.deadline is None:
        raise Broken("P3: the previous key will end and nobody was told")


def _was_warned(state: State, marks: Marks, spare: int, rhythm: Cadence) -> None:
    """A rotation waits for the end of the previous key; that is when it is to be expected."""
    ending = state.grips[spare].deadline if marks.previous == values.mark(state.keys[spare]) else None
    expected = max(waiting.due(marks, rhythm), ending or NOW)
    lead = min((lead for lead in rhythm.warnings if expected - lead <= NOW), default=None)
    if lead is not None and not any(deadline == expected and said <= lead for deadline, said in state.warned):
        raise Broken(f"P9: a rotation is less than {lead} ahead and that was not announced")


def _sunset_is_coming(state: State) -> None:
    if state.sunset is None:
        return
    if state.sunset_said is None:
        raise Broken("P9: keys have a sunset and nobody was told")
    if state.sunset <= NOW and state.sunset_said[0] <= NOW:
        raise Broken("P5: the sunset has come and keys will never be switched off")
