"""Plain columns and plain times. Whatever came from a tag or an answer is one printable line here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shared.domain.text import plain

NOTHING = "-"


def line(text: object) -> str:
    """The text without anything that could steer a terminal."""
    return plain(str(text))


def moment(when: datetime | None) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}Z" if when else NOTHING


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their heads, two spaces apart; the last is as long as it is."""
    cells = [[line(cell) or NOTHING for cell in row] for row in rows]
    whole = [list(heads), *cells]
    widths = [max(len(row[place]) for row in whole) for place in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in whole
    )


def lines(*texts: str) -> str:
    """The texts that are not empty, one under the other."""
    return "\n".join(text for text in texts if text)
