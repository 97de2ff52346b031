"""Two runners never hurt (P6): whenever the second one comes, and whatever became of the first one's lease.

While the lease is honoured the second runner is told that the target is busy and touches nothing. When it is lost
half way (the first process stood still for longer than the lease), the second runner does its whole turn, or is
killed in the middle of it, and then the first one wakes up. The promises are watched around every call of both.
"""

import pytest

from lab.simulation.dates import days, hours
from lab.simulation.interruptions import Interruptions, Killed, killed_after, meanwhile_after, meanwhile_before
from lab.simulation.stage import Stage
from shared.domain.requests import RequestKind
from shared.turns.report import Result
from tests.histories.test_crash_anywhere import calls_of
from tests.support.scenes import SCENES, Scene

LONGER_THAN_A_LEASE = 16
PARTLY = (3, 5, 7, 8, 9)


async def finishes(stage: Stage, extra: int) -> None:
    await stage.rest()
    await stage.must_be_at_rest()
    assert len(stage.versions) <= extra
    await stage.until(stage.now + days(5), every=hours(12))
    await stage.must_be_at_rest()
    stage.hear_everything_public()


@pytest.mark.parametrize("name", SCENES)
async def test_a_second_runner_is_told_busy_and_makes_no_other_call_while_the_lease_is_held(name: str):
    scene = SCENES[name]
    leak = (
        scene.request is not None and scene.request.kind is RequestKind.LEAK
    )  # it is first among leaks, and then holds
    for number in range(1 + leak, await calls_of(scene) - leak):
        stage = await scene.open()
        second: list[tuple[Result, int]] = []

        async def come(stage: Stage = stage, second: list[tuple[Result, int]] = second) -> None:
            outcome = await stage.turn()
            assert outcome is not None
            assert stage.last_runner is not None
            second.append((outcome.result, len(stage.last_runner.calls)))

        await stage.turn(scene.request, meanwhile_after(number, come))
        assert second == [(Result.BUSY, 1)]


def standing_still(stage: Stage, number: int, scene: Scene, second: Interruptions | None = None) -> Interruptions:
    """The first runner stands still after that call; its lease runs out and a second one takes its turn."""

    async def come() -> None:
        stage.world.clock.advance(LONGER_THAN_A_LEASE)
        await stage.turn(scene.request, second)

    return meanwhile_after(number, come)


@pytest.mark.parametrize("name", SCENES)
async def test_a_runner_that_lost_its_lease_after_any_call_does_no_harm_when_it_wakes_up(name: str):
    scene = SCENES[name]
    for number in range(1, await calls_of(scene) + 1):
        stage = await scene.open()
        allowed = len(stage.versions) + scene.versions + 1
        await stage.turn(scene.request, standing_still(stage, number, scene))
        await finishes(stage, allowed)


@pytest.mark.parametrize("name", ["adoption", "rotation", "retirement", "drift healing", "leak of the live key"])
async def test_two_runners_of_which_one_lost_its_lease_and_the_other_was_killed_leave_work_that_ticks_can_finish(
    name: str,
):
    scene = SCENES[name]
    calls = await calls_of(scene)
    for number in range(1, calls + 1):
        for killed in (one for one in PARTLY if one <= calls):
            stage = await scene.open()
            allowed = len(stage.versions) + scene.versions + 1
            await stage.turn(scene.request, standing_still(stage, number, scene, killed_after(killed)))
            await finishes(stage, allowed)


async def test_a_call_that_was_already_on_its_way_when_the_lease_was_lost_is_healed_by_the_next_look():
    """Azure has no precondition on regenerating: this is the one harm a lease cannot prevent, and it must end."""
    scene = SCENES["rotation"]
    stage = await scene.open()

    async def come() -> None:
        stage.world.clock.advance(LONGER_THAN_A_LEASE)
        await stage.turn()
        stage.witness.excuse_regenerated_by_hand(
            stage.versions[-1].value
        )  # what is about to happen, excused until it is healed

    await stage.turn(interruptions=meanwhile_before(4, come))

    assert not stage.works(stage.versions[-1].value)
    await stage.rest()
    assert stage.works(stage.versions[-1].value)
    assert len(stage.events("DriftHealed")) == 1
    await stage.must_be_at_rest()


async def test_a_killed_runner_makes_no_more_calls_and_leaves_its_lease_to_run_out():
    stage = await SCENES["rotation"].open()
    await stage.turn(interruptions=killed_after(4))
    runner = stage.last_runner
    assert runner is not None
    with pytest.raises(Killed):
        await runner.vault.latest(stage.target)
    assert [call.operation for call in runner.calls][-1] == "arm.regenerateKey"
    assert (await stage.turn()).result is Result.BUSY
    stage.world.clock.advance(LONGER_THAN_A_LEASE)
    assert (await stage.turn()).reason == "resumed"
