"""Bad weather over a part of the fleet: the rest does not notice, nothing fails, and the part is named."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from lab.emulator.accounts import SUBSCRIPTION, Account
from lab.emulator.serve import in_environment, running
from lab.emulator.world import World
from lab.simulation.published import publish_as_rotated
from shared.fleet import read_on
from shared.fleet.ticks import Tick
from tests.support.real_parts import Parts, parts_over

OTHER = "00000000-0000-4000-8000-000000000002"
DUE, PERIOD = timedelta(days=31), timedelta(days=30)


def due(world: World, name: str, vault: str = "keys", **facts: str) -> Account:
    """Add an account whose rotation is due."""
    account = world.accounts.add(name, tags={"key-rotation": "on"}, **facts)
    publish_as_rotated(world, account, world.clock.utcnow() - DUE, period=PERIOD, vault=vault)
    return account


@pytest.fixture
async def parts() -> AsyncIterator[Parts]:
    """Two due accounts, each in a subscription of its own."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    due(world, "healthy")
    due(world, "stormy", subscription=OTHER)
    async with running(world) as azure:
        subscriptions = f"{SUBSCRIPTION},{OTHER}"
        with in_environment(azure):
            async with parts_over(azure, ROTATION_SUBSCRIPTIONS=subscriptions) as made:
                yield made


async def tick(parts: Parts, *, later: timedelta = timedelta(0)) -> Tick:
    parts.azure.world.clock.advance(later.total_seconds())
    now: datetime = parts.rotation.outside.clock.now()
    return await parts.rotation.tick(now - timedelta(minutes=10), now)


def names(found: Tick) -> list[str]:
    return sorted(one.target.name for one in found.turns)


async def test_a_subscription_that_always_asks_to_wait_costs_the_others_nothing(parts: Parts) -> None:
    await tick(parts)
    parts.azure.world.limits.shut[OTHER] = 3600
    for _ in range(3):
        found = await tick(parts)
        assert names(found) == ["healthy"]
        assert found.unseen == 1
        assert [problem.code for problem in found.problems] == ["Throttled"]
    seen = await parts.rotation.overview()
    assert {row.target.name for row in seen.rows} == {"healthy", "stormy"}


async def test_a_vault_that_always_asks_to_wait_hides_no_target_from_people(parts: Parts) -> None:
    await tick(parts)
    [vault] = parts.azure.world.vaults.values()
    parts.azure.world.limits.shut[vault.id.lower()] = 3600
    found = await tick(parts)
    assert (names(found), found.unseen) == ([], 2)
    seen = await parts.rotation.overview()
    assert {row.data()["live"] for row in seen.rows} == {"key1"}


async def test_a_vault_that_answers_slowly_is_seen_in_parts_and_the_other_vault_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read_on, "ALL_SECONDS", 1)
    world = World()
    world.add_topic("announcements")
    slow, quick = world.add_vault("slow"), world.add_vault("quick")
    for number in range(60):
        slow.set_secret(f"foreign-{number:02}", "somebody's")
    async with running(world) as azure:
        due(world, "in-the-quick-one", "quick").tags["key-rotation-vault"] = quick.url
        settings = {"ROTATION_VAULT_URL": slow.url, "ROTATION_VAULTS": quick.url}
        with in_environment(azure):
            async with parts_over(azure, **settings) as parts:
                world.faults.add("kv.listSecrets", "delay", seconds=0.6, times=0, target=slow.id)
                found = [await tick(parts) for _ in range(4)]
    assert [names(one) for one in found] == [["in-the-quick-one"]] * 4
    assert any("goes on" in problem.next_step for one in found for problem in one.problems)
    assert found[-1].view.vault(slow.url).whole_at is not None, "it was seen whole within four checks"
