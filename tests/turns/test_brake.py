"""The brake of one tick: which failures it counts, when it is on, and what it holds."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import START, at
from shared.domain.requests import Request
from shared.turns.brake import Brake
from shared.turns.report import Result
from tests.support.one_turn import rotation_due, turn


@dataclass
class Failures:
    recorded: list[tuple[datetime, str]] = field(default_factory=list)

    async def note(self, tick: datetime, account: str) -> None:
        self.recorded.append((tick, account))

    async def count(self, tick: datetime) -> int:
        return sum(one == tick for one, _ in self.recorded)


@pytest.mark.parametrize(("failed", "on"), [(1, False), (2, False), (3, True)])
async def test_the_brake_is_on_if_more_targets_than_the_limit_failed_in_its_tick(failed: int, on: bool):
    failures = Failures([(at(day=1), "of another tick")] * 9)
    brake = Brake(failures, at(day=2), limit=2)
    for number in range(failed):
        await brake.note(f"account {number}")
    assert failures.recorded[9:] == [(at(day=2), f"account {number}") for number in range(failed)]
    assert await brake.is_on() is on


class FailedTargets:
    """A count of failed targets that does not change."""

    def __init__(self, failed: int) -> None:
        self.failed = failed

    async def count(self, tick: datetime) -> int:
        assert tick == START
        return self.failed

    async def note(self, tick: datetime, account: str) -> None:
        raise AssertionError("a turn records no failure itself")


@pytest.mark.parametrize(("failed", "result"), [(3, Result.DONE), (4, Result.HELD)])
async def test_scheduled_work_is_held_if_more_targets_than_the_limit_failed(failed: int, result: Result):
    stage = await rotation_due()
    outcome = await turn(stage, brake=Brake(FailedTargets(failed), START, limit=3))
    assert outcome.result is result
    assert len(stage.versions) == (3 if result is Result.DONE else 2)


async def test_a_held_plan_says_what_would_happen_without_the_brake():
    outcome = await turn(await rotation_due(), brake=Brake(FailedTargets(9), START, limit=3))
    assert (outcome.reason, outcome.done) == ("brake", ())
    assert outcome.why == (
        "More than 3 targets failed in this check, so no scheduled work begins. Without that: "
        "Key 2 has been live since 2026-04-01 09:00 UTC. Key 1 replaces it."
    )


@pytest.mark.parametrize("request_", [wants_rotation(), reports_leak()])
async def test_the_brake_does_not_hold_requests(request_: Request):
    stage = await rotation_due()
    stage.witness.excuse_leaked(*(stage.value(slot) for slot in ("key1", "key2")))
    assert (await turn(stage, request_, brake=Brake(FailedTargets(9), START, limit=3))).result is Result.DONE
