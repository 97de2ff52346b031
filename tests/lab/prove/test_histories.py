"""The short form of the exploration of histories, and checks that the explorer finds planted mistakes.

`python -m lab.prove.histories` is the long form. Here the cadence is shorter (a period of three days with one day of
overlap), so there are fewer moments at which anything changes, and lives with one fault have fewer kinds of requests.
"""

import itertools
from dataclasses import replace

import pytest

from lab.prove.histories import explore
from lab.prove.histories.canonical import canonical
from lab.prove.histories.explorer import Explorer
from lab.prove.histories.lives import (
    LEAK,
    SHORT,
    UNPUBLISHED,
    Life,
    bad_days,
    calm_writer,
    ending,
    keys_back,
    lives,
    no_identity,
)
from lab.prove.histories.planted_mistakes import MISTAKES
from lab.prove.histories.state import State, later
from lab.prove.histories.undisturbed import undisturbed

pytestmark = pytest.mark.no_cover  # coverage would double its time, and other tests cover the same lines

PUBLISH, ROTATE, SUNSET, ARMED, ALWAYS = lives(SHORT)
LIVES = {life.name: life for life in (*lives(SHORT), ending(), calm_writer(), *bad_days(), *keys_back(), no_identity())}


def with_requests(life: Life, *names: str) -> Life:
    """Return the life with one beginning and only these requests."""
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


@pytest.mark.timeout(600)  # the longest of its kind; another load on the machine must not fail it
def test_no_history_with_a_sunset_and_two_faults_breaks_a_promise():
    figures = explore(2, [ending()])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 3000


def test_no_history_in_which_keys_are_switched_on_again_breaks_a_promise():
    figures = explore(0, [replace(keys_back()[0], requests={})])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 2000


def test_no_history_with_a_sunset_of_an_account_that_takes_an_identity_only_at_times_breaks_a_promise():
    figures = explore(0, [no_identity()])
    assert not figures.violations
    assert figures.complete
    assert figures.states > 150


def test_no_history_without_faults_breaks_a_promise_in_any_life():
    figures = explore(0, [*lives()[:2], SUNSET, ARMED, ALWAYS])
    assert not figures.violations
    assert figures.complete
    assert figures.longest_to_rest == 1


@pytest.mark.parametrize("life", bad_days(), ids=lambda life: life.name)
def test_no_bad_day_breaks_a_promise(life: Life):
    requests = life.requests if life.late or life.refusals else {}
    shorter = replace(life, requests=requests, refusals=life.refusals[-1:], calm=not life.late)
    figures = explore(0 if life.late else 1, [shorter])
    assert not figures.violations
    assert figures.complete
    assert figures.states > (30 if life.late else 80)


@pytest.mark.parametrize("name", MISTAKES)
def test_the_explorer_finds_a_planted_mistake(name: str):
    mistake = MISTAKES[name]
    with mistake.plant():
        figures = explore(mistake.faults, [LIVES[mistake.life]], seconds=60)
    assert [one for one in figures.violations if one.broken.startswith(mistake.promise)], figures
    assert all(len(one.history) >= 2 for one in figures.violations)


def states_of(life: Life, every: int) -> list[State]:
    explorer = Explorer(life, 0)
    explorer.explore()
    return list(itertools.islice(explorer.found, 0, None, every))


@pytest.mark.parametrize("life", [PUBLISH, SUNSET, ARMED], ids=lambda life: life.name)
def test_a_turn_leads_a_state_and_its_canonical_form_to_the_same_state(life: Life):
    """A wrong merge would hide histories."""
    for state in states_of(life, every=3):
        for days in (1, 2, 5):
            raw = later(state, SHORT.overlap * days)
            merged = canonical(raw, SHORT)
            first, second = undisturbed(life, raw), undisturbed(life, merged)
            assert canonical(first.end, SHORT) == canonical(second.end, SHORT)
            assert first.outcome.reason == second.outcome.reason
            assert canonical(merged, SHORT) == merged


def test_a_state_that_was_reached_with_a_fault_first_is_explored_again_without_it():
    explorer = Explorer(PUBLISH, 1)
    state, levels = next(iter(PUBLISH.begins.values())), [[], []]
    explorer._reach(state, None, "a fault", 1, levels)
    explorer._reach(state, None, "nothing went wrong", 0, levels)
    explorer._reach(state, None, "a fault once more", 1, levels)
    assert [len(level) for level in levels] == [1, 1]
    assert explorer._history(canonical(state, SHORT)) == ["nothing went wrong"]


def test_a_turn_treats_both_slots_the_same_way():
    """Exchanging the slots before a turn or after it leads to the same state."""
    for state in states_of(PUBLISH, every=3):
        version = state.version
        if version is None or version.slot is None or state.marks is None or state.marks.told.carried_over:
            continue
        mirror = state._replace(
            keys=state.keys[::-1], key_facts=state.key_facts[::-1], version=version._replace(slot=version.slot.other)
        )
        first, second = undisturbed(PUBLISH, state), undisturbed(PUBLISH, mirror)
        assert canonical(first.end, SHORT) == canonical(second.end, SHORT)


def test_the_figures_say_whether_the_exploration_was_complete():
    lines: list[str] = []
    figures = explore(1, [PUBLISH], seconds=0, out=lines.append)
    assert not figures.complete
    assert "STOPPED" in str(figures)
    assert lines
    assert lines[0].startswith("adopt: publish with 1 faults at most")
