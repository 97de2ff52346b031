"""The least safe overlap follows the slowest consumer: a table, and properties over all lists of kinds."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.consumers import HABITS, LONGEST_NEED, MARGIN, ConsumerKind, Consumers

KINDS = st.lists(st.sampled_from(ConsumerKind), unique=True)
LAGS = st.integers(0, 72 * 60).map(lambda minutes: timedelta(minutes=minutes))
HOUR, DAY = timedelta(hours=1), timedelta(hours=24)
NEVER = {ConsumerKind.CSI_ENVIRONMENT, ConsumerKind.PINNED_VERSION, ConsumerKind.READ_AT_START, ConsumerKind.TYPED_IN}


def listed(kinds: Iterable[str], lag: timedelta) -> Consumers:
    return Consumers(tuple(map(ConsumerKind, kinds)), lag)


def test_each_kind_has_a_habit_and_never_both_a_time_and_never() -> None:
    assert set(HABITS) == set(ConsumerKind)
    assert {kind for kind, habit in HABITS.items() if habit.never} == NEVER
    assert not any(habit.never and habit.within for habit in HABITS.values())
    assert all(habit.what and habit.wakes for habit in HABITS.values())


@pytest.mark.parametrize(
    ("kinds", "lag", "least", "last"),
    [
        ([], HOUR, HOUR, None),
        (["sdk"], 4 * HOUR, 4 * HOUR, "sdk"),
        (["sdk"], DAY, DAY, "sdk"),
        (["app-service-reference"], HOUR, 26 * HOUR, "app-service-reference"),
        (["functions-flex"], HOUR, 26 * HOUR, "functions-flex"),
        (["api-management"], HOUR, 6 * HOUR, "api-management"),
        (["aks-csi-mount"], HOUR, timedelta(hours=2, minutes=2), "aks-csi-mount"),
        (["external-secrets"], HOUR, 3 * HOUR, "external-secrets"),
        (["container-apps"], HOUR, timedelta(hours=2, minutes=30), "container-apps"),
        (["app-configuration"], 5 * HOUR, 5 * HOUR, "app-configuration"),
        (["container-apps", "api-management", "aks-csi-mount"], HOUR, 6 * HOUR, "api-management"),
        (["api-management", "sdk"], 5 * HOUR, 6 * HOUR, "sdk"),
        (["api-management"], DAY, DAY, "api-management"),
        (["pinned-version", "typed-in"], HOUR, HOUR, None),
        (["pinned-version", "api-management"], HOUR, 6 * HOUR, "api-management"),
    ],
)
def test_the_least_overlap_and_the_slowest_consumer(
    kinds: list[str], lag: timedelta, least: timedelta, last: str | None
) -> None:
    consumers = listed(kinds, lag)
    assert (consumers.least_overlap, consumers.slowest) == (least, last)


@pytest.mark.parametrize(
    ("kinds", "lag", "said"),
    [
        (
            ["app-service-reference", "sdk"],
            HOUR,
            "app-service-reference notices a new key within P1D, and with a margin of PT2H that is P1DT2H",
        ),
        (["api-management"], DAY, "they must notice a new key within ROTATION_CONSUMER_LAG, P1D"),
        (["sdk", "pinned-version"], HOUR, "they must notice a new key within ROTATION_CONSUMER_LAG, PT1H"),
        ([], HOUR, "they must notice a new key within ROTATION_CONSUMER_LAG, PT1H"),
    ],
)
def test_the_arithmetic_is_shown(kinds: list[str], lag: timedelta, said: str) -> None:
    assert listed(kinds, lag).arithmetic == said


@given(KINDS, st.sampled_from(ConsumerKind), LAGS)
def test_another_consumer_never_shortens_the_overlap(
    kinds: list[ConsumerKind], more: ConsumerKind, lag: timedelta
) -> None:
    assert listed([*kinds, more], lag).least_overlap >= listed(kinds, lag).least_overlap


@given(KINDS, LAGS, LAGS)
def test_a_longer_lag_never_shortens_the_overlap(kinds: list[ConsumerKind], lag: timedelta, other: timedelta) -> None:
    assert listed(kinds, max(lag, other)).least_overlap >= listed(kinds, min(lag, other)).least_overlap


@given(KINDS, LAGS)
def test_the_overlap_is_long_enough_for_each_consumer_that_notices_and_bounded(
    kinds: list[ConsumerKind], lag: timedelta
) -> None:
    least = listed(kinds, lag).least_overlap
    assert lag <= least <= max(lag, LONGEST_NEED)
    assert all(least >= (HABITS[kind].within or timedelta(0)) + MARGIN for kind in kinds if HABITS[kind].within)


@given(KINDS, LAGS)
def test_the_order_does_not_matter(kinds: list[ConsumerKind], lag: timedelta) -> None:
    assert listed(reversed(kinds), lag).least_overlap == listed(kinds, lag).least_overlap


@given(KINDS, LAGS)
def test_consumers_that_never_notice_lengthen_nothing_and_are_named(kinds: list[ConsumerKind], lag: timedelta) -> None:
    noticing = [kind for kind in kinds if kind not in NEVER]
    assert listed(kinds, lag).least_overlap == listed(noticing, lag).least_overlap
    assert set(listed(kinds, lag).never_notice) == set(kinds) & NEVER
    assert listed(kinds, lag).slowest not in NEVER
