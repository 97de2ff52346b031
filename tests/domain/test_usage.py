"""A log says that no key was used only if it has rows over the whole span, from its begin to its end."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.readiness import Verdict, readiness_of, unknown
from shared.domain.usage import DayOfCalls, Usage

SUNDAY_NIGHT = datetime(2026, 11, 29, 23, 50, tzinfo=UTC)
MONDAY_MORNING = datetime(2026, 11, 30, 0, 10, tzinfo=UTC)


def called(on: Callable[[int], bool], *, length: int = 35, until: datetime = MONDAY_MORNING) -> Usage:
    """Calls by identity on each day for whose number, counted backwards from the last one, `on` is true."""
    days = [until.date() - timedelta(days=back) for back in range(length, -1, -1) if on(back)]
    return Usage(until - timedelta(days=length), until, tuple(DayOfCalls(day, 0, 1) for day in days))


def said(usage: Usage) -> str:
    without = unknown("nothing was asked", "ask")
    return readiness_of(key_auth=True, takes_identity=True, usage=usage, without=without).says


def gap(days: Iterable[int]) -> Callable[[int], bool]:
    return lambda back: back not in days


def test_a_log_with_rows_on_every_day_tells_that_the_account_is_ready() -> None:
    assert said(called(lambda _: True)) == "ready"
    assert said(called(lambda _: True, length=7)) == "ready"


@pytest.mark.parametrize("day", range(7))
def test_weekends_without_a_call_are_no_gap_as_long_as_both_ends_of_the_span_are_seen(day: int) -> None:
    """Between the end of a weekend and the first call after it, nobody knows; by Monday evening it is known again."""
    until = datetime(2026, 11, 30, 20, tzinfo=UTC) + timedelta(days=day)
    usage = called(lambda back: (until - timedelta(days=back)).weekday() < 5, until=until)
    weekend = until.weekday() in (5, 6)
    assert said(usage).startswith("unknown" if weekend else "ready")


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
def test_less_than_a_week_of_logs_tells_nothing(length: int) -> None:
    for on in (lambda _: True, lambda back: back == length):
        assert said(called(on, length=length)) == "unknown because its log was asked for less than 7 days"


@pytest.mark.parametrize("until", [SUNDAY_NIGHT, MONDAY_MORNING])
def test_a_log_that_was_off_until_the_end_or_from_the_begin_tells_nothing(until: datetime) -> None:
    for silent in (2, 3, 4):
        assert "unknown because nothing was logged from" in said(called(gap(range(silent)), until=until))
        assert "unknown because nothing was logged from" in said(called(gap(range(36 - silent, 36)), until=until))
    assert said(called(gap([0]), until=until)) == said(called(gap([35]), until=until)) == "ready"


def test_a_workspace_that_keeps_its_rows_for_less_than_the_span_is_a_gap() -> None:
    found = readiness_of(
        key_auth=True, takes_identity=True, usage=called(gap(range(34, 36))), without=unknown("none", "ask")
    )
    assert (found.verdict, found.says) == (
        Verdict.UNKNOWN,
        "unknown because nothing was logged from 2026-10-26 to 2026-10-27",
    )
    assert "keeps its rows for 35 days" in found.next_step


def test_rows_on_one_day_in_three_tell_nothing() -> None:
    usage = called(lambda back: back % 3 == 0 or back == 34)
    assert usage.silence() is None
    assert said(usage) == "unknown because nothing was logged on 23 of 36 days"


def test_two_silent_days_in_seven_are_allowed_and_no_more() -> None:
    scattered = [3 * number + 2 for number in range(11)]
    assert said(called(gap(scattered))) == "ready"
    assert said(called(gap([*scattered, 3]))) == "unknown because nothing was logged on 12 of 36 days"


def test_the_longest_gap_is_told() -> None:
    assert "from 2026-11-10 to 2026-11-13" in said(called(gap([5, 6, 7, 17, 18, 19, 20])))
