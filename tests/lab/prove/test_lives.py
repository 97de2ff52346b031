"""The short form of the long random lives, and checks that they find typical mistakes."""

import pytest
from hypothesis import HealthCheck, settings

import shared.decide.other_writers
import shared.decide.policies
import shared.decide.request_policies
from lab.prove.lives.bad_days import BAD_DAYS, FORGERS
from lab.prove.lives.life import Life
from lab.prove.lives.machine import Lives
from lab.prove.lives.soak import WITH_BAD_DAYS, WITH_SWITCHES, live, soak
from lab.simulation.witness import PromiseBroken
from shared.decide.steps import Mark, Prove, Regenerate
from shared.domain.keys import Fingerprint
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, Publication
from shared.domain.told import Told, ToldDeadline
from shared.turns.own_writes import OwnWrites

pytestmark = pytest.mark.no_cover  # coverage would double its time, and other tests cover the same lines

Lives.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLivesThatHypothesisChooses = Lives.TestCase


def test_no_seeded_life_breaks_a_promise() -> None:
    lines: list[str] = []
    figures = soak(6, say=lines.append)
    assert figures.broken == (), lines
    assert figures.checks > 1000


def test_no_seeded_life_with_bad_days_breaks_a_promise() -> None:
    lines: list[str] = []
    figures = soak(6, say=lines.append, weights=WITH_BAD_DAYS)
    assert figures.broken == (), lines
    assert figures.checks > 1000


def test_no_seeded_life_in_which_keys_are_switched_off_and_on_breaks_a_promise() -> None:
    lines: list[str] = []
    figures = soak(4, say=lines.append, weights=WITH_SWITCHES)
    assert figures.broken == (), lines
    assert figures.checks > 1000


def test_a_life_in_which_keys_are_switched_contains_returns() -> None:
    life, error = live(1, 150, 3, WITH_SWITCHES)
    assert error is None
    assert {event["type"] for event in life.stage.topic.events} >= {
        "KeyRotation.KeyAuthDisabled",
        "KeyRotation.KeyAuthEnabled",
    }


def test_a_life_with_bad_days_contains_all_that_makes_a_day_bad() -> None:
    happened = set()
    for seed in (7, 8, 9):
        life, error = live(seed, 150, 3, WITH_BAD_DAYS)
        assert error is None
        happened |= {action.what for action in life.history}
    assert happened >= BAD_DAYS.keys()


def broken_on_bad_days(seeds: int) -> bool:
    """Return whether a promise breaks. Without forgers, so that fewer lives contain what matters."""
    weights = {what: weight for what, weight in WITH_BAD_DAYS.items() if what not in FORGERS}
    return any(isinstance(live(seed, 150, 2, weights)[1], PromiseBroken) for seed in range(1, seeds + 1))


def test_lives_with_bad_days_find_a_turn_that_takes_its_own_write_for_somebody_else_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(OwnWrites, "are_newer_than", lambda *_: False)
    monkeypatch.setattr(OwnWrites, "added_to", lambda _, observed: observed)
    assert broken_on_bad_days(12)


def test_lives_with_bad_days_find_that_an_end_forgets_what_an_earlier_version_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(latest: Publication, value: Fingerprint, before: Marks, _target: Target, *, by_us: bool) -> Marks:
        told = Told(retirement=ToldDeadline(latest.created))
        return Marks(value, Origin.ROTATED, latest.created, before.live, latest.created, told=told)

    monkeypatch.setattr(shared.decide.other_writers, "_changed_places", short)
    assert broken_on_bad_days(12)


def test_a_life_contains_many_kinds_of_actions_and_rotations() -> None:
    life, error = live(7, 150, 3)
    assert error is None
    assert len(life.stage.events("KeyRotated")) > 3
    assert len(life.stage.events("KeyRetired")) > 3
    assert {action.what for action in life.history} >= {"pass", "tick", "turn", "portal", "grid", "arm", "deployed"}


def test_the_same_seed_gives_the_same_life() -> None:
    assert live(3, 60, 2)[0].history == live(3, 60, 2)[0].history


def broken_within(seeds: int) -> bool:
    return any(isinstance(live(seed, 150, 2)[1], PromiseBroken) for seed in range(1, seeds + 1))


def test_random_lives_find_a_plan_that_regenerates_the_live_key(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shared.decide.policies.fresh_spare
    monkeypatch.setattr(
        shared.decide.policies,
        "fresh_spare",
        lambda situation, *more, **words: (Regenerate(situation.live), *real(situation, *more, **words)),
    )
    assert broken_within(5)


def test_random_lives_find_a_retirement_that_does_not_wait_for_its_announcement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared.decide.policies, "_held_by_previous_key", lambda _: None)
    assert broken_within(5)


def test_random_lives_find_a_leak_that_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.decide.policies, "end_leaked_key", lambda _: ())
    monkeypatch.setattr(shared.decide.request_policies, "end_leaked_key", lambda _: ())
    assert broken_within(5)


def test_random_lives_find_a_request_that_is_answered_and_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        shared.decide.request_policies, "_record", lambda situation, _: Mark(situation.live, situation.marks)
    )
    assert broken_within(5)


def test_random_lives_find_a_key_that_is_published_without_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows only if new keys take time to become valid."""
    real = shared.decide.policies.fresh_spare

    def unproven(situation, *more, **words):
        return tuple(step for step in real(situation, *more, **words) if not isinstance(step, Prove))

    monkeypatch.setattr(shared.decide.policies, "fresh_spare", unproven)
    monkeypatch.setattr(shared.decide.request_policies, "fresh_spare", unproven)

    class Lagging(Life):
        def __init__(self, targets: int = 3) -> None:
            super().__init__(targets)
            for account in self.stage.world.accounts:
                account.lag.new_after = 30.0

    monkeypatch.setattr("lab.prove.lives.soak.Life", Lagging)
    assert broken_within(5)
