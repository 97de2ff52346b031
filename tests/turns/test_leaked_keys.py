"""Leaked keys: how their end is watched, and turns that end them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import KEY1, KEY2, reports_leak, wants_rotation
from lab.simulation.dates import START, at, minutes
from lab.simulation.interruptions import Call, Interruptions
from lab.simulation.runner import Runner
from lab.simulation.stage import a_stage
from shared.decide.steps import Regenerate, Watch
from shared.domain.keys import ApiKey
from shared.domain.requests import Request
from shared.ports import KeyAttempt
from shared.turns.execution import Execution
from shared.turns.observe import observe
from shared.turns.orders import KeptOrders
from shared.turns.perform import observed_after, perform
from shared.turns.proof import Ending, see_refused, try_once
from shared.turns.report import Result
from tests.support.one_turn import rotation_due, turn
from tests.support.oracle import CLOSED, KEY, NO, OFF, SILENCE, WHERE, YES, Account

SECOND = timedelta(seconds=1)
BEFORE = Ending(KEY1, last_accepted=START - SECOND, refused=START - SECOND, detail="before")


async def watched(account: Account, known: Ending = BEFORE) -> Ending:
    return await see_refused(KEY, WHERE, known, account, account, account)


# One answer.

ANSWERS = [
    ("accepted: it still works, whatever was known before", YES, replace(BEFORE, last_accepted=START, refused=None)),
    ("refused: the first refusal counts", NO, BEFORE),
    ("keys are off: no key is accepted any more", OFF, BEFORE),
    ("the network is closed: nothing new is known", CLOSED, BEFORE),
    ("no answer: nothing new is known", SILENCE, BEFORE),
]


@pytest.mark.parametrize(("answer", "known"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
async def test_one_answer_is_added_to_what_is_known(answer: KeyAttempt, known: Ending):
    account = Account([answer])
    assert await try_once(KEY, WHERE, BEFORE, account, account) == replace(known, detail=answer.detail)
    assert account.asked == [0]


@pytest.mark.parametrize("answer", [NO, OFF])
async def test_a_first_refusal_is_recorded_with_its_time(answer: KeyAttempt):
    account = Account([answer])
    known = Ending(KEY1, last_accepted=START - SECOND)
    assert await try_once(KEY, WHERE, known, account, account) == replace(known, refused=START, detail=answer.detail)


# Until it is refused.


async def test_a_value_that_is_refused_immediately_is_tried_once():
    account = Account([NO])
    assert await watched(account, Ending(KEY1)) == Ending(KEY1, refused=START, detail="401")
    assert account.asked == [0]


async def test_a_value_that_still_works_is_tried_with_growing_pauses_until_it_is_refused():
    account = Account([YES] * 8 + [NO])
    ending = await watched(account, Ending(KEY1))
    assert account.asked == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 23.75, 31.75]
    assert ending == Ending(KEY1, START + 23.75 * SECOND, START + 31.75 * SECOND, "401")


async def test_the_watch_ends_after_ninety_seconds_with_what_is_known():
    account = Account([YES])
    ending = await watched(account, Ending(KEY1))
    assert 82 < account.asked[-1] <= 90
    assert ending == Ending(KEY1, START + account.asked[-1] * SECOND, None, "200")


async def test_an_account_that_does_not_answer_is_tried_for_ninety_seconds_without_an_error():
    account = Account([SILENCE])
    assert await watched(account, Ending(KEY1)) == Ending(KEY1, detail="no answer")
    assert 82 < account.asked[-1] <= 90


@pytest.mark.parametrize(("answer", "refused"), [(CLOSED, None), (OFF, START)])
async def test_the_watch_ends_immediately_if_no_later_answer_can_differ(answer: KeyAttempt, refused):
    account = Account([answer])
    assert await watched(account, Ending(KEY1)) == Ending(KEY1, refused=refused, detail=answer.detail)
    assert account.asked == [0]


# In a turn.


async def test_a_leaked_key_is_tried_before_and_watched_after_its_regeneration():
    stage = a_stage()
    await stage.tick()
    stage.account.lag.old_for = 3.0
    runner = Runner(stage.world)
    outside = runner.outside
    async with runner.leases.hold("an account") as lease:
        execution = Execution(
            stage.target,
            await observe(stage.target, runner.outside),
            lease,
            outside,
            KeptOrders(outside.notes, stage.target),
        )
        began, observed = stage.now, execution.observed
        await perform([Watch(KEY2)], execution)
        mark = execution.keys[KEY2].fingerprint
        assert execution.endings == {KEY2: Ending(KEY2, last_accepted=began, detail="200", fingerprint=mark)}
        assert observed_after(execution) is observed
        old = execution.keys[KEY2]
        await perform([Regenerate(KEY2), Watch(KEY2)], execution)
    ending = execution.endings[KEY2]
    assert ending.refused is not None
    assert ending.last_accepted is not None
    assert began <= ending.last_accepted < ending.refused <= began + minutes(1)
    assert (ending.detail, ending.fingerprint) == ("401", old.fingerprint)
    assert execution.ended == {KEY2: old}
    assert ApiKey(stage.value("key2")) == execution.keys[KEY2] != old


@pytest.mark.parametrize(
    ("request_", "result"), [(reports_leak(), Result.DONE), (wants_rotation(), Result.BUSY), (None, Result.BUSY)]
)
async def test_only_a_leak_takes_over_the_lease_of_another_turn(request_: Request | None, result: Result):
    stage = await rotation_due()
    stage.witness.excuse_leaked(*(stage.value(slot) for slot in ("key1", "key2")))
    other = stage.runner()
    async with other.leases.hold(str(stage.target.account).casefold()):
        assert (await turn(stage, request_)).result is result


async def test_the_outcome_of_a_leak_says_how_the_key_ended_and_who_reported_it():
    stage = await rotation_due()
    stage.witness.excuse_leaked(*(stage.value(slot) for slot in ("key1", "key2")))
    outcome = await turn(stage, reports_leak())
    assert (outcome.requester.by, outcome.requester.why) == ("tester", "found in a repository")
    (ending,) = outcome.endings
    assert (ending.slot, ending.last_accepted, ending.detail) == ("key2", at(day=60), "401")
    assert ending.refused is not None


async def test_the_outcome_of_a_leak_says_how_the_key_ended_even_if_the_turn_heals_afterwards():
    stage = await rotation_due()
    stage.witness.excuse_leaked(*(stage.value(slot) for slot in ("key1", "key2")))
    regenerated: list[Call] = []

    async def somebody_regenerates_the_new_key_too(call: Call) -> None:
        regenerated.extend([call] if call.operation == "arm.regenerateKey" else [])
        if len(regenerated) == 2 and regenerated[-1] is call:
            stage.witness.excuse_regenerated_by_hand(stage.value("key1"))
            stage.world.accounts.regenerate(stage.account.id, "key1")

    interruptions = Interruptions(after=dict.fromkeys(range(1, 100), somebody_regenerates_the_new_key_too))
    outcome = await turn(stage, reports_leak(), interruptions)
    assert outcome.done[-1] == "publish key1 (healed)"
    assert [ending.slot for ending in outcome.endings] == ["key2"]
