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
from shared.fleet.many_start import begins, first_slots

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


@given(number=st.integers(1, 3000), leak=st.booleans())
def test_turns_begin_in_their_order_and_all_within_the_time_of_a_request(number: int, leak: bool) -> None:
    many, targets = a_request(number, leak)
    found = begins(many, targets, RATES, minutes(10))
    assert found == sorted(found)
    assert found[0] == minutes(0)
    assert found[-1] < LASTS


def test_ten_thousand_leaks_are_dead_within_an_hour_and_a_half() -> None:
    many, targets = a_request(10_000, leak=True)
    assert begins(many, targets, RATES, minutes(10))[-1] < minutes(90)


def test_a_slower_rate_takes_as_much_longer() -> None:
    many, targets = a_request(1000, leak=True)
    slow = begins(many, targets, Rates(arm_writes=1, secret_creations=1), minutes(10))
    assert slow[-1].total_seconds() == pytest.approx(4 * 1000, rel=0.1)
