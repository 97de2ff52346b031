"""Turns that must end in time, because a caller waits for the answer."""

from datetime import timedelta

import pytest

from lab.simulation.builders import (
    wants_rotation,
)
from lab.simulation.dates import START, minutes
from shared.domain.errors import LeaseLost, OutOfTime
from shared.turns.report import Result
from shared.turns.timed_lease import TimedLease
from tests.support.one_turn import rotation_due, turn
from tests.support.oracle import NO, Account

SECOND = timedelta(seconds=1)
LATE = "the time for this answer is over; another turn continues the work."


@pytest.mark.parametrize(("left", "late"), [(SECOND, False), (timedelta(0), True), (-SECOND, True)])
def test_no_step_begins_once_the_time_is_over(left: timedelta, late: bool):
    account = Account([NO])
    timed = TimedLease(account, account, START + left, "chat")
    if not late:
        timed.check()
        return
    with pytest.raises(OutOfTime) as error:
        timed.check()
    assert (error.value.thing, error.value.what) == ("chat", LATE)


def test_a_timed_lease_that_is_lost_raises_lease_lost():
    account = Account([NO], lost_after=0)
    with pytest.raises(LeaseLost):
        TimedLease(account, account, START, "chat").check()


async def test_a_turn_that_runs_out_of_time_says_what_it_did_and_another_continues():
    stage = await rotation_due()
    stage.account.lag.new_after = 60
    outcome = await turn(stage, wants_rotation(), until=stage.now + minutes(0.5))
    assert (outcome.result, outcome.reason, outcome.why) == (Result.FAILED, "OutOfTime", LATE)
    assert outcome.done == ("regenerate key1",)
    spare = stage.value("key1")
    stage.pass_time(minutes(1))
    outcome = await turn(stage, wants_rotation())
    assert (outcome.result, stage.versions[-1].value) == (Result.DONE, spare)


async def test_a_turn_with_enough_time_finishes():
    stage = await rotation_due()
    assert (await turn(stage, until=stage.now + minutes(1))).result is Result.DONE
