"""Watching a leaked value go: when it was last accepted, since when it is refused, and how long that is asked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import KEY1, KEY2
from lab.simulation.dates import START, minutes
from lab.simulation.runner import Runner
from lab.simulation.stage import a_stage
from shared.decide.steps import Regenerate, Watch
from shared.domain.keys import ApiKey
from shared.ports import KeyAttempt, Outside
from shared.turns.observe import observe
from shared.turns.perform import Execution, after, perform
from shared.turns.proof import Ending, see_refused, try_once
from tests.support.oracle import CLOSED, KEY, NO, OFF, SILENCE, WHERE, YES, Account

SECOND = timedelta(seconds=1)
BEFORE = Ending(KEY1, last_accepted=START - SECOND, refused=START - SECOND, detail="before")


async def seen(account: Account, known: Ending = BEFORE) -> Ending:
    return await see_refused(KEY, WHERE, known, account, account)


# One answer.

ANSWERS = [
    ("accepted: it is not gone, whatever was seen before", YES, replace(BEFORE, last_accepted=START, refused=None)),
    ("refused: since it was first seen to be", NO, BEFORE),
    ("keys are off: no key is taken any more", OFF, BEFORE),
    ("the network is closed: nothing new is known", CLOSED, BEFORE),
    ("silence: nothing new is known", SILENCE, BEFORE),
]


@pytest.mark.parametrize(("answer", "known"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
async def test_one_answer_is_added_to_what_is_known(answer: KeyAttempt, known: Ending):
    account = Account([answer])
    assert await try_once(KEY, WHERE, BEFORE, account, account) == replace(known, detail=answer.detail)
    assert account.asked == [0]


@pytest.mark.parametrize("answer", [NO, OFF])
async def test_a_first_refusal_is_noted_with_its_moment(answer: KeyAttempt):
    account = Account([answer])
    known = Ending(KEY1, last_accepted=START - SECOND)
    assert await try_once(KEY, WHERE, known, account, account) == replace(known, refused=START, detail=answer.detail)


# Until it is refused.


async def test_a_value_that_is_refused_at_once_is_asked_about_once():
    account = Account([NO])
    assert await seen(account, Ending(KEY1)) == Ending(KEY1, refused=START, detail="401")
    assert account.asked == [0]


async def test_a_value_that_is_slow_to_go_is_asked_about_with_growing_pauses_and_its_last_moment_is_noted():
    account = Account([YES] * 8 + [NO])
    ending = await seen(account, Ending(KEY1))
    assert account.asked == [0, 0.25, 0.75, 1.75, 3.75, 7.75, 15.75, 23.75, 31.75]
    assert ending == Ending(KEY1, START + 23.75 * SECOND, START + 31.75 * SECOND, "401")


async def test_after_ninety_seconds_the_watch_ends_and_says_how_far_it_came():
    account = Account([YES])
    ending = await seen(account, Ending(KEY1))
    assert 82 < account.asked[-1] <= 90
    assert ending == Ending(KEY1, START + account.asked[-1] * SECOND, None, "200")


async def test_an_account_that_says_nothing_is_asked_as_long_and_fails_no_turn():
    account = Account([SILENCE])
    assert await seen(account, Ending(KEY1)) == Ending(KEY1, detail="no answer")
    assert 82 < account.asked[-1] <= 90


@pytest.mark.parametrize(("answer", "refused"), [(CLOSED, None), (OFF, START)])
async def test_an_answer_that_no_patience_changes_ends_the_watch_at_once(answer: KeyAttempt, refused):
    account = Account([answer])
    assert await seen(account, Ending(KEY1)) == Ending(KEY1, refused=refused, detail=answer.detail)
    assert account.asked == [0]


# In a turn.


async def test_a_leaked_key_is_tried_before_and_watched_after_its_regeneration():
    stage = a_stage()
    await stage.tick()
    stage.account.lag.old_for = 3.0
    runner = Runner(stage.world)
    outside = Outside(runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
    async with runner.leases.hold("an account") as lease:
        execution = Execution(stage.target, await observe(stage.target, runner.accounts, runner.vault), lease, outside)
        began, observed = stage.now, execution.observed
        await perform([Watch(KEY2)], execution)
        assert execution.endings == {KEY2: Ending(KEY2, last_accepted=began, detail="200")}
        assert after(execution) is observed
        old = execution.keys[KEY2]
        await perform([Regenerate(KEY2), Watch(KEY2)], execution)
    ending = execution.endings[KEY2]
    assert ending.refused is not None
    assert ending.last_accepted is not None
    assert began <= ending.last_accepted < ending.refused <= began + minutes(1)
    assert ending.detail == "401"
    assert execution.ended == {KEY2: old}
    assert ApiKey(stage.value("key2")) == execution.keys[KEY2] != old
