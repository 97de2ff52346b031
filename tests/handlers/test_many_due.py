"""Many targets that are due in one subscription at the same time: nothing waits in vain, nothing fails, nobody notices.

The simulated Azure has its limits on. The clock jumps from one message to the next, so no real time passes.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from lab.emulator.errors import AzureError
from lab.simulation.dates import days, minutes
from lab.simulation.published import publish_as_rotated
from lab.simulation.runner import Runner
from lab.simulation.stage import Stage, a_stage
from shared.fleet.pace import Pace
from shared.fleet.rotation import Rotation
from shared.handlers import timer_and_queue
from shared.handlers.invocation import TurnFailed
from shared.turns.message import read_message

DUE = 500
RETRY = timedelta(seconds=30)  # host.json, visibilityTimeout
WRITES = ("arm.listKeys", "arm.regenerateKey", "arm.updateAccount")


@dataclass
class Noted:
    """The failures of ticks, in memory."""

    failed: set[tuple[datetime, str]] = field(default_factory=set)

    async def note(self, tick: datetime, account: str) -> None:
        self.failed.add((tick, account))

    async def count(self, tick: datetime) -> int:
        return len([one for one in self.failed if one[0] == tick])


@dataclass
class Site:
    """The app, its queue and a simulated Azure with limits.

    calls: How many calls of each kind were made; `refused`, how many of them Azure asked to wait.
    poisoned: The messages that were given up.
    """

    stage: Stage
    app: Rotation
    failures: Noted
    queue: list[tuple[datetime, int, str, int]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    poisoned: list[str] = field(default_factory=list)
    numbers: count = field(default_factory=count)  # type: ignore[type-arg]

    async def send(self, message: str, delay: timedelta) -> None:
        self.put(message, delay)

    async def send_many(self, messages: Sequence[tuple[str, timedelta]]) -> Sequence[Exception]:
        for one in messages:
            self.put(*one)
        return []

    def put(self, message: str, delay: timedelta, tries: int = 1) -> None:
        heapq.heappush(self.queue, (self.stage.now + delay, next(self.numbers), message, tries))

    async def tick(self) -> None:
        await timer_and_queue.tick(None, past_due=False)

    async def work_until(self, end: datetime) -> datetime:
        """Take every turn that begins by then, and return when the last one began."""
        last = self.stage.now
        while self.queue and self.queue[0][0] <= end:
            begins, _, message, tries = heapq.heappop(self.queue)
            last = max(begins, self.stage.now)
            self.stage.world.clock.advance((last - self.stage.now).total_seconds())
            await self._turn(message, tries)
        self.stage.world.clock.advance((end - self.stage.now).total_seconds())
        return last

    async def _turn(self, message: str, tries: int) -> None:
        try:
            await timer_and_queue.turn(message.encode(), tries)
        except TurnFailed:
            if tries >= timer_and_queue.MOST_TRIES:
                self.poisoned.append(message)
            else:
                self.put(message, RETRY, tries + 1)

    def limited(self, perform: Callable) -> Callable:
        """Return what performs a call if Azure's limits let it pass."""
        limits = self.stage.world.limits

        def performed(operation: str, target: str, effect: Callable, **more: object) -> object:
            if operation.startswith("arm."):
                wait = limits.arm("the subscription", "app", "writes" if operation in WRITES else "reads")
            else:
                wait = limits.vault("keys", creates=True) if operation == "kv.setSecret" else 0
            self.calls[operation] += 1
            if wait:
                self.refused[operation] += 1
                raise AzureError(429, "TooManyRequests", "too many")
            return perform(operation, target, effect, **more)

        return performed

    @property
    def rotated(self) -> int:
        return len(
            [one for one in self.stage.vault.secrets.values() if one.versions[-1].tags["CredentialId"] == "key2"]
        )

    @property
    def versions(self) -> Counter[int]:
        return Counter(len(one.versions) for one in self.stage.vault.secrets.values())


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    """Five hundred targets whose keys are a month old, and Azure's limits."""
    stage, failures = a_stage(DUE), Noted()
    for target in stage.targets:
        publish_as_rotated(stage.world, stage.world.accounts[str(target.account)], stage.now - days(31))
    outside = replace(Runner(stage.world).outside, failures=failures)
    made = Site(stage, Rotation(stage.settings, outside), failures)
    made.app.outside = replace(outside, later=made)
    stage.world.limits.on = True
    monkeypatch.setattr(stage.world, "perform", made.limited(stage.world.perform))

    async def rotation() -> Rotation:
        return made.app

    monkeypatch.setattr(timer_and_queue, "rotation", rotation)
    return made


async def test_five_hundred_due_targets_are_all_rotated_in_time_and_azure_refuses_nothing(site: Site) -> None:
    began = site.stage.now
    await site.tick()
    last = await site.work_until(began + minutes(10))
    assert site.rotated == DUE
    assert (last - began).total_seconds() <= 1.1 * (3 * DUE - 200) / 10
    assert sum(site.refused.values()) < 0.01 * sum(site.calls.values())
    assert (site.poisoned, site.failures.failed) == ([], set())
    assert site.versions == {2: DUE}
    assert site.stage.events("RotationFailed") == []


async def test_without_the_pace_azure_refuses_and_still_nothing_fails_and_the_next_ticks_rotate_the_rest(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Throttling is never failure, even where something else uses up what Azure allows."""
    monkeypatch.setattr(Pace, "slots", lambda self, turns: [timedelta(0)] * len(turns))
    while site.rotated < DUE:
        await site.tick()
        await site.work_until(site.stage.now + minutes(10))
    assert sum(site.refused.values()) > 100
    assert (site.poisoned, site.failures.failed) == ([], set())
    assert site.stage.events("RotationFailed") == []
    assert set(site.versions) == {2}, "no target got more than one new version"


async def test_what_does_not_fit_before_the_next_tick_is_found_again_by_that_tick(site: Site) -> None:
    site.app.settings = replace(site.app.settings, pause=minutes(1))
    ticks = 0
    while site.rotated < DUE:
        await site.tick()
        await site.work_until(site.stage.now + minutes(1))
        ticks += 1
        assert site.queue == [], "no turn begins after the next tick"
        assert sum(site.refused.values()) == 0
    assert ticks == 3, "193 of them fit into each minute"


async def test_looks_that_do_not_fit_come_with_the_next_tick(site: Site) -> None:
    for target in site.stage.targets:
        publish_as_rotated(site.stage.world, site.stage.world.accounts[str(target.account)], site.stage.now - days(10))
    site.app.settings = replace(site.app.settings, pause=timedelta(seconds=10))
    site.app.ticked_at = site.stage.now - site.app.settings.look_every
    looked_at: set[str] = set()
    for _ in range(7):
        await site.tick()
        looked_at |= {read_message(text.encode()).target for _, _, text, _ in site.queue}
        await site.work_until(site.stage.now + timedelta(seconds=10))
    assert len(looked_at) == DUE
    assert sum(site.refused.values()) == 0
