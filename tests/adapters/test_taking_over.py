"""A leak takes an account over from another turn, which gives way as soon as it knows of it (0011).

The time is the emulated world's and stands still, so a lease ends only if it is released.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from lab.emulator.serve import Azure
from shared.adapters import blob_lease, blob_leases
from shared.adapters.blob_lease import blob_name
from shared.domain.errors import LeaseHeld, LeaseLost
from shared.domain.names import LEASE_CONTAINER
from shared.ports import Lease
from tests.support.real_parts import Parts, parts_over

NAME, LONG = "chat", timedelta(hours=1)


class NoTimePasses:
    """A clock on which a wait never ends."""

    def now(self) -> datetime:
        raise NotImplementedError

    async def sleep(self, time: timedelta) -> None:
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def often(lease_time: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 0.005)
    monkeypatch.setattr(blob_leases, "TRY_AGAIN_AFTER", 0.002)


def never_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blob_lease, "RENEW_EVERY", 3600)


@asynccontextmanager
async def in_a_pause(parts: Parts, *, take_over: bool = False) -> AsyncIterator[asyncio.Task[str]]:
    """Let a turn of these parts hold the account in a pause of an hour. The task ends with what its lease says."""
    holds = asyncio.Event()

    async def turn() -> str:
        async with parts.rotation.outside.leases.hold(NAME, take_over=take_over) as lease:
            holds.set()
            with pytest.raises(LeaseLost) as lost:
                await lease.wait(NoTimePasses(), LONG)
        return lost.value.what

    task = asyncio.create_task(turn())
    async with asyncio.timeout(10):
        await holds.wait()
        yield task
        await task


@asynccontextmanager
async def taken_over(parts: Parts) -> AsyncIterator[Lease]:
    async with parts.rotation.outside.leases.hold(NAME, take_over=True) as lease:
        lease.check()
        yield lease


async def test_a_turn_in_a_pause_gives_way_at_once_in_the_same_process(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_renewed(monkeypatch)
    async with in_a_pause(parts) as turn, taken_over(parts):
        assert "a leaked key must end first" in await turn


async def test_a_turn_of_another_process_gives_way_at_its_next_renewal(azure: Azure, parts: Parts) -> None:
    async with parts_over(azure) as others, in_a_pause(others) as turn, taken_over(parts):
        assert "storage answered 409 to a renewal" in await turn


async def test_a_turn_that_does_not_notice_keeps_the_account_until_its_lease_has_run_out(
    azure: Azure, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    never_renewed(monkeypatch)
    async with parts_over(azure) as others, others.rotation.outside.leases.hold(NAME) as stuck:
        taking = asyncio.create_task(taken_over(parts).__aenter__())
        async with asyncio.timeout(10):
            while parts.azure.world.journal.count("blob.lease.acquire", blob_name(NAME)) < 8:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            assert not taking.done()
            stuck.check()
            parts.azure.world.clock.advance(15)
            await taking
        with pytest.raises(LeaseLost):
            stuck.check()


async def test_of_two_that_take_an_account_over_the_second_is_told_to_wait_and_the_first_goes_on(
    azure: Azure, parts: Parts
) -> None:
    async with parts_over(azure) as others, taken_over(parts) as first:
        await joined(parts)
        with pytest.raises(LeaseHeld):
            await taken_over(others).__aenter__()
        first.check()


async def joined(parts: Parts) -> None:
    """Wait until whoever holds the account holds the second lease, too."""
    async with asyncio.timeout(10):
        while not parts.azure.world.journal.count("blob.lease.acquire", blob_name(f"{NAME}/leak"), effect=True):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


async def test_a_report_that_holds_the_account_without_the_second_lease_gives_way_to_the_one_that_has_it(
    azure: Azure, parts: Parts
) -> None:
    async with (
        parts_over(azure) as others,
        others.rotation.outside.leases.hold(f"{NAME}/leak"),
        in_a_pause(parts, take_over=True) as turn,
    ):
        assert "another report of a leak takes it over" in await turn


async def test_nothing_waits_for_the_second_lease_while_the_account_is_free(parts: Parts) -> None:
    begun = asyncio.Event()
    rule = parts.azure.world.faults.add("blob.*", "hook", target=blob_name(f"{NAME}/leak"), hook=lambda _: begun.wait())
    async with asyncio.timeout(10), taken_over(parts):
        assert not parts.azure.world.journal.count("blob.lease.acquire", blob_name(f"{NAME}/leak"))
        parts.azure.world.faults.remove(rule.id)
        begun.set()


async def test_a_blob_and_its_container_are_made_only_where_they_are_missing(parts: Parts) -> None:
    for calls in (
        ["blob.lease.acquire", "blob.put", "blob.container.create", "blob.put", "blob.lease.acquire"],
        ["blob.lease.acquire"],
    ):
        began = parts.mark()
        async with parts.rotation.outside.leases.hold(NAME):
            pass
        assert [one for one in parts.names(since=began) if one != "blob.lease.renew"] == [*calls, "blob.lease.release"]
    began = parts.mark()
    async with parts.rotation.outside.leases.hold("another"):
        assert parts.names(since=began)[:3] == ["blob.lease.acquire", "blob.put", "blob.lease.acquire"]


async def test_no_turn_waits_until_it_has_signed_its_lease(parts: Parts) -> None:
    signs = asyncio.Event()
    rule = parts.azure.world.faults.add("blob.metadata", "hook", hook=lambda _: signs.wait())
    async with asyncio.timeout(10), parts.rotation.outside.leases.hold(NAME, who="leak, asked by a person") as lease:
        lease.check()
        assert not parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs[blob_name(NAME)].metadata
        parts.azure.world.faults.remove(rule.id)
        signs.set()
