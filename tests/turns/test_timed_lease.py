"""Turns that must end in time, that are held by the brake of the fleet, or that take a target over for a leak."""

from datetime import datetime, timedelta

import pytest

from lab.simulation.builders import (
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days, minutes
from lab.simulation.interruptions import Befall, Call
from lab.simulation.stage import Stage, a_stage
from shared.domain.errors import LeaseLost, OutOfTime
from shared.domain.requests import Request
from shared.ports import Outside
from shared.turns.brake import Brake
from shared.turns.perform import TimedLease
from shared.turns.report import Outcome, Result
from shared.turns.turn import take_turn
from tests.support.oracle import NO, Account

SECOND = timedelta(seconds=1)
LATE = "the time for this answer is over; another turn continues the work."


class Fleet:
    """Of a fleet, so many targets have failed in this tick."""

    def __init__(self, failed: int) -> None:
        self.failed = failed

    async def count(self, tick: datetime) -> int:
        assert tick == START
        return self.failed

    async def note(self, tick: datetime, account: str) -> None:
        raise AssertionError("a turn notes nothing by itself")


async def rotation_due() -> Stage:
    stage = a_stage()
    await stage.tick()
    await stage.until(at(day=59))
    stage.pass_time(days(1))
    return stage


async def turn(stage: Stage, request: Request | None = None, befall: Befall | None = None, **how: object) -> Outcome:
    runner = stage.runner(befall)
    outside = Outside(runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
    return await take_turn(stage.target, request, outside, **how)


# In time.


@pytest.mark.parametrize(("left", "late"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)])
def test_nothing_is_begun_from_the_moment_at_which_the_time_is_over(left: timedelta, late: bool):
    account = Account([NO])
    hurried = TimedLease(account, account, START + left, "chat")
    if not late:
        hurried.check()
        return
    with pytest.raises(OutOfTime) as error:
        hurried.check()
    assert (error.value.thing, error.value.what) == ("chat", LATE)


def test_a_hurried_turn_that_has_lost_its_target_says_that():
    account = Account([NO], lost_after=0)
    with pytest.raises(LeaseLost):
        TimedLease(account, account, START, "chat").check()


async def test_a_turn_that_runs_out_of_time_says_how_far_it_came_and_another_goes_on_from_there():
    stage = await rotation_due()
    stage.account.lag.new_after = 60
    outcome = await turn(stage, wants_rotation(), until=stage.now + minutes(0.5))
    assert (outcome.result, outcome.reason, outcome.why) == (Result.FAILED, "OutOfTime", LATE)
    assert outcome.done == ("regenerate key1",)
    spare = stage.value("key1")
    stage.pass_time(minutes(1))
    outcome = await turn(stage, wants_rotation())
    assert (outcome.result, stage.versions[-1].value) == (Result.DONE, spare)


async def test_a_turn_with_time_enough_knows_no_hurry():
    stage = await rotation_due()
    assert (await turn(stage, until=stage.now + minutes(1))).result is Result.DONE


# The brake.


@pytest.mark.parametrize(("failed", "result"), [(3, Result.DONE), (4, Result.HELD)])
async def test_what_is_scheduled_is_held_when_more_than_the_limit_have_failed(failed: int, result: Result):
    stage = await rotation_due()
    outcome = await turn(stage, brake=Brake(Fleet(failed), START, limit=3))
    assert outcome.result is result
    assert len(stage.versions) == (3 if result is Result.DONE else 2)


async def test_what_the_brake_holds_says_what_it_would_have_been():
    outcome = await turn(await rotation_due(), brake=Brake(Fleet(9), START, limit=3))
    assert (outcome.reason, outcome.done) == ("brake", ())
    assert outcome.why == (
        "More than 3 targets failed in this check, so no scheduled work begins. Without that: "
        "Key 2 has been live since 2026-04-01 09:00 UTC. Key 1 replaces it."
    )


@pytest.mark.parametrize("request_", [wants_rotation(), reports_leak()])
async def test_what_a_person_asked_for_knows_no_brake(request_: Request):
    stage = await rotation_due()
    stage.witness.somebody_reports(*(stage.value(slot) for slot in ("key1", "key2")))
    assert (await turn(stage, request_, brake=Brake(Fleet(9), START, limit=3))).result is Result.DONE


# Taken over.


@pytest.mark.parametrize(
    ("request_", "result"), [(reports_leak(), Result.DONE), (wants_rotation(), Result.BUSY), (None, Result.BUSY)]
)
async def test_only_a_leak_takes_a_target_from_another_turn(request_: Request | None, result: Result):
    stage = await rotation_due()
    stage.witness.somebody_reports(*(stage.value(slot) for slot in ("key1", "key2")))
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        assert (await turn(stage, request_)).result is result


async def test_a_leak_says_how_the_leaked_key_went_and_who_reported_it():
    stage = await rotation_due()
    stage.witness.somebody_reports(*(stage.value(slot) for slot in ("key1", "key2")))
    outcome = await turn(stage, reports_leak())
    assert (outcome.requester.by, outcome.requester.why) == ("tester", "found in a repository")
    (ending,) = outcome.endings
    assert (ending.slot, ending.last_accepted, ending.detail) == ("key2", at(day=60), "401")
    assert ending.refused is not None


async def test_how_the_leaked_key_went_is_not_forgotten_when_the_turn_goes_on_to_heal_something():
    stage = await rotation_due()
    stage.witness.somebody_reports(*(stage.value(slot) for slot in ("key1", "key2")))
    regenerated: list[Call] = []

    async def somebody_regenerates_the_new_key_too(call: Call) -> None:
        regenerated.extend([call] if call.operation == "arm.regenerateKey" else [])
        if len(regenerated) == 2 and regenerated[-1] is call:
            stage.witness.somebody_ends(stage.value("key1"))
            stage.world.accounts.regenerate(stage.account.id, "key1")

    befall = Befall(after=dict.fromkeys(range(1, 100), somebody_regenerates_the_new_key_too))
    outcome = await turn(stage, reports_leak(), befall)
    assert outcome.done[-1] == "publish key1 (healed)"
    assert [ending.slot for ending in outcome.endings] == ["key2"]
