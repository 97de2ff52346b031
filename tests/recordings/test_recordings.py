"""What the application says to the outside is what was recorded, life by life and step by step."""

from collections.abc import Iterator
from itertools import islice, zip_longest
from typing import Any

import pytest

from tests.recordings.azure import MOST_KEYS, key_number
from tests.recordings.lives import LIVES
from tests.recordings.record import file_of, lived, recorded

MOST_SHOWN = 20
ABSENT = "(absent)"


def differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Where two recordings differ, each place with what stood there and what came instead."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from differences(f"{path} / {name}", old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for number, pair in enumerate(zip_longest(old, new, fillvalue=ABSENT)):
            yield from differences(f"{path} / {number}", *pair)
    elif old != new:
        yield f"{path}:\n      recorded {str(old)[:200]}\n      now      {str(new)[:200]}"


def in_words(name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """The first differences by life and step, and how to record again."""
    found = (
        line
        for was, now in zip_longest(old, new, fillvalue={})
        for line in differences(f"{(was or now)['at']} {(was or now)['step']}", was, now)
    )
    shown = "\n  ".join(islice(found, MOST_SHOWN))
    return (
        f"the life {name!r} is not as it was recorded in {file_of(name)}:\n  {shown}\n"
        f"Every difference is one that the outside sees, and must stand in the changelog. If all of them are meant:\n"
        f"  python -m tests.recordings.record {name}"
    )


@pytest.mark.parametrize("name", LIVES)
def test_a_life_is_as_it_was_recorded(name: str):
    old, new = recorded(name), lived(name)
    if old != new:
        pytest.fail(in_words(name, old, new), pytrace=False)


def test_every_recording_is_of_a_life_that_is_lived():
    assert {file.stem for file in file_of("any").parent.iterdir()} == set(LIVES)


def test_no_recording_shows_a_key():
    everything = "".join(file_of(name).read_text() for name in LIVES)
    assert not [number for number in range(MOST_KEYS) if key_number(number)[:12] in everything]
