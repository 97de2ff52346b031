"""A key is published when its account accepts it, however long that takes, and no fresh one is made meanwhile."""

import pytest

from lab.simulation.dates import at
from lab.simulation.stage import lived_until
from shared.domain.model import ProofPolicy


async def test_a_key_that_cannot_be_proven_is_not_published_and_the_next_ticks_try_again():
    stage = await lived_until(59)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert outcomes[-1].reason == "ProofImpossible"
    assert len(stage.versions) == 2
    stage.account.public_network_access = "Enabled"
    await stage.until(at(day=62))
    assert len(stage.versions) == 3
    await stage.must_be_at_rest()


async def test_where_proof_is_only_preferred_the_outcome_says_that_it_was_impossible():
    stage = await lived_until(59, proof=ProofPolicy.PREFER)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert len(stage.versions) == 3
    assert any("proof was impossible" in text for outcome in outcomes for text in outcome.unproven)


@pytest.mark.parametrize("lag", [1, 20, 80])
async def test_a_fresh_key_that_is_slow_to_be_valid_is_waited_for(lag: int):
    stage = await lived_until(59)
    stage.account.lag.new_after = lag
    await stage.until(at(day=60))
    assert len(stage.versions) == 3


async def test_a_fresh_key_that_is_slower_than_our_patience_is_proven_by_a_later_tick_and_not_regenerated_again():
    stage = await lived_until(59)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=60))
    await stage.rest()
    assert len(stage.versions) == 3
    assert stage.world.journal.count("arm.regenerateKey") == before + 1


async def test_the_first_key_after_an_adoption_is_not_regenerated_again_either_when_it_is_slow_to_be_valid():
    stage = await lived_until(29)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=30))
    await stage.rest()
    assert len(stage.versions) == 2
    assert stage.world.journal.count("arm.regenerateKey") == before + 1
