"""When the schedule rotates a version: a period after it was made, and the first time up to a tenth of it earlier."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import a_target, an_account_id, mark, marks
from lab.simulation.dates import START, at, days, hours
from shared.domain.model import Cadence, Target
from shared.domain.publication import Marks, Origin
from shared.domain.scheduled import first_period, scheduled_at
from shared.domain.told import Told, ToldDeadline

ACCOUNTS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,40}", fullmatch=True)
SOME_TIME = st.timedeltas(timedelta(0), days(60))
FIRST = timedelta(days=27, seconds=51819)
A_MOMENT = st.none() | SOME_TIME.map(lambda time: START + time)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """Targets whose overlap and notice leave time in the period, as settings demand."""
    overlap, notice = draw(st.timedeltas(hours(1), days(9))), draw(st.timedeltas(hours(1), days(3)))
    rest = draw(SOME_TIME)
    cadence = Cadence(overlap + notice + rest + timedelta(seconds=1), overlap, notice=notice)
    return a_target(account=an_account_id(draw(ACCOUNTS)), cadence=cadence)


def adopted(**facts: object) -> Marks:
    return marks(origin=Origin.ADOPTED, **facts)


@given(targets())
def test_a_first_period_is_at_most_a_tenth_shorter_and_leaves_time_for_overlap_and_notice(target: Target):
    cadence = target.cadence
    assert cadence.period - cadence.period / 10 <= first_period(target) <= cadence.period
    assert first_period(target) >= cadence.overlap + cadence.notice


@given(targets(), A_MOMENT, A_MOMENT, A_MOMENT)
def test_a_first_rotation_comes_neither_late_nor_more_than_a_tenth_early_nor_before_a_moment_that_was_named(
    target: Target, until: datetime | None, announced: datetime | None, named: datetime | None
):
    told = Told(rotation=announced and ToldDeadline(announced))
    previous = mark("B") if until else None
    due = scheduled_at(adopted(previous=previous, until=until, told=told), target, named)
    period = target.cadence.period
    assert START + period - period / 10 <= due <= START + period
    for moment in (until, announced, named):
        assert moment is None or due >= min(moment, START + period)


@given(targets(), A_MOMENT)
def test_a_moment_that_was_named_once_stays_due_when_it_is_asked_again(target: Target, named: datetime | None):
    due = scheduled_at(adopted(), target, named)
    assert scheduled_at(adopted(), target, due) == due


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(marks(), id="rotated"),
        pytest.param(marks(origin=Origin.HEALED, rotated=START - days(3)), id="healed after a rotation"),
    ],
)
@given(target=targets())
def test_later_rotations_come_a_whole_period_after_the_one_before(later: Marks, target: Target):
    assert scheduled_at(later, target) == START + target.cadence.period


@given(targets())
def test_a_repair_before_the_first_rotation_keeps_the_part(target: Target):
    assert scheduled_at(adopted(), target) == scheduled_at(marks(origin=Origin.HEALED), target)


def test_the_part_is_that_of_the_account_whatever_the_case_of_its_id_or_the_target_s_name():
    account = an_account_id("search", "models")
    shouted = an_account_id("SEARCH", "MODELS")
    assert first_period(a_target("one", account=account)) == first_period(a_target("two", account=shouted))


def test_the_part_never_changes():
    """Another release must not compute other moments for accounts that are adopted already."""
    target = a_target(account=an_account_id("search", "models"))
    assert first_period(target) == FIRST
    assert scheduled_at(adopted(), target) == START + FIRST


def test_parts_fill_the_whole_tenth_evenly():
    earlier = [days(30) - first_period(a_target(account=an_account_id(f"account-{one}"))) for one in range(900)]
    days_of = Counter(part // days(1) for part in earlier)
    assert set(days_of) == {0, 1, 2}
    assert all(count > 250 for count in days_of.values()), days_of


def test_a_longer_period_in_the_settings_counts_from_the_same_beginning():
    target = a_target(account=an_account_id("search", "models"), period=days(60))
    assert scheduled_at(adopted(), target, START + FIRST) == START + first_period(target) > at(day=54)
