"""What must be true when ticks change nothing any more: nothing outstanding, nothing stuck, nothing forgotten (P5, P9).

A target at rest may not wait for something that never comes. So whatever is overdue must have an announced deadline
in the future, and every warning whose lead time has begun must have been accepted by Event Grid.
"""

from __future__ import annotations

from lab.prove.histories import deployments, keys_back, other_writers, values
from lab.prove.histories.judge import ENDED, Broken
from lab.prove.histories.state import NOW, State, Version
from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks


def must_be_settled(state: State, target: Target) -> None:
    """Check a state in which a tick does nothing, unless only a person can change it. Raises Broken."""
    if state.version is not None and state.version.touched and not state.key_auth:
        return  # once keys are off, nobody looks for what lies below somebody else's version
    state = _without_other_writers(state)
    version, cadence = state.version, target.cadence
    keys_back.must_be_published(state)
    if version is None or (state.key_auth and not version.enabled) or _is_foreign(state, version):
        return
    _everything_is_announced(state)
    if not state.key_auth:
        return
    if version.marks is None or state.live is None:
        raise Broken("P5: nothing is left to do, but the published version has no tags, or its key does not work")
    _nothing_is_stuck(state, version.marks, 1 - state.live, cadence)
    _was_warned(state, version.marks, 1 - state.live, cadence)
    _announced_ends_come(state)
    _sunset_is_coming(state)
    deployments.must_be_remembered(state, version.marks, target)


def _without_other_writers(state: State) -> State:
    """Return the state with our version, where somebody else's lies over it and is left there until just before its key
    ends."""
    ours = other_writers.ours(state)
    return state if ours is None else state._replace(version=ours)


def _is_foreign(state: State, version: Version) -> bool:
    """Return whether the version holds no key of the account, and nothing says that the app wrote it."""
    return version.foreign or (version.marks is None and version.value not in state.keys)


def _everything_is_announced(state: State) -> None:
    for event, number in state.outstanding:
        if event != ENDED or state.key_auth:
            raise Broken(f"P9: that key {number} was {event} will never be announced")


def _nothing_is_stuck(state: State, marks: Marks, spare: int, cadence: Cadence) -> None:
    facts = state.key_facts[spare]
    if facts.must_end:
        raise Broken("P5: a leaked key was replaced, still works, and nothing will regenerate it")
    in_use = marks.previous == values.mark(state.keys[spare])
    ahead = in_use and marks.until is not None and (marks.until > NOW or bool(facts.deadline and facts.deadline > NOW))
    if in_use and not ahead:
        raise Broken("P5: the overlap is over and the previous key will never be retired")
    if deployments.due(marks, cadence) <= NOW and not ahead:
        raise Broken("P5: a rotation is due and will never happen")
    if in_use and facts.in_use and not facts.leaked and facts.deadline is None:
        raise Broken("P3: the previous key will end and that was not announced")


def _announced_ends_come(state: State) -> None:
    if any(facts.in_use and facts.deadline and facts.deadline <= NOW for facts in state.key_facts):
        raise Broken("P3: the announced end of a key has come, the key works, and nothing will end it")


def _was_warned(state: State, marks: Marks, spare: int, cadence: Cadence) -> None:
    """Check that the next rotation was announced. It is expected at the end of the previous key, if that is later."""
    ending = state.key_facts[spare].deadline if marks.previous == values.mark(state.keys[spare]) else None
    expected = max(deployments.due(marks, cadence), ending or NOW)
    lead = min((lead for lead in cadence.warnings if expected - lead <= NOW), default=None)
    if lead is not None and not any(deadline == expected and announced <= lead for deadline, announced in state.warned):
        raise Broken(f"P9: a rotation is less than {lead} ahead and that was not announced")


def _sunset_is_coming(state: State) -> None:
    if state.sunset is None or not state.has_subdomain:
        return
    if state.announced_sunset is None:
        raise Broken("P9: keys have a sunset and that was not announced")
    if state.sunset <= NOW and state.announced_sunset[0] <= NOW:
        raise Broken("P5: the sunset has come and keys will never be switched off")
