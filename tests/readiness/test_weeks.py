"""Each week has the row that its first survey made; a week without a survey has none."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import days
from shared.domain.errors import TryLater
from shared.domain.readiness import Stage
from shared.readiness.kinds import Week
from shared.readiness.weeks import (
    MOST_WEEKS,
    load_weeks,
    name_of_week,
    packed_weeks,
    read_weeks,
    record_week,
    week_of,
    with_week,
)
from tests.support.surveys import NOW, InMemory, a_survey, a_usage, an_entry

ONE = Week("2026-W15", dict.fromkeys(Stage, 2), 12)


def test_the_first_days_of_a_year_may_belong_to_the_last_week_of_the_one_before() -> None:
    assert name_of_week(datetime(2027, 1, 1, tzinfo=UTC)) == "2026-W53"
    assert name_of_week(datetime(2026, 1, 5, tzinfo=UTC)) == "2026-W02"


def test_a_week_counts_accounts_by_stage_and_the_calls_of_its_last_seven_days() -> None:
    week = week_of(a_survey(an_entry("a", a_usage(10)), an_entry("b"), an_entry("c", key_auth=False)))
    assert week is not None
    assert week.key_calls == 70
    assert {stage: number for stage, number in week.counts.items() if number} == {
        Stage.KEYLESS: 1,
        Stage.MOVING: 1,
        Stage.UNKNOWN: 1,
    }


def test_a_survey_whose_logs_did_not_answer_makes_no_row() -> None:
    assert week_of(a_survey(an_entry("a"), until=None)) is None


def test_the_first_row_of_a_week_stays() -> None:
    later = Week(ONE.name, dict.fromkeys(Stage, 9), 99)
    assert with_week([ONE], later) == (ONE,)


def test_a_row_of_a_survey_that_did_not_see_everything_is_replaced_by_a_better_one() -> None:
    partial = Week(ONE.name, {Stage.READY: 3}, 12, whole=False)
    whole, wider = Week(ONE.name, {Stage.READY: 2}, 5), Week(ONE.name, {Stage.READY: 4}, 5, whole=False)
    assert with_week([partial], whole) == (whole,)
    assert with_week([partial], wider) == (wider,)
    assert with_week([partial], Week(ONE.name, {Stage.READY: 3}, 99, whole=False)) == (partial,)
    assert with_week([whole], wider) == (whole,)


async def test_a_better_survey_of_the_same_week_takes_the_place_of_its_row() -> None:
    views = InMemory()
    problem = TryLater("subscription b", "it could not be listed.")
    await record_week(views, a_survey(an_entry("a"), problems=(problem,)))
    assert [one.whole for one in await load_weeks(views)] == [False]
    await record_week(views, a_survey(an_entry("a"), an_entry("b")))
    await record_week(views, a_survey(an_entry("a")))
    [week] = await load_weeks(views)
    assert (week.whole, week.counts[Stage.UNKNOWN]) == (True, 2)


def test_weeks_are_read_as_they_were_kept_and_those_of_another_release_are_not() -> None:
    assert read_weeks(packed_weeks([ONE])) == (ONE,)
    assert read_weeks(b"spoiled") is None


@given(st.lists(st.integers(0, 400), max_size=300))
def test_weeks_stay_in_their_order_each_once_and_at_most_five_years_of_them(moments: list[int]) -> None:
    weeks: tuple[Week, ...] = ()
    for number in moments:
        weeks = with_week(weeks, Week(name_of_week(NOW + days(7 * number)), {}, number))
    names = [one.name for one in weeks]
    assert names == sorted(set(names))
    assert len(names) == min(MOST_WEEKS, len(set(moments)))


async def test_a_week_is_added_to_what_is_kept_once() -> None:
    views, survey = InMemory(), a_survey(an_entry("a", a_usage(1)))
    await record_week(views, survey)
    await record_week(views, a_survey(an_entry("a", a_usage(5)), at=NOW + days(1)))
    await record_week(views, a_survey(an_entry("a", a_usage(5, until=NOW + days(21))), at=NOW + days(21)))
    weeks = await load_weeks(views)
    assert [one.name for one in weeks] == [name_of_week(NOW), name_of_week(NOW + days(21))]
    assert views.writes == 2


async def test_a_week_that_another_check_writes_at_the_same_time_is_not_lost() -> None:
    views = InMemory(packed_weeks([ONE]), lost=1)
    await record_week(views, a_survey(an_entry("a", a_usage(1)), at=NOW + days(14)))
    assert [one.name for one in await load_weeks(views)] == [ONE.name, name_of_week(NOW + days(14))]


async def test_weeks_that_cannot_be_read_are_not_written_over() -> None:
    views = InMemory(b"of a newer release")
    await record_week(views, a_survey(an_entry("a", a_usage(1))))
    assert (views.data, await load_weeks(views)) == (b"of a newer release", ())
