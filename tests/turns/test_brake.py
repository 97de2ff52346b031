"""The brake of one tick: what is noted for it, and when it is on."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from lab.simulation.dates import at
from shared.turns.brake import Brake


@dataclass
class Failures:
    noted: list[tuple[datetime, str]] = field(default_factory=list)

    async def note(self, tick: datetime, account: str) -> None:
        self.noted.append((tick, account))

    async def count(self, tick: datetime) -> int:
        return sum(one == tick for one, _ in self.noted)


@pytest.mark.parametrize(("failed", "on"), [(1, False), (2, False), (3, True)])
async def test_it_is_on_when_more_than_its_limit_have_failed_in_its_own_tick(failed: int, on: bool):
    failures = Failures([(at(day=1), "of another tick")] * 9)
    brake = Brake(failures, at(day=2), limit=2)
    for number in range(failed):
        await brake.note(f"account {number}")
    assert failures.noted[9:] == [(at(day=2), f"account {number}") for number in range(failed)]
    assert await brake.is_on() is on
