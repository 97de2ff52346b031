"""Every history of a small world with one fault, in its short form; and proof that the explorer would have noticed.

`python -m prove.histories` is the long form. Here the rhythm is shorter (three days, one of them overlap), so that
there are fewer moments at which things can happen, and everything that can happen at them is tried all the same.
"""

import itertools

import pytest

from prove.histories import explore
from prove.histories.canonical import canonical
from prove.histories.explorer import Explorer
from prove.histories.lives import Life, lives, rhythm
from prove.histories.mutants import MUTANTS
from prove.histories.state import State, later
from prove.histories.undisturbed import undisturbed

SHORT = rhythm(3, 1, 1)
PUBLISH, ROTATE, SUNSET = lives(SHORT)


@pytest.mark.parametrize("life", [PUBLISH, ROTATE], ids=lambda life: life.name)
def test_no_history_with_one_fault_breaks_a_promise(life: Life):
    figures = explore(1, [life])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 1000
    assert figures.longest_to_rest <= 2


def test_no_undisturbed_history_breaks_a_promise_in_the_longer_rhythm_or_on_the_way_out_of_keys():
    figures = explore(0, [*lives()[:2], SUNSET])
    assert not figures.violations
    assert figures.complete
    assert figures.longest_to_rest == 1


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_found(name: str):
    plant, faults, promise = MUTANTS[name]
    with plant():
        figures = explore(faults, [PUBLISH], seconds=60)
    assert [one for one in figures.violations if one.broken.startswith(promise)], figures
    assert all(len(one.history) >= 2 for one in figures.violations)


def states_of(life: Life, every: int) -> list[State]:
    explorer = Explorer(life, 0)
    explorer.explore()
    return list(itertools.islice(explorer.found, 0, None, every))


@pytest.mark.parametrize("life", [PUBLISH, SUNSET], ids=lambda life: life.name)
def test_states_that_are_merged_have_the_same_future(life: Life):
    """A state some days on, as it is and in its canonical form, is led to the same state by a turn."""
    for state in states_of(life, every=3):
        for days in (1, 2, 5):
            raw = later(state, SHORT.overlap * days)
            merged = canonical(raw, SHORT)
            first, second = undisturbed(life, raw), undisturbed(life, merged)
            assert canonical(first.end, SHORT) == canonical(second.end, SHORT)
            assert first.outcome.reason == second.outcome.reason
            assert canonical(merged, SHORT) == merged


def test_the_slots_are_alike():
    """What is done to a target whose live key is key 1 is done to its mirror image as well."""
    for state in states_of(PUBLISH, every=3):
        version = state.version
        if version is None or version.slot is None or state.marks is None or state.marks.told.debts:
            continue
        mirror = state._replace(
            keys=state.keys[::-1], grips=state.grips[::-1], version=version._replace(slot=version.slot.other)
        )
        first, second = undisturbed(PUBLISH, state), undisturbed(PUBLISH, mirror)
        assert canonical(first.end, SHORT) == canonical(second.end, SHORT)


def test_the_figures_say_what_was_explored_and_whether_that_was_all():
    lines: list[str] = []
    figures = explore(1, [PUBLISH], seconds=0, out=lines.append)
    assert not figures.complete
    assert "STOPPED" in str(figures)
    assert lines
    assert lines[0].startswith("adopt: publish with 1 faults at most")
