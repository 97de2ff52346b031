"""The charts: what is missing is a gap, never a bar of height nothing, and each has a sentence and a table."""

from itertools import pairwise

from shared.domain.readiness import Stage
from shared.web.pages.way_out.days_chart import days_chart_of
from shared.web.pages.way_out.weeks_chart import NARROW_WEEKS, WIDE_WEEKS, weeks_chart_of
from tests.web.pages.fleets import NOW
from tests.web.pages.surveys import a_usage, a_week


def test_a_week_is_a_column_of_its_stages_with_the_goal_at_the_bottom() -> None:
    chart = weeks_chart_of([a_week(0, 10, 20, 30, 40, 0)], NOW, 12)
    assert chart is not None
    [column] = chart.drawings[0].columns
    assert [part.stage for part in column.parts] == [Stage.KEYLESS, Stage.READY, Stage.MOVING, Stage.NOT_STARTED]
    heights = [part.height for part in column.parts]
    assert heights == sorted(heights)
    assert column.parts[0].y + column.parts[0].height == WIDE_WEEKS.base
    assert column.parts[-1].y >= WIDE_WEEKS.top


def test_a_week_that_nobody_recorded_is_a_gap_and_says_so_in_the_table() -> None:
    chart = weeks_chart_of([a_week(3, 0, 0, 0, 3, 0), a_week(0, 1, 0, 0, 2, 0)], NOW, 12)
    assert chart is not None
    for drawing in chart.drawings:
        assert [bool(one.parts) for one in drawing.columns] == [True, False, False, True]
    assert [one.counts for one in chart.rows] == [(1, 0, 0, 2, 0), (), (), (0, 0, 0, 3, 0)]
    assert "2 weeks were not recorded" in chart.sentence
    assert "In the week of 23 Nov: 1 keyless, 0 ready, 0 moving, 2 not started, 0 unknown" in chart.sentence


def test_weeks_before_the_first_recorded_one_and_beyond_the_length_are_left_out() -> None:
    weeks = [a_week(ago, 1, 0, 0, 2, 0) for ago in range(30)]
    chart = weeks_chart_of(weeks, NOW, 12)
    assert chart is not None
    assert len(chart.rows) == 12
    assert (chart.rows[0].name, chart.rows[0].monday) == ("2026-W48", "23 Nov 2026")
    assert weeks_chart_of([], NOW, 12) is None
    assert weeks_chart_of([a_week(20, 1, 0, 0, 0, 0)], NOW, 12) is None


def test_the_names_of_the_last_column_do_not_cover_each_other_and_say_what_changed() -> None:
    chart = weeks_chart_of([a_week(1, 1, 1, 2, 9_996, 0), a_week(0, 1, 2, 2, 9_995, 0)], NOW, 12)
    assert chart is not None
    names = chart.drawings[0].names
    assert [(one.text, one.change) for one in names] == [
        ("1 keyless", ""),
        ("2 ready", "+1"),
        ("2 moving", ""),
        ("9,995 not started", "−1"),
    ]
    assert all(below.y - above.y >= 16 for below, above in pairwise(names))
    assert all(part.height >= 1 for part in chart.drawings[0].columns[-1].parts), "one of ten thousand is seen"
    assert chart.drawings[1].layout is NARROW_WEEKS
    assert chart.drawings[1].names == ()


def test_a_chart_of_no_accounts_can_be_drawn() -> None:
    chart = weeks_chart_of([a_week(0, 0, 0, 0, 0, 0)], NOW, 12)
    assert chart is not None
    assert chart.drawings[0].columns[0].parts == ()


def test_the_year_changes_within_the_chart() -> None:
    january = NOW.replace(year=2027, month=1, day=5)
    weeks = [a_week(0, 1, 0, 0, 0, 0)]
    chart = weeks_chart_of(weeks, january, 12)
    assert chart is not None
    assert [one.name for one in chart.rows][:2] == ["2027-W01", "2026-W53"]


def test_each_kind_of_call_has_its_own_scale_so_that_few_key_calls_are_seen() -> None:
    chart = days_chart_of(a_usage([3, 0, 1], by_identity=1_000_000))
    keys = [one for one in chart.drawings[0].bars if one.kind == "key"]
    assert [one.height for one in keys] == [16.0, 48.0]
    assert (chart.most_key, chart.most_identity) == (3, 1_000_000)
    assert "With a key: 4 calls on 2 days, most on Tue 24 Nov (3)." in chart.sentence


def test_days_without_a_log_are_one_gap_and_not_days_without_calls() -> None:
    chart = days_chart_of(a_usage([3], silent=(5, 6, 7, 20)))
    for drawing in chart.drawings:
        assert len(drawing.gaps) == 2
        long, short = max(drawing.gaps, key=lambda one: one.width), min(drawing.gaps, key=lambda one: one.width)
        assert round(long.width / short.width) == 3
        assert not [bar for bar in drawing.bars if any(gap.x <= bar.x < gap.x + gap.width for gap in drawing.gaps)]
    assert "On 4 days nothing was logged." in chart.sentence
    silent = [row.day for row in chart.rows if not row.logged]
    assert silent == ["Thu 19 Nov", "Wed 18 Nov", "Tue 17 Nov", "Wed 4 Nov"]
    assert len(chart.rows) == 36


def test_an_account_without_any_logged_call_is_one_gap() -> None:
    chart = days_chart_of(a_usage(by_identity=0))
    assert [len(one.gaps) for one in chart.drawings] == [1, 1]
    assert chart.drawings[0].gaps[0].says == "nothing logged"
    assert chart.drawings[0].bars == ()


def test_a_first_and_a_last_day_that_are_not_whole_are_no_gap() -> None:
    chart = days_chart_of(a_usage([0, 3], silent=(0, 35)))
    assert [len(one.gaps) for one in chart.drawings] == [0, 0]
    assert (chart.rows[0].day, chart.rows[-1].day) == ("Mon 23 Nov", "Wed 21 Oct")
    assert "nothing was logged" not in chart.sentence
