"""Requests between the scheduled rotations: a leaked key ends, a rotation comes once or is held."""

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, days, minutes
from lab.simulation.stage import a_stage, lived_until
from shared.domain.requests import LeakedKey
from shared.turns.report import Result


async def test_a_leaked_live_key_does_not_work_when_the_turn_ends():
    stage = await lived_until(45)
    leaked = stage.versions[-1].value
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.DONE
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)
    assert {"KeyRotation.KeyRotated", "KeyRotation.KeyRetired"} <= set(outcome.announced)


async def test_a_leak_of_the_previous_key_ends_it_and_keeps_the_live_key():
    stage = await lived_until(31)
    previous, live = stage.value("key1"), stage.value("key2")
    await stage.turn(reports_leak(LeakedKey.PREVIOUS))
    assert not stage.works(previous)
    assert stage.works(live)
    assert len(stage.versions) == 2


async def test_a_leaked_key_works_for_the_requested_wait_and_not_longer():
    stage = await lived_until(45)
    leaked = stage.versions[-1].value
    before = stage.now
    await stage.turn(reports_leak(wait=minutes(5)))
    assert stage.now == before + minutes(5)
    assert not stage.works(leaked)


async def test_the_same_leak_reported_twice_rotates_once():
    stage = await lived_until(45)
    await stage.turn(reports_leak())
    outcome = await stage.turn(reports_leak())
    assert (outcome.result, outcome.reason) == (Result.NOTHING, "already-done")
    assert len(stage.versions) == 3


async def test_a_leak_on_the_first_day_adopts_and_rotates_in_one_turn():
    stage = a_stage()
    first, second = stage.value("key1"), stage.value("key2")
    stage.witness.excuse_leaked(first, second)
    outcome = await stage.turn(reports_leak(LeakedKey.BOTH))
    assert outcome.reason == "leaked"
    assert not stage.works(first)
    assert not stage.works(second)
    await stage.rest()
    await stage.must_be_at_rest()


async def test_a_leak_is_handled_during_an_event_grid_outage_and_announced_later():
    stage = await lived_until(45)
    stage.event_grid_is("down")
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.DONE
    assert outcome.announced == ()
    stage.event_grid_is("up")
    await stage.rest()
    await stage.must_be_at_rest()


async def test_a_turn_that_fails_after_publishing_announces_no_deadline_of_the_old_version():
    stage = await lived_until(58)
    stage.pass_time(days(1))  # the last warning of the rotation on day 60 is outstanding now
    stage.world.faults.add("arm.regenerateKey", "status", skip=1, status=503)
    before = len(stage.topic.events)
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.FAILED
    assert len(stage.versions) == 3
    said = [event["type"] for event in stage.topic.events[before:]]
    assert "KeyRotation.RotationAnnounced" not in said


async def test_a_request_during_the_overlap_is_held_and_the_answer_says_until_when():
    stage = await lived_until(31)
    outcome = await stage.turn(wants_rotation())
    assert (outcome.result, outcome.held_until) == (Result.HELD, at(day=33))
    assert len(stage.versions) == 2


async def test_a_repeated_request_does_not_rotate_again_even_after_drift_was_healed():
    stage = await lived_until(45)
    await stage.turn(wants_rotation())
    stage.regenerate_by_hand(stage.live)
    await stage.rest()
    await stage.until(at(day=50))
    versions = len(stage.versions)
    await stage.turn(wants_rotation())
    assert len(stage.versions) == versions
