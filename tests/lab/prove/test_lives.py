"""The short form of the long random lives, and that they would notice."""

import pytest
from hypothesis import HealthCheck, settings

import shared.decide.policies
import shared.decide.request_policies
from lab.prove.lives.life import Life
from lab.prove.lives.machine import Lives
from lab.prove.lives.soak import live, soak
from lab.simulation.witness import PromiseBroken
from shared.decide.steps import Mark, Prove, Regenerate

Lives.TestCase.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHistoriesThatHypothesisMakesUp = Lives.TestCase


def test_no_seeded_life_breaks_a_promise() -> None:
    said: list[str] = []
    figures = soak(6, say=said.append)
    assert figures.broken == (), said
    assert figures.looks > 1000


def test_a_life_is_eventful() -> None:
    life, error = live(7, 150, 3)
    assert error is None
    assert len(life.stage.events("KeyRotated")) > 3
    assert len(life.stage.events("KeyRetired")) > 3
    assert {action.what for action in life.history} >= {"pass", "tick", "turn", "portal", "grid", "arm", "deployed"}


def test_the_same_seed_lives_the_same_life() -> None:
    assert live(3, 60, 2)[0].history == live(3, 60, 2)[0].history


def broken_within(seeds: int) -> bool:
    return any(isinstance(live(seed, 150, 2)[1], PromiseBroken) for seed in range(1, seeds + 1))


def test_a_plan_that_regenerates_the_live_slot_does_not_live_long(monkeypatch: pytest.MonkeyPatch) -> None:
    real = shared.decide.policies.fresh_spare
    monkeypatch.setattr(
        shared.decide.policies,
        "fresh_spare",
        lambda at, *more, **words: (Regenerate(at.live), *real(at, *more, **words)),
    )
    assert broken_within(5)


def test_a_retirement_that_does_not_wait_for_its_announcement_does_not_live_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared.decide.policies, "_held_by_previous_key", lambda _: None)
    assert broken_within(5)


def test_a_leak_that_ends_nothing_does_not_live_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.decide.policies, "end_leaked_key", lambda _: ())
    monkeypatch.setattr(shared.decide.request_policies, "end_leaked_key", lambda _: ())
    assert broken_within(5)


def test_a_wish_that_is_answered_and_not_noted_does_not_live_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.decide.request_policies, "_record", lambda at, _: Mark(at.live, at.marks))
    assert broken_within(5)


def test_a_key_that_is_not_proven_is_not_missed_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without proof nothing breaks while keys are valid at once; with a lag the consumers notice."""
    real = shared.decide.policies.fresh_spare

    def unproven(at, *more, **words):
        return tuple(step for step in real(at, *more, **words) if not isinstance(step, Prove))

    monkeypatch.setattr(shared.decide.policies, "fresh_spare", unproven)
    monkeypatch.setattr(shared.decide.request_policies, "fresh_spare", unproven)

    class Lagging(Life):
        def __init__(self, targets: int = 3) -> None:
            super().__init__(targets)
            for account in self.stage.world.accounts:
                account.lag.new_after = 30.0

    monkeypatch.setattr("lab.prove.lives.soak.Life", Lagging)
    assert broken_within(5)
