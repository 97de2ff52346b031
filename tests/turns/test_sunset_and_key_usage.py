"""The sunset, if calls with a key are counted: keys end after the last such call. Missing logs are not "no calls".

The sunset is agreed for day 50. A consumer calls every day, with a key until it changes over.
"""

from collections import deque
from dataclasses import replace
from datetime import datetime

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.clock_logs_and_topic import LOOK_BACK
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage
from shared.decide.plan import Reason
from shared.turns.report import Result

SUNSET = at(day=50)
_stages: dict[str, Stage] = {}


async def calls_every_day(stage: Stage, until: datetime, *, with_a_key: bool) -> None:
    """Let time pass until that moment, with one call a day."""
    while stage.now < until:
        stage.log_a_call(with_a_key=with_a_key)
        await stage.until(min(stage.now + days(1), until))


def nobody_used_a_key(stage: Stage) -> None:
    """Change the log as if every call so far had been made by identity."""
    calls = stage.world.workspace.calls
    named = (("objectId", "an Entra object id"),)
    stage.world.workspace.calls = type(calls)(replace(one, properties=named) if one.operation else one for one in calls)


async def the_day_before(**facts: object) -> Stage:
    """Return a stage on the day before the sunset, which was announced. Keys are still in use."""
    name = str(facts)
    if name not in _stages:
        stage = a_stage(sunset=SUNSET, **facts)
        stage.counts = True
        await stage.tick()
        await calls_every_day(stage, at(day=49), with_a_key=True)
        _stages[name] = stage
    return _stages[name].copy()


async def test_the_logs_are_not_queried_before_the_sunset():
    stage = await the_day_before()
    await stage.until(SUNSET - hours(1))
    assert stage.world.journal.count("logs.query") == 0
    assert stage.events("SunsetAnnounced")


async def test_keys_end_only_when_the_last_call_with_a_key_is_a_whole_look_back_ago():
    stage = await the_day_before()
    await calls_every_day(stage, at(day=53), with_a_key=True)
    held = await stage.turn()
    assert held is not None
    assert (held.result, held.reason) == (Result.HELD, "still-used")
    assert not stage.account.disable_local_auth
    await calls_every_day(stage, at(day=52) + LOOK_BACK - hours(1), with_a_key=False)
    assert not stage.account.disable_local_auth
    await calls_every_day(stage, at(day=54) + LOOK_BACK, with_a_key=False)
    assert stage.account.disable_local_auth
    assert stage.events("KeyAuthDisabled")
    assert stage.versions[-1].enabled is False
    await stage.must_be_at_rest()


async def test_keys_end_at_the_sunset_if_no_consumer_uses_them():
    stage = await the_day_before()
    nobody_used_a_key(stage)
    await calls_every_day(stage, SUNSET + hours(6), with_a_key=False)
    assert stage.account.disable_local_auth


async def test_keys_of_an_account_that_nobody_calls_end_because_this_app_shows_the_live_key_every_day():
    stage = a_stage(sunset=SUNSET)
    stage.counts = True
    await stage.until(SUNSET + hours(6))
    assert stage.account.disable_local_auth
    assert stage.events("KeyAuthDisabled")


async def test_keys_do_not_end_if_the_log_was_switched_off_for_three_days():
    stage = await the_day_before()
    nobody_used_a_key(stage)
    gap = at(day=30).timestamp(), at(day=34).timestamp()
    calls = stage.world.workspace.calls
    stage.world.workspace.calls = type(calls)(one for one in calls if not gap[0] <= one.time < gap[1])
    await stage.until(SUNSET + hours(6))
    held = await stage.turn()
    assert held is not None
    assert (held.result, held.reason) == (Result.HELD, "use-unknown")
    assert "nothing was logged from" in held.why
    assert not stage.account.disable_local_auth


async def test_the_turn_the_dry_run_and_the_survey_give_the_same_answer():
    """P11: a dry run and a survey query the logs too."""
    stage = await the_day_before()
    await calls_every_day(stage, SUNSET, with_a_key=True)
    row, (rows, problems) = await stage.row(), await stage.rotation().survey()
    turned = await stage.turn()
    assert turned is not None
    assert row.plan is not None
    assert [one.plan for one in rows] == [row.plan]
    assert problems == []
    assert (row.plan.reason, row.plan.why) == (Reason.STILL_USED, turned.why)
    assert "they are used by 1 caller" in turned.why


