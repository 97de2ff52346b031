"""Where everything of a timeline's picture stands: plain numbers, which the template `timeline.html` writes as SVG.

All lengths are units of the picture's own coordinates. A picture is drawn for several widths, of which the style shows
the one that fits, so that its text never gets smaller than 11 pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.keys import KeySlot
from shared.domain.model import Cadence
from shared.web.pages.labels import Label, placed, width_of
from shared.web.pages.reach import NARROW as NARROW_REACH
from shared.web.pages.reach import SHORT, Reach, dates_between, reach_for, short
from shared.web.pages.spans import Span, SpanKind
from shared.web.pages.timeline import Point, PointKind, Timeline


@dataclass(frozen=True)
class Layout:
    """The measures of one form of the picture.

    name: The class of the form: `strip`, `wide`, `middle` or `narrow`.
    width: The whole width.
    height: The whole height, with all labels.
    left: Where time begins.
    right: Where time ends.
    lanes: The middle of each lane, for key 1 and key 2.
    bar: The height of a bar.
    size: The height of the text, and of a mark.
    ticks: How many dates its axis has at most.
    axis: Where the dates of the axis stand. None for a strip, whose dates stand in the head of the table.
    notices: The middle of the third lane. None without one.
    labels: Where the two lines of each row of labels below the picture stand. Empty without labels.
    names: Where the names of the lanes stand: beside them, or above them.
    """

    name: str
    width: float
    height: float
    left: float
    right: float
    lanes: tuple[float, float]
    bar: float
    size: float
    ticks: int
    axis: float | None = None
    notices: float | None = None
    labels: tuple[float, ...] = ()
    names: str = "beside"


STRIP = Layout("strip", 330, 34, 14, 328, (9, 25), 9, 11, 6)
WIDE = Layout("wide", 1120, 226, 96, 1112, (62, 100), 24, 13.5, 10, 20, 138, (166, 204))
MIDDLE = Layout("middle", 600, 226, 90, 592, (62, 100), 24, 13, 6, 20, 138, (166, 204))
NARROW = Layout("narrow", 296, 190, 4, 292, (62, 116), 24, 13, 4, 16, 168, (), "above")


@dataclass(frozen=True)
class Bar:
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
class Mark:
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
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
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


@dataclass(frozen=True)
class Scale:
    """Turns moments into places.

    begins: The moment at the left.
    ends: The moment at the right.
    layout: The measures.
    """

    begins: datetime
    ends: datetime
    layout: Layout

    def x(self, moment: datetime) -> float:
        """Return where a moment stands: at an edge, if it lies outside."""
        share = (moment - self.begins) / (self.ends - self.begins)
        room = self.layout.right - self.layout.left
        return round(self.layout.left + room * min(max(share, 0), 1), 1)

    def shows(self, moment: datetime) -> bool:
        """Return whether a moment lies inside."""
        return self.begins <= moment < self.ends


def strip_of(timeline: Timeline, id_: str) -> Drawing:
    """Return the small picture of a row of the table. Its only text are the numbers of the keys.

    id_: What its elements are called by; unique in the page.
    """
    scale = Scale(timeline.begins, timeline.ends, STRIP)
    names = [Label(4, y + 4, slot.value[-1], "middle", "name") for slot, y in zip(KeySlot, STRIP.lanes, strict=True)]
    return _drawing(timeline, scale, id_, names)


def axis_of(reach: Reach, now: datetime) -> tuple[Label, ...]:
    """Return the dates in the head of a table of strips, which all have this reach around `now`."""
    scale = Scale(*reach.around(now), STRIP)
    today = Label(scale.x(now), 12, "Now" if reach.length < SHORT else "Today", "middle", "name")
    return (today, *_dates(scale, 12, beside=today))


def picture_of(timeline: Timeline, id_: str, layout: Layout = WIDE, reach: Reach | None = None) -> Drawing:
    """Return the picture of one target's page.

    id_: What its elements are called by; unique in the page.
    layout: Its measures.
    reach: How far it looks; no farther than the timeline. None: as far.
    """
    begins, ends = reach.around(timeline.now) if reach else (timeline.begins, timeline.ends)
    scale = Scale(max(begins, timeline.begins), min(ends, timeline.ends), layout)
    now = Label(scale.x(timeline.now), layout.axis or 0, "now", "middle", "now")
    dates = _dates(scale, now.y, beside=now)
    labels = [*_names(layout), *_inside(timeline, scale), *_below(timeline, scale), *dates, now]
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


def _bars(timeline: Timeline, scale: Scale) -> Iterator[Bar]:
    for span, y in _in_lanes(timeline, scale.layout):
        x, ends = scale.x(span.begins), scale.x(span.ends)
        if ends > x:
            yield Bar(span.kind, x, y, round(ends - x, 1))


def _in_lanes(timeline: Timeline, layout: Layout) -> Iterator[tuple[Span, float]]:
    for slot, y in zip(KeySlot, layout.lanes, strict=True):
        for span in timeline.lanes[slot]:
            yield span, y


def _points(timeline: Timeline, scale: Scale) -> Iterator[Mark]:
    for one in timeline.points:
        drawn_at = _drawn_at(one, timeline)
        if scale.shows(drawn_at):
            yield Mark(one.kind, scale.x(drawn_at), _lane(one, scale.layout), one.doubtful)


def _drawn_at(point: Point, timeline: Timeline) -> datetime:
    """Return where a point is drawn: a deadline that is overdue is due now."""
    return max(point.falls_at, timeline.now) if point.planned else point.falls_at


def _lane(point: Point, layout: Layout) -> float:
    first, second = layout.lanes
    return {KeySlot.KEY1: first, KeySlot.KEY2: second, None: (first + second) / 2}[point.slot]


def _notices(timeline: Timeline, scale: Scale) -> Iterator[Mark]:
    if scale.layout.notices is None:
        return
    for one in timeline.notices:
        if scale.shows(one.falls_at):
            yield Mark("accepted" if one.accepted else "to-come", scale.x(one.falls_at), scale.layout.notices)


def _dates(scale: Scale, y: float, beside: Label) -> Iterator[Label]:
    """Yield the dates of the axis that have room in it, `beside` the label of the present moment."""
    length, layout = scale.ends - scale.begins, scale.layout
    for moment in dates_between(scale.begins, scale.ends, layout.ticks):
        label = Label(scale.x(moment), y, short(moment, length), "middle", "date")
        half = width_of(label, layout.size) / 2
        apart = half + width_of(beside, layout.size) / 2 + 8
        if layout.left <= label.x - half / 2 and label.x + half <= layout.width and abs(label.x - beside.x) >= apart:
            yield label


def _names(layout: Layout) -> Iterator[Label]:
    rows = [("Key 1", layout.lanes[0]), ("Key 2", layout.lanes[1])]
    rows += [("Announced", layout.notices)] if layout.notices is not None else []
    for text, y in rows:
        beside = layout.names == "beside"
        yield Label(0 if beside else layout.left, y + 4.5 if beside else y - layout.bar / 2 - 6, text, "start", "name")


def _inside(timeline: Timeline, scale: Scale) -> Iterator[Label]:
    """Yield what stands inside a bar: the longest words for which it has room beside the marks at its ends."""
    for span, y in _in_lanes(timeline, scale.layout):
        x, room = scale.x(span.begins) + 10, scale.x(span.ends) - scale.x(span.begins) - 20
        kind = "on-live" if span.kind is SpanKind.LIVE else "on-planned"
        fitting = [Label(x, y + 4.5, text, "start", kind) for text in _said_inside(span, timeline)]
        yield from [one for one in fitting if width_of(one, scale.layout.size) <= room][:1]


def _said_inside(span: Span, timeline: Timeline) -> Sequence[str]:
    """Return what a bar may say, the longest first."""
    visible = timeline.ends - timeline.begins
    if span.kind is SpanKind.LIVE:
        since = f"live since {short(span.begins, visible)}" if span.begins > timeline.begins else "live"
        return (since, "live")
    if span.kind is SpanKind.PLANNED and span.begins <= timeline.now:
        until = f"stays live until {short(span.ends, visible)}" if span.ends < timeline.ends else "stays live"
        return (until, "stays live", "live")
    return ("new value, live", "new") if span.kind is SpanKind.PLANNED else ()


def _below(timeline: Timeline, scale: Scale) -> list[Label]:
    """Return the labels below: first of points, the next ones before the past ones, then of warnings."""
    layout, length = scale.layout, timeline.ends - timeline.begins
    if not layout.labels:
        return []
    points = [one for one in timeline.points if not one.doubtful]
    points.sort(key=lambda one: (not one.planned, abs(one.falls_at - timeline.now)))
    wanted = [(_drawn_at(one, timeline), _name_of(one)) for one in points]
    wanted += [(one.falls_at, one.label) for one in timeline.notices if one.label and not one.accepted]
    pairs = [
        [Label(scale.x(moment), 0, words, "middle", kind) for words, kind in ((text, "what"), (dated, "date"))]
        for moment, text in wanted
        if scale.shows(moment) and (dated := short(moment, length))
    ]
    return placed([(what, date) for what, date in pairs], layout.labels, layout.left, layout.width, layout.size)


def _name_of(point: Point) -> str:
    key = point.slot.words if point.slot else ""
    return {
        PointKind.NEW_KEY: f"{key} becomes live" if point.planned else f"{key} published",
        PointKind.KEY_ENDS: f"{key} stops working" if point.planned else f"{key} ended",
        PointKind.KEYS_END: "all keys end",
        PointKind.HEALED: f"{key} healed",
    }[point.kind]
