"""Pictures of pages for the docs: small files with 256 colours, which is enough for flat surfaces and text."""

import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from itertools import batched

from tests.tools.browser.chromium import ROOT

PICTURES = ROOT / "docs" / "pictures"
OTHERS = ROOT / ".run" / "pictures"
MOST_BYTES = 150_000
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256
type _Colour = tuple[int, int, int]


def wanted() -> bool:
    """Return whether the pictures in the docs are to be written again."""
    return os.environ.get("PICTURES", "") not in ("", "0")


def keep(name: str, screenshot: bytes, *, in_docs: bool) -> None:
    """Write a screenshot: into the docs as a small file, or as it is to where it can be looked at."""
    folder = PICTURES if in_docs else OTHERS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(small(screenshot) if in_docs else screenshot)


def small(png: bytes) -> bytes:
    """Return a picture with at most 256 colours: the most frequent ones, and for each other one the nearest of them.

    png: A PNG with 8 bits for each colour and no palette, as Chromium makes it. Raises ValueError for any other.
    """
    width, rows = _pixels(png)
    counted = Counter(pixel for row in rows for pixel in batched(row, 3, strict=True))
    palette = [colour for colour, _ in counted.most_common(_COLOURS)]
    number = {colour: place for place, colour in enumerate(palette)}
    for colour in counted:
        number.setdefault(colour, min(range(len(palette)), key=lambda one: _distance(palette[one], colour)))
    lines = b"".join(b"\0" + bytes(number[pixel] for pixel in batched(row, 3, strict=True)) for row in rows)
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 3, 0, 0, 0)
    colours = bytes(part for colour in palette for part in colour)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _pixels(png: bytes) -> tuple[int, list[bytes]]:
    """Return the width and the rows, each with red, green and blue of every pixel."""
    chunks = list(_chunks(png))
    width, height, bits, kind, *_ = struct.unpack(">IIBBBBB", chunks[0][1])
    size = {2: 3, 6: 4}.get(kind)
    if size is None or bits != 8:
        raise ValueError(f"a PNG of kind {kind} with {bits} bits is not read here")
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    rows, above, length = [], bytes(width * size), width * size
    for start in range(0, height * (length + 1), length + 1):
        above = _unfiltered(data[start], data[start + 1 : start + 1 + length], above, size)
        rows.append(above if size == 3 else bytes(one for place, one in enumerate(above) if place % 4 != 3))
    return width, rows


def _unfiltered(kind: int, line: bytes, above: bytes, size: int) -> bytes:
    """Return a row as it was before it was filtered (PNG specification, "Filter types")."""
    if kind == 0:
        return line
    row = bytearray(line)
    for place, value in enumerate(line):
        left = row[place - size] if place >= size else 0
        corner = above[place - size] if place >= size else 0
        row[place] = (value + _predicted(kind, left, above[place], corner)) & 255
    return bytes(row)


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind != 4:
        return (0, left, up, (left + up) // 2)[kind]
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))  # the first one where two are equally near


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _distance(one: _Colour, other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
