"""A target that is interrupted at any call comes to rest, and no promise is broken (P1, P2, P3, P5, P7, P9).

Every scene is played once without interruption and its outgoing calls are counted. Then it is played again for every
call and every interruption: the process is killed before the call or after its effect, the answer is lost, or the call
is refused. The ticks of the following hour and days finish the work, without a person. The witness checks the promises
before and after every call of every runner.
"""

from collections.abc import Callable
from functools import partial

import pytest

from lab.simulation.dates import days, hours
from lab.simulation.interruptions import Interruptions, answer_lost, killed_after, killed_before, refused
from lab.simulation.stage import Stage
from tests.support.scenes import SCENES, Scene

INTERRUPTIONS: dict[str, Callable[[int], Interruptions]] = {
    "killed before": killed_before,
    "killed after the effect": killed_after,
    "answer lost": answer_lost,
    "403": partial(refused, status=403),
    "429": partial(refused, status=429),
    "503": partial(refused, status=503),
}


async def calls_of(scene: Scene) -> int:
    """Return how many calls the turn makes without interruption."""
    stage = await scene.open()
    await stage.turn(scene.request)
    assert stage.last_runner is not None
    return len(stage.last_runner.calls)


async def comes_to_rest(stage: Stage, scene: Scene, versions_before: int) -> None:
    """Check that the following hour and days bring the target to rest, with at most one extra version."""
    await stage.rest()
    await stage.must_be_at_rest()
    extra = len(stage.versions) - versions_before - scene.versions
    assert extra <= 1, f"{extra} extra versions"
    await stage.until(stage.now + days(5), every=hours(12))
    await stage.must_be_at_rest()
    stage.hear_everything_public()


@pytest.mark.parametrize("kind", INTERRUPTIONS)
@pytest.mark.parametrize("name", SCENES)
async def test_the_following_ticks_finish_the_work_after_an_interruption_at_any_call(name: str, kind: str):
    scene = SCENES[name]
    for number in range(1, await calls_of(scene) + 1):
        stage = await scene.open()
        before = len(stage.versions)
        await stage.turn(scene.request, INTERRUPTIONS[kind](number))
        await comes_to_rest(stage, scene, before)


@pytest.mark.parametrize("kind", ["killed before", "killed after the effect", "answer lost"])
@pytest.mark.parametrize("name", [name for name, scene in SCENES.items() if scene.request])
async def test_a_request_that_is_repeated_after_an_interruption_is_performed_once(name: str, kind: str):
    scene = SCENES[name]
    for number in range(1, await calls_of(scene) + 1):
        stage = await scene.open()
        before = len(stage.versions)
        await stage.turn(scene.request, INTERRUPTIONS[kind](number))
        stage.world.clock.advance(60)
        await stage.turn(scene.request)
        await comes_to_rest(stage, scene, before)
