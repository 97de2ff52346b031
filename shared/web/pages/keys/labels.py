"""Texts in a picture, placed so that none covers another. What has no room is left out: the list below says it too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

_LETTER = 0.58  # the width of a character as a share of the height of the text, on the large side
_GAP = 8.0
_LINE = 1.25  # the distance between the two lines of a label, as a share of the height of the text


@dataclass(frozen=True)
class Label:
    """One text.

    x: Where it stands, as `anchor` says.
    y: The line on which it stands.
    text: What it says.
    anchor: Whether `x` is its start, its middle or its end.
    kind: What it is, for the style: name, date, what, now, on-live or on-planned.
    """

    x: float
    y: float
    text: str
    anchor: str
    kind: str


def width_of(label: Label, size: float) -> float:
    """Return about how wide a label is, if its text is so high. Fonts differ, so it is rather too wide."""
    return len(label.text) * size * _LETTER


def placed(
    pairs: Iterable[tuple[Label, Label]], rows: Sequence[float], left: float, right: float, size: float
) -> list[Label]:
    """Return those labels that have room, each with its date below it.

    pairs: What happens, and its date, with the most important ones first.
    rows: Where the first line of each row of labels stands. A label without room in one row goes to the next.
    left, right: The edges, inside of which labels are moved.
    size: The height of the text.
    """
    taken: dict[float, list[tuple[float, float]]] = {row: [] for row in rows}
    found: list[Label] = []
    for what, date in pairs:
        wide = max(width_of(what, size), width_of(date, size))
        x = min(max(what.x, left + wide / 2), right - wide / 2)
        here = (x - wide / 2 - _GAP / 2, x + wide / 2 + _GAP / 2)
        row = next((one for one in rows if all(_apart(here, other) for other in taken[one])), None)
        if row is not None:
            taken[row].append(here)
            found += [replace(what, x=round(x, 1), y=row), replace(date, x=round(x, 1), y=row + size * _LINE)]
    return found


def _apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] <= other[0] or other[1] <= one[0]
