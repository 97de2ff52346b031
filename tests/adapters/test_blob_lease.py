"""Leases: one turn holds an account, renews its lease, notices when it is lost, and a killed process leaves it soon.

The time is the emulated world's. It passes only when a test says so, for the service and for the app.
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
from shared.adapters.blob_lease import blob_name
from shared.domain.errors import GrantRole, LeaseHeld, LeaseLost, TryLater
from shared.domain.names import LEASE_CONTAINER
from shared.turns.report import Result
from tests.support.real_parts import Parts, parts_over

NAME = "chat"


@pytest.fixture(autouse=True)
def renewed_often(lease_time: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 0.005)


def lease_of(parts: Parts, name: str = NAME) -> Lease:
    return parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs[blob_name(name)].lease


def state(parts: Parts, name: str = NAME) -> str:
    return lease_of(parts, name).state(parts.azure.world.clock.now())


def renewals(parts: Parts) -> int:
    """How many renewals were answered."""
    return sum(1 for entry in parts.azure.world.journal.find("blob.lease.renew") if entry.done is not None)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition has no event to wait for
            await asyncio.sleep(0.002)  # the condition changes in another task


async def renewed(parts: Parts, times: int = 2) -> None:
    """Wait for two answered renewals: the second was requested after this call."""
    goal = renewals(parts) + times
    await until(lambda: renewals(parts) >= goal)


def without_renewals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 3600)


async def test_a_second_turn_cannot_hold_the_same_account(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        with pytest.raises(LeaseHeld) as caught:
            async with parts.rotation.outside.leases.hold(NAME):
                pytest.fail("two turns hold one target")
        assert caught.value.thing == NAME
        assert caught.value.next_step
        async with parts.rotation.outside.leases.hold("another"):
            assert state(parts, "another") == state(parts) == "leased"


async def test_a_second_process_cannot_hold_the_same_account(azure: Azure, parts: Parts) -> None:
    async with parts_over(azure) as others, parts.rotation.outside.leases.hold(NAME):
        with pytest.raises(LeaseHeld):
            await others.rotation.outside.leases.hold(NAME).__aenter__()


async def test_the_lease_is_released_after_the_turn_and_its_renewal_stops(parts: Parts) -> None:
    before = asyncio.all_tasks()
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()
    assert state(parts) == "available"
    assert not {task for task in asyncio.all_tasks() - before if "keep" in repr(task)}
    async with parts.rotation.outside.leases.hold(NAME) as again:
        again.check()


async def test_the_lease_is_released_when_the_turn_fails(parts: Parts) -> None:
    with pytest.raises(ZeroDivisionError):
        async with parts.rotation.outside.leases.hold(NAME):
            raise ZeroDivisionError
    assert state(parts) == "available"


async def test_the_lease_is_renewed_for_as_long_as_the_turn_takes(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        for _ in range(12):
            parts.azure.world.clock.advance(5)
            lease.check()
            await renewed(parts)
        lease.check()
        assert state(parts) == "leased"
        with pytest.raises(LeaseHeld):
            await parts.rotation.outside.leases.hold(NAME).__aenter__()


async def test_a_lease_that_is_not_renewed_counts_as_lost_before_another_turn_can_take_it(
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


async def test_a_lost_lease_stays_lost(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    without_renewals(monkeypatch)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        parts.azure.world.clock.advance(14)
        with pytest.raises(LeaseLost):
            lease.check()
        parts.azure.world.clock.advance(-14)
        with pytest.raises(LeaseLost):
            lease.check()


async def test_a_broken_lease_is_lost_at_the_next_renewal(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease_of(parts).break_(parts.azure.world.clock.now(), 0)
        await renewed(parts, 1)
        await until(lambda: lost(lease))
        with pytest.raises(LeaseLost, match="storage answered 409"):
            lease.check()


async def test_a_lease_whose_blob_was_deleted_is_lost_at_the_next_renewal(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs.clear()
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
async def test_failed_renewals_lose_the_lease_only_after_its_time(parts: Parts, fault: dict[str, Any]) -> None:
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


async def test_the_lease_of_a_killed_process_ends_within_fifteen_seconds(parts: Parts) -> None:
    await parts.rotation.outside.leases._acquire(NAME)  # type: ignore[attr-defined]
    parts.azure.world.clock.advance(14.9)
    with pytest.raises(LeaseHeld):
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    parts.azure.world.clock.advance(0.1)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


async def test_a_late_release_does_not_end_the_lease_of_the_next_turn(
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


async def test_a_turn_that_lost_its_lease_does_not_regenerate_a_key(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Observing takes longer than the lease, so the turn ends before its first step."""
    without_renewals(monkeypatch)
    target = parts.target()
    clock = parts.azure.world.clock
    assert (await parts.rotation.turn(target)).result is Result.DONE
    clock.advance(31 * 24 * 3600)
    parts.azure.world.faults.add("arm.listKeys", "hook", hook=lambda _: clock.advance(14))
    outcome = await parts.rotation.turn(target)
    assert (outcome.result, outcome.reason) == (Result.FAILED, "LeaseLost")
    assert parts.azure.world.journal.count("arm.regenerateKey") == 0


