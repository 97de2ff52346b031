"""A key is published only when its account accepts it, and until then no other key is made."""

import pytest

from lab.simulation.dates import at
from lab.simulation.stage import lived_until
from shared.domain.model import ProofPolicy


async def test_a_key_that_cannot_be_proven_is_not_published_and_the_next_ticks_retry():
    stage = await lived_until(59)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert outcomes[-1].reason == "ProofImpossible"
    assert len(stage.versions) == 2
    stage.account.public_network_access = "Enabled"
    await stage.until(at(day=62))
    assert len(stage.versions) == 3
    await stage.must_be_at_rest()


async def test_the_outcome_says_that_proof_was_impossible_if_proof_is_only_preferred():
    stage = await lived_until(59, proof=ProofPolicy.PREFER)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert len(stage.versions) == 3
    assert any("proof was impossible" in text for outcome in outcomes for text in outcome.unproven)


@pytest.mark.parametrize("lag", [1, 20, 80])
async def test_a_turn_waits_for_a_new_key_to_become_valid(lag: int):
    stage = await lived_until(59)
    stage.account.lag.new_after = lag
    await stage.until(at(day=60))
    assert len(stage.versions) == 3


async def test_a_very_slow_new_key_is_proven_by_a_later_tick_and_not_regenerated_again():
    stage = await lived_until(59)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=60))
    await stage.rest()
    assert len(stage.versions) == 3
    assert stage.world.journal.count("arm.regenerateKey") == before + 1


async def test_the_first_new_key_after_an_adoption_is_not_regenerated_again_if_it_is_very_slow():
    stage = await lived_until(29)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=30))
    await stage.rest()
    assert len(stage.versions) == 2
    assert stage.world.journal.count("arm.regenerateKey") == before + 1
