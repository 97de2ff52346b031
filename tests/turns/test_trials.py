"""Trials in the emulated Azure: keys are off for a while and on again, whatever is interrupted."""

from dataclasses import replace

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, hours, minutes
from lab.simulation.interruptions import killed_after, killed_before
from lab.simulation.stage import Stage, lived_until
from shared.domain.requests import EndTrialRequest, HoldRequest, TrialRequest
from shared.turns.keyless import Keyless, keyless_name
from shared.turns.orders import ordered_target, orders_name, orders_of
from shared.turns.report import Result

ASKED = TrialRequest(id="t-1", by="anna", reason="who is left?", length=hours(4), starts=at(day=5))
END = EndTrialRequest(id="e-1", by="ben", reason="it hurts")


async def planned(**facts: object) -> Stage:
    """Return a stage on day 3 with a trial that is planned for day 5 and announced."""
    stage = await lived_until(3, **facts)
    outcome = await stage.turn(ASKED)
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "trial-planned"), outcome
    return stage


async def running(**facts: object) -> Stage:
    """Return a stage on day 5 with a trial that runs."""
    stage = await planned(**facts)
    await stage.until(at(day=5, minute=10), minutes(10))
    assert keys_are_off(stage)
    return stage


def keys_are_off(stage: Stage) -> bool:
    return bool(stage.account.disable_local_auth)


def announced(stage: Stage) -> list[str]:
    """Return the kinds of the accepted events about trials, in order."""
    kinds = [one["type"].removeprefix("KeyRotation.") for one in stage.events()]
    return [kind for kind in kinds if kind.startswith("Trial")]


async def noted(stage: Stage) -> object:
    """Return the trial in the note. None without one."""
    return (await orders_of(stage.runner().outside.notes, stage.target.account)).trial


async def test_a_trial_is_announced_starts_ends_by_itself_and_everybody_is_told():
    stage = await planned()
    published = stage.versions[-1].value
    await stage.until(at(day=4, hour=12))
    assert not keys_are_off(stage)
    assert announced(stage)[0] == "TrialAnnounced"
    await stage.until(at(day=5, hour=12), minutes(10))
    assert keys_are_off(stage)
    assert "TrialStarted" in announced(stage)
    await stage.until(at(day=5, hour=14), minutes(10))
    assert not keys_are_off(stage)
    assert announced(stage)[-1] == "TrialEnded"
    assert stage.works(published)
    assert stage.versions[-1].enabled
    assert len(stage.versions) == 1
    assert await noted(stage) is None
    assert not stage.events("KeyAuthDisabled")
    await stage.must_be_at_rest()


async def test_what_is_announced_says_when_how_long_who_and_why():
    stage = await running()
    await stage.until(at(day=5, hour=14), minutes(10))
    first = stage.events("TrialAnnounced")[0]["data"]
    assert (first["deadline"], first["trialLength"]) == ("2026-03-07T09:00:00Z", "PT4H")
    assert (first["requestedBy"], first["requestReason"]) == ("anna", "who is left?")
    [ended] = stage.events("TrialEnded")
    assert "Its time was over." in ended["data"]["reason"]


async def test_a_trial_never_starts_without_its_announcement():
    stage = await lived_until(3)
    stage.event_grid_is("down")
    await stage.turn(ASKED)
    await stage.until(at(day=7))
    assert not keys_are_off(stage)
    stage.event_grid_is("up")
    await stage.until(at(day=7, hour=23))
    assert not keys_are_off(stage)
    await stage.until(at(day=8, hour=16), minutes(30))
    assert keys_are_off(stage)


async def test_the_turn_that_began_it_can_be_killed_at_any_call_and_the_trial_ends_all_the_same():
    fresh = await planned()
    await fresh.until(at(day=4, hour=23, minute=50))
    fresh.pass_time(hours(10))
    calls = await _calls_of_a_turn(fresh)
    assert calls > 8
    for number in range(1, calls + 1):
        for killed in (killed_before, killed_after):
            stage = fresh.copy()
            await stage.turn(interruptions=killed(number), ordered=True)
            await stage.until(stage.now + hours(6), minutes(10))
            assert not keys_are_off(stage), (number, killed)
            assert await noted(stage) is None, (number, killed)
            assert announced(stage)[-1] == "TrialEnded", (number, killed)
            await stage.must_be_at_rest()


