"""Every history of a small world with one fault, in its short form; and proof that the explorer would have noticed.

`python -m lab.prove.histories` is the long form. Here the rhythm is shorter (three days, one of them overlap), so that
there are fewer moments at which things can happen, and with one fault less is asked for.
"""

import itertools
from dataclasses import replace

import pytest

from lab.prove.histories import explore
from lab.prove.histories.canonical import canonical
from lab.prove.histories.explorer import Explorer
from lab.prove.histories.lives import LEAK, SHORT, UNPUBLISHED, Life, ending, lives
from lab.prove.histories.mutants import MUTANTS
from lab.prove.histories.state import State, later
from lab.prove.histories.undisturbed import undisturbed

PUBLISH, ROTATE, SUNSET, ARMED, ALWAYS = lives(SHORT)
LIVES = {life.name: life for life in (*lives(SHORT), ending())}


def with_requests(life: Life, *names: str) -> Life:
    """The life with a plain beginning, in which only these are asked for."""
    begins = {"nothing is published": UNPUBLISHED}
    return replace(life, begins=begins, requests={name: life.requests[name] for name in names})


@pytest.mark.parametrize(
    "life",
    [
        with_requests(PUBLISH, "rotate", LEAK),
        with_requests(ROTATE, "rotate", LEAK),
        with_requests(ALWAYS, "a deployment went live"),
    ],
    ids=lambda life: life.name,
)
def test_no_history_with_one_fault_breaks_a_promise(life: Life):
    figures = explore(1, [life])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 500
    assert figures.longest_to_rest <= 2


def test_no_history_of_the_way_out_of_keys_breaks_a_promise_with_two_faults():
    figures = explore(2, [ending()])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 3000


def test_no_undisturbed_history_breaks_a_promise_in_the_longer_rhythm_or_on_the_way_out_of_keys():
    figures = explore(0, [*lives()[:2], SUNSET, ARMED, ALWAYS])
    assert not figures.violations
    assert figures.complete
    assert figures.longest_to_rest == 1


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_mistake_is_found(name: str):
    mutant = MUTANTS[name]
    with mutant.plant():
        figures = explore(mutant.faults, [LIVES[mutant.life]], seconds=60)
    assert [one for one in figures.violations if one.broken.startswith(mutant.promise)], figures
    assert all(len(one.history) >= 2 for one in figures.violations)


def states_of(life: Life, every: int) -> list[State]:
    explorer = Explorer(life, 0)
    explorer.explore()
    return list(itertools.islice(explorer.found, 0, None, every))


@pytest.mark.parametrize("life", [PUBLISH, SUNSET, ARMED], ids=lambda life: life.name)
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


def test_a_state_that_a_fault_reaches_first_is_still_looked_at_with_all_that_is_left():
    explorer = Explorer(PUBLISH, 1)
    state, levels = next(iter(PUBLISH.begins.values())), [[], []]
    explorer._reach(state, None, "a fault", 1, levels)
    explorer._reach(state, None, "nothing went wrong", 0, levels)
    explorer._reach(state, None, "a fault once more", 1, levels)
    assert [len(level) for level in levels] == [1, 1]
    assert explorer._history(canonical(state, SHORT)) == ["nothing went wrong"]


def test_the_slots_are_alike():
    """What is done to a target whose live key is key 1 is done to its mirror image as well."""
    for state in states_of(PUBLISH, every=3):
        version = state.version
        if version is None or version.slot is None or state.marks is None or state.marks.told.carried_over:
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
