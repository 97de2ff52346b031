"""Failures of accounts are counted for each tick, in the storage account that all instances share."""

from datetime import UTC, datetime, timedelta

import pytest

from lab.emulator.directory import Identity
from shared.adapters.blob_failures import PREFIX, BlobFailures
from shared.domain.errors import GrantRole, TryLater
from shared.domain.names import LEASE_CONTAINER
from shared.domain.times import stamp
from tests.support.real_parts import Parts, parts_over

TICK = datetime(2026, 11, 22, 12, 0, 0, 123456, UTC)
LATER = TICK + timedelta(minutes=10)


@pytest.fixture
async def failures(parts: Parts) -> BlobFailures:
    """The record of failures after the first turn, which made the container."""
    parts.azure.world.blobs.create_container(LEASE_CONTAINER)
    return of(parts)


def of(parts: Parts) -> BlobFailures:
    assert isinstance(parts.rotation.outside.failures, BlobFailures)
    return parts.rotation.outside.failures


async def test_count_is_zero_before_the_container_exists(parts: Parts) -> None:
    assert LEASE_CONTAINER not in parts.azure.world.blobs.containers
    assert await of(parts).count(TICK) == 0


async def test_an_account_that_fails_twice_in_a_tick_counts_once(failures: BlobFailures) -> None:
    for account in ("/subscriptions/s/accounts/chat", "/subscriptions/s/accounts/search"):
        for _ in range(2):
            await failures.note(TICK, account)
    assert await failures.count(TICK) == 2


async def test_accounts_of_the_same_name_in_two_groups_count_as_two(failures: BlobFailures) -> None:
    await failures.note(TICK, "/resourcegroups/a/accounts/chat")
    await failures.note(TICK, "/resourcegroups/b/accounts/chat")
    assert await failures.count(TICK) == 2


async def test_each_tick_counts_its_own_failures_and_a_later_failure_replaces_an_earlier_one(
    failures: BlobFailures,
) -> None:
    for account in ("a", "b"):
        await failures.note(TICK, account)
    assert await failures.count(LATER) == 0
    await failures.note(LATER, "a")
    assert (await failures.count(LATER), await failures.count(TICK)) == (1, 1)
    assert await failures.count(TICK + timedelta(microseconds=1)) == 0


async def test_the_time_zone_of_a_tick_does_not_matter(failures: BlobFailures) -> None:
    await failures.note(TICK, "a")
    elsewhere = datetime.fromisoformat("2026-01-01T00:00:00-07:00").tzinfo
    assert await failures.count(TICK.astimezone(elsewhere)) == 1


async def test_another_process_counts_the_failures_of_this_one(parts: Parts, failures: BlobFailures) -> None:
    await failures.note(TICK, "a")
    async with parts_over(parts.azure) as others:
        assert await of(others).count(TICK) == 1


async def test_leases_and_other_blobs_are_not_counted(parts: Parts, failures: BlobFailures) -> None:
    blobs = parts.azure.world.blobs
    async with parts.rotation.outside.leases.hold("a"):
        blobs.put(LEASE_CONTAINER, "other/a", b"", metadata={"tick": "20261122T120000.123456Z"})
        blobs.put(LEASE_CONTAINER, f"{PREFIX}without-a-tick", b"")
        assert await failures.count(TICK) == 0
        await failures.note(TICK, "a")
        assert await failures.count(TICK) == 1


async def test_counting_takes_one_call_and_each_account_has_one_blob(parts: Parts, failures: BlobFailures) -> None:
    for tick in (TICK, LATER):
        for number in range(30):
            await failures.note(tick, f"account-{number}")
    before = parts.mark()
    assert await failures.count(LATER) == 30
    assert parts.names(since=before) == ["blob.list"]
    assert len(parts.azure.world.blobs.list(LEASE_CONTAINER, PREFIX)) == 30


async def test_failures_on_a_second_page_of_the_listing_are_counted(parts: Parts, failures: BlobFailures) -> None:
    for number in range(5001):
        parts.azure.world.blobs.put(LEASE_CONTAINER, f"{PREFIX}{number}", b"", metadata={"tick": stamp(TICK)})
    before = parts.mark()
    assert await failures.count(TICK) == 5001
    assert parts.names(since=before) == ["blob.list"] * 2


async def test_an_unavailable_storage_account_raises_try_later(parts: Parts, failures: BlobFailures) -> None:
    parts.azure.world.faults.add("blob.*", "status", status=503, code="ServerBusy", times=0)
    with pytest.raises(TryLater, match="count its failures"):
        await failures.count(TICK)
    with pytest.raises(TryLater, match="note its failure"):
        await failures.note(TICK, "a")


async def test_a_missing_role_on_the_storage_account_raises_grant_role(parts: Parts) -> None:
    world = parts.azure.world
    world.blobs.create_container(LEASE_CONTAINER)
    storage = {"AzureWebJobsStorage": "", "AzureWebJobsStorage__blobServiceUri": blob_url(parts)}
    unprivileged = world.directory.add(Identity("unprivileged"))
    async with parts_over(parts.azure, **storage, AzureWebJobsStorage__clientId=unprivileged.client_id) as others:
        with pytest.raises(GrantRole):
            await of(others).count(TICK)
        with pytest.raises(GrantRole):
            await of(others).note(TICK, "a")


def blob_url(parts: Parts) -> str:
    return f"{parts.azure.urls['blob']}/devstoreaccount1"


async def test_a_late_failure_of_an_older_tick_does_not_replace_a_newer_one(failures: BlobFailures) -> None:
    await failures.note(LATER, "/subscriptions/s/accounts/chat")
    await failures.note(TICK, "/subscriptions/s/accounts/chat")
    assert await failures.count(LATER) == 1
    assert await failures.count(TICK) == 0