async def test_the_turn_that_ends_it_can_be_killed_at_any_call():
    fresh = await running()
    fresh.pass_time(hours(4))
    calls = await _calls_of_a_turn(fresh)
    for number in range(1, calls + 1):
        for killed in (killed_before, killed_after):
            stage = fresh.copy()
            await stage.turn(interruptions=killed(number), ordered=True)
            await stage.rest()
            assert not keys_are_off(stage), (number, killed)
            assert announced(stage).count("TrialEnded") == 1, (number, killed)
            await stage.must_be_at_rest()


async def _calls_of_a_turn(stage: Stage) -> int:
    other = stage.copy()
    await other.turn(ordered=True)
    assert other.last_runner is not None
    return len(other.last_runner.calls)


@pytest.mark.parametrize("begun", [True, False])
async def test_anybody_with_the_right_ends_it_or_calls_it_off(begun: bool):
    stage = await (running if begun else planned)()
    outcome = await stage.turn(END)
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert not keys_are_off(stage)
    await stage.until(at(day=6))
    assert not keys_are_off(stage)
    if begun:
        assert "A person ended it" in stage.events("TrialEnded")[0]["data"]["reason"]
    else:
        assert stage.events("DeadlineWithdrawn")[0]["data"]["requestedBy"] == "ben"
        assert "TrialStarted" not in announced(stage)
    await stage.must_be_at_rest()


async def test_the_same_request_again_plans_no_second_trial():
    stage = await running()
    await stage.until(at(day=6), minutes(30))
    outcome = await stage.turn(ASKED)
    assert outcome is not None
    assert outcome.reason == "already-done"
    await stage.until(at(day=9))
    assert announced(stage).count("TrialStarted") == 1


async def test_somebody_who_switches_keys_on_ends_it_and_it_never_resumes():
    stage = await running()
    stage.pass_time(minutes(20))
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    await stage.until(at(day=6), minutes(10))
    assert not keys_are_off(stage)
    assert "Somebody else switched keys on" in stage.events("TrialEnded")[0]["data"]["reason"]
    assert announced(stage).count("TrialStarted") == 1


async def test_a_policy_that_keeps_keys_off_is_named_and_tried_again_every_hour():
    stage = await running()
    stage.account.fixed_off = True
    stage.pass_time(hours(4))
    outcome = await stage.turn(ordered=True)
    assert outcome is not None
    assert outcome.result is Result.FAILED
    assert "policy" in outcome.why
    assert keys_are_off(stage)
    again = await stage.turn(ordered=True)
    assert again is not None
    assert again.reason == "trial-runs"
    stage.account.fixed_off = False
    await stage.until(stage.now + hours(2), minutes(10))
    assert not keys_are_off(stage)
    assert announced(stage)[-1] == "TrialEnded"


async def test_an_account_that_is_not_enrolled_any_more_gets_its_keys_back():
    stage = await running(tagged=False)
    targets, stage.targets = stage.targets, []
    stage.settings = replace(stage.settings, targets=())
    stage.pass_time(hours(5))
    found = await stage.run_timer()
    [message] = found.trials
    assert message.account is not None
    left = await ordered_target(stage.runner().outside.notes, message.account)
    assert left is not None
    await stage.turn(target=left, ordered=True)
    stage.targets = targets
    assert not keys_are_off(stage)
    assert announced(stage)[-1] == "TrialEnded"
    assert await noted(stage) is None


