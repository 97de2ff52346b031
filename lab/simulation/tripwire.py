"""The key tripwire: it fails a test in which a key, or a part of one, appears in any text (P7).

Every key of a test is registered with `plant`, and every text that a person could read is given to `hear`. At the end
of the test `check` searches the texts for whole keys and for parts of eight characters or more, as they are, URL-quoted
and in base64. The first keys of every emulated account are recognisable and contain characters that a URL must quote;
later ones are random.
"""

import base64
import traceback
from collections.abc import Iterable, Iterator
from itertools import count
from urllib.parse import quote

import pytest

PART = 8
_numbers = count(1)


def planted_key() -> str:
    """Return a new recognisable key: a fixed word, a number, and characters that URLs and base64 change."""
    number = next(_numbers)
    return f"PLANTEDkey{number:06d}/9Zq+Wv7xKf3Lr5Tb{number * 7919:08d}Hs2Mn8Jd4Pc6Gy=xQ1Ew0Ru"


class KeyLeaked(AssertionError):
    """A key, or a part of one, was found in a text."""


class Tripwire:
    """The keys and the texts of one test."""

    def __init__(self) -> None:
        self.planted: set[str] = set()
        self.heard: set[str] = set()

    def plant(self, *values: str) -> None:
        """Register keys to search for."""
        self.planted.update(values)

    def hear(self, *things: object) -> None:
        """Add texts to be searched. Of an exception the whole traceback is added, with its causes."""
        for thing in things:
            if isinstance(thing, BaseException):
                self.heard.update(traceback.format_exception(thing))
            else:
                self.heard.add(str(thing))

    def check(self) -> None:
        """Raise KeyLeaked if a text contains a part of a key. The message gives lengths only."""
        parts = {part for value in self.planted for form in _forms(value) for part in _parts(form)}
        for text in self.heard:
            found = parts.intersection(_parts(text))
            if found:
                raise KeyLeaked(f"{len(found)} parts of a planted key in a text of {len(text)} characters")


def _forms(value: str) -> Iterator[str]:
    """Yield the key as it is, quoted for a URL, and in base64 at each of the three alignments."""
    yield value
    if quote(value, safe="") != value:
        yield quote(value, safe="")
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + value.encode()).decode()
        yield whole[4 : 4 * (len(whole) // 4 - 1)]
        yield whole[4 : 4 * (len(whole) // 4 - 1)].translate(str.maketrans("+/", "-_"))


def _parts(text: str) -> Iterable[str]:
    return {text[start : start + PART] for start in range(len(text) - PART + 1)}


wire = Tripwire()


@pytest.fixture(autouse=True)
def no_key_is_ever_shown(caplog: pytest.LogCaptureFixture) -> Iterator[Tripwire]:
    """Collect all log records of a test, then search every collected text for its keys."""
    wire.planted.clear()
    wire.heard.clear()
    with caplog.at_level("DEBUG"):
        yield wire
    for record in caplog.get_records("call"):
        wire.hear(record.getMessage(), repr(record.args))
        if record.exc_info and record.exc_info[1]:
            wire.hear(record.exc_info[1])
    wire.check()
