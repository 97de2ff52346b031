"""When: due dates, ladders of warnings, ends of overlaps and sunsets, at, just before and just after each threshold."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import end_announced, marks, overlapping
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
    assert cadence.due_at(marks(since=START), USUAL) == DUE


def test_a_rotation_that_is_due_on_a_saturday_is_carried_out_on_monday():
    saturday = at(day=5, hour=12)
    assert cadence.within_window(cadence.due_at(marks(since=saturday - days(30)), OFFICE), OFFICE) == at(day=7, hour=8)


LADDER = [
    ("before the first lead nothing is owed", DUE - days(14) - SECOND, None, None),
    ("at the first lead it is owed", DUE - days(14), None, days(14)),
    ("after it, it is still owed", DUE - days(8), None, days(14)),
    ("once told it is not owed again", DUE - days(8), days(14), None),
    ("at the second lead the second is owed", DUE - days(7), days(14), days(7)),
    ("a missed first is covered by the second", DUE - days(7), None, days(7)),
    ("just before the last lead nothing is owed", DUE - days(1) - SECOND, days(7), None),
    ("at the last lead the last is owed", DUE - days(1), days(7), days(1)),
    ("all missed: only the nearest is said", DUE - hours(2), None, days(1)),
    ("at the deadline a missed warning is still owed", DUE, days(7), days(1)),
    ("after the deadline too", DUE + days(3), days(7), days(1)),
    ("after the last nothing is owed", DUE + days(3), days(1), None),
]


@pytest.mark.parametrize(("now", "told", "outstanding"), [row[1:] for row in LADDER], ids=[row[0] for row in LADDER])
def test_a_rung_is_owed_from_its_lead_until_it_or_a_lower_one_was_told(
    now: datetime, told: timedelta | None, outstanding: timedelta | None
):
    told_deadline = ToldDeadline(DUE, told) if told else None
    expected = DueNotice(DUE, outstanding) if outstanding else None
    assert cadence.due_notice(DUE, USUAL.warnings, told_deadline, now, at_once=False) == expected


FIRST_WORD = [
    ("a new deadline is said at once, before any lead", DUE - days(20), None, DueNotice(DUE, None)),
    ("and once only", DUE - days(20), ToldDeadline(DUE), None),
    ("a deadline that moved is said again", DUE - days(20), ToldDeadline(DUE - days(1)), DueNotice(DUE, None)),
    ("the first lead follows the first word", DUE - days(14), ToldDeadline(DUE), DueNotice(DUE, days(14))),
    (
        "a rung told of another deadline does not count",
        DUE - days(6),
        ToldDeadline(DUE - SECOND, days(1)),
        DueNotice(DUE, days(7)),
    ),
]


@pytest.mark.parametrize(
    ("now", "told", "outstanding"), [row[1:] for row in FIRST_WORD], ids=[row[0] for row in FIRST_WORD]
)
def test_some_deadlines_are_said_as_soon_as_they_are_known(
    now: datetime, told: ToldDeadline | None, outstanding: DueNotice | None
):
    assert cadence.due_notice(DUE, USUAL.warnings, told, now, at_once=True) == outstanding


@given(st.lists(st.integers(0, 60 * 24 * 40), min_size=1, max_size=60))
def test_whatever_ticks_are_missed_the_last_warning_is_told_and_none_twice(ticks: list[int]):
    told: ToldDeadline | None = None
    said: list[timedelta | None] = []
    for minute in sorted(ticks):
        outstanding = cadence.due_notice(DUE, USUAL.warnings, told, START + minutes(minute), at_once=False)
        if outstanding:
            told = ToldDeadline(outstanding.deadline, outstanding.lead)
            said.append(outstanding.lead)
    leads = [lead for lead in said if lead]
    assert leads == sorted(set(leads), reverse=True)
    if START + minutes(max(ticks)) >= DUE - days(1):
        assert leads[-1] == days(1)


UNTIL = START + days(3)
ENDINGS = [
    ("well ahead the end is the end of the overlap", at(day=0, hour=10), None, UNTIL),
    ("exactly the notice and the sending ahead it still is", UNTIL - days(1) - SENDING, None, UNTIL),
    ("with less than the notice left it moves", UNTIL - days(1) + SECOND, None, UNTIL + SECOND + SENDING),
    ("long after, it is the notice from now", UNTIL + days(40), None, UNTIL + days(41) + SENDING),
    ("a told end stays", UNTIL + days(40), UNTIL, UNTIL),
    ("a told end that was moved stays moved", UNTIL + days(40), UNTIL + days(2), UNTIL + days(2)),
    ("a told end before the promise does not count", UNTIL - days(2), UNTIL - days(1), UNTIL),
]


@pytest.mark.parametrize(("now", "told", "end"), [row[1:] for row in ENDINGS], ids=[row[0] for row in ENDINGS])
def test_the_end_of_the_previous_key_is_never_sooner_than_promised_nor_than_the_notice(
    now: datetime, told: datetime | None, end: datetime
):
    facts = {"told": end_announced(told)} if told else {}
    assert cadence.ending_at(overlapping(**facts), USUAL, now) == end


def test_without_a_previous_key_no_end_is_announced():
    assert cadence.ending_at(marks(), USUAL, START) is None


def test_the_end_of_the_previous_key_waits_for_the_window():
    noted = overlapping(until=at(day=5, hour=12))
    assert cadence.ending_at(noted, OFFICE, START) == at(day=7, hour=8)


IN_TIME = [
    ("nothing told", None, UNTIL, False),
    ("told, and a second before the deadline", ToldDeadline(UNTIL), UNTIL - SECOND, False),
    ("told, and at the deadline", ToldDeadline(UNTIL), UNTIL, True),
    ("told, and long after", ToldDeadline(UNTIL), UNTIL + days(9), True),
    ("told for a moment before the promise", ToldDeadline(UNTIL - SECOND), UNTIL + days(9), False),
    ("told for a later moment, which has come", ToldDeadline(UNTIL + days(1)), UNTIL + days(1), True),
]


@pytest.mark.parametrize(("told", "now", "allowed"), [row[1:] for row in IN_TIME], ids=[row[0] for row in IN_TIME])
def test_a_deadline_counts_as_announced_when_the_told_moment_has_come(
    told: ToldDeadline | None, now: datetime, allowed: bool
):
    assert cadence.announced_in_time(told, UNTIL, now) is allowed


SUNSET = at(day=90)
SUNSETS = [
    ("far ahead it is the agreed date", START, None, SUNSET),
    ("agreed on too late it is the notice from now", SUNSET - hours(1), None, SUNSET + hours(23) + SENDING),
    ("told, it stays", SUNSET + days(5), ToldDeadline(SUNSET), SUNSET),
    ("told for later because it was late, it stays later", SUNSET, ToldDeadline(SUNSET + days(1)), SUNSET + days(1)),
    ("told for later, and moved to an earlier date since", START, ToldDeadline(SUNSET + days(50)), SUNSET),
    ("agreed anew for a later date, it is announced anew", START, ToldDeadline(SUNSET - days(9)), SUNSET),
]


@pytest.mark.parametrize(("now", "told", "end"), [row[1:] for row in SUNSETS], ids=[row[0] for row in SUNSETS])
def test_the_sunset_is_never_sooner_than_agreed_nor_than_the_notice(
    now: datetime, told: ToldDeadline | None, end: datetime
):
    assert cadence.sunset_at(SUNSET, told, USUAL, now) == end


NAMES = st.text("abcdefghij-0123456789", min_size=1, max_size=20)


@given(NAMES, st.integers(5, 24 * 60), st.lists(st.integers(1, 600), min_size=1, max_size=80))
def test_between_two_moments_one_look_interval_apart_every_target_is_looked_at(name: str, every: int, gaps: list[int]):
    """Whatever the ticks: from any tick on, no two looks are further apart than `every` and one wait for a tick."""
    now, last_look, widest = START, START, minutes(0)
    for gap in gaps:
        since, now = now, now + minutes(gap)
        widest = max(widest, minutes(gap))
        if cadence.observation_due(name, minutes(every), since, now):
            last_look = now
        assert now - last_look < minutes(every) + widest


@given(NAMES, st.integers(0, 10_000))
def test_ticks_more_often_than_the_interval_look_exactly_once_in_each(name: str, offset: int):
    start = START + minutes(offset)
    ticks = [start + minutes(10) * number for number in range(7)]
    assert sum(cadence.observation_due(name, hours(1), since, now) for since, now in pairwise(ticks)) == 1


def test_a_fleet_is_spread_over_the_interval():
    ticks = [START + minutes(10) * number for number in range(7)]
    looked = [
        sum(cadence.observation_due(f"account-{number}", hours(1), since, now) for number in range(600))
        for since, now in pairwise(ticks)
    ]
    assert sum(looked) == 600
    assert min(looked) > 60


@pytest.mark.parametrize(("name", "minute"), [("chat", 11), ("search", 8), ("billing", 2)])
def test_a_targets_moment_stays_where_it_is_when_the_app_is_updated(name: str, minute: int):
    """If it moved, an update would have the whole fleet looked at out of turn."""
    looked = [
        number
        for number in range(60)
        if cadence.observation_due(name, hours(1), START + minutes(number), START + minutes(number + 1))
    ]
    assert looked == [minute]
