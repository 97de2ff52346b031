"""What Azure asked not to be asked is noted for all instances, in the storage account of the function host."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.errors import TryLater
from shared.domain.names import LEASE_CONTAINER
from shared.domain.throttle import Throttle
from shared.ports import Throttles
from tests.support.real_parts import Parts, parts_over

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIRST, SECOND = "/subscriptions/a", "https://keys.vault.azure.net"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def of(parts: Parts) -> Throttles:
    assert parts.rotation.outside.throttles is not None
    return parts.rotation.outside.throttles


@pytest.fixture
def throttles(parts: Parts) -> Throttles:
    parts.azure.world.blobs.create_container(LEASE_CONTAINER)
    return of(parts)


async def test_another_instance_reads_what_one_has_noted(throttles: Throttles, parts: Parts) -> None:
    await throttles.note(FIRST, NOON, at(10))
    await throttles.note(SECOND, NOON, at(20))
    async with parts_over(parts.azure) as other:
        known = await of(other).known(at(1))
        assert sorted(known, key=str) == [Throttle(FIRST, NOON, at(10)), Throttle(SECOND, NOON, at(20))]


async def test_waits_in_a_row_are_one_wait_whoever_notes_them(throttles: Throttles, parts: Parts) -> None:
    await throttles.note(FIRST, NOON, at(10))
    async with parts_over(parts.azure) as other:
        await of(other).note(FIRST, at(12), at(30))
    assert await throttles.known(at(20)) == [Throttle(FIRST, NOON, at(30))]
    assert await throttles.known(at(61)) == []


async def test_a_wait_is_written_once_and_a_short_one_never(throttles: Throttles, parts: Parts) -> None:
    for _ in range(3):
        await throttles.note(FIRST, NOON, at(10))
    await throttles.note(SECOND, NOON, at(0.5))
    await throttles.note("", NOON, at(10))
    assert parts.azure.world.journal.count("blob.put") == 1
    assert [one.where for one in await throttles.known(NOON)] == [FIRST]


async def test_nothing_is_known_before_the_container_exists_or_if_a_blob_cannot_be_read(parts: Parts) -> None:
    assert await of(parts).known(NOON) == []
    await of(parts).note(FIRST, NOON, at(10))
    assert len(await of(parts).known(NOON)) == 1
    parts.azure.world.blobs.put(LEASE_CONTAINER, "throttled/strange", b"")
    assert [one.where for one in await of(parts).known(NOON)] == [FIRST]


async def test_storage_that_does_not_answer_raises_try_later(throttles: Throttles, parts: Parts) -> None:
    parts.azure.world.faults.add("blob.*", "status", status=503, code="ServerBusy", times=0)
    with pytest.raises(TryLater, match="read what Azure asked to wait for"):
        await throttles.known(NOON)
    with pytest.raises(TryLater, match="note until when Azure asked to wait"):
        await throttles.note(FIRST, NOON, at(10))
