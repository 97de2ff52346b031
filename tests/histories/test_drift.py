"""Drift: a person regenerates a key. The published key is healed, and all promises are kept."""

from lab.simulation.dates import at, days, hours
from lab.simulation.stage import lived_until
from shared.domain.keys import ApiKey
from shared.domain.publication import read_tags


async def test_a_live_key_regenerated_by_hand_is_healed_within_the_hour_and_a_new_period_begins():
    stage = await lived_until(10)
    other = stage.value("key2")
    stage.regenerate_by_hand("key1")
    await stage.rest()
    assert stage.works(stage.versions[-1].value)
    assert stage.value("key2") == other
    assert [event["data"]["slot"] for event in stage.events("DriftHealed")] == ["key1"]
    await stage.must_be_at_rest()
    due = read_tags(stage.versions[-1].tags)[3].since + days(30)
    assert (await stage.row()).data()["due"] == due.isoformat()


async def test_drift_during_the_overlap_lets_the_previous_key_work_for_a_period_more():
    """Only the previous key vouches for the marks then, and whoever holds it could have written when it ends."""
    stage = await lived_until(31)
    previous = stage.value("key1")
    stage.regenerate_by_hand("key2")
    await stage.rest()
    await stage.until(at(day=61) - hours(1))
    assert stage.works(previous)
    assert stage.events("RetirementAnnounced")[-1]["data"]["fingerprint"] == ApiKey(previous).fingerprint
    await stage.until(at(day=63))
    assert not stage.works(previous)
    await stage.must_be_at_rest()


async def test_a_previous_key_regenerated_by_hand_is_announced_as_retired_and_nothing_else_happens():
    stage = await lived_until(31)
    stage.regenerate_by_hand("key1")
    await stage.rest()
    assert len(stage.events("KeyRetired")) == 2
    assert len(stage.versions) == 2
    await stage.must_be_at_rest()


async def test_two_drifts_during_an_outage_are_both_announced_afterwards():
    stage = await lived_until(10)
    stage.event_grid_is("down")
    for _ in range(2):
        stage.regenerate_by_hand("key1")
        await stage.rest()
    stage.event_grid_is("up")
    await stage.rest()
    assert len(stage.events("DriftHealed")) == 2
    await stage.must_be_at_rest()
