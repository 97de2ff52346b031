"""By when a request for many is done: what is said is what the pace allows."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import a_target
from lab.simulation.dates import START, minutes
from shared.domain.many import LASTS, ManyRequest, ManyTarget
from shared.domain.rates import Rates
from shared.domain.requests import LeakRequest, RotateRequest
from shared.fleet.beat import beat_in
from shared.fleet.many_start import TURN, begins, first_slots, past_tick
from shared.fleet.pace import LONGEST
from shared.fleet.view import View

RATES = Rates()


def a_request(number: int, leak: bool) -> tuple[ManyRequest, list]:
    targets = [a_target(f"chat-{one}") for one in range(number)]
    of_many = tuple(ManyTarget(one.name, one.account) for one in targets)
    return ManyRequest("id", LeakRequest() if leak else RotateRequest(), START, "mark", of_many), targets


def test_a_rotation_takes_at_once_what_ticks_leave_to_people() -> None:
    many, targets = a_request(30, leak=False)
    slots = first_slots(many, targets, RATES, minutes(10))
    assert Counter(slots) == {minutes(0): 16, None: 14}, "a quarter of 200 writes, three each"


def test_a_leak_takes_the_pace_of_a_whole_tick() -> None:
    many, targets = a_request(500, leak=True)
    slots = first_slots(many, targets, RATES, minutes(10))
    assert None not in slots
    assert max(slot for slot in slots if slot).total_seconds() == pytest.approx((4 * 500 - 150) / 9.8, abs=2)


@given(number=st.integers(1, 3000), minute=st.integers(1, 60))
def test_leaks_that_do_not_fit_before_a_tick_follow_a_minute_behind_it(number: int, minute: int) -> None:
    many, targets = a_request(number, leak=True)
    before = first_slots(many, targets, RATES, minutes(minute))
    found = past_tick(targets, before, RATES, minutes(minute))
    late = [slot for slot, early in zip(found, before, strict=True) if early is None]
    assert all(slot is None or minutes(minute) + TURN <= slot <= LONGEST for slot in late)
    assert late == sorted(late, key=lambda slot: slot or LASTS)
    assert None not in found[: 2 * 60 * (48 - minute)]


def test_a_rotation_that_the_request_does_not_queue_begins_with_the_tick_that_comes() -> None:
    many, targets = a_request(30, leak=False)
    found = begins(many, targets, RATES, minutes(25), minutes(60))
    assert Counter(found) == {minutes(0): 16, minutes(25): 14}
    assert begins(many, targets, RATES, minutes(25), minutes(60), begun=True)[0] == minutes(25)


def test_the_view_tells_when_ticks_come() -> None:
    hourly = beat_in(View(seen_at=START, next_at=START + minutes(60)), None)
    assert hourly.interval == minutes(60)
    assert hourly.until_next(START + minutes(25)) == minutes(35)
    assert hourly.until_next(START + minutes(90)) == minutes(1), "it is late"
    assert beat_in(View(seen_at=START), None).until_next(START + minutes(4)) == minutes(6)
    assert beat_in(View(), minutes(5)).until_next(START) == minutes(5)


@given(number=st.integers(1, 3000), leak=st.booleans())
def test_turns_begin_in_their_order_and_all_within_the_time_of_a_request(number: int, leak: bool) -> None:
    many, targets = a_request(number, leak)
    found = begins(many, targets, RATES, minutes(10), minutes(10))
    assert found == sorted(found)
    assert found[0] == minutes(0)
    assert found[-1] < LASTS


def test_ten_thousand_leaks_are_dead_within_an_hour_and_a_half() -> None:
    many, targets = a_request(10_000, leak=True)
    assert begins(many, targets, RATES, minutes(10), minutes(10))[-1] < minutes(90)


def test_a_slower_rate_takes_as_much_longer() -> None:
    many, targets = a_request(1000, leak=True)
    slow = begins(many, targets, Rates(arm_writes=1, secret_creations=1), minutes(10), minutes(10))
    assert slow[-1].total_seconds() == pytest.approx(4 * 1000, rel=0.1)
