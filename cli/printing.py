"""Plain columns, times and lines for a terminal. Text from a tag or an answer becomes one printable line.

What is written to a file or a pipe is encoded as the system asks: on Windows often in a code page that has few
characters. A character that it does not have is written as an escape, such as `\\u0141`.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from shared.domain.text import plain

NOTHING = "-"  # an empty cell of a table


def line(text: object) -> str:
    """Return the text on one line, without control characters, which could steer a terminal."""
    return plain(str(text))


def moment(when: datetime | None) -> str:
    """Return a time in UTC to the minute, such as `2027-01-31 09:00Z`, or a dash for None."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M}Z" if when else NOTHING


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return columns under their heads, two spaces apart. The last column is not padded."""
    cells = [[line(cell) or NOTHING for cell in row] for row in rows]
    whole = [list(heads), *cells]
    widths = [max(len(row[place]) for row in whole) for place in range(len(heads) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in whole
    )


def lines(*texts: str) -> str:
    """Return the texts that are not empty, one below the other."""
    return "\n".join(text for text in texts if text)


def accept_every_character() -> None:
    """Let standard output and standard error write any text, whatever their encoding. Neither raises for one then."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_file(content: bytes) -> None:
    """Write the bytes of a file to standard output as they are: in no other encoding and with no other line ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()
