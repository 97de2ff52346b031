"""Corruption of valid inputs: of their structure, their text and their bytes. A seed always gives the same input."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

ODD_TEXTS = (
    "", " ", "\x00", "\ud800", "é" * 300, "x" * 100_000, "../../etc", "%s%n{}", "<script>", "key1", "null", "-1",
    "1e999", "P0D", "PT", "P99999999999D", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00",
    "²", "\u202e", "\r\nX: y", "on",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (None, True, False, 0, -1, 1e308, 10**30, [], {}, [[]], {"a": {"b": []}}, "text", 3.5)


def corrupted(good: Any, chance: random.Random) -> Any:  # noqa: ANN401 - any JSON value
    """Return a copy of a JSON value that is corrupted in one to three places."""
    bad = copy.deepcopy(good)
    for _ in range(chance.randint(1, 3)):
        bad = _corrupt_once(bad, chance)
    return bad


def _corrupt_once(value: Any, chance: random.Random) -> Any:  # noqa: ANN401
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(list(value))
        match chance.randrange(4):
            case 0:
                del value[name]
            case 1:
                value[odd_text(chance)] = value[name]
            case _:
                value[name] = _corrupt_once(value[name], chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        value[place] = _corrupt_once(value[place], chance)
        return value
    if isinstance(value, str) and value and chance.random() < 0.5:
        return corrupted_text(value, chance)
    return copy.deepcopy(chance.choice([*ODD_VALUES, odd_text(chance)]))


def odd_text(chance: random.Random) -> str:
    """Return a text that readers tend to get wrong."""
    return chance.choice(ODD_TEXTS)


def corrupted_text(text: str, chance: random.Random) -> str:
    """Return the text with a piece removed, inserted or replaced."""
    place = chance.randrange(len(text) + 1)
    piece = chance.choice((odd_text(chance)[:40], chr(chance.randrange(1, 0x2FFF)), text[:place]))
    return text[:place] + chance.choice(("", piece)) + text[place + chance.randrange(3) :]


def corrupted_bytes(body: bytes, chance: random.Random) -> bytes:
    """Return the bytes: often unchanged, otherwise cut, doubled, nested or with one byte replaced."""
    match chance.randrange(8):
        case 0:
            return body[: chance.randrange(len(body) + 1)]
        case 1:
            return body + body
        case 2:
            place = chance.randrange(max(1, len(body)))
            return body[:place] + bytes([chance.randrange(256)]) + body[place + 1 :]
        case 3:
            return b"[" * chance.choice((10, 200_000)) + body
    return body


def as_json(value: Any) -> bytes:  # noqa: ANN401
    """Return a value as JSON in bytes."""
    return json.dumps(value).encode()
