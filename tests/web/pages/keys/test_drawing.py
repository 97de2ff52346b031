"""Where everything of a timeline stands: in its place on the axis, and no text over another one."""

from datetime import UTC, datetime
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import a_situation, a_target, marks, overlapping
from lab.simulation.dates import at, days, hours, minutes
from shared.domain.model import Cadence
from shared.domain.told import Told, ToldDeadline
from shared.web.pages.keys.drawing import Drawing, picture_of, strip_of
from shared.web.pages.keys.labels import Label, placed, width_of
from shared.web.pages.keys.layout import MIDDLE, NARROW, STRIP, WIDE, Layout
from shared.web.pages.keys.reach import NARROW as NARROW_REACH
from shared.web.pages.keys.reach import STRIP as STRIP_REACH
from shared.web.pages.keys.reach import WIDE as WIDE_REACH
from shared.web.pages.keys.reach import TimeReach, dates_between, reach_for, reach_of_all, short
from shared.web.pages.keys.texts import axis_of
from shared.web.pages.keys.timeline import timeline_of

NOW = at(day=60)
SITUATION = a_situation(overlapping(since=NOW - days(1), until=NOW + days(2)), NOW)
LAYOUTS = [WIDE, MIDDLE, NARROW]


def a_strip() -> Drawing:
    return strip_of(timeline_of(SITUATION, STRIP_REACH), "t1")


def a_picture(layout: Layout) -> Drawing:
    return picture_of(timeline_of(SITUATION, WIDE_REACH), "t1", layout)


def test_a_strip_has_now_a_fifth_from_its_left_as_seven_of_thirty_seven_days() -> None:
    room = STRIP.right - STRIP.left
    assert a_strip().now == pytest.approx(STRIP.left + room * 7 / 37, abs=0.1)


def test_the_bars_of_a_lane_follow_each_other_from_edge_to_edge() -> None:
    for layout, drawing in [(STRIP, a_strip()), *((one, a_picture(one)) for one in LAYOUTS)]:
        for y in layout.lanes:
            bars = [bar for bar in drawing.bars if bar.y == y]
            assert bars[0].x == layout.left
            assert bars[-1].x + bars[-1].width == pytest.approx(layout.right, abs=0.1)
            for one, following in pairwise(bars):
                assert one.x + one.width == pytest.approx(following.x, abs=0.1)


def test_marks_stand_in_the_lane_of_their_key() -> None:
    first, second = STRIP.lanes
    assert [(mark.kind, mark.y) for mark in a_strip().marks] == [
        ("new-key", first), ("key-ends", second), ("new-key", second),
    ]  # fmt: skip


def test_the_end_of_all_keys_stands_between_the_lanes_and_a_rotation_after_it_is_pale() -> None:
    ending = a_situation(marks(since=NOW - days(10)), NOW, a_target(sunset=NOW + days(12)))
    ends, after = strip_of(timeline_of(ending, STRIP_REACH), "t1").marks
    assert (ends.kind, ends.y, ends.doubtful) == ("keys-end", sum(STRIP.lanes) / 2, False)
    assert (after.kind, after.doubtful) == ("new-key", True)


def test_a_deadline_that_is_overdue_is_drawn_at_the_present_moment() -> None:
    overdue = strip_of(timeline_of(a_situation(marks(since=NOW - days(31)), NOW), STRIP_REACH), "t1")
    assert overdue.marks[0].kind == "new-key"
    assert overdue.marks[0].x == overdue.now


def test_a_strip_has_no_text() -> None:
    assert a_strip().labels == ()


def test_announcements_stand_in_a_lane_of_their_own_in_the_pictures_of_a_target() -> None:
    marked = [mark for mark in a_picture(WIDE).marks if mark.kind in ("accepted", "to-come")]
    assert {mark.kind for mark in marked} == {"accepted", "to-come"}
    assert {mark.y for mark in marked} == {WIDE.notices}
    assert not [mark for mark in a_strip().marks if mark.kind in ("accepted", "to-come")]


def test_a_narrow_picture_shows_less_time() -> None:
    timeline = timeline_of(SITUATION, WIDE_REACH)
    assert picture_of(timeline, "t1", NARROW, NARROW_REACH).now == pytest.approx(
        NARROW.left + (NARROW.right - NARROW.left) / 3, abs=0.1
    )


def test_a_bar_says_the_most_for_which_it_has_room() -> None:
    texts = {layout.name: {label.text for label in a_picture(layout).labels} for layout in LAYOUTS}
    assert "stays live until 30 May" in texts["wide"]
    assert {"key 2 stops working", "3 May"} <= texts["wide"]
    assert not [text for text in texts["narrow"] if "stops working" in text]  # the list says it


def box(label: Label, size: float) -> tuple[float, float]:
    wide = width_of(label, size)
    return (label.x - wide / 2, label.x + wide / 2) if label.anchor == "middle" else (label.x, label.x + wide)


