"""Upgrades: the present code continues with what the recorded code has written, and repeats nothing."""

from datetime import datetime
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


def states(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Return time, step and world after every step that left nothing outstanding."""
    world: dict[str, Any] = {}
    found = []
    for entry in recorded(name):
        world = {**world, **entry.get("world", {})}
        if entry.get("events") and not entry.get("turns"):
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


def done_again(stage: Stage, at: str, state: dict[str, Any]) -> list[str]:
    """Return what a tick changes and announces in this state, if it visits every target. It should be nothing."""
    stage.world.clock.set(datetime.fromisoformat(at))
    put(stage.world, state)
    assert seen.world(stage.world) == state
    told = len(stage.topic.events)
    stage.tick(thorough=True)
    after = seen.world(stage.world)
    changed = [thing for thing in after.keys() | state.keys() if after.get(thing) != state.get(thing)]
    return changed + [event["type"] for event in stage.topic.events[told:]]


@pytest.mark.parametrize("name", TAKEN_OVER)
def test_the_present_code_repeats_nothing_that_the_recorded_code_has_done(name: str):
    life, moments = LIVES[name], states(name)
    assert moments
    with a_stage(life.accounts, life.settings) as stage:
        wrong = {f"{at} {step}": done for at, step, state in moments if (done := done_again(stage, at, state))}
    assert wrong == {}
