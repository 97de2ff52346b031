"""What the exploration of trials has found (`lab.prove.trials`), each as a test of its own on the emulated Azure."""

from dataclasses import replace

import pytest

from lab.simulation.accounts import SimulatedAccounts
from lab.simulation.builders import reports_leak
from lab.simulation.dates import at, hours, minutes
from lab.simulation.interruptions import killed_after, meanwhile_before
from lab.simulation.leases import blob_name
from lab.simulation.stage import Stage, lived_until
from shared.domain.errors import LeaseLost
from shared.domain.names import LEASE_CONTAINER
from shared.domain.requests import EndTrialRequest, TrialRequest
from shared.turns.orders import orders_of
from shared.turns.report import Result

ASKED = TrialRequest(id="t-1", by="anna", reason="who is left?", length=hours(4), starts=at(day=5))
END = EndTrialRequest(id="e-1", by="ben", reason="it hurts")


async def running(**facts: object) -> Stage:
    """Return a stage on day 5 with a trial that runs."""
    stage = await lived_until(3, **facts)
    await stage.turn(ASKED)
    await stage.until(at(day=5, minute=10), minutes(10))
    assert stage.account.disable_local_auth
    return stage


def switch(stage: Stage, *, on: bool) -> None:
    stage.witness.keys_switched_off_by_hand = True
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": not on})


async def noted(stage: Stage) -> object:
    return (await orders_of(stage.runner().outside.notes, stage.target.account)).trial


def call(stage: Stage, operation: str) -> int:
    """Return the number of the last call of this kind in the last turn."""
    assert stage.last_runner is not None
    return max(one.number for one in stage.last_runner.calls if one.operation == operation)


def reported(stage: Stage):
    """Return the report of a leak of the live key, which the witness excuses."""
    stage.witness.excuse_regenerated_by_hand(stage.versions[-1].value)
    return reports_leak(requested_at=stage.now)


async def test_a_turn_that_was_killed_while_it_ended_a_leaked_key_does_not_keep_the_trial_from_ending():
    stage = await running()
    stage.account.regenerates_while_off = True
    leak = reported(stage)
    leaked = stage.versions[-1].value
    trial = stage.copy()
    await trial.turn(leak)
    assert await stage.turn(leak, killed_after(call(trial, "arm.regenerateKey"))) is None
    await stage.until(at(day=5, hour=16), minutes(10))
    assert not stage.account.disable_local_auth
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)
    await stage.must_be_at_rest()


async def test_a_person_who_switches_keys_on_ends_a_trial_that_a_leak_kept_open():
    stage = await running()
    leak = reported(stage)
    leaked = stage.versions[-1].value
    outcome = await stage.turn(leak)
    assert outcome is not None
    assert outcome.result is Result.FAILED
    await stage.until(at(day=5, hour=14), minutes(30))
    switch(stage, on=True)
    await stage.until(at(day=5, hour=17), minutes(10))
    assert await noted(stage) is None
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)


async def test_a_leak_on_record_ends_before_a_person_s_end_of_a_trial_switches_keys_on():
    stage = await running()
    stage.account.regenerates_while_off = True
    leak = reported(stage)
    leaked = stage.versions[-1].value
    assert await stage.turn(leak, killed_after(1)) is None  # it is on record, and nothing else has happened
    ended = await stage.turn(END)
    assert ended is not None
    assert ended.reason == "leaked-in-trial"
    assert stage.account.disable_local_auth
    await stage.until(at(day=5, hour=15), minutes(10))
    assert not stage.account.disable_local_auth
    assert not stage.works(leaked)


async def test_what_a_person_chose_despite_a_leak_outlives_a_killed_turn():
    stage = await running()
    leak = reported(stage)
    await stage.turn(leak)
    chosen = replace(END, despite_leak=True)
    trial = stage.copy()
    await trial.turn(chosen)
    first = min(one.number for one in trial.last_runner.calls if one.operation == "blob.put")
    assert await stage.turn(chosen, killed_after(first)) is None
    assert stage.account.disable_local_auth
    await stage.until(stage.now + hours(2), minutes(10))
    assert not stage.account.disable_local_auth
    assert await noted(stage) is None


async def test_the_start_of_a_trial_is_told_although_its_turn_was_killed_and_a_person_ended_it_at_once():
    stage = await lived_until(3)
    await stage.turn(ASKED)
    await stage.until(at(day=5) - minutes(10), minutes(10))
    stage.pass_time(minutes(10))
    trial = stage.copy()
    await trial.turn(ordered=True)
    killed = killed_after(call(trial, "arm.updateAccount"))
    assert await stage.turn(interruptions=killed, ordered=True) is None
    stage.pass_time(minutes(2))  # until the killed turn's lease is over
    await stage.turn(END)
    await stage.rest()
    assert [len(stage.events(kind)) for kind in ("TrialStarted", "TrialEnded")] == [1, 1]


async def test_a_turn_that_lost_its_lease_does_not_open_a_trial_again():
    stage = await running()
    trial = stage.copy()
    await trial.turn(END)
    number, now = call(trial, "arm.updateAccount"), stage.world.clock.now

    async def another_turn_ends_it() -> None:
        stage.world.blobs.get(LEASE_CONTAINER, blob_name(str(stage.target.account).casefold())).lease.break_(now(), 0)
        stage.pass_time(minutes(2))
        other = await stage.turn(replace(END, id="e-2"))
        assert other is not None
        assert other.result is Result.DONE, other

    outcome = await stage.turn(END, meanwhile_before(number, another_turn_ends_it))
    assert outcome is not None
    assert isinstance(outcome.cause, LeaseLost), outcome
    assert await noted(stage) is None


async def test_keys_that_somebody_switches_off_just_before_a_regeneration_are_an_answer():
    stage = await lived_until(29)
    trial = stage.copy()
    trial.pass_time(hours(24))
    await trial.turn()
    stage.pass_time(hours(24))

    async def somebody_acts() -> None:
        switch(stage, on=False)

    outcome = await stage.turn(interruptions=meanwhile_before(call(trial, "arm.regenerateKey"), somebody_acts))
    assert outcome is not None
    assert outcome.reason == "TryLater"


def shows_late(monkeypatch: pytest.MonkeyPatch, times: int) -> list[object]:
    """Let the account show so often that keys are off although they are on. Returns what was shown so, in time."""
    real, shown = SimulatedAccounts._account, []

    def account(simulated, found):
        seen = real(simulated, found)
        if not seen.key_auth or len(shown) >= times:
            return seen
        shown.append(seen)
        return replace(seen, key_auth=False)

    monkeypatch.setattr(SimulatedAccounts, "_account", account)
    return shown


@pytest.mark.parametrize("late", [1, 3])
async def test_an_account_that_shows_for_a_while_what_was_before_is_no_policy(late, monkeypatch):
    stage = await running()
    shown = shows_late(monkeypatch, late)
    outcome = await stage.turn(END)
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert len(shown) == late


async def test_a_leaked_key_ends_although_the_account_shows_too_late_that_keys_are_on(monkeypatch):
    stage = await lived_until(3)
    leaked = stage.versions[-1].value
    shown = shows_late(monkeypatch, 1)
    outcome = await stage.turn(reports_leak(requested_at=stage.now))
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert shown
    assert not stage.works(leaked)


async def test_nobody_is_told_that_all_keys_ended_because_an_account_is_shown_too_late(monkeypatch):
    stage = await lived_until(3, sunset=at(day=20))
    shown = shows_late(monkeypatch, 1)
    await stage.turn()
    assert shown
    assert not stage.events("KeyAuthDisabled")
    await stage.must_be_at_rest()
