"""Reading without changing: observe mode, the survey and the dry run; and a log that contains no key."""

import logging
from dataclasses import replace

import pytest

from lab.simulation.builders import wants_rotation
from lab.simulation.dates import at, days
from lab.simulation.stage import a_stage, lived_until
from shared.fleet.survey import planned_row
from shared.settings.environment import Mode
from shared.turns.report import Result


@pytest.mark.parametrize("day", [0, 30, 33])
async def test_observe_mode_plans_and_neither_changes_nor_announces_anything(day: int):
    stage = a_stage() if day == 0 else await lived_until(day - 1)
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    stage.pass_time(days(1))
    events, versions = len(stage.topic.events), len(stage.versions)
    keys, seen = [stage.value("key1"), stage.value("key2")], len(stage.world.journal.entries)
    outcome = await stage.turn(wants_rotation() if day == 33 else None)
    assert outcome.result is Result.PLANNED
    assert (len(stage.topic.events), len(stage.versions)) == (events, versions)
    assert [stage.value("key1"), stage.value("key2")] == keys
    changing = {"arm.regenerateKey", "kv.setSecret", "kv.updateSecret", "eg.publish", "arm.updateAccount"}
    assert not changing & {entry.operation for entry in stage.world.journal.entries[seen:]}


async def test_the_survey_the_dry_run_and_the_turn_have_the_same_plan():
    stage = await lived_until(59)
    stage.pass_time(days(1))
    row = await stage.row()
    rows, problems = await stage.rotation().survey()
    outcome = await stage.turn()
    assert not problems
    assert rows[0].plan == row.plan
    assert planned_row(row).reason == outcome.reason == "due"
    assert [str(step) for step in row.plan.steps] == list(outcome.done)


async def test_a_survey_names_the_target_that_cannot_be_read():
    stage = a_stage(3)
    await stage.tick()
    stage.world.faults.add("arm.listKeys", "status", target="chat-2", status=503, times=0)
    rows, _ = await stage.rotation().survey()
    assert [row.error is not None for row in rows] == [False, True, False]
    assert "chat-2" in str(rows[1].error)


async def test_the_log_of_a_failed_turn_contains_no_key(caplog: pytest.LogCaptureFixture):
    stage = await lived_until(59)
    stage.world.faults.add("kv.setSecret", "drop_after", times=0)
    outcomes = await stage.until(at(day=60))
    logging.getLogger("test").debug("outcomes: %s", [outcome.data() for outcome in outcomes])
    assert outcomes[-1].result is Result.FAILED
    assert "outcomes" in caplog.text