async def test_a_leaked_key_ends_while_keys_are_off_and_the_vault_gets_its_successor_after_the_trial():
    stage = await running()
    stage.account.regenerates_while_off = True
    leaked = stage.versions[-1].value
    stage.witness.excuse_regenerated_by_hand(leaked)  # published until keys are on again, and refused until then anyway
    outcome = await stage.turn(reports_leak(requested_at=stage.now))
    assert outcome is not None
    assert outcome.result is Result.DONE, outcome
    assert keys_are_off(stage)
    assert leaked not in {key.value for key in stage.account.keys.values()}
    again = await stage.turn(reports_leak(requested_at=stage.now))
    assert again is not None
    assert again.reason == "already-done"
    await stage.until(at(day=5, hour=15), minutes(10))
    assert not keys_are_off(stage)
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)
    assert stage.versions[-1].value != leaked
    await stage.must_be_at_rest()


async def test_a_leaked_key_that_azure_does_not_end_keeps_keys_off_until_a_person_chooses():
    stage = await running()
    leaked = stage.versions[-1].value
    stage.witness.excuse_leaked(leaked)
    outcome = await stage.turn(reports_leak(requested_at=stage.now))
    assert outcome is not None
    assert outcome.result is Result.FAILED
    assert "Keys stay off" in outcome.why
    await stage.until(at(day=6), minutes(30))
    assert keys_are_off(stage)
    stopped = await stage.turn(END)
    assert stopped is not None
    assert stopped.reason == "leaked-in-trial"
    assert keys_are_off(stage)
    chosen = await stage.turn(replace(END, id="e-2", despite_leak=True))
    assert chosen is not None
    assert chosen.result is Result.DONE
    assert not keys_are_off(stage)
    await stage.until(stage.now + hours(2), minutes(10))
    assert not stage.works(leaked)


async def test_an_older_release_that_withdraws_the_version_takes_nothing_away_for_good():
    stage = await running()
    stage.versions[-1].enabled = False
    note = Keyless(str(stage.target.account), stage.versions[-1].version, stage.now, by_sunset=False)
    await stage.runner().outside.notes.write(keyless_name(stage.target.account), note.text())
    await stage.until(at(day=5, hour=16), minutes(10))
    assert not keys_are_off(stage)
    assert stage.versions[-1].enabled
    assert stage.works(stage.versions[-1].value)
    await stage.must_be_at_rest(all_announced=False)


async def test_a_hold_does_not_keep_a_trial_from_ending():
    stage = await running()
    await stage.turn(HoldRequest(until=at(day=30), reason="freeze", by="anna", id="h-1"))
    await stage.until(at(day=5, hour=15), minutes(10))
    assert not keys_are_off(stage)


async def test_a_hold_lets_an_announced_trial_wait_and_says_so():
    stage = await planned()
    await stage.until(at(day=4))
    await stage.turn(HoldRequest(until=at(day=9), reason="freeze", by="anna", id="h-1"))
    await stage.until(at(day=8))
    assert not keys_are_off(stage)
    assert stage.events("TrialAnnounced")[-1]["data"]["deadline"] >= "2026-03-11"
    await stage.until(at(day=9, hour=12), minutes(30))
    assert keys_are_off(stage)


async def test_a_sunset_waits_for_the_end_of_a_trial():
    stage = await running()
    stage.targets[0] = replace(stage.target, sunset=at(day=5, hour=10))
    await stage.until(at(day=5, hour=12), minutes(30))
    assert announced(stage).count("TrialEnded") == 0
    assert stage.versions[-1].enabled
    await stage.until(at(day=5, hour=14), minutes(10))
    assert announced(stage).count("TrialEnded") == 1


async def test_a_rotation_is_refused_while_a_trial_runs():
    stage = await running()
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.HELD, "trial-runs")


async def test_a_damaged_note_is_named_and_nothing_is_done():
    stage = await running()
    await stage.runner().outside.notes.write(orders_name(stage.target.account), "{")
    outcome = await stage.turn(ordered=True)
    assert outcome is not None
    assert outcome.result is Result.FAILED
    assert "notes/orders/" in outcome.why
    found = await stage.run_timer()
    assert any("notes/orders/" in str(one) for one in found.problems)
