"""Two runners break no promise (P6), whenever the second one comes and whatever happened to the lease of the first.

While the lease is held, the second runner is answered busy and changes nothing. If it is lost (the first process pauses
for longer than the lease lasts), the second runner takes its whole turn, or is killed in the middle of it, and then the
first one goes on. The witness checks the promises at every call of both.
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
async def test_a_second_runner_is_answered_busy_and_makes_no_other_call_while_the_lease_is_held(name: str):
    scene = SCENES[name]
    # A leak is put on record, takes two leases and names its keys, and gives all that up again at its end.
    leak = scene.request is not None and scene.request.kind is RequestKind.LEAK
    for number in range(1 + 2 * leak, await calls_of(scene) - 2 * leak):
        stage = await scene.open()
        second: list[tuple[Result, int]] = []

        async def come(stage: Stage = stage, second: list[tuple[Result, int]] = second) -> None:
            outcome = await stage.turn()
            assert outcome is not None
            assert stage.last_runner is not None
            second.append((outcome.result, len(stage.last_runner.calls)))

        await stage.turn(scene.request, meanwhile_after(number, come))
        assert second == [(Result.BUSY, 1)]


def paused_after(stage: Stage, number: int, scene: Scene, second: Interruptions | None = None) -> Interruptions:
    """Pause the first runner after this call, until its lease has ended and a second one has taken a turn."""

    async def come() -> None:
        stage.world.clock.advance(LONGER_THAN_A_LEASE)
        await stage.turn(scene.request, second)

    return meanwhile_after(number, come)


@pytest.mark.parametrize("name", SCENES)
async def test_a_runner_that_lost_its_lease_after_any_call_breaks_no_promise_when_it_goes_on(name: str):
    scene = SCENES[name]
    for number in range(1, await calls_of(scene) + 1):
        stage = await scene.open()
        allowed = len(stage.versions) + scene.versions + 1
        await stage.turn(scene.request, paused_after(stage, number, scene))
        await finishes(stage, allowed)


@pytest.mark.parametrize("name", ["adoption", "rotation", "retirement", "drift healing", "leak of the live key"])
async def test_ticks_finish_the_work_after_one_runner_lost_its_lease_and_the_other_was_killed(
    name: str,
):
    scene = SCENES[name]
    calls = await calls_of(scene)
    for number in range(1, calls + 1):
        for killed in (one for one in PARTLY if one <= calls):
            stage = await scene.open()
            allowed = len(stage.versions) + scene.versions + 1
            await stage.turn(scene.request, paused_after(stage, number, scene, killed_after(killed)))
            await finishes(stage, allowed)


async def test_the_next_turn_heals_what_a_call_broke_that_was_under_way_when_the_lease_was_lost():
    """Regenerating a key has no precondition in Azure. A lease cannot prevent this harm, so it must be healed."""
    scene = SCENES["rotation"]
    stage = await scene.open()

    async def come() -> None:
        stage.world.clock.advance(LONGER_THAN_A_LEASE)
        await stage.turn()
        stage.witness.excuse_regenerated_by_hand(
            stage.versions[-1].value
        )  # the late call will end it; excused until it is healed

    await stage.turn(interruptions=meanwhile_before("arm.regenerateKey", come))

    assert not stage.works(stage.versions[-1].value)
    await stage.rest()
    assert stage.works(stage.versions[-1].value)
    assert len(stage.events("DriftHealed")) == 1
    await stage.must_be_at_rest()


async def test_a_killed_runner_makes_no_more_calls_and_its_lease_runs_out():
    stage = await SCENES["rotation"].open()
    await stage.turn(interruptions=killed_after("arm.regenerateKey"))
    runner = stage.last_runner
    assert runner is not None
    with pytest.raises(Killed):
        await runner.vault.latest(stage.target)
    assert [call.operation for call in runner.calls][-1] == "arm.regenerateKey"
    assert (await stage.turn()).result is Result.BUSY
    stage.world.clock.advance(LONGER_THAN_A_LEASE)
    assert (await stage.turn()).reason == "resumed"
