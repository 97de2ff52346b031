"""Where everything of a timeline's picture stands: plain numbers, which the template `timeline.html` writes as SVG.

All lengths are units of the picture's own coordinates. A picture is drawn for several widths, of which the style shows
the one that fits, so that its text never gets smaller than 11 pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.keys import KeySlot
from shared.domain.model import Cadence
from shared.web.pages.keys.labels import Label
from shared.web.pages.keys.layout import MIDDLE, NARROW, STRIP, WIDE, Layout, Scale, drawn_at, in_lanes
from shared.web.pages.keys.reach import NARROW as NARROW_REACH
from shared.web.pages.keys.reach import TimeReach, dates_between, reach_for
from shared.web.pages.keys.spans import SpanKind
from shared.web.pages.keys.texts import below, dates, inside, names
from shared.web.pages.keys.timeline import Point, Timeline


@dataclass(frozen=True)
class DrawnBar:
    """A span as it is drawn.

    kind: What the key is.
    x: Where it begins.
    y: The middle of its lane.
    width: How long it is.
    """

    kind: SpanKind
    x: float
    y: float
    width: float


@dataclass(frozen=True)
class DrawnMark:
    """A point as it is drawn.

    kind: What happens; `accepted` and `to-come` are announcements.
    x: Where.
    y: The middle of its lane.
    doubtful: Whether it is pale, because all keys may have ended before it.
    """

    kind: str
    x: float
    y: float
    doubtful: bool = False


@dataclass(frozen=True)
class Drawing:
    """A picture.

    layout: Its measures.
    id: What its elements are called by; unique in the page.
    sentence: Its name, for people who cannot see it.
    now: Where the present moment is.
    bars: The spans of both lanes.
    marks: The points and announcements, in the order in which they are drawn.
    ticks: Where the lines of its axis are.
    labels: All texts.
    """

    layout: Layout
    id: str
    sentence: str
    now: float
    bars: tuple[DrawnBar, ...]
    marks: tuple[DrawnMark, ...]
    ticks: tuple[float, ...]
    labels: tuple[Label, ...]

    @property
    def height(self) -> float:
        """The height that it needs: rows of labels that are empty have none."""
        layout = self.layout
        if not layout.labels:
            return layout.height
        lowest = max((label.y for label in self.labels), default=layout.height)
        return max(lowest + layout.size / 2, (layout.notices or 0) + layout.bar)


def strip_of(timeline: Timeline, id_: str) -> Drawing:
    """Return the small picture of a row of the table, without text.

    id_: What its elements are called by; unique in the page.
    """
    return _drawing(timeline, Scale(timeline.begins, timeline.ends, STRIP), id_, ())


def picture_of(timeline: Timeline, id_: str, layout: Layout = WIDE, reach: TimeReach | None = None) -> Drawing:
    """Return the picture of one target's page.

    id_: What its elements are called by; unique in the page.
    layout: Its measures.
    reach: How far it looks; no farther than the timeline. None: as far.
    """
    begins, ends = reach.around(timeline.now) if reach else (timeline.begins, timeline.ends)
    scale = Scale(max(begins, timeline.begins), min(ends, timeline.ends), layout)
    now = Label(scale.x(timeline.now), layout.axis or 0, "now", "middle", "now")
    axis = dates(scale, now.y, beside=now)
    labels = [*names(layout), *inside(timeline, scale), *below(timeline, scale), *axis, now]
    return _drawing(timeline, scale, id_, labels)


def pictures_of(timeline: Timeline, id_: str, cadence: Cadence) -> tuple[Drawing, ...]:
    """Return the pictures of one target's page, of which the style shows the one that has room.

    id_: What their elements are called by; unique in the page.
    cadence: The target's. A phone shows less time of it.
    """
    narrow = picture_of(timeline, f"{id_}-narrow", NARROW, reach_for(cadence, NARROW_REACH))
    return picture_of(timeline, f"{id_}-wide"), picture_of(timeline, f"{id_}-middle", MIDDLE), narrow


def _drawing(timeline: Timeline, scale: Scale, id_: str, labels: Iterable[Label]) -> Drawing:
    marks = [*_notices(timeline, scale), *_points(timeline, scale)]
    ticks = tuple(scale.x(one) for one in dates_between(scale.begins, scale.ends, scale.layout.ticks))
    now, bars = scale.x(timeline.now), tuple(_bars(timeline, scale))
    return Drawing(scale.layout, id_, timeline.sentence, now, bars, tuple(marks), ticks, tuple(labels))


def _bars(timeline: Timeline, scale: Scale) -> Iterator[DrawnBar]:
    for span, y in in_lanes(timeline, scale.layout):
        x, ends = scale.x(span.begins), scale.x(span.ends)
        if ends > x:
            yield DrawnBar(span.kind, x, y, round(ends - x, 1))


def _points(timeline: Timeline, scale: Scale) -> Iterator[DrawnMark]:
    for one in timeline.points:
        moment = drawn_at(one, timeline)
        if scale.shows(moment):
            yield DrawnMark(one.kind, scale.x(moment), _lane(one, scale.layout), one.doubtful)


def _lane(point: Point, layout: Layout) -> float:
    first, second = layout.lanes
    return {KeySlot.KEY1: first, KeySlot.KEY2: second, None: (first + second) / 2}[point.slot]


def _notices(timeline: Timeline, scale: Scale) -> Iterator[DrawnMark]:
    if scale.layout.notices is None:
        return
    for one in timeline.notices:
        if scale.shows(one.falls_at):
            yield DrawnMark("accepted" if one.accepted else "to-come", scale.x(one.falls_at), scale.layout.notices)
