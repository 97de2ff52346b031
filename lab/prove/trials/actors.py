"""What others do: people and policies that switch keys, an older release, somebody who writes tags, a lost note."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta

from lab.prove.histories import values
from lab.prove.trials import judge
from lab.prove.trials.state import ORDERS, State, sorted_tags
from shared.domain.publication import read_tags
from shared.turns.keyless import keyless_name

Act = Callable[[State], State | None]


def person_on(state: State) -> State | None:
    """A person switches keys on."""
    if state.key_auth or state.policy:
        return None
    return judge.are_on(state)._replace(key_auth=True, switched=state.now)


def person_off(state: State) -> State | None:
    """A person switches keys off."""
    if not state.key_auth:
        return None
    return judge.off_by_others(state)._replace(key_auth=False, switched=state.now)


def policy_begins(state: State) -> State | None:
    """From now on a policy switches keys off as soon as somebody switches them on."""
    return None if state.policy else state._replace(policy=True)


def policy_ends(state: State) -> State | None:
    """The policy is lifted. What it has switched off stays off."""
    return state._replace(policy=False) if state.policy else None


def note_lost(state: State) -> State | None:
    """The note of the orders is lost."""
    found = [name for name, _ in state.notes if name.startswith(ORDERS)]
    return state.with_note(found[0], None).remember(lost=True) if found else None


def older_release(state: State) -> State | None:
    """An app of an earlier release takes its turn: it withdraws the version as soon as keys are off."""
    latest = state.latest
    if state.key_auth or latest is None or not latest.enabled:
        return None
    _, _, _, marks = read_tags(dict(latest.tags))
    times = (marks.told.ends if marks else 0) + 1
    facts = {"account": str(values.ACCOUNT), "version": str(latest.serial), "at": state.now.isoformat()}
    note = json.dumps({**facts, "sunset": False, "times": times, "off": True})
    return state.with_note(keyless_name(values.ACCOUNT), note).with_latest(enabled=False, updated=state.now)


def marks_put_back(state: State) -> State | None:
    """Somebody puts back the tags that the version had while it waited for a deployment."""
    if not state.armed or state.latest is None or state.latest.tags == state.armed:
        return None
    return state.with_latest(tags=state.armed, updated=state.now).remember(tampered=True)


def trial_forged(state: State) -> State | None:
    """Somebody writes tags that look like a trial, one of them over the wait for a deployment."""
    if state.latest is None or not state.latest.enabled:
        return None
    begun = (state.now - timedelta(hours=5)).strftime("%Y%m%dT%H%M%SZ")
    text = f"trial begun={begun} for=14400"
    forged = dict(state.latest.tags) | {"key-rotation-armed": text, "key-rotation-trial": text, "trial": text}
    if sorted_tags(forged) == state.latest.tags:
        return None
    return state.with_latest(tags=sorted_tags(forged)).remember(tampered=True)


def minutes_pass(state: State) -> State:
    """Five minutes pass before the next call is answered."""
    return state._replace(now=state.now + timedelta(minutes=5))


def days_pass(state: State) -> State:
    """Ten days pass in which the app takes no turn."""
    return state._replace(now=state.now + timedelta(days=10))


ALL: Mapping[str, Act] = {
    "a person switches keys on": person_on,
    "a person switches keys off": person_off,
    "a policy begins to keep keys off": policy_begins,
    "the policy ends": policy_ends,
    "the note of orders is lost": note_lost,
    "an older release takes a turn": older_release,
    "older tags are put back": marks_put_back,
    "a tag that looks like a trial is written": trial_forged,
    "five minutes pass": minutes_pass,
    "ten days pass without a tick": days_pass,
}


def only(*acts: Act) -> Mapping[str, Act]:
    """Return these acts with their names."""
    return {name: act for name, act in ALL.items() if act in acts}
