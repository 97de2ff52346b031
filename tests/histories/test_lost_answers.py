"""A call without an answer may have had its effect: what is announced follows from what is observed after it."""

from lab.simulation.dates import days
from lab.simulation.stage import a_stage
from shared.turns.report import Result


async def test_a_retirement_whose_answer_was_lost_is_not_announced_as_still_to_come():
    stage = a_stage(notice=days(1), overlap=days(3))
    await stage.tick()
    await stage.until(stage.now + days(31))
    versions = stage.versions
    stage.pass_time(days(2.5))  # the last warning of the end is outstanding now, but no tick came
    stage.pass_time(days(1))
    said = len(stage.topic.events)
    stage.world.faults.add("arm.regenerateKey", "drop_after")
    outcome = await stage.turn()
    assert outcome.result is Result.DONE  # the keys showed that it happened
    assert [event["type"] for event in stage.topic.events[said:]] == ["KeyRotation.KeyRetired"]
    await stage.tick()
    assert stage.topic.events[-1]["type"] == "KeyRotation.KeyRetired"
    assert len(stage.versions) == len(versions)
