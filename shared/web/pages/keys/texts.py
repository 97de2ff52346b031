"""The texts of a timeline's picture: the dates of its axis, and the words in and below its bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.web.pages.keys.labels import Label, placed, width_of
from shared.web.pages.keys.layout import NARROW_AXIS, STRIP, Layout, Scale, drawn_at, in_lanes
from shared.web.pages.keys.reach import SHORT, TimeReach, dates_between, short
from shared.web.pages.keys.spans import Span, SpanKind
from shared.web.pages.keys.timeline import Point, PointKind, Timeline


def axis_of(reach: TimeReach, now: datetime) -> tuple[tuple[Label, ...], ...]:
    """Return the dates in the head of a table of strips, which all have this reach around `now`: for a wide column, and
    for a narrow one, which has larger letters and fewer dates."""
    return tuple(_axis(Scale(*reach.around(now), layout), now) for layout in (STRIP, NARROW_AXIS))


def _axis(scale: Scale, now: datetime) -> tuple[Label, ...]:
    length = scale.ends - scale.begins
    today = Label(scale.x(now), 13, "Now" if length < SHORT else "Today", "middle", "name")
    return (today, *dates(scale, 13, beside=today))


def dates(scale: Scale, y: float, beside: Label) -> Iterator[Label]:
    """Yield the dates of the axis that have room in it, `beside` the label of the present moment."""
    length, layout = scale.ends - scale.begins, scale.layout
    for moment in dates_between(scale.begins, scale.ends, layout.ticks):
        label = Label(scale.x(moment), y, short(moment, length), "middle", "date")
        half = width_of(label, layout.size) / 2
        apart = half + width_of(beside, layout.size) / 2 + 8
        if layout.left <= label.x - half / 2 and label.x + half <= layout.width and abs(label.x - beside.x) >= apart:
            yield label


def names(layout: Layout) -> Iterator[Label]:
    """Yield the names of the lanes."""
    rows = [("Key 1", layout.lanes[0]), ("Key 2", layout.lanes[1])]
    rows += [("Announced", layout.notices)] if layout.notices is not None else []
    for text, y in rows:
        beside = layout.names == "beside"
        yield Label(0 if beside else layout.left, y + 4.5 if beside else y - layout.bar / 2 - 6, text, "start", "name")


def inside(timeline: Timeline, scale: Scale) -> Iterator[Label]:
    """Yield what stands inside a bar: the longest words for which it has room beside the marks at its ends."""
    for span, y in in_lanes(timeline, scale.layout):
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


def below(timeline: Timeline, scale: Scale) -> list[Label]:
    """Return the labels below: first of points, the next ones before the past ones, then of warnings."""
    layout, length = scale.layout, timeline.ends - timeline.begins
    if not layout.labels:
        return []
    points = [one for one in timeline.points if not one.doubtful]
    points.sort(key=lambda one: (not one.planned, abs(one.falls_at - timeline.now)))
    wanted = [(drawn_at(one, timeline), _name_of(one)) for one in points]
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
        PointKind.TRIAL: "keys off, a trial",
        PointKind.HEALED: f"{key} healed",
    }[point.kind]
