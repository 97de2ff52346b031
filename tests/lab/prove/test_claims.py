"""The short form of the proof about claims, and checks that it finds planted mistakes.

`python -m lab.prove.claims` plays all cases.
"""

from itertools import islice

import pytest

from lab.prove.claims.case import Asked, Asks, Forged, Who, cases
from lab.prove.claims.explore import explore
from lab.prove.claims.planted_mistakes import MISTAKES

pytestmark = pytest.mark.no_cover  # coverage would double its time, and other tests cover the same lines

SOME = 13  # and no number that what is asked repeats itself with
FEW = tuple(one for one in cases() if one.templates and one.explicit is Who.NOBODY and one.name == "key")


def test_no_clash_of_names_and_tags_breaks_a_promise() -> None:
    figures = explore(islice(cases(), 0, None, SOME))
    assert not figures.violations
    assert figures.cases > 300


def test_the_cases_are_all_different_and_contain_everything() -> None:
    every = list(cases())
    assert len(set(every)) == len(every) > 4000
    for kind, fact in ((Who, "first"), (Who, "explicit"), (Asks, "asks"), (Forged, "forged"), (Asked, "asked")):
        assert {getattr(one, fact) for one in islice(every, 0, None, SOME)} == set(kind)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_proof_finds_a_planted_mistake(name: str) -> None:
    mistake = MISTAKES[name]
    with mistake.plant():
        figures = explore(cases(), until=mistake.broken)
    assert [one for one in figures.violations if one.broken.startswith(mistake.broken)], figures
