"""Keys that somebody switches on again after they ended, and the app's note about the version that it withdrew.

From then on the published key must work again, so the app publishes anew what it disabled itself. What a person
disabled is left alone, also where a sunset was begun and keys never were off. Whoever switched keys on may enable the
version, too: then it stays. Nobody knows who used which key meanwhile: both work for a period, nothing that was
announced before holds any more, and one event says that keys are back.
"""

from __future__ import annotations

import json
from datetime import datetime

from lab.prove.histories import values
from lab.prove.histories.judge import BACK, Broken
from lab.prove.histories.state import NOW, KeyFacts, Keyless, State, Version
from shared.domain.model import Cadence
from shared.domain.told import CarriedOver, Happened
from shared.turns import keyless

MOST_TIMES = 3


def switched(state: State) -> State:
    """Return the state after keys were switched. That they are on again is not announced once they are off."""
    if state.key_auth:
        return state
    return state._replace(outstanding=frozenset(one for one in state.outstanding if one[0] != BACK))


def withdrawn(state: State, serial: str) -> State:
    """Return the state after the app disabled this version, or noted while keys were off that it is about to."""
    version = state.version
    if version is None or str(version.serial) != serial:
        return state
    return state._replace(version=version._replace(withdrawn=True))


def published(state: State, before: Version | None, cadence: Cadence, *, by_others: bool) -> State:
    """Note that a version was written over a disabled one: keys are back. Raises Broken if a person disabled it."""
    if before is None or before.enabled or state.version is None or not state.key_auth or by_others:
        return state
    if not before.withdrawn:
        raise Broken("a version that a person disabled is published anew")
    return _are_back(state, cadence, state.version.value)


def noted(state: State, before: Version, cadence: Cadence, *, by_others: bool) -> State:
    """Note that the tags of an enabled version tell for the first time that keys are back. Raises Broken if they never
    were off since this app published it."""
    version = state.version
    if by_others or version is None or not _returns(version) - _returns(before):
        return state
    if not before.withdrawn:
        return _are_back_before_withdrawn(state, before, version.value)
    back = _are_back(state, cadence, version.value)
    return back._replace(version=version._replace(withdrawn=False))


def _are_back_before_withdrawn(state: State, before: Version, live: int) -> State:
    """Return the state in which keys are back before the version was withdrawn: everything goes on as before, and that
    is told. Raises Broken if nobody was told that they were off."""
    if before.marks is None or not before.marks.told.key_auth_off:
        raise Broken("P9: keys count as back although this app has withdrawn nothing and told nothing")
    others = frozenset(one for one in state.outstanding if one[0] != BACK)
    return state._replace(outstanding=others | {(BACK, live)}, announced_sunset=None)


def _returns(version: Version) -> frozenset[CarriedOver]:
    carried_over = version.marks.told.carried_over if version.marks else ()
    return frozenset(one for one in carried_over if one.happened is Happened.KEYS_BACK)


def _are_back(state: State, cadence: Cadence, live: int) -> State:
    first, second = (
        _both_work(facts, is_live=value == live, cadence=cadence)
        for facts, value in zip(state.key_facts, state.keys, strict=True)
    )
    others = frozenset(one for one in state.outstanding if one[0] != BACK)
    return state._replace(
        key_facts=(first, second),
        outstanding=others | {(BACK, live)},
        warned=frozenset(),
        announced_sunset=None,
    )


def _both_work(facts: KeyFacts, *, is_live: bool, cadence: Cadence) -> KeyFacts:
    facts = facts._replace(in_use=True, deadline=None, in_time=False)
    if is_live or facts.leaked:
        return facts
    until = NOW + cadence.period
    return facts._replace(until=max(facts.until or until, until))


def must_be_published(state: State) -> None:
    """Check at rest that the app has published anew what it disabled itself, once keys are on, and that it has told of
    a version that somebody enabled. Raises Broken.

    Where no sunset is agreed and the version does not say that an end was announced, nobody has to be told.
    """
    version = state.version
    if not state.key_auth or version is None or not version.withdrawn:
        return
    if not version.enabled:
        raise Broken("P5: keys are on again, and the version that this app disabled stays disabled")
    if version.value in state.keys and _is_looked_at(state):
        raise Broken("P9: keys are on again, somebody enabled the version, and nobody will be told")


def _is_looked_at(state: State) -> bool:
    told = state.marks.told if state.marks else None
    return state.sunset is not None or (told is not None and bool(told.key_auth_off or told.ends))


def note(state: State, text: str) -> State:
    """Return the state with the app's note about a version that it is about to withdraw. Before keys are off it says
    nothing about who disables the version."""
    found = json.loads(text)
    serial = int(found["version"]) if found["version"] else None
    since, is_withdrawn = datetime.fromisoformat(found["at"]), found["withdrawn"]
    kept = Keyless(serial, found["times"], found["off"], since, found["sunset"], is_withdrawn)
    state = state._replace(keyless=kept)
    return state if state.key_auth or not is_withdrawn else withdrawn(state, found["version"])


def text_of(state: State) -> str | None:
    """Return the app's note. None without one."""
    if state.keyless is None:
        return None
    serial, times, off, since, by_sunset, is_withdrawn = state.keyless
    version, account = "" if serial is None else str(serial), str(values.ACCOUNT)
    return keyless.Keyless(account, version, since, by_sunset, times, off=off, withdrawn=is_withdrawn).text()


def is_noted(state: State) -> bool:
    """Return whether the note is about the latest version."""
    return state.keyless is not None and state.version is not None and state.keyless.serial == state.version.serial


def withdrawn_at(state: State, cadence: Cadence) -> datetime | None:
    """Return when the version is withdrawn that somebody else's switch has left enabled. None if none waits so."""
    note = state.keyless
    return None if note is None or note.withdrawn or state.key_auth else note.since + cadence.overlap


def counted_from(state: State, ends: int, cadence: Cadence) -> Keyless | None:
    """Return the note as a canonical state keeps it: whether it is about the latest version, and how much more often
    the app has withdrawn a key than that version's tags count ends of all keys. Three times are as good as more.

    ends: From which number on ends of all keys are counted.
    """
    if state.keyless is None:
        return None
    times = min(max(state.keyless.times - ends, 1), MOST_TIMES)
    if not is_noted(state):
        return Keyless(None, times, off=True)
    kept = state.keyless._replace(serial=0, times=times)
    waits = kept.off and not kept.withdrawn
    return kept._replace(since=max(kept.since, NOW - cadence.overlap) if waits else NOW)
