"""Measures a tick over fleets of several sizes.

Its calls should grow with the pages of a listing and not with the targets, and its memory only slowly. One target in
fifty is due. Turns are measured in `turns`.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lab.emulator.accounts import Account
from lab.emulator.serve import Azure, in_environment, running
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from shared.wiring import build

PERIOD = timedelta(days=30)


@dataclass(frozen=True)
class TickCost:
    """What one tick cost.

    targets: How many targets were enrolled.
    turns: How many of them were due.
    calls: How many calls it made to Azure.
    seconds: How long it took.
    peak: The most memory that it used, in MiB.
    """

    targets: int
    turns: int
    calls: int
    seconds: float
    peak: float

    def __str__(self) -> str:
        return (
            f"tick: {self.targets} targets, {self.turns} due: {self.calls} calls "
            f"({self.calls / self.targets:.3f} per target), at most {self.peak:.1f} MiB"
        )


async def fleet(sizes: tuple[int, ...]) -> list[str]:
    """Measure one tick for each number of targets and return the lines to print."""
    ticks = [await _tick(size) for size in sizes]
    return [*map(str, ticks), *_growth(ticks[0], ticks[-1])]


def _growth(first: TickCost, last: TickCost) -> Iterator[str]:
    """Yield what more targets cost, if there were more."""
    if last.targets == first.targets:
        return
    growth = last.targets / first.targets
    slower = last.seconds / first.seconds / growth
    yield (
        f"tick: {growth:.0f} times the targets take {slower:.2f} times as long per target, and "
        f"{(last.peak - first.peak) * 1024 / (last.targets - first.targets):.1f} KiB more memory per target"
    )


async def _tick(size: int) -> TickCost:
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    for number in range(size):
        _publish(world, world.accounts.add(f"account-{number:05}", tags={"key-rotation": "on"}), number)
    async with running(world) as azure:
        with in_environment(azure):
            return await _measure(azure, size)


async def _measure(azure: Azure, size: int) -> TickCost:
    rotation = build(azure.settings)
    now = rotation.outside.clock.now()
    await rotation.tick(now - timedelta(minutes=10), now)  # makes tokens, connections and clients
    azure.world.journal.clear()
    tracemalloc.start()
    began = time.perf_counter()
    ticked = await rotation.tick(now - timedelta(minutes=10), now)
    took = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await _close(rotation)
    return TickCost(size, len(ticked.turns), len(azure.world.journal.entries), took, peak / 2**20)


async def _close(rotation: object) -> None:
    """Close the connections and the credential; this process measures again with others."""
    accounts = rotation.outside.accounts  # type: ignore[attr-defined]
    await accounts._connections.close()
    await accounts._credential.close()


def _publish(world: World, account: Account, number: int) -> None:
    """Publish key 1 of the account as a rotation did twelve days ago, or 31 days ago for one account in fifty."""
    since = datetime.now(UTC) - timedelta(days=31 if number % 50 == 0 else 12)
    publish_as_rotated(world, account, since, period=PERIOD)
