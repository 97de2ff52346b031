"""Timer schedules: when they are due and which are refused."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.funchost.errors import ScheduleError
from lab.funchost.ncrontab import is_due_within_a_minute, parse_schedule

SUNDAY = datetime(2026, 11, 22, 10, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * * *", "2026-11-22T10:30:16"),
        ("0 */10 * * * *", "2026-11-22T10:40:00"),
        ("*/10 * * * *", "2026-11-22T10:40:00"),
        ("15 30 10 * * *", "2026-11-23T10:30:15"),
        ("0 5/20 * * * *", "2026-11-22T10:45:00"),
        ("0 0 9-17/4 * * *", "2026-11-22T13:00:00"),
        ("0 0 9,12 * * *", "2026-11-22T12:00:00"),
        ("0 0 8 * * Mon-Fri", "2026-11-23T08:00:00"),
        ("0 0 8 * * sunday", "2026-11-29T08:00:00"),
        ("0 0 0 1 jan *", "2027-01-01T00:00:00"),
        ("0 0 0 1 Feb,DECEMBER *", "2026-12-01T00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
        ("59 59 23 31 12 *", "2026-12-31T23:59:59"),
        ("01:30:00", "2026-11-22T12:00:15"),
    ],
)
def test_the_next_due_time_is_the_first_one_after_the_moment(text: str, expected: str) -> None:
    assert parse_schedule(text).next_after(SUNDAY) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_must_match_both_day_fields_unlike_in_unix_cron() -> None:
    friday_13th = parse_schedule("0 0 0 13 * Fri").next_after(SUNDAY)
    assert (friday_13th.year, friday_13th.month, friday_13th.day) == (2027, 8, 13)


def test_a_moment_in_another_time_zone_is_converted_to_utc() -> None:
    elsewhere = SUNDAY.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+05:30").tzinfo)
    assert parse_schedule("0 0 12 * * *").next_after(elsewhere) == datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_fraction_of_a_second_does_not_repeat_a_due_time() -> None:
    schedule = parse_schedule("* * * * * *")
    assert schedule.next_after(SUNDAY + timedelta(milliseconds=999)) == SUNDAY + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "0 fields"),
        ("* * *", "3 fields"),
        ("0 0 0 0 0 0 0", "7 fields"),
        ("60 * * * * *", "second"),
        ("0 0 24 * * *", "hour"),
        ("0 0 0 0 * *", "day field"),
        ("0 0 0 * 13 *", "month"),
        ("0 0 0 * * 7", "day-of-week"),
        ("0 0 0 * * Foo", "day-of-week"),
        ("0 0 17-9 * * *", "hour"),
        ("0 */0 * * * *", "minute"),
        ("0 a * * * *", "minute"),
        ("0 ? * * * *", "minute"),
        ("0 1,,2 * * * *", "minute"),
        ("0 0 0 30 2 *", "never"),
        ("25:00:00", "out of range"),
        ("00:00:00", "zero seconds"),
        ("1:2:3:4", "duration"),
    ],
)
def test_an_invalid_schedule_is_refused_and_the_error_names_the_field(text: str, expected: str) -> None:
    with pytest.raises(ScheduleError, match=expected):
        parse_schedule(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/30 * * * * *", True),
        ("0,10 * * * * *", True),
        ("0 * * * * *", False),
        ("* * * * *", False),
        ("*/30 0 * * * *", False),
        ("*/30 * * * * Mon", False),
        ("* */20 * * * *", False),
        ("00:00:59", True),
        ("00:01:00", False),
    ],
)
def test_only_a_schedule_that_restricts_nothing_but_seconds_is_due_more_than_once_in_every_minute(
    text: str, expected: bool
) -> None:
    assert is_due_within_a_minute(parse_schedule(text)) is expected
