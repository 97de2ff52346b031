"""Everything that the application shows to the outside is compared with a recording, life by life and step by step.

Sentences are not compared, only data. `record.py` writes the recordings.
"""

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
    """Yield where two recordings differ: the path, the recorded value and the present one."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from differences(f"{path} / {name}", old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for number, pair in enumerate(zip_longest(old, new, fillvalue=ABSENT)):
            yield from differences(f"{path} / {number}", *pair)
    elif old != new:
        yield f"{path}:\n      recorded {str(old)[:200]}\n      now      {str(new)[:200]}"


def in_words(name: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """Return the first differences by step, and how to record again."""
    found = (
        line
        for was, now in zip_longest(old, new, fillvalue={})
        for line in differences(f"{(was or now)['at']} {(was or now)['step']}", was, now)
    )
    shown = "\n  ".join(islice(found, MOST_SHOWN))
    return (
        f"the life {name!r} is not as it was recorded in {file_of(name)}:\n  {shown}\n"
        f"Users see each of these differences, so the changelog must list it. If all of them are intended:\n"
        f"  python -m tests.recordings.record {name}"
    )


@pytest.mark.parametrize("name", LIVES)
def test_a_life_equals_its_recording(name: str):
    old, new = recorded(name), lived(name)
    if old != new:
        pytest.fail(in_words(name, old, new), pytrace=False)


def test_every_recording_belongs_to_a_life():
    assert {file.stem for file in file_of("any").parent.iterdir()} == set(LIVES)


def test_no_recording_contains_a_key():
    everything = "".join(file_of(name).read_text() for name in LIVES)
    assert not [number for number in range(MOST_KEYS) if key_number(number)[:12] in everything]
