"""The brake: if many targets fail in one tick, scheduled turns wait and urgent ones go on."""

from collections.abc import AsyncIterator, Awaitable

import pytest

from lab.emulator.directory import Role
from lab.emulator.journal import Entry
from lab.emulator.serve import Azure, running
from lab.emulator.shipped import shipped_roles
from lab.emulator.world import World
from lab.funchost.activity import Invocation
from lab.funchost.host import FunctionHost
from tests.end_to_end.calls import Doors, credential, regenerations
from tests.end_to_end.conftest import a_host, published, tick, works

FAILING = [f"failing-{number}" for number in range(1, 7)]
HEALTHY = ["healthy-1", "healthy-2"]
ACCOUNTS = "Microsoft.CognitiveServices/accounts"


@pytest.fixture
async def azure() -> AsyncIterator[Azure]:
    """Six due targets in a resource group of their own, and more targets elsewhere, two of them due."""
    world = World()
    world.add_vault("keys")
    world.add_topic("announcements")
    tags = {"key-rotation": "on"}
    for name in FAILING:
        world.accounts.add(name, resource_group="locked", tags=tags)
    for name in (*HEALTHY, "new", "drifted", "begun", "leaky"):
        world.accounts.add(name, resource_group="open", tags=tags)
    async with running(world) as served:
        for name in (*FAILING, *HEALTHY, "begun"):
            published(served, world.accounts.named(name), days_ago=31)
        for name in ("drifted", "leaky"):
            published(served, world.accounts.named(name), days_ago=10)
        world.accounts.regenerate(world.accounts.named("drifted").id, "key1")
        world.accounts.regenerate(world.accounts.named("begun").id, "key2")
        yield served


@pytest.fixture
async def host(azure: Azure) -> AsyncIterator[FunctionHost]:
    async with a_host(azure, ROTATION_BRAKE="3") as started:
        yield started


def without_the_role(azure: Azure, failing: list[str] = FAILING) -> None:
    """The app may read everywhere, and regenerate keys only where the test does not want it to fail."""
    directory, rotator = azure.world.directory, shipped_roles()["keyRotator"].name
    directory.define(Role("Looks only", actions=(f"{ACCOUNTS}/read", f"{ACCOUNTS}/listKeys/action")))
    directory.revoke("app", rotator)
    directory.assign("app", "Looks only")
    for account in azure.world.accounts:
        if account.name not in failing:
            directory.assign("app", rotator, account.id)


def with_the_role_again(azure: Azure) -> None:
    azure.world.directory.assign("app", shipped_roles()["keyRotator"].name)


def failed(host: FunctionHost) -> list[Invocation]:
    return [one for one in host.activity.finished_of("turn") if not one.succeeded]


def the_failing_come_first(host: FunctionHost, azure: Azure, failing: list[str] = FAILING) -> None:
    """Make all other turns wait for their leases until these targets' turns have failed."""

    def wait(_entry: Entry) -> Awaitable[None]:
        return host.activity.until(lambda: len(failed(host)) >= len(failing))

    for name in (one.name for one in azure.world.accounts if one.name not in failing):
        azure.world.faults.add("blob.lease.acquire", "hook", target=f"/{name}-", hook=wait, times=0)


def braked(host: FunctionHost) -> list[str]:
    """Return the targets that the log says are held by the brake."""
    said = [one for one in host.logs if "targets failed in this check" in one.message]
    assert {one.level for one in said} <= {"WARNING"}
    return sorted(one.message.split(": ")[1] for one in said)


async def test_the_brake_holds_scheduled_turns_after_three_of_six_failures(host, azure) -> None:
    without_the_role(azure)
    the_failing_come_first(host, azure)
    await tick(host)
    assert {one.error.partition(": ")[2].partition(":")[0] for one in failed(host) if one.error} == set(FAILING)
    assert braked(host) == [*HEALTHY, "new"]
    assert regenerations(azure) == 0
    assert "new-key" not in azure.world.vaults["keys"].secrets
    assert all(works(azure, name) for name in (*FAILING, *HEALTHY))


async def test_urgent_turns_go_on_while_the_brake_is_on(host, azure, http) -> None:
    without_the_role(azure)
    the_failing_come_first(host, azure)
    await tick(host)
    assert works(azure, "drifted")
    assert (credential(azure, "begun"), works(azure, "begun")) == ("key2", True)
    leaky = azure.world.accounts.named("leaky")
    out = leaky.keys["key1"].value
    told = await Doors(host, http).post("targets/leaky/leak", {"key": "live"})
    assert (told.status, told.data["result"]) == (200, "done")
    assert not azure.world.accounts.key_accepted(leaky, out)
    assert works(azure, "leaky")


async def test_the_next_tick_starts_counting_again(host, azure) -> None:
    without_the_role(azure)
    the_failing_come_first(host, azure)
    await tick(host)
    assert braked(host)
    with_the_role_again(azure)
    azure.world.faults.clear()
    host.activity.logs.clear()
    await tick(host)
    assert braked(host) == []
    assert {credential(azure, name) for name in (*FAILING, *HEALTHY)} == {"key2"}
    assert works(azure, "new")


async def test_as_many_failures_as_the_limit_hold_no_turn(host, azure) -> None:
    without_the_role(azure, FAILING[:3])
    the_failing_come_first(host, azure, FAILING[:3])
    await tick(host)
    assert len(failed(host)) == 3
    assert braked(host) == []
    assert {credential(azure, name) for name in (*FAILING[3:], *HEALTHY)} == {"key2"}


async def test_a_target_that_a_person_must_judge_does_not_count_for_the_brake(host, azure) -> None:
    for name in FAILING:
        azure.world.vaults["keys"].set_secret(f"{name}-key", "a value that is neither key")
    the_failing_come_first(host, azure)
    await tick(host)
    assert len(failed(host)) == 6
    assert braked(host) == []
    assert {credential(azure, name) for name in HEALTHY} == {"key2"}


def counted(azure: Azure) -> set[str]:
    """Return the accounts that are noted as failed."""
    blobs = azure.world.blobs.containers["key-rotation-leases"].blobs
    return {name.removeprefix("failed/").rpartition("-")[0] for name in blobs if name.startswith("failed/")}


async def test_a_passing_error_counts_for_the_brake_after_the_last_try_only(host, azure) -> None:
    azure.world.faults.add("kv.setSecret", "status", target="failing-", status=409, code="Conflict", times=0)
    the_failing_come_first(host, azure)
    await tick(host)
    assert (len(failed(host)), braked(host), counted(azure)) == (6, [], set())
    azure.world.clock.advance(31)
    await host.idle()
    assert counted(azure) == set()
    azure.world.clock.advance(31)
    await host.idle()
    assert counted(azure) == set(FAILING)


async def test_a_tick_with_few_turns_does_not_use_the_brake(azure) -> None:
    without_the_role(azure)
    async with a_host(azure, ROTATION_BRAKE="100") as host:
        await tick(host)
        assert len(failed(host)) == 6
    # By the tick: leaks on record, standing orders, waits, failures, and requests for many. By its line about what
    # needs doing: the same and what is noted of secrets, each once more.
    assert azure.world.journal.count("blob.list") == 11
    assert counted(azure) == set()
