"""Upgrades: the present code continues with what the recorded code has written, and repeats nothing.

`released/` holds what releases have written, as these recordings showed it then: of each world only what changed since
the step before. The other way round was tried once for 1.1.0, with its own code: docs/decisions/0008.
"""

import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lab.emulator.accounts import Key
from lab.emulator.world import World
from tests.recordings import seen
from tests.recordings.azure import VAULT, key_called
from tests.recordings.lives import LIVES
from tests.recordings.record import recorded
from tests.recordings.stage import Stage, a_stage

TAKEN_OVER = ("adoption", "schedule", "with-a-window", "by-request", "drift", "leaks", "deployments")


SEAL = "key-rotation-endpoint"
LAST_DAY = "2026-03-31T09:00:00+00:00"
FIVE_MINUTES_LATER = dict.fromkeys(("chat", "fresh", "hand", "tutorial"), "2026-04-01T09:05:00+00:00")
EVERY = int(os.environ.get("UPGRADE_EVERY", "3"))  # moments of a released life; 1 tries them all
RELEASED = Path(__file__).with_name("released")


def states(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return time, step and world after every step that left nothing outstanding."""
    world: dict[str, Any] = {}
    found = []
    for entry in recorded(name):
        world = {**world, **entry.get("world", {})}
        if entry.get("events") and not entry.get("turns"):
            found.append((entry["at"], entry["step"], world))
    return found


def released(version: str, name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the same of a life as a release lived it."""
    world: dict[str, Any] = {}
    found = []
    for entry in json.loads((RELEASED / f"{version}.json").read_text())[name]:
        world = {**world, **entry["world"]}
        found.append((entry["at"], entry["step"], world))
    return found


def put(world: World, state: dict[str, Any]) -> None:
    """Restore the vault and the accounts."""
    vault = world.vaults[VAULT]
    vault.secrets.clear()
    for name, facts in sorted(state.items()):
        if name.startswith("account "):
            _put_account(world, name.removeprefix("account "), facts)
        else:
            _put_version(vault, name.partition("/")[0], facts)


def _put_account(world: World, name: str, facts: dict[str, Any]) -> None:
    account = world.accounts.named(name)
    account.keys = {slot: Key(key_called(facts[slot]), 0.0) for slot in ("key1", "key2")}
    account.disable_local_auth = facts["keysAreOff"]


def _put_version(vault: Any, name: str, facts: dict[str, Any]) -> None:
    expires = facts["expires"] and datetime.fromisoformat(facts["expires"])
    made = vault.set_secret(
        name,
        key_called(facts["value"]),
        content_type=facts["contentType"],
        tags=facts["tags"],
        enabled=facts["enabled"],
        expires=expires,
    )
    made.version, made.created = facts["version"], int(datetime.fromisoformat(facts["created"]).timestamp())
    made.updated = made.created - 1  # an earlier release wrote it before now


def done_again(stage: Stage, at: str, state: dict[str, Any]) -> list[str]:
    """Return what a tick changes and announces in this state, if it visits every target. It should be nothing."""
    stage.world.clock.set(datetime.fromisoformat(at))
    put(stage.world, state)
    assert seen.world(stage.world) == state
    told = len(stage.topic.events)
    stage.tick(thorough=True)
    after = seen.world(stage.world)
    things = after.keys() | state.keys()
    changed = [thing for thing in things if without_seal(after.get(thing)) != without_seal(state.get(thing))]
    return changed + [event["type"] for event in stage.topic.events[told:]]


def without_seal(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what is recorded of a version without the tag that holds the seals, and without which app wrote it."""
    tags = (facts or {}).get("tags") or {}
    kept = {name: re.sub(r" app=[0-9a-f]{8}\b", "", text) for name, text in tags.items() if name != SEAL}
    return facts and {**facts, "tags": kept}


def repeated(name: str, moments: list[tuple[str, str, dict[str, Any]]]) -> dict[str, list[str]]:
    """Return what ticks do in these moments of a life, by moment, where they do anything."""
    life = LIVES[name]
    with a_stage(life.accounts, life.settings) as stage:
        return {f"{at} {step}": done for at, step, state in moments if (done := done_again(stage, at, state))}


def repeated_after(name: str, moments: list[tuple[str, str, dict[str, Any]]]) -> dict[str, list[str]]:
    """Return the same if an earlier release ended at each of these moments, and the settings say so."""
    life, found = LIVES[name], {}
    for at, step, state in moments:
        with a_stage(life.accounts, {**life.settings, "ROTATION_SEALED_SINCE": at}) as stage:
            found[f"{at} {step}"] = done_again(stage, at, state)
    return {moment: done for moment, done in found.items() if done}


@pytest.mark.parametrize("name", TAKEN_OVER)
def test_the_present_code_repeats_nothing_that_the_recorded_code_has_done(name: str):
    moments = states(name)
    assert moments
    assert repeated(name, moments) == {}


@pytest.mark.parametrize("version", ["1.1.0"])
@pytest.mark.parametrize("name", TAKEN_OVER)
def test_the_present_code_repeats_nothing_that_a_release_has_done(version: str, name: str):
    """ROTATION_SEALED_SINCE says that the release has ended, so what it wrote counts, and is sealed."""
    moments = released(version, name)[::EVERY]
    assert moments
    assert repeated_after(name, moments) == {}


@pytest.mark.parametrize("version", ["1.1.0"])
@pytest.mark.parametrize("name", TAKEN_OVER)
def test_without_that_moment_every_published_key_stays_and_no_key_ends(version: str, name: str):
    life = LIVES[name]
    for at, _, state in released(version, name)[::EVERY]:
        with a_stage(life.accounts, life.settings) as stage:  # another one each time: it keeps notes
            done_again(stage, at, state)
            after = seen.world(stage.world)
            assert after.keys() == state.keys(), "no version is written"
            assert all(keys_in(after[thing]) == keys_in(state[thing]) for thing in state)


def keys_in(facts: dict[str, Any]) -> list[Any]:
    """Return the keys that are recorded of an account or of a version, and whether they can be used."""
    return [facts.get(name) for name in ("key1", "key2", "keysAreOff", "value", "enabled")]


@pytest.mark.parametrize("counts", [True, False], ids=["its tags count", "its tags do not count"])
def test_first_rotations_stay_at_the_moment_that_a_release_has_named(counts: bool):
    """That release named the whole period: as expiry date, and in what it announced. If its tags do not count, ends are
    announced anew, at least the notice ahead, so on the last day all is five minutes later."""
    life = LIVES["adoption"]
    for at, _, state in released("1.1.0", "adoption"):
        named = {
            thing.partition("-key/")[0]: facts["expires"]
            for thing, facts in state.items()
            if facts.get("tags", {}).get("key-rotation-origin", "").startswith("adopted")
        }
        if "chat-key/2" in state:  # it is rotated by then
            break
        with a_stage(life.accounts, {**life.settings, **({"ROTATION_SEALED_SINCE": at} if counts else {})}) as stage:
            done_again(stage, at, state)
            listed = stage.ask("GET", "deadlines")["body"]["deadlines"]
            rotations = {one["target"]: one["at"] for one in listed if one["what"] == "rotation"}
            assert rotations == named or (not counts and at == LAST_DAY and rotations == FIVE_MINUTES_LATER), at
            assert {name: seen.world(stage.world)[f"{name}-key/1"]["expires"] for name in named} == named, at
