"""The notes of standing orders: what is written is read back, and nothing else counts."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lab.simulation.builders import a_target, an_account_id
from lab.simulation.stage import a_stage
from shared.domain.errors import LeaseLost, PersonMustLook
from shared.domain.keys import Fingerprint
from shared.domain.orders import EndedBy, Hold, Orders, Stop, Trial
from shared.domain.told import ToldDeadline
from shared.turns.orders import KeptOrders, all_orders, ordered_target, orders_name, orders_of, orders_text, read_orders

MOMENTS = some.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=some.just(UTC)).map(  # noqa: DTZ001
    lambda one: one.replace(microsecond=0)
)
MAYBE = some.none() | MOMENTS
TEXTS = some.text(max_size=30)
LENGTHS = some.integers(900, 604_800).map(lambda seconds: timedelta(seconds=seconds))
MARKS = some.frozensets(some.from_regex(r"[0-9a-f]{16}", fullmatch=True).map(Fingerprint), max_size=2)
TRIALS = some.builds(
    Trial,
    id=TEXTS,
    by=TEXTS,
    why=TEXTS,
    starts=MOMENTS,
    length=LENGTHS,
    despite=some.lists(TEXTS, max_size=2).map(tuple),
    told=some.none() | some.builds(ToldDeadline, MOMENTS, some.none() | LENGTHS),
    begun=MAYBE,
    off=MAYBE,
    told_start=some.booleans(),
    stop=some.none() | some.builds(Stop, TEXTS, TEXTS, MOMENTS, some.booleans()),
    leaked=MARKS,
    tried=MAYBE,
    ended=MAYBE,
    ended_by=some.none() | some.sampled_from(EndedBy),
    refused=some.none() | some.integers(0, 10**6),
    proven=some.booleans(),
)
HOLDS = some.builds(Hold, until=MOMENTS, reason=TEXTS, by=TEXTS, since=MOMENTS, id=TEXTS)
ORDERS = some.builds(Orders, some.none() | TRIALS, some.none() | HOLDS, some.lists(TEXTS, max_size=5).map(tuple))


@given(orders=ORDERS)
def test_what_is_written_is_read_back(orders: Orders):
    target = a_target()
    assert read_orders(orders_text(target, orders), target.account) == orders


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"account": "x"})])
def test_a_damaged_note_is_an_error_that_names_it(text: str):
    with pytest.raises(PersonMustLook) as raised:
        read_orders(text, an_account_id("chat"))
    assert orders_name(an_account_id("chat")) in str(raised.value)


def test_a_note_about_another_account_is_an_error():
    with pytest.raises(PersonMustLook):
        read_orders(orders_text(a_target("other"), Orders()), an_account_id("chat"))


async def test_a_listing_returns_all_orders_and_names_the_notes_that_cannot_be_read():
    stage = a_stage(count=3)
    notes = stage.runner().outside.notes
    hold = Hold(datetime(2026, 5, 1, tzinfo=UTC), "freeze", "anna", datetime(2026, 4, 1, tzinfo=UTC), "h-1")
    first, second, third = stage.targets
    await notes.write(orders_name(first.account), orders_text(first, Orders(hold=hold)))
    await notes.write(orders_name(second.account), "{")
    found, problems = await all_orders(notes)
    assert found == {str(first.account).casefold(): Orders(hold=hold)}
    assert len(problems) == 1
    assert orders_name(second.account) in str(problems[0])
    assert await orders_of(notes, third.account) == Orders()


async def test_a_note_names_the_target_that_its_trial_ends_for():
    stage = a_stage()
    notes, target = stage.runner().outside.notes, stage.target
    assert await ordered_target(notes, target.account) is None
    await notes.write(orders_name(target.account), orders_text(target, Orders()))
    named = await ordered_target(notes, target.account)
    assert named is not None
    assert (named.name, named.secret_url, named.publishes) == (target.name, target.secret_url, False)


async def test_a_late_write_does_not_hide_that_a_trial_has_begun():
    stage = a_stage()
    notes, day = stage.runner().outside.notes, datetime(2026, 5, 1, tzinfo=UTC)
    planned = Trial("t-1", "anna", "", day, timedelta(hours=4))
    late, begins = KeptOrders(notes, stage.target), KeptOrders(notes, stage.target)
    await late.write(Orders(trial=planned))
    await begins.read()
    await begins.write(Orders(trial=replace(planned, begun=day)))
    with pytest.raises(LeaseLost):
        await late.write(Orders(trial=replace(planned, told=ToldDeadline(day))))
    assert (await orders_of(notes, stage.target.account)).trial == replace(planned, begun=day)


async def test_a_write_whose_answer_was_lost_counts_as_written():
    stage = a_stage()
    notes = stage.runner().outside.notes
    kept = KeptOrders(notes, stage.target)
    await kept.read()
    orders = Orders(known=("h-1",))
    await notes.write(orders_name(stage.target.account), orders_text(stage.target, orders))
    await kept.write(orders)
    await kept.write(Orders(known=("h-1", "h-2")))
    assert await orders_of(notes, stage.target.account) == Orders(known=("h-1", "h-2"))
