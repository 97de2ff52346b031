"""A survey of a fleet too large to observe every target is presumed from the listings, and says so."""

import pytest

import shared.fleet.survey
from lab.simulation.dates import days
from lab.simulation.stage import Stage, a_stage


@pytest.fixture(autouse=True)
def more_than_two_targets_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.fleet.survey, "MOST_OBSERVED", 2)


async def an_adopted_fleet(many: int) -> Stage:
    stage = a_stage(many)
    await stage.tick()
    stage.world.journal.clear()
    return stage


def calls(stage: Stage, operation: str) -> int:
    return stage.world.journal.count(operation)


async def test_a_survey_of_a_large_fleet_lists_secrets_by_pages_and_no_keys():
    stage = await an_adopted_fleet(5)
    rows, problems = await stage.rotation().survey()
    assert not problems
    assert len(rows) == 5
    assert all(row.data()["presumed"] for row in rows)
    assert calls(stage, "arm.listKeys") == calls(stage, "kv.getSecret") == 0
    assert calls(stage, "kv.listSecrets") == 1


async def test_a_presumed_survey_gives_the_same_plans_as_observing_each_target():
    stage = await an_adopted_fleet(3)
    stage.pass_time(days(31))
    rows, _ = await stage.rotation().survey()
    for row in rows:
        seen = await stage.rotation().plan_turn(row.target)
        assert row.plan is not None
        assert seen.plan is not None
        assert (row.plan.reason, row.plan.steps) == (seen.plan.reason, seen.plan.steps)


async def test_targets_about_which_a_listing_says_too_little_are_observed_or_reported_as_unseen():
    stage = a_stage(5)
    rows, _ = await stage.rotation().survey()
    assert [row.error is None for row in rows] == [True, True, False, False, False]
    assert calls(stage, "arm.listKeys") == 2
    assert "ask for this target alone" in str(rows[-1].error)


async def test_a_survey_of_a_small_fleet_observes_every_target():
    stage = await an_adopted_fleet(2)
    rows, _ = await stage.rotation().survey()
    assert not any(row.presumed for row in rows)
    assert calls(stage, "arm.listKeys") == 2
