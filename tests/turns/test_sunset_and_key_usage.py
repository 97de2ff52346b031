"""The end of keys where calls with a key are counted: it waits for the last of them, and never takes silence for none.

The sunset is agreed for day 50. A consumer calls every day; until it changes over, it calls with a key.
"""

from dataclasses import replace
from datetime import datetime

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage
from shared.decide.plan import Reason
from shared.turns.report import Result

SUNSET = at(day=50)
_lived: dict[str, Stage] = {}


async def lived(stage: Stage, until: datetime, *, with_a_key: bool) -> None:
    """Days with a call each, up to a moment."""
    while stage.now < until:
        stage.log_a_call(with_a_key=with_a_key)
        await stage.until(min(stage.now + days(1), until))


async def the_day_before(**facts: object) -> Stage:
    """The sunset is a day ahead and announced; keys are still in use."""
    name = str(facts)
    if name not in _lived:
        stage = a_stage(sunset=SUNSET, **facts)
        stage.counts = True
        await stage.tick()
        await lived(stage, at(day=49), with_a_key=True)
        _lived[name] = stage
    return _lived[name].copy()


async def test_until_the_sunset_has_come_nobody_asks_the_logs():
    stage = await the_day_before()
    await stage.until(SUNSET - hours(1))
    assert stage.world.journal.count("logs.query") == 0
    assert stage.events("SunsetAnnounced")


async def test_keys_do_not_end_while_calls_with_a_key_are_seen_and_end_when_the_last_is_a_week_ago():
    stage = await the_day_before()
    await lived(stage, at(day=53), with_a_key=True)
    held = await stage.turn()
    assert held is not None
    assert (held.result, held.reason) == (Result.HELD, "still-used")
    assert not stage.account.disable_local_auth
    await lived(stage, at(day=59) - hours(1), with_a_key=False)
    assert not stage.account.disable_local_auth
    await lived(stage, at(day=60), with_a_key=False)
    assert stage.account.disable_local_auth
    assert stage.events("KeyAuthDisabled")
    assert stage.versions[-1].enabled is False
    await stage.must_be_at_rest()


async def test_keys_end_at_their_sunset_when_everybody_has_changed_over_in_time():
    stage = await the_day_before()
    stage.world.workspace.calls.clear()
    await lived(stage, SUNSET + hours(6), with_a_key=False)
    assert stage.account.disable_local_auth


async def test_the_turn_the_dry_run_and_the_survey_say_the_same():
    """P11: who only looks asks the logs as well."""
    stage = await the_day_before()
    await lived(stage, SUNSET, with_a_key=True)
    row, (rows, problems) = await stage.row(), await stage.rotation().survey()
    turned = await stage.turn()
    assert turned is not None
    assert row.plan is not None
    assert [one.plan for one in rows] == [row.plan]
    assert problems == []
    assert (row.plan.reason, row.plan.why) == (Reason.STILL_USED, turned.why)
    assert "calls with a key were counted" in turned.why


async def test_a_survey_that_only_presumes_asks_the_logs_too(monkeypatch):
    monkeypatch.setattr("shared.fleet.rotation.MOST_OBSERVED", 0)
    stage = await the_day_before()
    await lived(stage, SUNSET, with_a_key=True)
    (row,), _ = await stage.rotation().survey()
    assert row.presumed
    assert row.plan is not None
    assert row.plan.reason is Reason.STILL_USED


async def test_logs_that_are_silent_hold_the_end_and_say_so_until_they_answer():
    stage = await the_day_before()
    stage.world.workspace.calls.clear()
    stage.log_a_call(with_a_key=False)
    stage.logs_are("down")
    await stage.until(SUNSET + hours(1))
    failed, row = await stage.turn(), await stage.row()
    assert failed is not None
    assert (failed.result, failed.reason) == (Result.FAILED, "TryLater")
    assert "could not count calls with a key" in failed.why
    assert row.error is not None
    assert row.error.code == "TryLater"
    assert not stage.account.disable_local_auth
    stage.logs_are("up")
    await stage.rest(1)
    assert stage.account.disable_local_auth
    await stage.must_be_at_rest()


async def test_a_turn_that_healed_first_is_one_that_healed_though_the_logs_are_silent_after_it():
    stage = await the_day_before()
    await lived(stage, SUNSET - hours(1), with_a_key=True)
    stage.logs_are("down")
    stage.regenerate_by_hand(stage.live)
    stage.pass_time(hours(2))
    healed = await stage.turn()
    assert healed is not None
    assert (healed.result, healed.reason) == (Result.DONE, "drift")
    assert not stage.account.disable_local_auth


async def test_an_app_that_may_not_ask_ends_nothing_and_names_the_right():
    stage = await the_day_before()
    stage.world.faults.add("logs.query", "status", status=403, times=0)
    await stage.until(SUNSET + days(1))
    failed = await stage.turn()
    assert failed is not None
    assert failed.reason == "GrantRole"
    assert not stage.account.disable_local_auth


async def test_an_account_of_which_nothing_is_logged_is_not_taken_for_one_that_nobody_uses():
    stage = await the_day_before()
    stage.world.workspace.calls.clear()
    await stage.until(SUNSET + days(1))
    failed = await stage.turn()
    assert failed is not None
    assert failed.reason == "FixConfiguration"
    assert not stage.account.disable_local_auth


@pytest.mark.parametrize("logs", ["up", "down"])
async def test_a_rotation_that_is_due_does_not_wait_for_the_logs_nor_for_the_end_of_keys(logs: str):
    stage = await the_day_before()
    await lived(stage, at(day=59), with_a_key=True)
    stage.logs_are(logs)
    before = len(stage.versions)
    await lived(stage, at(day=64), with_a_key=True)
    assert len(stage.versions) == before + 1
    assert not stage.works(stage.versions[-2].value)
    assert not stage.account.disable_local_auth


async def test_a_rotation_that_a_person_asked_for_is_answered_as_done_though_the_logs_are_silent():
    stage = await the_day_before()
    await lived(stage, SUNSET, with_a_key=True)
    stage.logs_are("down")
    request = wants_rotation()
    first, second = await stage.turn(request), await stage.turn(request)
    assert first is not None
    assert second is not None
    assert (first.result, first.reason) == (Result.DONE, "requested")
    assert second.reason == "already-done"
    assert not stage.account.disable_local_auth


async def test_a_leak_asks_no_logs():
    stage = await the_day_before()
    await lived(stage, SUNSET, with_a_key=True)
    stage.logs_are("down")
    leaked = stage.value(stage.live)
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert not stage.works(leaked)


async def test_a_failure_of_the_logs_keeps_nobody_else_from_a_turn():
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
