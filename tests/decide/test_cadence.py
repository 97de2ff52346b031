"""When: due dates, lead times, ends of overlaps and sunsets; at, just before and just after each threshold."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import a_target, end_announced, marks, overlapping
from lab.simulation.dates import SENDING, START, at, days, hours, minutes
from shared.decide import cadence
from shared.decide.cadence import DueNotice
from shared.domain.model import Cadence
from shared.domain.told import ToldDeadline
from shared.domain.window import Window

SECOND = timedelta(seconds=1)
USUAL = Cadence()
OFFICE = Cadence(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
DUE = at(day=30)


def test_rotation_is_due_one_period_after_the_version_was_made():
    assert cadence.due_at(marks(since=START), a_target()) == DUE


def test_a_rotation_due_on_saturday_waits_for_the_window_on_monday():
    saturday = at(day=5, hour=12)
    due = cadence.due_at(marks(since=saturday - days(30)), a_target(window=OFFICE.window))
    assert cadence.within_window(due, OFFICE) == at(day=7, hour=8)


WARNINGS = [
    ("before the first lead time: nothing", DUE - days(14) - SECOND, None, None),
    ("at the first lead time: the first", DUE - days(14), None, days(14)),
    ("after the first lead time: the first", DUE - days(8), None, days(14)),
    ("the first was accepted: nothing", DUE - days(8), days(14), None),
    ("at the second lead time: the second", DUE - days(7), days(14), days(7)),
    ("at the second lead time, the first was missed: only the second", DUE - days(7), None, days(7)),
    ("just before the last lead time: nothing", DUE - days(1) - SECOND, days(7), None),
    ("at the last lead time: the last", DUE - days(1), days(7), days(1)),
    ("all were missed: only the last", DUE - hours(2), None, days(1)),
    ("at the deadline, the last was missed: the last", DUE, days(7), days(1)),
    ("after the deadline, the last was missed: the last", DUE + days(3), days(7), days(1)),
    ("after the deadline, the last was accepted: nothing", DUE + days(3), days(1), None),
]


@pytest.mark.parametrize(
    ("now", "told", "outstanding"), [row[1:] for row in WARNINGS], ids=[row[0] for row in WARNINGS]
)
def test_a_warning_is_due_from_its_lead_time_until_it_or_a_shorter_one_was_accepted(
    now: datetime, told: timedelta | None, outstanding: timedelta | None
):
    told_deadline = ToldDeadline(DUE, told) if told else None
    expected = DueNotice(DUE, outstanding) if outstanding else None
    assert cadence.due_notice(DUE, USUAL.warnings, told_deadline, now, at_once=False) == expected


FIRST_ANNOUNCEMENTS = [
    ("a new deadline is announced before any lead time", DUE - days(20), None, DueNotice(DUE, None)),
    ("an accepted deadline is not announced again", DUE - days(20), ToldDeadline(DUE), None),
    ("a deadline that moved is announced again", DUE - days(20), ToldDeadline(DUE - days(1)), DueNotice(DUE, None)),
    ("the first lead time follows the first announcement", DUE - days(14), ToldDeadline(DUE), DueNotice(DUE, days(14))),
    (
        "an accepted announcement of another deadline does not count",
        DUE - days(6),
        ToldDeadline(DUE - SECOND, days(1)),
        DueNotice(DUE, days(7)),
    ),
]


@pytest.mark.parametrize(
    ("now", "told", "outstanding"),
    [row[1:] for row in FIRST_ANNOUNCEMENTS],
    ids=[row[0] for row in FIRST_ANNOUNCEMENTS],
)
def test_with_at_once_a_deadline_is_announced_as_soon_as_it_is_known(
    now: datetime, told: ToldDeadline | None, outstanding: DueNotice | None
):
    assert cadence.due_notice(DUE, USUAL.warnings, told, now, at_once=True) == outstanding


@given(st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=60))
def test_missed_ticks_never_lose_the_last_warning_and_never_repeat_one(ticks: list[int]):
    told: ToldDeadline | None = None
    sent: list[timedelta | None] = []
    for minute in sorted(ticks):
        outstanding = cadence.due_notice(DUE, USUAL.warnings, told, START + minutes(minute), at_once=False)
        if outstanding:
            told = ToldDeadline(outstanding.deadline, outstanding.lead)
            sent.append(outstanding.lead)
    leads = [lead for lead in sent if lead]
    assert leads == sorted(set(leads), reverse=True)
    if START + minutes(max(ticks)) >= DUE - days(1):
        assert leads[-1] == days(1)


UNTIL = START + days(3)
ENDINGS = [
    ("long before: the end of the overlap", at(day=0, hour=10), None, UNTIL),
    ("the notice and the sending time before: the end of the overlap", UNTIL - days(1) - SENDING, None, UNTIL),
    ("less than the notice before: it moves", UNTIL - days(1) + SECOND, None, UNTIL + SECOND + SENDING),
    ("long after, not announced: the notice from now", UNTIL + days(40), None, UNTIL + days(41) + SENDING),
    ("an announced end stays", UNTIL + days(40), UNTIL, UNTIL),
    ("an announced later end stays", UNTIL + days(40), UNTIL + days(2), UNTIL + days(2)),
    ("an announced end before the promise does not count", UNTIL - days(2), UNTIL - days(1), UNTIL),
]


@pytest.mark.parametrize(("now", "told", "end"), [row[1:] for row in ENDINGS], ids=[row[0] for row in ENDINGS])
def test_the_previous_key_never_ends_before_the_promise_or_the_notice(
    now: datetime, told: datetime | None, end: datetime
):
    facts = {"told": end_announced(told)} if told else {}
    assert cadence.ending_at(overlapping(**facts), USUAL, now) == end


def test_ending_at_returns_none_without_a_previous_key():
    assert cadence.ending_at(marks(), USUAL, START) is None


def test_the_end_of_the_previous_key_waits_for_the_window():
    recorded = overlapping(until=at(day=5, hour=12))
    assert cadence.ending_at(recorded, OFFICE, START) == at(day=7, hour=8)


IN_TIME = [
    ("nothing was announced", None, UNTIL, False),
    ("announced, one second before the deadline", ToldDeadline(UNTIL), UNTIL - SECOND, False),
    ("announced, at the deadline", ToldDeadline(UNTIL), UNTIL, True),
    ("announced, long after the deadline", ToldDeadline(UNTIL), UNTIL + days(9), True),
    ("announced for a time before the promise", ToldDeadline(UNTIL - SECOND), UNTIL + days(9), False),
    ("announced for a later time, which has come", ToldDeadline(UNTIL + days(1)), UNTIL + days(1), True),
]


@pytest.mark.parametrize(("told", "now", "allowed"), [row[1:] for row in IN_TIME], ids=[row[0] for row in IN_TIME])
def test_an_end_is_allowed_when_the_announced_time_has_come(told: ToldDeadline | None, now: datetime, allowed: bool):
    assert cadence.announced_in_time(told, UNTIL, now) is allowed


SUNSET = at(day=90)
SUNSETS = [
    ("long before: the agreed date", START, None, SUNSET),
    ("agreed too late: the notice from now", SUNSET - hours(1), None, SUNSET + hours(23) + SENDING),
    ("an announced date stays", SUNSET + days(5), ToldDeadline(SUNSET), SUNSET),
    ("an announced later date stays", SUNSET, ToldDeadline(SUNSET + days(1)), SUNSET + days(1)),
    ("announced for later, then moved: the earlier date", START, ToldDeadline(SUNSET + days(50)), SUNSET),
    ("announced, then moved: the later date", START, ToldDeadline(SUNSET - days(9)), SUNSET),
]


@pytest.mark.parametrize(("now", "told", "end"), [row[1:] for row in SUNSETS], ids=[row[0] for row in SUNSETS])
def test_the_sunset_never_comes_before_the_agreed_date_or_the_notice(
    now: datetime, told: ToldDeadline | None, end: datetime
):
    assert cadence.sunset_at(SUNSET, told, USUAL, now) == end


NAMES = st.text("abcdefghij-0123456789", min_size=1, max_size=20)


@given(NAMES, st.integers(5, 24 * 60), st.lists(st.integers(1, 600), min_size=1, max_size=80))
def test_every_target_is_observed_in_each_interval_whatever_ticks_are_missed(name: str, every: int, gaps: list[int]):
    """Two observations are never further apart than `every` and the longest gap between two ticks."""
    now, last_observation, widest = START, START, minutes(0)
    for gap in gaps:
        since, now = now, now + minutes(gap)
        widest = max(widest, minutes(gap))
        if cadence.observation_due(name, minutes(every), since, now):
            last_observation = now
        assert now - last_observation < minutes(every) + widest


@given(NAMES, st.integers(0, 10_000))
def test_frequent_ticks_observe_a_target_exactly_once_in_each_interval(name: str, offset: int):
    start = START + minutes(offset)
    ticks = [start + minutes(10) * number for number in range(7)]
    assert sum(cadence.observation_due(name, hours(1), since, now) for since, now in pairwise(ticks)) == 1


def test_the_observations_of_a_fleet_are_spread_over_the_interval():
    ticks = [START + minutes(10) * number for number in range(7)]
    observed = [
        sum(cadence.observation_due(f"account-{number}", hours(1), since, now) for number in range(600))
        for since, now in pairwise(ticks)
    ]
    assert sum(observed) == 600
    assert min(observed) > 60


@pytest.mark.parametrize(("name", "minute"), [("chat", 11), ("search", 8), ("billing", 2)])
def test_the_time_of_a_targets_observation_never_changes(name: str, minute: int):
    """If a release changed it, the whole fleet would be observed at another time than before."""
    observed = [
        number
        for number in range(60)
        if cadence.observation_due(name, hours(1), START + minutes(number), START + minutes(number + 1))
    ]
    assert observed == [minute]


def test_sending_may_take_a_tenth_of_the_notice_and_at_most_five_minutes():
    assert cadence.sending_time(Cadence(notice=minutes(10))) == minutes(1)
    assert cadence.sending_time(Cadence(notice=days(1))) == cadence.LONGEST_SENDING
