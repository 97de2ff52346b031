"""Every short sequence of actions keeps the promises and lets the target come to rest.

From a few prepared scenes every sequence of actions of a given length is played, breadth first: ticks, days, requests,
leaks, keys regenerated in the portal, Event Grid outages, processes killed in the middle of a turn. The witness checks
every call. At the end Event Grid is available, and the following days must bring the target to rest.

`EXPLORE=3 pytest tests/histories/test_explore.py` plays sequences that are one action longer than in the ordinary run.
"""

import os
from collections.abc import Awaitable, Callable

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import days, hours
from lab.simulation.interruptions import Interruptions, answer_lost, killed_after, killed_before
from lab.simulation.stage import TICK, Stage
from shared.domain.requests import LeakedKey
from tests.support.scenes import SCENES

DEPTH = int(os.environ.get("EXPLORE", "2"))
FROM = ("adoption", "rotation on request", "leak of the live key during the overlap", "first rotation")


async def a_tick(stage: Stage) -> None:
    await stage.tick()


async def a_day(stage: Stage) -> None:
    await stage.until(stage.now + days(1), every=hours(12))


async def rotate(stage: Stage, interruptions: Interruptions | None = None) -> None:
    await stage.turn(wants_rotation(f"r-{stage.now}"), interruptions)


async def leak(stage: Stage, interruptions: Interruptions | None = None, key: LeakedKey = LeakedKey.LIVE) -> None:
    await stage.turn(reports_leak(key, f"l-{stage.now}"), interruptions)


async def leak_of_the_previous(stage: Stage) -> None:
    await leak(stage, key=LeakedKey.PREVIOUS)


async def live_key_by_hand(stage: Stage) -> None:
    stage.regenerate_by_hand(stage.live)


async def spare_key_by_hand(stage: Stage) -> None:
    stage.regenerate_by_hand("key1" if stage.live == "key2" else "key2")


async def event_grid_down(stage: Stage) -> None:
    stage.event_grid_is("down")


async def event_grid_up(stage: Stage) -> None:
    stage.event_grid_is("up")


async def turn_killed_after_its_fourth_call(stage: Stage) -> None:
    await stage.turn(interruptions=killed_after(4))


async def turn_killed_before_noting(stage: Stage) -> None:
    await stage.turn(interruptions=killed_before("kv.updateSecret"))


async def rotation_killed_after_regenerating(stage: Stage) -> None:
    await rotate(stage, killed_after("arm.regenerateKey"))


async def rotation_killed_before_publishing(stage: Stage) -> None:
    await rotate(stage, killed_before("kv.setSecret"))


async def rotation_published_and_answer_lost(stage: Stage) -> None:
    await rotate(stage, answer_lost("kv.setSecret"))


async def leak_killed_after_publishing(stage: Stage) -> None:
    await leak(stage, killed_after("kv.setSecret"))


ACTIONS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    a_tick,
    a_day,
    rotate,
    leak,
    leak_of_the_previous,
    live_key_by_hand,
    spare_key_by_hand,
    event_grid_down,
    event_grid_up,
    turn_killed_after_its_fourth_call,
    turn_killed_before_noting,
    rotation_killed_after_regenerating,
    rotation_killed_before_publishing,
    rotation_published_and_answer_lost,
    leak_killed_after_publishing,
)


async def tags_wiped(stage: Stage) -> None:
    if stage.versions:
        stage.vault.update_secret(stage.target.secret, tags={})


async def spare_published_by_hand(stage: Stage) -> None:
    spare = stage.value("key1" if stage.live == "key2" else "key2")
    stage.witness.excuse_leaked(spare)  # it ends as it was announced before
    stage.vault.set_secret(stage.target.secret, spare)


async def live_key_published_by_hand(stage: Stage) -> None:
    stage.vault.set_secret(stage.target.secret, stage.value(stage.live))


TAMPERING = (tags_wiped, spare_published_by_hand, live_key_published_by_hand)


async def must_come_to_rest(stage: Stage, *, all_announced: bool = True) -> None:
    stage.event_grid_is("up")
    await stage.rest()
    await stage.until(stage.now + days(5), every=hours(12))
    await stage.must_be_at_rest(all_announced=all_announced)
    stage.hear_everything_public()


@pytest.mark.parametrize("first", ACTIONS, ids=lambda action: action.__name__)
@pytest.mark.parametrize("scene", FROM)
async def test_every_short_hisequence_keeps_the_promises_and_comes_to_rest(scene: str, first: Callable):
    begun = [((first,), await SCENES[scene].open())]
    for depth in range(DEPTH):
        following = []
        for hisequence, stage in begun:
            sequence = " > ".join(action.__name__ for action in hisequence)
            try:
                await hisequence[-1](stage)
                stage.pass_time(TICK)
                if depth == DEPTH - 1:
                    await must_come_to_rest(stage)
            except AssertionError as broken:
                broken.add_note(f"{scene}: {sequence}")
                raise
            if depth < DEPTH - 1:
                following.extend(((*hisequence, action), stage.copy()) for action in ACTIONS)
        begun = following


@pytest.mark.parametrize("tampering", TAMPERING, ids=lambda action: action.__name__)
@pytest.mark.parametrize("scene", FROM)
async def test_keys_keep_working_and_the_target_comes_to_rest_when_a_person_changes_the_secret(
    scene: str, tampering: Callable
):
    """A person who removes the tags or overwrites the version removes outstanding announcements, and nothing else."""
    for action in ACTIONS:
        for hisequence in ((tampering, action), (action, tampering)):
            stage = await SCENES[scene].open()
            for one in hisequence:
                await one(stage)
                stage.pass_time(TICK)
            await must_come_to_rest(stage, all_announced=False)
