"""First rotations of adopted accounts, played: when they come, what is announced for them, and what must never happen.

The account called search has a first period of 28 days, 16 hours, 47 minutes and 17 seconds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lab.simulation import vault
from lab.simulation.builders import a_target, wants_rotation
from lab.simulation.dates import START, at, days, hours
from lab.simulation.stage import TICK, Stage
from lab.simulation.witness import PromiseBroken
from shared.decide import cadence, policies
from shared.domain.model import Adopt, Target
from shared.domain.publication import Marks
from shared.domain.scheduled import scheduled_at
from shared.turns import perform

FIRST = START + timedelta(days=28, hours=16, minutes=47, seconds=17)
WHOLE = at(day=30)


async def adopted(*names: str, **facts: Any) -> Stage:
    """Return a stage on which these accounts were just adopted, all in one check."""
    stage = Stage([a_target(name, **facts) for name in names or ("search",)])
    await stage.tick()
    return stage


def deadlines_of(stage: Stage, kind: str) -> set[str]:
    return {event["data"]["deadline"] for event in stage.events(kind)}


@contextmanager
def scheduling(when: Callable[..., datetime]) -> Iterator[None]:
    """Let the app compute another moment, everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (cadence, policies, perform, vault):
            patch.setattr(module, "scheduled_at", when)
        yield


@contextmanager
def an_earlier_release() -> Iterator[None]:
    """Let the app do what releases before this rule do: every rotation comes after a whole period."""

    def whole(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
        return marks.since + target.cadence.period

    with scheduling(whole), pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "first_period", lambda target: target.cadence.period)
        yield


async def test_everything_names_the_moment_of_the_first_rotation_and_the_later_ones_come_a_period_after_it():
    stage = await adopted()
    assert stage.versions[-1].expires == int(FIRST.timestamp())
    first = "2026-03-31T01:47:17Z"
    await stage.until(FIRST - TICK)
    assert len(stage.versions) == 1
    assert deadlines_of(stage, "RotationAnnounced") == deadlines_of(stage, "RetirementAnnounced") == {first}
    assert [event["data"].get("leadTime") for event in stage.events("RotationAnnounced")] == ["P14D", "P7D", "P1D"]
    await stage.until(FIRST)
    assert len(stage.versions) == 2
    assert stage.versions[-1].expires == int((FIRST + days(30)).timestamp())
    await stage.until(FIRST + days(30) - TICK)
    assert len(stage.versions) == 2
    await stage.until(FIRST + days(30))
    assert len(stage.versions) == 3
    await stage.rest()
    await stage.must_be_at_rest()


async def test_accounts_that_were_adopted_in_one_check_stay_apart_in_every_round():
    names = [f"account-{number}" for number in range(6)]
    stage = await adopted(*names)
    await stage.until(at(day=62))
    created = [[one.created for one in stage.vault.secrets[f"{name}-key"].versions[1:]] for name in names]
    assert all(len(one) == 2 for one in created), created
    for round_ in zip(*created, strict=True):
        assert len(set(round_)) >= 5, "hardly two of them are rotated in the same quarter of a day"
    stage.witness.no_first_rotation_is_late()


async def test_a_request_during_the_first_period_is_held_until_its_end():
    stage = await adopted()
    await stage.until(at(day=10))
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert (outcome.reason, outcome.held_until) == ("overlap-runs", FIRST)


async def test_without_event_grid_neither_the_rotation_comes_nor_the_other_key_ends():
    stage = Stage([a_target("search")])
    stage.event_grid_is("down")
    await stage.tick()
    await stage.until(at(day=40))
    assert len(stage.versions) == 1
    stage.event_grid_is("up")
    await stage.until(at(day=42))
    assert len(stage.versions) == 2


@pytest.mark.parametrize("day", [0, 10, 29])
async def test_what_an_earlier_release_has_promised_and_announced_stays(day: int):
    with an_earlier_release():
        stage = await adopted()
        await stage.until(at(day=day))
    await stage.until(WHOLE - TICK)
    assert len(stage.versions) == 1
    assert stage.versions[-1].expires == int(WHOLE.timestamp())
    assert (
        deadlines_of(stage, "RotationAnnounced")
        == deadlines_of(stage, "RetirementAnnounced")
        == {"2026-04-01T09:00:00Z"}
    )
    await stage.until(WHOLE)
    assert len(stage.versions) == 2


async def test_an_earlier_release_beside_this_one_ends_nothing_early_and_writes_nothing_twice():
    stage = await adopted()
    while stage.now < at(day=36):
        with an_earlier_release():
            await stage.until(stage.now + hours(6))
        await stage.until(stage.now + hours(6))
    assert len(stage.versions) == 2
    assert FIRST.timestamp() <= stage.versions[-1].created <= (WHOLE + hours(12)).timestamp()
    await stage.rest()
    await stage.must_be_at_rest()


async def test_an_earlier_release_alone_goes_on_from_what_this_one_has_written():
    stage = await adopted()
    with an_earlier_release():
        await stage.until(at(day=36))
        await stage.rest()
        await stage.must_be_at_rest()
    assert len(stage.versions) == 2
    assert stage.versions[-1].created == int(WHOLE.timestamp())


# Planted mistakes.


async def test_the_witness_notices_a_first_rotation_that_is_late():
    def later(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
        return scheduled_at(marks, target, named) + days(3)

    with scheduling(later):
        stage = await adopted()
        await stage.until(WHOLE + hours(6))
    with pytest.raises(PromiseBroken, match="should have happened"):
        stage.witness.no_first_rotation_is_late()


async def test_the_witness_notices_a_first_rotation_that_comes_more_than_a_tenth_early():
    def earlier(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
        return marks.since + target.cadence.period * 0.8

    with scheduling(earlier), pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "first_period", lambda target: target.cadence.period * 0.8)
        stage = await adopted()
        with pytest.raises(PromiseBroken, match="more than a tenth"):
            await stage.until(WHOLE)


async def test_the_witness_notices_a_first_rotation_before_the_moment_that_was_announced():
    def forgetful(marks: Marks, target: Target, named: datetime | None = None) -> datetime:
        return scheduled_at(replace(marks, told=replace(marks.told, rotation=None)), target)

    with an_earlier_release():
        stage = Stage([a_target("search", adopt=Adopt.ROTATE)])
        await stage.tick()
        await stage.until(at(day=28))
    with scheduling(forgetful), pytest.raises(PromiseBroken, match="before the moment that was announced"):
        await stage.until(WHOLE)


async def test_the_witness_notices_that_the_other_key_ends_before_its_promised_end():
    with an_earlier_release():
        stage = await adopted()
        await stage.until(at(day=20))
    with scheduling(lambda *_: START + days(28)), pytest.MonkeyPatch.context() as patch:
        patch.setattr(policies, "_held_by_previous_key", lambda situation: None)
        with pytest.raises(PromiseBroken, match="P2"):
            await stage.until(WHOLE)