async def test_two_processes_can_make_the_container_and_the_blob_at_the_same_time(azure: Azure, parts: Parts) -> None:
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
    assert list(azure.world.blobs.containers[LEASE_CONTAINER].blobs) == [blob_name(NAME)]


async def test_a_blob_that_another_process_made_and_leased_meanwhile_raises_lease_held(parts: Parts) -> None:
    """Storage may answer 412 to the upload of a blob that is leased. The host's own lease code expects that too."""
    world = parts.azure.world

    def overtaken(_: object) -> None:
        world.blobs.put(LEASE_CONTAINER, blob_name(NAME), b"").lease.acquire(world.clock.now(), 15, None)

    async with parts.rotation.outside.leases.hold("another"):
        pass  # makes the container
    world.faults.add("blob.put", "hook", hook=overtaken)
    world.faults.add("blob.put", "status", status=412, code="LeaseIdMissing")
    with pytest.raises(LeaseHeld):
        await parts.rotation.outside.leases.hold(NAME).__aenter__()


async def test_a_lease_is_taken_although_the_first_request_fails(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits before it tries again. That must not take longer than the lease."""

    async def sleep(self: AsyncHttpTransport, duration: float) -> None:
        parts.azure.world.clock.advance(duration)

    async with parts.rotation.outside.leases.hold(NAME):
        assert state(parts) == "leased"
    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    parts.azure.world.faults.add("blob.lease.acquire", "status", status=503)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


async def test_an_unavailable_storage_account_raises_try_later(parts: Parts) -> None:
    parts.azure.world.down.add("blob")
    with pytest.raises(TryLater) as caught:
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    assert caught.value.thing == NAME


async def test_a_lease_that_cannot_be_released_ends_by_itself(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        parts.azure.world.down.add("blob")
    parts.azure.world.down.clear()
    parts.azure.world.clock.advance(15)
    async with parts.rotation.outside.leases.hold(NAME) as lease:
        lease.check()


def by_identity(azure: Azure, **more: str) -> dict[str, str]:
    uri = f"{azure.urls['blob']}/devstoreaccount1"
    return {"AzureWebJobsStorage": "", "AzureWebJobsStorage__blobServiceUri": uri, **more}


async def test_leases_work_with_the_identity_form_of_the_storage_setting(azure: Azure) -> None:
    async with parts_over(azure, **by_identity(azure)) as parts, parts.rotation.outside.leases.hold(NAME) as lease:
        await renewed(parts)
        lease.check()
        assert {one.caller for one in parts.calls()} == {"app"}


async def test_the_storage_account_can_be_opened_by_another_identity(azure: Azure) -> None:
    client = azure.world.directory.add(Identity("for storage"), "Storage Blob Data Contributor").client_id
    async with parts_over(azure, **by_identity(azure, AzureWebJobsStorage__clientId=client)) as parts:
        await parts.rotation.turn(parts.target())
        callers = {(one.service, one.caller) for one in parts.calls()}
    assert {caller for service, caller in callers if service == "blob"} == {"for storage"}
    assert {caller for service, caller in callers if service == "arm"} == {"app"}


async def test_a_missing_role_on_the_storage_account_raises_grant_role(azure: Azure) -> None:
    async with parts_over(azure, **by_identity(azure)) as parts:
        azure.world.directory.revoke("app")
        with pytest.raises(GrantRole) as caught:
            await parts.rotation.outside.leases.hold(NAME).__aenter__()
    assert caught.value.thing == NAME
    assert "403" in caught.value.what
    assert "AuthorizationPermissionMismatch" in caught.value.what


@pytest.mark.parametrize("target", ["chat", "a/b", "Ünï", "x" * 300, "a b", "", "..", "a?b#c"])
async def test_every_account_id_has_a_blob_of_its_own(parts: Parts, target: str) -> None:
    async with parts.rotation.outside.leases.hold(target), parts.rotation.outside.leases.hold(f"{target}-"):
        assert len(parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs) == 2
