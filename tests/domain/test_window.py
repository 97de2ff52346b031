"""Windows: hours of local time, also on the days when summer time begins and ends."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import START, days, minutes
from shared.domain.window import Window


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = "Mon-Fri 09:00-16:00 Europe/Berlin"
OPEN = [
    ("it opens at 8:00 UTC in winter", OFFICE, "2026-03-02T08:00:00", True),
    ("one second before it opens in winter", OFFICE, "2026-03-02T07:59:59", False),
    ("it opens at 7:00 UTC in summer", OFFICE, "2026-03-30T07:00:00", True),
    ("one second before it opens in summer", OFFICE, "2026-03-30T06:59:59", False),
    ("the last second", OFFICE, "2026-03-02T14:59:59", True),
    ("the closing time", OFFICE, "2026-03-02T15:00:00", False),
    ("the weekend", OFFICE, "2026-03-07T10:00:00", False),
    ("a window of one day", "Sun 09:00-16:00 UTC", "2026-03-08T10:00:00", True),
    ("Monday in a window from Saturday to Monday", "Sat-Mon 09:00-16:00 UTC", "2026-03-09T10:00:00", True),
    ("Tuesday in a window from Saturday to Monday", "Sat-Mon 09:00-16:00 UTC", "2026-03-10T10:00:00", False),
    ("a repeated hour, the first time", "Sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30:00", True),
    ("a repeated hour, the second time", "Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30:00", True),
    ("a skipped hour", "Sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:30:00", False),
]


@pytest.mark.parametrize(("window", "moment", "inside"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_a_window_is_open_in_the_local_hours_of_its_zone(window: str, moment: str, inside: bool):
    assert Window.parse(window).open_at(utc(moment)) is inside


NEXT = [
    ("inside the window: now", OFFICE, "2026-03-02T10:00:00", "2026-03-02T10:00:00"),
    ("before the window: the same day", OFFICE, "2026-03-02T05:00:00", "2026-03-02T08:00:00"),
    ("after the window: the next day", OFFICE, "2026-03-02T15:00:00", "2026-03-03T08:00:00"),
    ("Friday evening: Monday, when summer time has begun", OFFICE, "2026-03-27T18:00:00", "2026-03-30T07:00:00"),
    ("Friday evening: Monday, when summer time has ended", OFFICE, "2026-10-23T18:00:00", "2026-10-26T08:00:00"),
    (
        "after the only hour of the week: a week later",
        "Mon 09:00-10:00 UTC",
        "2026-03-02T10:00:00",
        "2026-03-09T09:00:00",
    ),
]


@pytest.mark.parametrize(("window", "moment", "opens"), [row[1:] for row in NEXT], ids=[row[0] for row in NEXT])
def test_next_open_returns_the_next_opening_in_utc(window: str, moment: str, opens: str):
    assert Window.parse(window).next_open(utc(moment)) == utc(opens)


def test_a_window_that_starts_in_a_skipped_hour_opens_when_that_hour_ends():
    window = Window.parse("Sun 02:30-04:00 Europe/Berlin")
    three_in_the_morning = utc("2026-03-29T01:00:00")
    assert window.open_at(three_in_the_morning)
    assert window.next_open(utc("2026-03-29T00:00:00")) == three_in_the_morning


def test_a_window_whose_only_hour_is_skipped_opens_a_week_later():
    window = Window.parse("Sun 02:10-02:50 Europe/Berlin")
    assert window.next_open(utc("2026-03-23T09:00:00")) == utc("2026-04-05T00:10:00")


REPEATED = [
    # On 2026-10-25 in Berlin, the hour from 02:00 begins at 00:00 UTC and once more at 01:00 UTC.
    ("open before the clocks go back, closed, open again", "Sun 01:30-02:30", "00:40", "01:00"),
    ("closed at first, then open in the second hour", "Sun 02:10-02:20", "00:25", "01:10"),
    ("open, closed when the clocks go back, open again", "Sun 02:30-03:30", "01:00", "01:30"),
    ("open through both hours", "Sun 01:00-04:00", "00:50", "00:50"),
]


@pytest.mark.parametrize(("window", "moment", "opens"), [row[1:] for row in REPEATED], ids=[row[0] for row in REPEATED])
def test_a_weekly_window_opens_again_in_the_hour_that_comes_twice(window: str, moment: str, opens: str):
    found = Window.parse(f"{window} Europe/Berlin").next_open(utc(f"2026-10-25T{moment}:00"))
    assert found == utc(f"2026-10-25T{opens}:00")


def test_a_window_of_the_evening_opens_again_when_the_clocks_go_back_at_midnight():
    window = Window.parse("Sat 23:10-23:40 America/Asuncion")  # until 2024, midnight became 23:00 of the day before
    first, again = utc("2024-03-24T02:10:00"), utc("2024-03-24T03:10:00")
    assert window.next_open(utc("2024-03-23T12:00:00")) == first
    assert window.next_open(first + minutes(45)) == again


CLOCKS = [
    "Europe/Berlin",
    "America/New_York",
    "America/Asuncion",  # changes at midnight
    "America/Havana",  # changes at midnight, and back to midnight
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # changes by half an hour
    "Africa/Casablanca",  # changes for Ramadan
    "Asia/Kathmandu",
    "Pacific/Chatham",
]


def changes_of_clocks(zone: str, year: int) -> list[datetime]:
    """Return the quarters of an hour at which the zone's clocks are changed in a year."""
    local, first = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    quarters = [first + minutes(15 * number) for number in range(366 * 24 * 4)]
    offsets = [quarter.astimezone(local).utcoffset() for quarter in quarters]
    return [quarters[place] for place in range(1, len(quarters)) if offsets[place] != offsets[place - 1]]


