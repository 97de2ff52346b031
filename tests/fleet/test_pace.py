"""The pace of a tick: what Azure limits is never used up, nobody starves, and a quarter is left for people."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lab.simulation.builders import a_target
from lab.simulation.dates import minutes
from shared.domain.model import Adopt
from shared.domain.rates import Rates
from shared.fleet.pace import (
    ADOPTION,
    LEAK,
    LONGEST,
    OBSERVATION,
    ROTATION,
    SHORTEST,
    Cost,
    Pace,
    Planned,
    cost_of_adoption,
    until_next,
)

WINDOW = 10  # seconds, in which Azure counts new versions of secrets


def planned(cost: Cost, subscription: int = 1, vault: int = 1) -> Planned:
    """Return a turn in one of several subscriptions and vaults."""
    target = a_target("chat")
    account = replace(target.account, subscription=f"00000000-0000-4000-8000-{subscription:012}")
    return Planned(replace(target, account=account, vault_url=f"https://vault-{vault}.example"), cost)


costs = st.sampled_from([LEAK, ROTATION, ADOPTION, OBSERVATION])
alike = st.builds(planned, costs, st.integers(1, 3), st.integers(1, 2))
runs = st.tuples(alike, st.integers(1, 150)).map(lambda run: [run[0]] * run[1])
turns = st.lists(runs, max_size=8).map(lambda each: [turn for run in each for turn in run])
rates = st.builds(Rates, st.integers(1, 10), st.integers(1, 30))
horizons = st.integers(1, 3000).map(lambda seconds: timedelta(seconds=seconds))


def used(found: list[timedelta | None], wanted: list[Planned], lane: tuple[str, str]) -> Counter[int]:
    """Return how much of a lane is used in each second."""
    counted: Counter[int] = Counter()
    for slot, turn in zip(found, wanted, strict=True):
        if slot is not None:
            counted[round(slot.total_seconds())] += dict(turn.needs).get(lane, 0)
    return counted


def lanes(wanted: list[Planned], kind: str) -> set[tuple[str, str]]:
    return {lane for turn in wanted for lane, _ in turn.needs if lane[0] == kind}


def most_in_any_span(counted: Counter[int], rate: float) -> float:
    """Return the least burst that allows what was used, where this much comes in each second."""
    least = left = 0.0
    before = min(counted, default=0)
    for second in sorted(counted):
        left = max(0.0, left - (second - before) * rate) + counted[second]
        least, before = max(least, left), second
    return least


@settings(max_examples=150)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_a_quarter_of_the_bucket_of_writes_is_never_used(wanted, given_rates, horizon) -> None:
    found = Pace(given_rates, horizon).slots(wanted)
    for lane in lanes(wanted, "subscription"):
        burst = most_in_any_span(used(found, wanted, lane), given_rates.arm_writes)
        assert burst <= max(0.75 * 20 * given_rates.arm_writes, LEAK.writes) + 1e-6


@settings(max_examples=150)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_a_quarter_of_the_new_secrets_of_any_ten_seconds_is_never_used(wanted, given_rates, horizon) -> None:
    found = Pace(given_rates, horizon).slots(wanted)
    for lane in lanes(wanted, "vault"):
        counted = used(found, wanted, lane)
        for begin in counted:
            within = sum(counted[second] for second in range(begin, begin + WINDOW))
            assert within <= max(0.75 * WINDOW * given_rates.secret_creations, LEAK.writes * WINDOW) + 1e-6


@settings(max_examples=150)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_two_ticks_in_a_row_use_no_more_than_one_that_goes_on(wanted, given_rates, horizon) -> None:
    """Each tick begins with its whole burst, because the one before it left each lane full by then."""
    assume(given_rates.arm_writes * 0.98 * horizon.total_seconds() >= LEAK.writes)  # less cannot be divided
    found = Pace(given_rates, horizon).slots(wanted)
    ticks = [*found, *(None if slot is None else slot + horizon for slot in found)]
    for lane in lanes(wanted, "subscription"):
        burst = most_in_any_span(used(ticks, [*wanted, *wanted], lane), given_rates.arm_writes)
        assert burst <= max(0.75 * 20 * given_rates.arm_writes, LEAK.writes) + 1e-6


@settings(max_examples=100)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_every_turn_begins_before_the_next_tick_or_not_at_all(wanted, given_rates, horizon) -> None:
    found = Pace(given_rates, horizon).slots(wanted)
    assert all(timedelta(0) <= slot < horizon for slot in found if slot is not None)


@settings(max_examples=100)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_turns_of_the_same_subscription_and_vault_keep_their_order(wanted, given_rates, horizon) -> None:
    found = Pace(given_rates, horizon).slots(wanted)
    of_lanes: dict[object, list[timedelta | None]] = {}
    for slot, turn in zip(found, wanted, strict=True):
        of_lanes.setdefault(tuple(lane for lane, _ in turn.needs), []).append(slot)
    for each in of_lanes.values():
        served = [slot for slot in each if slot is not None]
        assert served == sorted(served)
        assert each == [*served, *[None] * (len(each) - len(served))], "nobody passes who was left out"


@settings(max_examples=100)
@given(wanted=turns, given_rates=rates, horizon=horizons)
def test_in_every_tick_the_first_turn_of_each_subscription_begins_at_once(wanted, given_rates, horizon) -> None:
    """So whoever is first in the lot is served, however short the time: in a random lot, everybody is at some time."""
    found = Pace(given_rates, horizon).slots(wanted[:1])
    assert found == [timedelta(0)] * len(found)


@settings(max_examples=100)
@given(wanted=st.lists(st.builds(planned, costs), min_size=1, max_size=30), times=st.integers(1, 60), horizon=horizons)
def test_turns_of_a_subscription_are_left_out_only_if_its_writes_are_used_up(wanted, times, horizon) -> None:
    wanted *= times
    found = Pace(Rates(), horizon).slots(wanted)
    if None in found:
        lane, _ = wanted[0].needs[0]
        one_turn, one_second = ROTATION.writes, 9.8
        most = 9.8 * horizon.total_seconds()
        assert sum(used(found, wanted, lane).values()) >= most - one_turn - one_second


def test_five_hundred_rotations_of_one_subscription_begin_within_a_tenth_of_the_best_time() -> None:
    found = Pace(Rates(), minutes(10)).slots([planned(ROTATION)] * 500)
    best = (1500 - 200) / 10
    assert None not in found
    assert found[-1] is not None
    assert found[-1] + timedelta(seconds=5) <= timedelta(seconds=1.1 * best)


def test_a_tick_has_room_for_nearly_two_thousand_rotations_in_a_subscription() -> None:
    found = Pace(Rates(), minutes(10)).slots([planned(ROTATION)] * 3000)
    assert 1940 <= len([slot for slot in found if slot is not None]) <= 1960
    assert found.count(None) == len(found) - found.index(None), "the last ones of the lot are left out"


def test_a_few_turns_begin_at_once() -> None:
    found = Pace(Rates(), minutes(10)).slots([planned(ROTATION)] * 20)
    assert set(found) == {timedelta(0)}


def test_subscriptions_and_vaults_do_not_wait_for_each_other() -> None:
    wanted = [planned(ROTATION, 1)] * 500 + [planned(ROTATION, 2, 2)] * 20
    assert set(Pace(Rates(), minutes(10)).slots(wanted)[500:]) == {timedelta(0)}


def test_a_look_does_not_wait_for_a_vault_that_is_busy() -> None:
    wanted = [planned(ROTATION, number) for number in range(1, 101)] + [planned(OBSERVATION, 1)]
    found = Pace(Rates(), minutes(10)).slots(wanted)
    assert found[99] != timedelta(0)
    assert found[100] == timedelta(0)


def test_a_dear_turn_is_not_passed_by_cheap_ones_of_its_subscription() -> None:
    wanted = [*[planned(OBSERVATION)] * 14, planned(ROTATION), *[planned(OBSERVATION)] * 100]
    found = Pace(Rates(arm_writes=1), minutes(10)).slots(wanted)
    assert found[14] is not None
    assert all(slot is not None and slot >= found[14] for slot in found[15:])


def test_vaults_and_subscriptions_are_the_same_in_any_case() -> None:
    turn = planned(ROTATION)
    loud = replace(turn, target=replace(turn.target, vault_url=turn.target.vault_url.upper()))
    assert turn.needs == loud.needs


def test_an_adoption_that_begins_with_a_fresh_key_costs_a_rotation() -> None:
    target = a_target("chat", adopt=Adopt.ROTATE)
    assert cost_of_adoption(target) == ROTATION
    assert cost_of_adoption(replace(target, adopt=Adopt.PUBLISH)) == ADOPTION


@pytest.mark.parametrize(
    ("interval", "took", "left"),
    [
        (minutes(10), timedelta(0), minutes(10)),
        (minutes(10), minutes(2), minutes(8)),
        (minutes(10), minutes(12), SHORTEST),
        (timedelta(days=1), timedelta(0), LONGEST),
        (timedelta(days=1), minutes(9), LONGEST - minutes(9)),
        (timedelta(seconds=10), timedelta(seconds=3), timedelta(seconds=10)),
    ],
)
def test_turns_are_queued_until_the_next_tick_and_for_fifty_minutes_at_most(interval, took, left) -> None:
    assert until_next(interval, took) == left


def test_the_turn_that_costs_most_fits_in_every_tick_however_slow_azure_is() -> None:
    assert Pace(Rates(arm_writes=1, secret_creations=1), timedelta(seconds=5)).slots([planned(LEAK)]) == [minutes(0)]
