"""The measures of a timeline's picture, and where a moment stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.keys import KeySlot
from shared.web.pages.keys.spans import Span
from shared.web.pages.keys.timeline import Point, Timeline


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


STRIP = Layout("strip", 320, 34, 4, 316, (9, 25), 9, 11.5, 6)
NARROW_AXIS = replace(STRIP, size=16, ticks=4)
WIDE = Layout("wide", 1120, 226, 96, 1112, (62, 100), 24, 13.5, 10, 20, 138, (166, 204))
MIDDLE = Layout("middle", 600, 226, 90, 592, (62, 100), 24, 13, 6, 20, 138, (166, 204))
NARROW = Layout("narrow", 296, 190, 4, 292, (62, 116), 24, 13, 4, 16, 168, (), "above")


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


def in_lanes(timeline: Timeline, layout: Layout) -> Iterator[tuple[Span, float]]:
    """Yield every span with the middle of its lane."""
    for slot, y in zip(KeySlot, layout.lanes, strict=True):
        for span in timeline.lanes[slot]:
            yield span, y


def drawn_at(point: Point, timeline: Timeline) -> datetime:
    """Return where a point is drawn: a deadline that is overdue is due now."""
    return max(point.falls_at, timeline.now) if point.planned else point.falls_at