NEAR_CHANGES = [
    (zone, change) for zone in CLOCKS for year in (2019, 2023, 2026, 2030) for change in changes_of_clocks(zone, year)
]


@given(
    st.sampled_from(NEAR_CHANGES),
    st.integers(-180, 180),
    st.integers(-180, 180),
    st.integers(1, 200),
    st.sampled_from([-60, 0, 60]),
)
def test_near_a_change_of_the_clocks_the_opening_is_the_one_that_looking_at_each_minute_finds(
    change: tuple[str, datetime], before: int, opens: int, length: int, shift: int
):
    zone, changed = change
    moment, start = (
        changed + minutes(before),
        (changed + minutes(opens)).astimezone(ZoneInfo(zone)).replace(tzinfo=None),
    )
    start += minutes(shift)  # also readings that the clock skips
    end = min(start + minutes(length), start.replace(hour=23, minute=59))
    window = Window(frozenset({start.weekday()}), start.time(), end.time(), zone)
    minute_by_minute = (moment + minutes(number) for number in range(9 * 24 * 60))
    expected = next((minute for minute in minute_by_minute if window.open_at(minute)), None)
    assert expected is None or window.next_open(moment) == expected


HOURS = st.integers(3, 23)


@given(
    st.sampled_from(["Mon", "Tue-Thu", "Sat-Sun", "Fri-Mon", "Mon-Sun"]),
    HOURS,
    HOURS,
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(0, 60 * 24 * 365),
)
def test_the_window_is_open_at_its_next_opening_and_closed_before_it(
    days: str, one: int, other: int, zone: str, minute: int
):
    if one == other:
        other = 24 if one == 23 else one + 1
    opens, closes = min(one, other), max(one, other)
    window = Window.parse(f"{days} {opens:02d}:00-{min(closes, 23):02d}:{59 if closes == 24 else 0:02d} {zone}")
    moment = START + minutes(minute)
    opening = window.next_open(moment)
    assert opening >= moment
    assert window.open_at(opening)
    step = (opening - moment) / 50
    assert opening == moment or not any(window.open_at(moment + step * number) for number in range(50))


