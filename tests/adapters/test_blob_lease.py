"""Holding a target: one at a time, renewed while it is held, noticed when it is lost, and free again soon after a
holder died.

The lease's time is the emulated world's: it passes when a test says so, on the service's side and on ours.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.pipeline.transport import AsyncHttpTransport

from lab.emulator.directory import Identity
from lab.emulator.leases import Lease
from lab.emulator.serve import Azure
from shared.adapters import blob_lease
from shared.adapters.blob_lease import CONTAINER, blob_name
from shared.domain.errors import GrantRole, LeaseHeld, LeaseLost, TryLater
from shared.turns.report import Result
from tests.support.real_parts import Parts, parts_over

NAME = "chat"


@pytest.fixture(autouse=True)
def renewed_often(lease_time: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 0.005)


def lease_of(parts: Parts, name: str = NAME) -> Lease:
    return parts.azure.world.blobs.containers[CONTAINER].blobs[blob_name(name)].lease


def state(parts: Parts, name: str = NAME) -> str:
    return lease_of(parts, name).state(parts.azure.world.clock.now())


def renewals(parts: Parts) -> int:
    """Renewals that were answered."""
    return sum(1 for entry in parts.azure.world.journal.find("blob.lease.renew") if entry.done is not None)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.002)  # the condition changes in another task


async def renewed(parts: Parts, times: int = 2) -> None:
    """The second renewal from now on began after now."""
    goal = renewals(parts) + times
    await until(lambda: renewals(parts) >= goal)


def without_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 3600)


async def test_a_target_is_held_by_one_turn_at_a_time(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        with pytest.raises(LeaseHeld) as caught:
            async with parts.rotation.outside.leases.hold(NAME):
                pytest.fail("two turns hold one target")
        assert caught.value.thing == NAME
        assert caught.value.next_step
        async with parts.rotation.outside.leases.hold("another"):
            assert state(parts, "another") == state(parts) == "leased"


async def test_two_processes_do_not_hold_one_target(azure: Azure, parts: Parts) -> None:
    async with parts_over(azure) as others, parts.rotation.outside.leases.hold(NAME):
        with pytest.raises(LeaseHeld):
            await others.rotation.outside.leases.hold(NAME).__aenter__()


async def test_it_is_given_back_at_once_and_nothing_goes_on_in_the_background(parts: Parts) -> None:
    before = asyncio.all_tasks()
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()
    assert state(parts) == "available"
    assert not {task for task in asyncio.all_tasks() - before if "keep" in repr(task)}
    async with parts.rotation.outside.leases.hold(NAME) as again:
        again.check()


async def test_it_is_given_back_when_the_turn_fails(parts: Parts) -> None:
    with pytest.raises(ZeroDivisionError):
        async with parts.rotation.outside.leases.hold(NAME):
            raise ZeroDivisionError
    assert state(parts) == "available"


async def test_it_is_renewed_for_as_long_as_the_turn_takes(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        for _ in range(12):
            parts.azure.world.clock.advance(5)
            lease.check()
            await renewed(parts)
        lease.check()
        assert state(parts) == "leased"
        with pytest.raises(LeaseHeld):
            await parts.rotation.outside.leases.hold(NAME).__aenter__()


async def test_without_renewals_it_counts_as_lost_before_anybody_else_can_have_it(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_renewals(monkeypatch)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        parts.azure.world.clock.advance(12.9)
        lease.check()
        parts.azure.world.clock.advance(0.1)
        assert state(parts) == "leased"
        with pytest.raises(LeaseLost, match="could not be renewed in time"):
            lease.check()


async def test_a_lease_that_was_lost_stays_lost(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    without_renewals(monkeypatch)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        parts.azure.world.clock.advance(14)
        with pytest.raises(LeaseLost):
            lease.check()
        parts.azure.world.clock.advance(-14)
        with pytest.raises(LeaseLost):
            lease.check()


async def test_a_lease_that_somebody_broke_is_noticed_at_the_next_renewal(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease_of(parts).break_(parts.azure.world.clock.now(), 0)
        await renewed(parts, 1)
        await until(lambda: lost(lease))
        with pytest.raises(LeaseLost, match="storage answered 409"):
            lease.check()


async def test_a_lease_whose_blob_was_deleted_is_noticed_at_the_next_renewal(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        parts.azure.world.blobs.containers[CONTAINER].blobs.clear()
        await until(lambda: lost(lease))
        with pytest.raises(LeaseLost, match="storage answered 404"):
            lease.check()


def lost(lease: Any) -> bool:
    try:
        lease.check()
    except LeaseLost:
        return True
    return False


@pytest.mark.parametrize(
    "fault", [{"effect": "status", "status": 503}, {"effect": "drop_before"}], ids=["503", "silence"]
)
async def test_renewals_that_fail_cost_the_lease_only_when_its_time_is_over(
    parts: Parts, fault: dict[str, Any]
) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        rule = parts.azure.world.faults.add("blob.lease.renew", times=0, **fault)
        await until(lambda: rule.struck >= 2)
        parts.azure.world.clock.advance(10)
        lease.check()
        parts.azure.world.faults.clear()
        await renewed(parts)
        parts.azure.world.clock.advance(10)
        lease.check()
        rule = parts.azure.world.faults.add("blob.lease.renew", times=0, **fault)
        await until(lambda: rule.struck >= 2)
        parts.azure.world.clock.advance(4)
        with pytest.raises(LeaseLost):
            lease.check()


async def test_a_holder_who_was_killed_leaves_the_target_within_fifteen_seconds(parts: Parts) -> None:
    await parts.rotation.outside.leases._acquire(NAME)  # type: ignore[attr-defined]
    parts.azure.world.clock.advance(14.9)
    with pytest.raises(LeaseHeld):
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    parts.azure.world.clock.advance(0.1)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


async def test_a_late_holder_does_not_take_the_lease_from_the_next_one(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_renewals(monkeypatch)
    late = parts.rotation.outside.leases.hold(NAME)
    await late.__aenter__()
    parts.azure.world.clock.advance(15)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        await late.__aexit__(None, None, None)
        assert state(parts) == "leased"
        lease.check()


async def test_a_turn_that_lost_its_target_does_not_regenerate(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look takes longer than the lease: the turn ends before its first step, and the key stays."""
    without_renewals(monkeypatch)
    target = parts.target()
    clock = parts.azure.world.clock
    assert (await parts.rotation.turn(target)).result is Result.DONE
    clock.advance(31 * 24 * 3600)
    parts.azure.world.faults.add("arm.listKeys", "hook", hook=lambda _: clock.advance(14))
    outcome = await parts.rotation.turn(target)
    assert (outcome.result, outcome.reason) == (Result.FAILED, "LeaseLost")
    assert parts.azure.world.journal.count("arm.regenerateKey") == 0


