"""A turn says which previous key it ended while that key was promised to work."""

import pytest

from lab.simulation.builders import a_publication, a_target, an_observation, mark, overlapping
from lab.simulation.dates import at, days, hours
from shared.decide.situation import Situation
from shared.decide.steps import Prove, Regenerate, Step, Wait, Withdraw
from shared.domain.keys import KeySlot
from shared.turns.ended_early import ended_early

LIVE, SPARE = KeySlot.KEY1, KeySlot.KEY2
UNTIL = at(day=3)
DURING = Situation(an_observation(a_publication(overlapping(until=UNTIL))), a_target(), UNTIL - hours(5))


def test_a_previous_key_that_ends_during_its_overlap_is_named_with_the_promise() -> None:
    said = ended_early(DURING, (Regenerate(SPARE), Prove(SPARE)))
    assert said == f"key 2 with fingerprint {mark('B')}, promised to work until {UNTIL.isoformat()}"


@pytest.mark.parametrize(
    "done",
    [(), (Prove(SPARE),), (Regenerate(LIVE),), (Wait(hours(5)), Regenerate(SPARE))],
    ids=["nothing was done", "nothing was regenerated", "the live key", "after the rest of the wait"],
)
def test_nothing_else_ends_early(done: tuple[Step, ...]) -> None:
    assert ended_early(DURING, done) is None


def test_a_wait_that_is_too_short_still_ends_the_key_early() -> None:
    assert ended_early(DURING, (Wait(hours(4)), Regenerate(SPARE)))


@pytest.mark.parametrize(
    "situation",
    [
        Situation(DURING.seen, DURING.target, UNTIL),
        Situation(an_observation(None), DURING.target, UNTIL - days(1)),
        Situation(an_observation(a_publication(overlapping(until=UNTIL)), key2="C"), DURING.target, UNTIL - days(1)),
    ],
    ids=["the overlap is over", "nothing is published", "the previous key has ended already"],
)
def test_a_key_that_nobody_is_promised_does_not_end_early(situation: Situation) -> None:
    assert ended_early(situation, (Regenerate(SPARE),)) is None


def test_an_account_whose_keys_are_off_shows_no_keys_and_none_ends_early() -> None:
    off = an_observation(a_publication(overlapping(until=UNTIL)), key_auth=False, keys={})
    assert ended_early(Situation(off, DURING.target, UNTIL - days(1)), (Withdraw(),)) is None