def covering(labels: list[Label], size: float) -> list[tuple[str, str]]:
    """Return the pairs of texts on one line that cover each other."""
    found = []
    for one, other in combinations(labels, 2):
        (left, right), (begins, ends) = box(one, size), box(other, size)
        if abs(one.y - other.y) < size and left < ends and begins < right:
            found.append((one.text, other.text))
    return found


RECORDED = Told(origin=True, rotation=ToldDeadline(NOW + days(9), days(14)))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda one: one.name)
@given(st.integers(-40, 0), st.sampled_from([1, 3, 10]), st.sampled_from([5, 7, 30, 90]), st.integers(1, 60))
def test_no_text_covers_another_and_none_leaves_the_picture(
    layout: Layout, since: int, overlap: int, period: int, sunset: int
) -> None:
    target = a_target(period=days(period), overlap=days(min(overlap, period / 2)), sunset=NOW + days(sunset))
    situation = a_situation(marks(since=NOW + days(since), told=RECORDED), NOW, target)
    drawing = picture_of(timeline_of(situation, WIDE_REACH), "t1", layout)
    assert not covering(list(drawing.labels), layout.size)
    for label in drawing.labels:
        left, right = box(label, layout.size)
        assert -0.5 <= left < right <= layout.width + 10  # a little more than the picture lies in the panel's padding
        assert label.y <= drawing.height


def test_a_label_without_room_goes_to_the_next_row_and_one_without_any_room_is_left_out() -> None:
    wanted = [(Label(50, 0, text, "middle", "what"), Label(50, 0, "1 Jan", "middle", "date")) for text in "abc"]
    assert [(one.text, one.y) for one in placed(wanted, (10, 40), 0, 100, 10) if one.kind == "what"] == [
        ("a", 10),
        ("b", 40),
    ]


def test_a_label_at_an_edge_is_moved_inside() -> None:
    wanted = [(Label(99, 0, "key 2 ended", "middle", "what"), Label(99, 0, "1 Jan", "middle", "date"))]
    found = placed(wanted, (10,), 0, 100, 10)
    assert all(box(one, 10)[1] <= 100 for one in found)
    assert found[0].x == found[1].x


def test_the_head_of_a_table_names_today_and_mondays_beside_it_and_fewer_in_a_narrow_column() -> None:
    wide, narrow = axis_of(STRIP_REACH, NOW)
    assert [label.text for label in wide] == ["Today", "11 May", "18 May", "25 May"]
    assert [label.text for label in narrow] == ["Today", "18 May"]
    assert wide[0].x == narrow[0].x == a_strip().now
    assert not covering(list(wide), 11.5)
    assert not covering(list(narrow), 16)


AXES = [
    ("ten weeks have Mondays", days(70), 10, "%a", {"Mon"}),
    ("two hours have quarters of an hour", hours(2), 9, "%M", {"00", "15", "30", "45"}),
    ("a day has whole hours", days(1), 9, "%M", {"00"}),
]


@pytest.mark.parametrize(("length", "most", "form", "texts"), [row[1:] for row in AXES], ids=[row[0] for row in AXES])
def test_the_dates_of_an_axis_are_round(length: object, most: int, form: str, texts: set[str]) -> None:
    found = dates_between(NOW, NOW + length, most)  # type: ignore[operator]
    assert 2 <= len(found) <= most + 1
    assert {f"{one:{form}}" for one in found} <= texts
    assert all(NOW <= one < NOW + length for one in found)  # type: ignore[operator]


REACHES = [
    ("30 days and an overlap of 3", Cadence(), WIDE_REACH),
    ("14 days", Cadence(period=days(14), overlap=days(2)), WIDE_REACH),
    (
        "33 minutes, a share as long",
        Cadence(period=minutes(30), overlap=minutes(3)),
        TimeReach(minutes(28), minutes(42)),
    ),
    ("330 days", Cadence(period=days(300), overlap=days(30)), TimeReach(days(280), days(420))),
]


@pytest.mark.parametrize(("cadence", "reach"), [row[1:] for row in REACHES], ids=[row[0] for row in REACHES])
def test_a_reach_follows_the_cycle_of_the_keys(cadence: Cadence, reach: TimeReach) -> None:
    assert reach_for(cadence, WIDE_REACH) == reach


def test_a_table_has_one_reach_that_fits_the_target_in_the_middle() -> None:
    yearly, usual = Cadence(period=days(300), overlap=days(30)), Cadence()
    assert reach_of_all([usual, yearly, usual]) == STRIP_REACH
    assert reach_of_all([yearly, usual, yearly]) == TimeReach(days(70), days(300))
    assert reach_of_all([]) == STRIP_REACH


def test_a_moment_on_an_axis_is_as_short_as_the_axis_allows() -> None:
    moment = datetime(2026, 12, 14, 9, 5, tzinfo=UTC)
    assert [short(moment, length) for length in (hours(5), days(70), days(700))] == ["09:05", "14 Dec", "14 Dec 2026"]
