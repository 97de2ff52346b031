"""A fresh key that nothing published can remember is regenerated once, whatever keeps it from being published (P5)."""

import pytest

from lab.simulation.builders import reports_leak
from lab.simulation.dates import hours, minutes
from lab.simulation.interruptions import answer_lost, killed_after, killed_before
from lab.simulation.stage import Stage, a_stage
from shared.domain.model import Adopt
from shared.domain.requests import LeakedKey
from shared.turns.notes import FRESH


def a_strict_stage() -> Stage:
    return a_stage(adopt=Adopt.ROTATE)


def regenerated(stage: Stage) -> int:
    return stage.world.journal.count("arm.regenerateKey")


async def ticks_with_three_tries(stage: Stage, time: int) -> None:
    """Make ticks for that many hours; a failed turn is delivered three times, half a minute apart."""
    end = stage.now + hours(time)
    while stage.now < end:
        stage.pass_time(minutes(10))
        for one in (await stage.run_timer()).turns:
            for _ in range(3):
                outcome = await stage.turn(target=one.target)
                if outcome is None or outcome.error is None:
                    break
                stage.pass_time(minutes(0.5))


@pytest.mark.parametrize("slow", [60, 100, 400, 3000])
async def test_a_slow_fresh_key_is_regenerated_once_and_published_when_it_works(slow: int) -> None:
    stage = a_strict_stage()
    stage.account.lag.new_after = slow
    await ticks_with_three_tries(stage, 6)
    assert (regenerated(stage), len(stage.versions)) == (1, 1)
    assert stage.works(stage.versions[-1].value)


async def test_a_closed_account_waits_with_one_fresh_key_until_it_is_opened() -> None:
    stage = a_strict_stage()
    stage.account.public_network_access = "Disabled"
    await ticks_with_three_tries(stage, 6)
    assert (regenerated(stage), len(stage.versions)) == (1, 0)
    stage.account.public_network_access = "Enabled"
    await stage.tick()
    assert (regenerated(stage), len(stage.versions)) == (1, 1)


async def test_a_vault_that_refuses_the_write_gets_the_same_fresh_key_later() -> None:
    stage = a_strict_stage()
    stage.world.down = {"kv"}
    await ticks_with_three_tries(stage, 3)
    stage.world.down = set()
    await stage.tick()
    assert (regenerated(stage), len(stage.versions)) == (1, 1)


@pytest.mark.parametrize("call", range(1, 14))
@pytest.mark.parametrize("interrupt", [killed_before, killed_after, answer_lost])
async def test_an_adoption_that_is_interrupted_at_any_call_regenerates_once(interrupt, call: int) -> None:
    stage = a_strict_stage()
    await stage.turn(interruptions=interrupt(call))
    await stage.rest()
    assert regenerated(stage) == 1
    assert len(stage.versions) <= 2
    await stage.must_be_at_rest()


async def test_the_note_is_gone_once_the_adoption_was_announced() -> None:
    stage = a_strict_stage()
    await stage.tick()
    assert not stage.world.blobs.list("key-rotation-leases", FRESH)


async def test_a_secret_that_was_purged_begins_again_with_another_fresh_key() -> None:
    stage = a_strict_stage()
    await stage.tick()
    stage.witness.excuse_leaked(stage.value("key2"))  # whoever purges a secret begins anew
    del stage.vault.secrets[stage.target.secret]
    await stage.tick()
    assert regenerated(stage) == 2


async def test_a_key_that_a_person_regenerated_meanwhile_is_not_taken_for_the_fresh_one() -> None:
    stage = a_strict_stage()
    stage.account.public_network_access = "Disabled"
    await stage.tick()
    stage.regenerate_by_hand("key2")
    stage.account.public_network_access = "Enabled"
    known = stage.value("key2")
    await stage.tick()
    assert not stage.works(known)


async def test_without_its_note_nothing_is_regenerated() -> None:
    stage = a_strict_stage()
    stage.world.down = {"blob"}
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.error is not None
    assert regenerated(stage) == 0


async def test_both_leaked_keys_of_a_slow_account_are_regenerated_once_each() -> None:
    stage = a_stage()
    await stage.tick()
    stage.account.lag.new_after = 1000
    before = regenerated(stage)
    await stage.turn(reports_leak(LeakedKey.BOTH))
    assert stage.works(stage.versions[-1].value)  # no fresh key could be proven, so the published one still works
    for _ in range(9):
        stage.pass_time(minutes(10))
        await stage.tick()
    assert regenerated(stage) == before + 2
    assert stage.works(stage.versions[-1].value)
