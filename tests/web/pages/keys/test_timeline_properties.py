"""What holds for every timeline, whatever was observed and whatever the versions say."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import START, days, hours, minutes
from shared.announce.deadlines import deadlines
from shared.decide.situation import Situation
from shared.web.pages.keys.reach import NARROW, STRIP, WIDE, TimeReach
from shared.web.pages.keys.timeline import Timeline, timeline_of
from tests.support import strategies

REACHES = st.sampled_from([STRIP, NARROW, WIDE, TimeReach(minutes(5), minutes(20)), TimeReach(days(400), days(800))])


@st.composite
def timelines(draw: st.DrawFn) -> tuple[Situation, Timeline]:
    target = draw(strategies.targets)
    now = START + hours(draw(st.integers(-20 * 24, 120 * 24)))
    situation = Situation(draw(strategies.observations()), target, now)
    listed = draw(st.lists(strategies.publications(), max_size=5))
    versions = [replace(one, version=f"old-{number}") for number, one in enumerate(listed)]
    return situation, timeline_of(situation, draw(REACHES), versions)


@given(timelines())
def test_the_spans_of_a_lane_cover_the_picture_without_gaps_and_neighbours_differ(drawn: tuple[Situation, Timeline]):
    _, timeline = drawn
    for spans in timeline.lanes.values():
        assert (spans[0].begins, spans[-1].ends) == (timeline.begins, timeline.ends)
        for one, following in pairwise(spans):
            assert one.begins < one.ends == following.begins
            assert one.kind is not following.kind


@given(timelines())
def test_every_deadline_in_reach_is_drawn_and_in_the_list_at_its_very_moment(drawn: tuple[Situation, Timeline]):
    situation, timeline = drawn
    for deadline in deadlines(situation):
        if deadline.falls_at < timeline.ends:
            assert deadline.falls_at in [one.falls_at for one in timeline.points if one.planned]
            assert deadline.falls_at in [one.falls_at for one in timeline.entries if one.planned]


@given(timelines())
def test_nothing_is_planned_in_the_past_but_what_is_overdue_and_nothing_has_happened_in_the_future(
    drawn: tuple[Situation, Timeline],
):
    situation, timeline = drawn
    overdue = [one.falls_at for one in deadlines(situation)]
    for point in timeline.points:
        assert (
            point.falls_at in overdue
            or point.planned == (point.falls_at > timeline.now)
            or (point.falls_at == timeline.now)
        )


@given(timelines())
def test_at_most_one_key_is_live_at_any_moment(drawn: tuple[Situation, Timeline]):
    _, timeline = drawn
    for live in (("live",), ("planned",)):
        first, second = ([span for span in lane if span.kind in live] for lane in timeline.lanes.values())
        assert not [1 for one in first for other in second if one.begins < other.ends and other.begins < one.ends]
