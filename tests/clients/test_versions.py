"""The proof with many versions of openai, in its short form: the version that is installed here."""

import sys

import openai

from lab.prove.clients import EXPECTED
from lab.prove.clients.__main__ import probe, surprises


def test_each_way_to_use_the_key_works_from_the_version_that_the_readme_names() -> None:
    version, ways = probe(sys.executable)
    assert version == openai.__version__
    assert ways.keys() == EXPECTED.keys()
    assert surprises(version, ways) == []


def test_a_way_that_works_too_early_too_late_or_not_at_all_is_a_surprise() -> None:
    right = {name: "" if way.works_from <= (3, 4, 0) else "TypeError" for name, way in EXPECTED.items()}
    assert surprises("3.4.0", right) == []
    assert surprises("3.3.1", right) == ["callable_dated: works"]
    assert surprises("3.4.0", {**right, "following": "TypeError"}) == ["following: TypeError"]
    del right["no_key"]
    assert surprises("3.4.0", right) == ["no_key: not tried"]
