"""Text from outside is put on one line, and anything that looks like a key is removed."""

from lab.simulation.tripwire import planted_key
from shared.domain.text import plain, without_keys


def test_without_keys_removes_only_what_looks_like_a_key():
    assert without_keys(f"was {planted_key()} here") == "was (left out) here"
    assert without_keys("key1 of chat") == "key1 of chat"


def test_plain_replaces_line_breaks_and_removes_spaces_at_the_ends():
    assert plain(" one\ntwo\t") == "one two"
