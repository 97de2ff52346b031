"""Times and durations as text: ISO 8601 is read and written, and unusable values are refused."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lab.simulation.dates import days, hours, minutes
from shared.domain.times import LONGEST, iso_duration, parse_duration, sane, sane_lead, sane_length

DURATIONS = [
    ("P30D", days(30)),
    (" PT24H ", hours(24)),
    ("PT1S", timedelta(seconds=1)),
    ("P1DT30M", hours(24.5)),
    ("30d", days(30)),
    ("2h", hours(2)),
    ("15m", minutes(15)),
    ("15min", minutes(15)),
    ("90s", minutes(1.5)),
    (" 1d12h ", hours(36)),
    ("P3660D", days(3660)),
]


@pytest.mark.parametrize(("text", "length"), DURATIONS)
def test_parse_duration_reads_iso_8601(text: str, length: timedelta):
    assert parse_duration(text) == length


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30 days", "'30 days' is not an ISO 8601 duration such as P30D or PT24H, and not 30d or 24h"),
        ("12h1d", "'12h1d' is not an ISO 8601 duration such as P30D or PT24H, and not 30d or 24h"),
        ("30", "'30' is not an ISO 8601 duration such as P30D or PT24H, and not 30d or 24h"),
        ("0d", "'0d' is not longer than zero"),
        ("999999999d", "999999999 days is longer than ten years"),
        ("", "'' is not an ISO 8601 duration such as P30D or PT24H, and not 30d or 24h"),
        ("P1M", "'P1M' has months or years, which have no fixed length: write days"),
        ("P1Y", "'P1Y' has months or years, which have no fixed length: write days"),
        ("PT0S", "'PT0S' is not longer than zero"),
        ("-P1D", "'-P1D' is not longer than zero"),
        ("P3661D", "3661 days is longer than ten years"),
    ],
)
def test_an_unusable_duration_is_refused_with_the_reason(text: str, why: str):
    with pytest.raises(ValueError) as error:
        parse_duration(text)
    assert str(error.value) == why


@pytest.mark.parametrize(("length", "text"), [(days(30), "P30D"), (hours(2), "PT2H"), (minutes(90), "PT1H30M")])
def test_iso_duration_writes_iso_8601(length: timedelta, text: str):
    assert iso_duration(length) == text


FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("moment", [FIRST, LAST])
def test_a_possible_time_is_converted_to_utc(moment: datetime):
    elsewhere = moment.astimezone(ZoneInfo("Asia/Kolkata"))
    assert sane(elsewhere) == moment
    assert sane(elsewhere).tzinfo is UTC


@pytest.mark.parametrize("moment", [FIRST - timedelta(seconds=1), LAST + timedelta(seconds=1)])
def test_an_impossible_time_is_refused(moment: datetime):
    with pytest.raises(ValueError) as error:
        sane(moment)
    assert str(error.value) == f"{moment.isoformat()} is not a time between 1970 and 2200"


def test_durations_and_lead_times_are_limited_to_ten_years():
    assert sane_length(LONGEST) == LONGEST
    seconds = int(LONGEST.total_seconds())
    assert (sane_lead(0), sane_lead(seconds)) == (timedelta(0), LONGEST)
    for invalid in (-1, seconds + 1):
        with pytest.raises(ValueError) as error:
            sane_lead(invalid)
        assert str(error.value) == f"{invalid} seconds is not a lead time"