async def test_container_and_blob_are_made_on_first_use_by_two_at_once(azure: Azure, parts: Parts) -> None:
    held: list[str] = []
    both = asyncio.Barrier(2)

    async def one(wired: Parts) -> None:
        try:
            async with wired.rotation.outside.leases.hold(NAME):
                held.append("held")
                await both.wait()
        except LeaseHeld:
            held.append("busy")
            await both.wait()

    async with parts_over(azure) as others, asyncio.timeout(5):
        await asyncio.gather(one(parts), one(others))
    assert sorted(held) == ["busy", "held"]
    assert list(azure.world.blobs.containers[CONTAINER].blobs) == [blob_name(NAME)]


async def test_a_blob_that_somebody_made_and_leased_in_the_same_moment_is_held_and_no_mistake(parts: Parts) -> None:
    """Putting a blob over one that is leased may be answered 412; the host's own lease code expects it, too."""
    world = parts.azure.world

    def overtaken(_: object) -> None:
        world.blobs.put(CONTAINER, blob_name(NAME), b"").lease.acquire(world.clock.now(), 15, None)

    world.faults.add("blob.put", "hook", hook=overtaken)
    world.faults.add("blob.put", "status", status=412, code="LeaseIdMissing")
    with pytest.raises(LeaseHeld):
        await parts.rotation.outside.leases.hold(NAME).__aenter__()


async def test_a_storage_that_hiccups_while_the_lease_is_taken_costs_no_turn(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client's own waiting before it asks again must not use up the lease that it asks for."""

    async def sleep(self: AsyncHttpTransport, duration: float) -> None:
        parts.azure.world.clock.advance(duration)

    async with parts.rotation.outside.leases.hold(NAME):
        assert state(parts) == "leased"
    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    parts.azure.world.faults.add("blob.lease.acquire", "status", status=503)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


async def test_a_storage_that_is_down_is_worth_another_tick(parts: Parts) -> None:
    parts.azure.world.down.add("blob")
    with pytest.raises(TryLater) as caught:
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    assert caught.value.thing == NAME


async def test_a_lease_that_cannot_be_given_back_ends_by_itself(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        parts.azure.world.down.add("blob")
    parts.azure.world.down.clear()
    parts.azure.world.clock.advance(15)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


def by_identity(azure: Azure, **more: str) -> dict[str, str]:
    uri = f"{azure.urls['blob']}/devstoreaccount1"
    return {"AzureWebJobsStorage": "", "AzureWebJobsStorage__blobServiceUri": uri, **more}


async def test_the_identity_form_of_the_storage_account_works_as_well(azure: Azure) -> None:
    async with parts_over(azure, **by_identity(azure)) as parts, parts.rotation.outside.leases.hold(NAME) as lease:
        await renewed(parts)
        lease.check()
        assert {one.caller for one in parts.calls()} == {"app"}


async def test_the_storage_account_may_have_an_identity_of_its_own(azure: Azure) -> None:
    client = azure.world.directory.add(Identity("for storage"), "Storage Blob Data Contributor").client_id
    async with parts_over(azure, **by_identity(azure, AzureWebJobsStorage__clientId=client)) as parts:
        await parts.rotation.turn(parts.target())
        callers = {(one.service, one.caller) for one in parts.calls()}
    assert {caller for service, caller in callers if service == "blob"} == {"for storage"}
    assert {caller for service, caller in callers if service == "arm"} == {"app"}


async def test_a_role_that_is_missing_on_the_storage_account_is_asked_for(azure: Azure) -> None:
    async with parts_over(azure, **by_identity(azure)) as parts:
        azure.world.directory.revoke("app")
        with pytest.raises(GrantRole) as caught:
            await parts.rotation.outside.leases.hold(NAME).__aenter__()
    assert caught.value.thing == NAME
    assert "403" in caught.value.what
    assert "AuthorizationPermissionMismatch" in caught.value.what


@pytest.mark.parametrize("target", ["chat", "a/b", "Ünï", "x" * 300, "a b", "", "..", "a?b#c"])
async def test_any_targets_name_makes_a_blob_of_its_own(parts: Parts, target: str) -> None:
    async with parts.rotation.outside.leases.hold(target), parts.rotation.outside.leases.hold(f"{target}-"):
        assert len(parts.azure.world.blobs.containers[CONTAINER].blobs) == 2