async def test_a_survey_that_only_presumes_asks_no_logs_and_takes_nothing_for_granted(monkeypatch):
    monkeypatch.setattr("shared.fleet.survey.MOST_OBSERVED", 0)
    stage = await the_day_before()
    await calls_every_day(stage, SUNSET, with_a_key=True)
    before = stage.world.journal.count("logs.query")
    (row,), _ = await stage.rotation().survey()
    assert row.presumed
    assert row.plan is not None
    assert row.plan.reason is Reason.USE_UNKNOWN
    assert stage.world.journal.count("logs.query") == before


async def test_keys_do_not_end_while_the_logs_do_not_answer():
    stage = await the_day_before()
    nobody_used_a_key(stage)
    stage.logs_are("down")
    await stage.until(SUNSET + hours(1))
    failed, row = await stage.turn(), await stage.row()
    assert failed is not None
    assert (failed.result, failed.reason) == (Result.FAILED, "TryLater")
    assert "could not count calls" in failed.why
    assert row.error is not None
    assert row.error.code == "TryLater"
    assert not stage.account.disable_local_auth
    stage.logs_are("up")
    await stage.rest(1)
    assert stage.account.disable_local_auth
    await stage.must_be_at_rest()


async def test_a_turn_that_healed_is_done_even_if_the_logs_do_not_answer_afterwards():
    stage = await the_day_before()
    await calls_every_day(stage, SUNSET - hours(1), with_a_key=True)
    stage.logs_are("down")
    stage.regenerate_by_hand(stage.live)
    stage.pass_time(hours(2))
    healed = await stage.turn()
    assert healed is not None
    assert (healed.result, healed.reason) == (Result.DONE, "drift")
    assert not stage.account.disable_local_auth


async def test_keys_do_not_end_if_the_app_may_not_query_the_logs():
    stage = await the_day_before()
    stage.world.faults.add("logs.query", "status", status=403, code="InsufficientAccessError", times=0)
    await stage.until(SUNSET + days(1))
    failed = await stage.turn()
    assert failed is not None
    assert failed.reason == "GrantRole"
    assert not stage.account.disable_local_auth


async def test_keys_do_not_end_if_nothing_is_logged_for_the_account():
    stage = await the_day_before()
    stage.world.workspace.calls.clear()
    stage.world.workspace.calls = deque(maxlen=0)
    await stage.until(SUNSET + days(1))
    held = await stage.turn()
    assert held is not None
    assert held.reason == "use-unknown"
    assert not stage.account.disable_local_auth


@pytest.mark.parametrize("logs", ["up", "down"])
async def test_a_due_rotation_waits_neither_for_the_logs_nor_for_the_end_of_keys(logs: str):
    stage = await the_day_before()
    await calls_every_day(stage, at(day=59), with_a_key=True)
    stage.logs_are(logs)
    before = len(stage.versions)
    await calls_every_day(stage, at(day=64), with_a_key=True)
    assert len(stage.versions) == before + 1
    assert not stage.works(stage.versions[-2].value)
    assert not stage.account.disable_local_auth


async def test_a_requested_rotation_is_done_even_if_the_logs_do_not_answer():
    stage = await the_day_before()
    await calls_every_day(stage, SUNSET, with_a_key=True)
    stage.logs_are("down")
    request = wants_rotation()
    first, second = await stage.turn(request), await stage.turn(request)
    assert first is not None
    assert second is not None
    assert (first.result, first.reason) == (Result.DONE, "requested")
    assert second.reason == "already-done"
    assert not stage.account.disable_local_auth


async def test_a_leak_does_not_wait_for_the_logs():
    stage = await the_day_before()
    await calls_every_day(stage, SUNSET, with_a_key=True)
    stage.logs_are("down")
    leaked = stage.value(stage.live)
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert not stage.works(leaked)


async def test_failing_logs_do_not_stop_the_turns_of_other_targets():
    """P10: the other target of the same fleet is rotated in the same tick."""
    stage = a_stage(2, sunset=SUNSET)
    stage.counts = True
    stage.targets[1] = replace(stage.targets[1], sunset=None)
    stage.settings = replace(stage.settings, targets=tuple(stage.targets))
    stage.logs_are("down")
    await stage.until(at(day=61))
    other = stage.vault.secrets[stage.targets[1].secret.lower()]
    assert len(other.versions) == 3
    assert not stage.account.disable_local_auth
