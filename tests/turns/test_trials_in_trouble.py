"""Trials, holds and agreed ends when something else goes wrong: the vault, the mode, an answer, the date, a copy."""

from dataclasses import replace
from typing import Any

from lab.simulation.builders import reports_leak
from lab.simulation.dates import at, days, hours, minutes
from lab.simulation.interruptions import meanwhile_after, refused
from lab.simulation.stage import Stage, lived_until
from shared.domain.model import Target
from shared.domain.orders import TrialCheck
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    Follow,
    HoldRequest,
    LiftHoldRequest,
    RotateRequest,
)
from shared.fleet.rotation import Rotation
from shared.settings.environment import Mode
from shared.turns.report import Result
from tests.turns.test_trials import ASKED, END, announced, keys_are_off, planned, running
from tests.turns.test_what_follows import armed, deployed, excused, values

FREEZE = HoldRequest(until=at(day=20), reason="freeze", by="anna", id="h-1")
LIFTED = LiftHoldRequest(by="anna", id="l-1")


class CopyFound:
    """A check that finds a place that uses a copy of a key."""

    async def check(self, _target: Target) -> TrialCheck:
        """Return one place."""
        return TrialCheck(copies=("the named value aoai-key of the gateway apim",))


def with_a_copy(stage: Stage) -> None:
    """Let every process of the app find a copy that is used."""
    plain = stage.rotation

    def rotation(interruptions: Any = None) -> Rotation:
        made = plain(interruptions)
        return replace(made, outside=replace(made.outside, trial_checks=CopyFound()))

    stage.rotation = rotation  # type: ignore[method-assign]


async def number_of_call(stage: Stage, operation: str) -> int:
    """Return at which call a turn makes this operation first."""
    other = stage.copy()
    await other.turn(ordered=True)
    assert other.last_runner is not None
    return next(one.number for one in other.last_runner.calls if one.operation.startswith(operation))


async def test_a_trial_ends_although_the_vault_cannot_be_read():
    stage = await running()
    stage.pass_time(hours(5))
    number = await number_of_call(stage, "kv.")
    await stage.turn(ordered=True, interruptions=refused(number, 403))
    assert not keys_are_off(stage)


async def test_a_person_ends_a_trial_although_the_vault_cannot_be_read():
    stage = await running()
    number = await number_of_call(stage, "kv.")
    await stage.turn(END, interruptions=refused(number, 403))
    assert not keys_are_off(stage)


async def test_a_trial_ends_in_observe_mode_and_nothing_else_is_done_or_told():
    stage = await running()
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    events = len(stage.events())
    await stage.until(at(day=6), minutes(30))
    assert not keys_are_off(stage)
    assert len(stage.events()) == events
    stage.settings = replace(stage.settings, mode=Mode.ROTATE)
    await stage.until(at(day=6, hour=12), minutes(30))
    assert announced(stage)[-1] == "TrialEnded"


async def test_an_answer_that_is_missing_once_costs_one_check_and_no_hour():
    stage = await running()
    stage.pass_time(hours(4))
    number = await number_of_call(stage, "arm.updateAccount")
    await stage.turn(ordered=True, interruptions=refused(number, 503))
    assert keys_are_off(stage)
    await stage.until(stage.now + minutes(10), minutes(10))
    assert not keys_are_off(stage)


async def test_a_trial_with_a_long_notice_or_a_start_in_the_past_begins_all_the_same():
    stage = await lived_until(3, notice=days(9))
    await stage.turn(replace(ASKED, starts=None))
    await stage.until(at(day=14))
    assert "TrialStarted" in announced(stage)
    stage = await lived_until(20)
    await stage.turn(ASKED)
    await stage.until(at(day=23))
    assert "TrialStarted" in announced(stage)


async def test_a_trial_after_a_deployment_does_not_begin_while_a_copy_is_used():
    stage = await armed(Follow.TRIAL)
    with_a_copy(stage)
    await deployed(stage)
    await stage.until(at(day=6), hours(3))
    assert not keys_are_off(stage)
    assert "TrialStarted" not in announced(stage)


async def test_an_announced_trial_that_is_held_says_what_holds_it():
    stage = await planned()
    with_a_copy(stage)
    await stage.until(at(day=5, hour=10), hours(1))
    row = await stage.row()
    assert row.plan is not None
    assert (row.plan.reason, row.plan.steps) == ("trial-refused", ())
    assert "aoai-key" in row.plan.why


async def test_the_deadlines_show_a_planned_trial():
    stage = await planned()
    found, _ = await stage.rotation().deadlines()
    assert "trial" in [str(one.what) for one in found]


async def test_an_end_that_was_announced_for_later_does_not_come_sooner_when_a_hold_is_lifted():
    stage = await armed(Follow.END)
    copied = values(stage)
    excused(stage)
    await deployed(stage)
    await stage.turn(FREEZE)
    await stage.until(at(day=4, hour=12))
    assert any(stage.works(one) for one in copied)
    await stage.turn(LIFTED)
    await stage.until(stage.now + hours(12), minutes(30))
    assert any(stage.works(one) for one in copied)
    await stage.until(stage.now + days(2), hours(1))
    assert not any(stage.works(one) for one in copied)


