"""The short form of the proof about claims, and checks that it finds planted mistakes.

`python -m lab.prove.claims` plays all cases.
"""

import pytest

from lab.prove.claims.case import Asked, Asks, Forged, Who, cases, spread
from lab.prove.claims.explore import explore
from lab.prove.claims.planted_mistakes import MISTAKES

pytestmark = pytest.mark.no_cover  # coverage would double its time, and other tests cover the same lines

SPREAD = spread(23)
SOME = SPREAD[:350]


def test_no_clash_of_names_and_tags_breaks_a_promise() -> None:
    figures = explore(SOME)
    assert not figures.violations
    assert figures.cases == len(SOME)


def test_the_cases_are_all_different_and_some_of_them_contain_everything() -> None:
    every = list(cases())
    assert set(every) == set(SPREAD)
    assert len(set(every)) == len(every) > 4000
    for kind, fact in ((Who, "first"), (Who, "explicit"), (Asks, "asks"), (Forged, "forged"), (Asked, "asked")):
        assert {getattr(one, fact) for one in SOME} == set(kind)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_proof_finds_a_planted_mistake(name: str) -> None:
    mistake = MISTAKES[name]
    with mistake.plant():
        figures = explore(filter(mistake.where, SPREAD), until=mistake.broken)
    assert [one for one in figures.violations if one.broken.startswith(mistake.broken)], figures
