"""Keys that somebody switches on again after they ended, and the app's note about the version that it withdrew.

From then on the published key must work again, so the app publishes anew what it disabled itself. What a person
disabled is left alone. Nobody knows who used which key meanwhile: both work for a period, nothing that was announced
before holds any more, and one event says that keys are back.
"""

from __future__ import annotations

import json

from lab.prove.histories import values
from lab.prove.histories.judge import BACK, Broken
from lab.prove.histories.state import NOW, KeyFacts, Keyless, State, Version
from shared.domain.model import Cadence
from shared.turns import keyless

MOST_TIMES = 3


def switched(state: State) -> State:
    """Return the state after keys were switched. That they are on again is not announced once they are off."""
    if state.key_auth:
        return state
    return state._replace(outstanding=frozenset(one for one in state.outstanding if one[0] != BACK))


def withdrawn(state: State, serial: str) -> State:
    """Return the state after the app disabled this version, or noted that it is about to."""
    version = state.version
    if version is None or str(version.serial) != serial:
        return state
    return state._replace(version=version._replace(withdrawn=True))


def found_enabled(start: State, end: State) -> State:
    """Return the end of a whole tick. If it found the version enabled while keys were on, nothing is withdrawn any
    more. Without a sunset and before the end of keys was announced, the app does not look."""
    version, off = end.version, (start.announced_off, start.earlier_off)
    if start.sunset is None and off == (None, None):
        return end
    if not (start.key_auth and end.key_auth and start.version is not None and start.version.enabled):
        return end
    if version is None or not version.enabled or not version.withdrawn:
        return end
    return end._replace(version=version._replace(withdrawn=False))


def published(state: State, before: Version | None, cadence: Cadence, *, by_others: bool) -> State:
    """Note that a version was written over a disabled one: keys are back. Raises Broken if a person disabled it."""
    if before is None or before.enabled or state.version is None or not state.key_auth or by_others:
        return state
    if not before.withdrawn:
        raise Broken("a version that a person disabled is published anew")
    first, second = (
        _both_work(facts, is_live=value == state.version.value, cadence=cadence)
        for facts, value in zip(state.key_facts, state.keys, strict=True)
    )
    others = frozenset(one for one in state.outstanding if one[0] != BACK)
    return state._replace(
        key_facts=(first, second),
        outstanding=others | {(BACK, state.version.value)},
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
    """Check at rest that the app has published anew what it disabled itself, once keys are on. Raises Broken."""
    version = state.version
    if state.key_auth and version is not None and not version.enabled and version.withdrawn:
        raise Broken("P5: keys are on again, and the version that this app disabled stays disabled")


def note(state: State, text: str) -> State:
    """Return the state with the app's note about a version that it is about to withdraw."""
    found = json.loads(text)
    serial = int(found["version"]) if found["version"] else None
    return withdrawn(state._replace(keyless=Keyless(serial, found["times"])), found["version"])


def text_of(state: State) -> str | None:
    """Return the app's note. None without one."""
    if state.keyless is None:
        return None
    serial, times = state.keyless
    return keyless.Keyless(str(values.ACCOUNT), "" if serial is None else str(serial), NOW, False, times).text()


def is_noted(state: State) -> bool:
    """Return whether the note is about the latest version."""
    return state.keyless is not None and state.version is not None and state.keyless.serial == state.version.serial


def counted_from(state: State, ends: int) -> Keyless | None:
    """Return the note as a canonical state keeps it: whether it is about the latest version, and how much more often
    the app has withdrawn a key than that version's tags count ends of all keys. Three times are as good as more."""
    if state.keyless is None:
        return None
    times = min(max(state.keyless.times - ends, 1), MOST_TIMES)
    return Keyless(0 if is_noted(state) else None, times)