async def test_end_keeps_the_overlap_of_a_key_that_the_vault_held_before():
    stage = await lived_until(40)
    await stage.turn(RotateRequest(id="r-1", by="anna"))
    [before] = [one for one in values(stage) if one != stage.versions[-1].value]
    wanted = AwaitedDeployment("production", days(1), then=Follow.END)
    await stage.turn(ArmRequest(id="a-1", by="anna", deployment=wanted))
    excused(stage)
    stage.pass_time(minutes(20))
    await deployed(stage)
    assert stage.works(before)  # readers of the vault may hold it for as long as an overlap
    await stage.until(at(day=45))
    assert not stage.works(before)


async def test_a_wait_for_an_end_outlives_a_rotation():
    stage = await armed(Follow.END)
    await stage.until(at(day=45))
    assert len(stage.versions) > 1
    went = AwaitedDeployment("production", deployed=stage.now)
    outcome = await stage.turn(DeploymentRequest(id="d-1", by="pipeline", deployment=went))
    assert outcome is not None
    assert outcome.reason == "deployed"


async def test_a_repeated_request_for_a_hold_says_what_holds_now():
    stage = await lived_until(2)
    await stage.turn(FREEZE)
    await stage.turn(LIFTED)
    outcome = await stage.turn(FREEZE)
    assert outcome is not None
    assert (outcome.reason, "No hold is on now." in outcome.why) == ("already-done", True)


async def test_an_announcement_after_a_lifted_hold_is_an_event_of_its_own():
    stage = await lived_until(25)
    await stage.turn(HoldRequest(until=at(day=60), reason="freeze", by="anna", id="h-2"))
    await stage.until(at(day=26))
    assert stage.events("DeadlineWithdrawn")
    await stage.turn(LIFTED)
    await stage.until(at(day=27, hour=23))
    ids = [one["id"] for one in stage.events("RotationAnnounced")]
    assert len(ids) == len(set(ids))
    last = stage.events()[-1]
    assert last["type"].endswith("RotationAnnounced")


async def test_a_trial_whose_secret_a_person_disables_is_told_as_ended():
    stage = await running()
    stage.versions[-1].enabled = False
    await stage.until(at(day=6), minutes(30))
    assert not keys_are_off(stage)
    assert announced(stage)[-1] == "TrialEnded"


async def test_no_trial_begins_on_an_account_that_takes_no_identity():
    stage = await lived_until(3)
    stage.account.subdomain = None
    outcome = await stage.turn(replace(ASKED, starts=None))
    assert outcome is not None
    assert outcome.reason == "cannot-take-an-identity"
    stage = await planned()
    stage.account.subdomain = None
    await stage.until(at(day=6), hours(1))
    assert "TrialStarted" not in announced(stage)


async def test_a_policy_that_switches_keys_off_a_little_later_does_not_end_the_record_of_the_trial():
    stage = await running()
    stage.pass_time(hours(4))
    number = await number_of_call(stage, "arm.updateAccount")

    async def flip() -> None:
        stage.world.accounts.update(stage.account.id, {"disable_local_auth": True})
        stage.account.fixed_off = True

    await stage.turn(ordered=True, interruptions=meanwhile_after(number + 2, flip))
    await stage.until(stage.now + hours(3), minutes(30))
    assert keys_are_off(stage)
    assert "TrialEnded" not in announced(stage)
    stage.account.fixed_off = False
    await stage.until(stage.now + hours(2), minutes(30))
    assert not keys_are_off(stage)
    assert announced(stage)[-1] == "TrialEnded"


async def test_a_leak_after_a_policy_switched_keys_off_again_ends_before_keys_are_switched_on():
    stage = await running()
    stage.pass_time(hours(4))
    number = await number_of_call(stage, "arm.updateAccount")

    async def flip() -> None:
        stage.world.accounts.update(stage.account.id, {"disable_local_auth": True})
        stage.account.fixed_off = True

    await stage.turn(ordered=True, interruptions=meanwhile_after(number + 2, flip))
    assert keys_are_off(stage)
    leaked = stage.versions[-1].value
    stage.witness.excuse_regenerated_by_hand(leaked)
    stage.account.fixed_off, stage.account.regenerates_while_off = False, True
    outcome = await stage.turn(reports_leak(requested_at=stage.now))
    assert outcome is not None
    assert (outcome.result, keys_are_off(stage)) == (Result.DONE, True)
    assert leaked not in values(stage)
    await stage.until(stage.now + hours(3), minutes(30))
    assert not keys_are_off(stage)


async def test_a_turn_whose_orders_cannot_be_read_for_an_announcement_still_says_what_it_did():
    stage = await lived_until(20)
    stage.event_grid_is("down")
    await stage.until(at(day=24))
    stage.event_grid_is("up")
    other = stage.copy()
    await other.turn()
    assert other.last_runner is not None
    [number] = [one.number for one in other.last_runner.calls if one.operation == "blob.get"]
    outcome = await stage.turn(interruptions=refused(number, 503))
    assert outcome is not None
    assert outcome.result is Result.NOTHING
    assert "KeyRotation.RotationAnnounced" in outcome.outstanding
    after = await stage.turn()
    assert after is not None
    assert "KeyRotation.RotationAnnounced" in after.announced
