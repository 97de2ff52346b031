"""The looks of one process: one at a time, and what one found serves for a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from shared.copies.looks import CopyLooks
from shared.copies.ports import Holder
from shared.copies.traces import HolderEntry, HolderList
from shared.domain.errors import GrantRole

START = datetime(2026, 12, 1, 9, tzinfo=UTC)
SUBSCRIPTION, OTHER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    async def sleep(self, time: timedelta) -> None:
        self.time += time


@dataclass
class CountedHolders:
    """Sites of one subscription; how often they were found, and how many looks were under way at once.

    number: How many sites.
    seconds: How much time there is.
    takes: How the time passes with each list. None: it stands still.
    """

    number: int = 1
    seconds: float = 100.0
    takes: Callable[[], Awaitable[None]] | None = None
    refused: bool = False
    found: int = 0
    under_way: int = 0
    at_once: list[int] = field(default_factory=list)

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        self.found += 1
        self.under_way += 1
        self.at_once.append(self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        if self.refused:
            raise GrantRole("Resource Graph", "could not list the resources: 403.")
        start = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/apps/providers/Microsoft.Web/sites"
        return [Holder(f"{start}/{one}", "microsoft.web/sites") for one in range(self.number)]

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        if self.takes is not None:
            await self.takes()
        return []

    def time_left(self) -> float:
        return self.seconds


async def test_looks_that_are_wanted_at_once_are_one() -> None:
    fake, clock = CountedHolders(), FakeClock()
    looks = CopyLooks(fake)
    await asyncio.gather(*(looks.look(clock) for _ in range(5)))
    assert (fake.found, fake.at_once) == (1, [1])


async def test_looks_into_different_groups_follow_each_other() -> None:
    fake, clock = CountedHolders(), FakeClock()
    looks = CopyLooks(fake)
    await asyncio.gather(*(looks.look(clock, [name]) for name in ("one", "two", "three")))
    assert (fake.found, fake.at_once) == (3, [1, 1, 1])


@pytest.mark.parametrize(("seconds", "found"), [(59, 1), (60, 2)])
async def test_a_look_serves_for_a_minute_after_it_ended_and_says_when_that_was(seconds: int, found: int) -> None:
    fake, clock = CountedHolders(), FakeClock()
    looks = CopyLooks(fake)
    await looks.look(clock)
    await clock.sleep(timedelta(seconds=seconds))
    look = await looks.look(clock, near=OTHER)
    assert (fake.found, look.ended) == (found, START if found == 1 else clock.now())


async def test_a_look_that_took_longer_than_a_minute_serves_whoever_waited_for_it() -> None:
    clock = FakeClock()
    fake = CountedHolders(number=20, takes=lambda: clock.sleep(timedelta(seconds=30)))
    looks = CopyLooks(fake)
    await asyncio.gather(*(looks.look(clock) for _ in range(3)))
    assert fake.found == 1
    assert clock.now() > START + timedelta(minutes=1)


async def test_a_look_that_had_no_time_for_a_list_serves_nobody() -> None:
    fake, clock = CountedHolders(number=1500, seconds=0.0), FakeClock()
    looks = CopyLooks(fake)
    await looks.look(clock)
    fake.seconds = 100.0
    assert (await looks.look(clock)).seen.lists > 0
    assert fake.found == 2


async def test_a_look_in_which_something_had_to_wait_does_not_serve_another_order() -> None:
    fake, clock = CountedHolders(number=300), FakeClock()
    looks = CopyLooks(fake)
    await looks.look(clock)
    await looks.look(clock)
    await looks.look(clock, near=OTHER)
    assert fake.found == 2


async def test_a_look_that_could_not_begin_does_not_serve() -> None:
    fake, clock = CountedHolders(refused=True), FakeClock()
    looks = CopyLooks(fake)
    await looks.look(clock)
    fake.refused = False
    assert (await looks.look(clock)).seen.problems == ()
