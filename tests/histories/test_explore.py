"""Every short history: whatever happens next, and next again, the promises hold and the target comes to rest.

From a few prepared moments every sequence of happenings of a given length is played, breadth first: ticks, days,
requests, leaks, people with the portal open, Event Grid going away, processes killed in the middle of a turn. The
witness watches every call; at the end Event Grid is up and the following days must bring the target to rest.

`EXPLORE=3 pytest tests/histories/test_explore.py` goes one happening deeper than the ordinary run.
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
    await stage.turn(interruptions=killed_after(11))


async def rotation_killed_after_regenerating(stage: Stage) -> None:
    await rotate(stage, killed_after(4))


async def rotation_killed_before_publishing(stage: Stage) -> None:
    await rotate(stage, killed_before(7))


async def rotation_published_and_answer_lost(stage: Stage) -> None:
    await rotate(stage, answer_lost(7))


async def leak_killed_after_publishing(stage: Stage) -> None:
    await leak(stage, killed_after(7))


HAPPENINGS: tuple[Callable[[Stage], Awaitable[None]], ...] = (
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
    stage.vault.set_secret(stage.target.secret, stage.value("key1" if stage.live == "key2" else "key2"))


async def live_key_published_by_hand(stage: Stage) -> None:
    stage.vault.set_secret(stage.target.secret, stage.value(stage.live))


TAMPERING = (tags_wiped, spare_published_by_hand, live_key_published_by_hand)


async def ends_well(stage: Stage, *, all_announced: bool = True) -> None:
    stage.event_grid_is("up")
    await stage.rest()
    await stage.until(stage.now + days(5), every=hours(12))
    await stage.must_be_at_rest(all_announced=all_announced)
    stage.hear_everything_public()


@pytest.mark.parametrize("first", HAPPENINGS, ids=lambda happening: happening.__name__)
@pytest.mark.parametrize("scene", FROM)
async def test_every_short_history_keeps_the_promises_and_ends_well(scene: str, first: Callable):
    begun = [((first,), await SCENES[scene].open())]
    for depth in range(DEPTH):
        following = []
        for history, stage in begun:
            story = " > ".join(happening.__name__ for happening in history)
            try:
                await history[-1](stage)
                stage.pass_time(TICK)
                if depth == DEPTH - 1:
                    await ends_well(stage)
            except AssertionError as broken:
                broken.add_note(f"{scene}: {story}")
                raise
            if depth < DEPTH - 1:
                following.extend(((*history, happening), stage.copy()) for happening in HAPPENINGS)
        begun = following


@pytest.mark.parametrize("tampering", TAMPERING, ids=lambda happening: happening.__name__)
@pytest.mark.parametrize("scene", FROM)
async def test_whatever_a_person_does_to_the_secret_keys_keep_working_and_the_target_comes_to_rest(
    scene: str, tampering: Callable
):
    """Who wipes the tags or writes over the version takes its unsaid announcements away, and nothing else."""
    for happening in HAPPENINGS:
        for history in ((tampering, happening), (happening, tampering)):
            stage = await SCENES[scene].open()
            for one in history:
                await one(stage)
                stage.pass_time(TICK)
            await ends_well(stage, all_announced=False)
