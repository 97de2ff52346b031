"""The short form of the exploration of trials, and checks that the explorer finds planted mistakes.

`python -m lab.prove.trials` is the long form. Here most lives have no fault, and one has a fault but nobody who acts.
"""

from dataclasses import replace

import pytest

from lab.prove.trials import explore
from lab.prove.trials.lives import lives
from lab.prove.trials.planted_mistakes import MISTAKES, PlantedMistake, life_of

pytestmark = pytest.mark.no_cover  # coverage would double its time, and other tests cover the same lines

LIVES = {life.name: life for life in lives()}
LEAK = LIVES["a leak in a trial"].requests["the live key leaked"]
LONG = ("a hold", "others switch keys off", "both keys leak in a trial")


@pytest.mark.parametrize("life", [life for life in lives() if life.name not in LONG], ids=lambda life: life.name)
def test_no_history_without_a_fault_breaks_a_promise(life):
    figures = explore(0, [life])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 15


def test_no_trial_with_one_fault_breaks_a_promise():
    figures = explore(1, [replace(LIVES["a leak in a trial"], acts={}, requests={"the live key leaked": LEAK})])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 100


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=list(MISTAKES))
def test_the_explorer_finds_a_planted_mistake(mistake: PlantedMistake):
    with mistake.plant():
        figures = explore(mistake.faults, [life_of(mistake)])
    assert [one.broken for one in figures.violations if one.broken.startswith(mistake.broken)]
