"""Windows: hours in somebody's local time, also where summer time begins and ends."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import START, minutes
from shared.domain.window import Window


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


OFFICE = "Mon-Fri 09:00-16:00 Europe/Berlin"
OPEN = [
    ("on a winter morning it opens at eight in UTC", OFFICE, "2026-03-02T08:00:00", True),
    ("and not a second before", OFFICE, "2026-03-02T07:59:59", False),
    ("in summer it opens at seven in UTC", OFFICE, "2026-03-30T07:00:00", True),
    ("and not a second before in summer", OFFICE, "2026-03-30T06:59:59", False),
    ("the last second is inside", OFFICE, "2026-03-02T14:59:59", True),
    ("the closing time is not", OFFICE, "2026-03-02T15:00:00", False),
    ("the weekend is outside", OFFICE, "2026-03-07T10:00:00", False),
    ("one day alone", "Sun 09:00-16:00 UTC", "2026-03-08T10:00:00", True),
    ("days over the weekend", "Sat-Mon 09:00-16:00 UTC", "2026-03-09T10:00:00", True),
    ("days over the weekend leave out Tuesday", "Sat-Mon 09:00-16:00 UTC", "2026-03-10T10:00:00", False),
    ("the hour that is repeated is inside twice: first", "Sun 02:00-03:00 Europe/Berlin", "2026-10-25T00:30:00", True),
    ("the hour that is repeated is inside twice: second", "Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30:00", True),
    ("the hour that is skipped is never inside", "Sun 02:00-03:00 Europe/Berlin", "2026-03-29T01:30:00", False),
]


@pytest.mark.parametrize(("window", "moment", "inside"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
def test_a_window_is_open_in_its_own_local_hours(window: str, moment: str, inside: bool):
    assert Window.parse(window).open_at(utc(moment)) is inside


NEXT = [
    ("inside, it is now", OFFICE, "2026-03-02T10:00:00", "2026-03-02T10:00:00"),
    ("before, it is the same day", OFFICE, "2026-03-02T05:00:00", "2026-03-02T08:00:00"),
    ("after, it is the next day", OFFICE, "2026-03-02T15:00:00", "2026-03-03T08:00:00"),
    ("on Friday evening it is Monday, in summer time by then", OFFICE, "2026-03-27T18:00:00", "2026-03-30T07:00:00"),
    ("back in winter time it is an hour later", OFFICE, "2026-10-23T18:00:00", "2026-10-26T08:00:00"),
    (
        "just after the only hour of the week, a week later",
        "Mon 09:00-10:00 UTC",
        "2026-03-02T10:00:00",
        "2026-03-09T09:00:00",
    ),
]


@pytest.mark.parametrize(("window", "moment", "opens"), [row[1:] for row in NEXT], ids=[row[0] for row in NEXT])
def test_a_window_says_when_it_opens_next(window: str, moment: str, opens: str):
    assert Window.parse(window).next_open(utc(moment)) == utc(opens)


def test_a_window_that_begins_in_the_skipped_hour_opens_at_the_end_of_it():
    window = Window.parse("Sun 02:30-04:00 Europe/Berlin")
    three_in_the_morning = utc("2026-03-29T01:00:00")
    assert window.open_at(three_in_the_morning)
    assert window.next_open(utc("2026-03-29T00:00:00")) == three_in_the_morning


def test_a_window_whose_only_hour_is_skipped_once_opens_a_week_later():
    window = Window.parse("Sun 02:10-02:50 Europe/Berlin")
    assert window.next_open(utc("2026-03-23T09:00:00")) == utc("2026-04-05T00:10:00")


HOURS = st.integers(3, 23)


@given(
    st.sampled_from(["Mon", "Tue-Thu", "Sat-Sun", "Fri-Mon", "Mon-Sun"]),
    HOURS,
    HOURS,
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.integers(0, 60 * 24 * 365),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(days: str, one: int, other: int, zone: str, minute: int):
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


WRONG = [
    ("", "not of the form"),
    ("Mon-Fri", "not of the form"),
    ("Mon-Fry 09:00-16:00 UTC", "'Fry' is not one of"),
    ("Mon-Fri 16:00-09:00 UTC", "not before it closes"),
    ("Mon-Fri 09:00-09:00 UTC", "not before it closes"),
    ("Mon-Fri 09:00-25:00 UTC", "not a time of day"),
    ("Mon-Fri 09:00-16:00 Europe/Atlantis", "not a time zone"),
    ("Mon-Fri 09:00-16:00 ../../etc/passwd", "not"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_a_wrong_window_is_refused_with_what_is_wrong(text: str, words: str):
    with pytest.raises(ValueError, match=words):
        Window.parse(text)


@pytest.mark.parametrize("text", [OFFICE, "Sun 00:00-23:59 UTC"])
def test_a_window_shows_itself_in_words(text: str):
    assert Window.parse(text).zone in str(Window.parse(text))