INVALID = [
    ("", "not of the form"),
    ("Mon-Fri", "not of the form"),
    ("Mon-Fry 09:00-16:00 UTC", "'Fry' is not one of"),
    ("Mon-Fri 16:00-09:00 UTC", "not before it closes"),
    ("Mon-Fri 09:00-09:00 UTC", "not before it closes"),
    ("Mon-Fri 09:00-25:00 UTC", "not a time of day"),
    ("Mon-Fri 09:00-16:00 Europe/Atlantis", "not a time zone"),
    ("Mon-Fri 09:00-16:00 ../../etc/passwd", "not"),
]


@pytest.mark.parametrize(("text", "words"), INVALID)
def test_an_invalid_window_is_refused_with_the_reason(text: str, words: str):
    with pytest.raises(ValueError, match=words):
        Window.parse(text)


@pytest.mark.parametrize("text", [OFFICE, "Sun 00:00-23:59 UTC"])
def test_a_window_prints_its_zone(text: str):
    assert Window.parse(text).zone in str(Window.parse(text))


PRINTED = [
    ("Mon-Fri 09:00-16:00 Europe/Berlin", "Mon,Tue,Wed,Thu,Fri 09:00-16:00 Europe/Berlin"),
    ("Sat-Mon 00:30-23:05 UTC", "Mon,Sat,Sun 00:30-23:05 UTC"),
    ("Sun 09:00-16:00 America/New_York", "Sun 09:00-16:00 America/New_York"),
]


@pytest.mark.parametrize(("text", "shown"), PRINTED)
def test_a_window_prints_its_days_hours_and_zone(text: str, shown: str):
    assert str(Window.parse(text)) == shown


SENTENCES = [
    ("weekdays", "'weekdays' is not of the form 'Mon-Fri 09:00-16:00 Europe/Berlin'"),
    ("Mon-Fry 09:00-16:00 UTC", "'Fry' is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
    ("Mon 16:00-09:00 UTC", "'Mon 16:00-09:00 UTC' opens at 16:00, which is not before it closes, 09:00"),
    ("Mon 09:00-25:00 UTC", "'25:00' is not a time of day such as 09:00"),
    ("Mon 09:00-10:00 Mars/Base", "'Mars/Base' is not a time zone such as Europe/Berlin or UTC"),
]


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_an_invalid_window_is_refused_with_a_sentence(text: str, sentence: str):
    with pytest.raises(ValueError) as error:
        Window.parse(text)
    assert str(error.value) == sentence


@pytest.mark.usefixtures("machine_in_another_zone")
@pytest.mark.parametrize("hour", [0, 7, 8, 12, 20, 23])
def test_the_time_zone_of_the_machine_does_not_change_when_a_window_opens(hour: int):
    window = Window.parse("Mon 09:00-10:00 Europe/Berlin")
    assert window.next_open(START.replace(hour=hour)) == START.replace(hour=8) + (days(7) if hour > 8 else days(0))


@pytest.mark.usefixtures("machine_in_another_zone")
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati", "Europe/Berlin"])
def test_a_window_opens_on_the_local_day_of_its_zone_and_returns_utc(zone: str):
    window = Window.parse(f"Tue 22:00-23:59 {zone}")
    opens = datetime(2026, 3, 3, 22, tzinfo=ZoneInfo(zone))
    for hours_before in range(1, 48):
        moment = window.next_open(opens - timedelta(hours=hours_before))
        assert moment == opens
        assert moment.tzinfo is UTC


@pytest.mark.usefixtures("machine_in_another_zone")
@pytest.mark.parametrize("opens", ["02:00", "02:31", "02:30"])
def test_a_window_that_starts_in_a_skipped_hour_opens_when_that_hour_ends_and_returns_utc(opens: str):
    window = Window.parse(f"Sun {opens}-04:00 Europe/Berlin")
    moment = window.next_open(datetime(2026, 3, 29, tzinfo=UTC))
    assert moment == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_a_window_without_days_never_opens():
    never = Window(frozenset(), datetime.min.time(), datetime.max.time(), "UTC")
    with pytest.raises(ValueError) as error:
        never.next_open(START)
    assert str(error.value) == ("the window  00:00-23:59 UTC does not open within 16 days of 2026-03-02T09:00:00+00:00")
