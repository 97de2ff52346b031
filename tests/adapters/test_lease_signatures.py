"""A turn that a caller requested signs its lease, so that another caller who has to wait learns who is being served.

The signature is a courtesy: a problem with it neither stops a turn nor keeps a lease.
"""

import asyncio
from typing import Any

import pytest

from lab.emulator.journal import Entry
from shared.adapters.blob_lease import blob_name
from shared.domain.errors import LeaseHeld
from shared.domain.names import LEASE_CONTAINER
from tests.support.real_parts import Parts

pytestmark = pytest.mark.usefixtures("lease_time")
NAME = "chat"
UNSIGNED = "one of the schedule or of an event"
ASKED = "rotate, asked by zoë@example.com"


def state(parts: Parts) -> str:
    blob = parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs[blob_name(NAME)]
    return blob.lease.state(parts.azure.world.clock.now())


async def signed(parts: Parts) -> None:
    """Wait until the blob is signed: no turn waits for that."""
    async with asyncio.timeout(5):
        while not parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs[blob_name(NAME)].metadata:  # noqa: ASYNC110 - the condition has no event to wait for
            await asyncio.sleep(0.002)


async def holder_in_the_error(parts: Parts) -> str:
    with pytest.raises(LeaseHeld) as caught:
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    return caught.value.what.removeprefix("another turn holds this target: ")


async def test_the_error_says_for_whom_and_since_when_the_lease_is_held(parts: Parts) -> None:
    since = parts.azure.world.clock.utcnow()
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
        await signed(parts)
        parts.azure.world.clock.advance(5)
        assert await holder_in_the_error(parts) == f"{ASKED}, since {since:%H:%M:%S} UTC."


async def test_an_unsigned_lease_does_not_show_the_signature_of_the_turn_before(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
        pass
    async with parts.rotation.outside.leases.hold(NAME):
        assert await holder_in_the_error(parts) == f"{UNSIGNED}, or its signature could not be read."


async def test_the_signature_of_a_killed_process_counts_only_for_the_longest_time_of_a_turn(parts: Parts) -> None:
    lease = await parts.rotation.outside.leases._acquire(NAME)  # and never released
    await lease.sign(parts.rotation.outside.leases.service.get_blob_client(LEASE_CONTAINER, blob_name(NAME)), ASKED)
    parts.azure.world.clock.advance(595)
    async with parts.rotation.outside.leases.hold(NAME):
        assert ASKED in await holder_in_the_error(parts)
        parts.azure.world.clock.advance(6)
        assert await holder_in_the_error(parts) == f"{UNSIGNED}."


@pytest.mark.parametrize("fault", [{"effect": "status", "status": 503}, {"effect": "drop_before"}])
async def test_a_turn_goes_on_if_its_signature_cannot_be_written(parts: Parts, fault: dict[str, Any]) -> None:
    parts.azure.world.faults.add("blob.metadata", times=0, **fault)
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED) as lease:
        lease.check()
        assert await holder_in_the_error(parts) == f"{UNSIGNED}, or its signature could not be read."
    assert state(parts) == "available"


@pytest.mark.parametrize("since", ["soon", "99999999999999999", ""])
async def test_an_unreadable_signature_is_reported_as_unsigned(parts: Parts, since: str) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        blob = parts.azure.world.blobs.containers[LEASE_CONTAINER].blobs[blob_name(NAME)]
        blob.metadata.update(asked="a caller", since=since)
        assert (await holder_in_the_error(parts)).startswith(UNSIGNED)
        parts.azure.world.faults.add("blob.properties", "status", status=503, times=0)
        assert (await holder_in_the_error(parts)).startswith(UNSIGNED)


async def test_an_invalid_answer_to_a_signature_neither_stops_the_turn_nor_keeps_the_lease(parts, spoiled) -> None:
    def of_another_kind(answer: Any) -> Any:
        answer.headers["Last-Modified"] = "yesterday"
        return answer

    for _ in ("signed", "removed"):
        spoiled.next("blob.metadata", of_another_kind)
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED) as lease:
        lease.check()
    assert state(parts) == "available"


async def test_a_turn_that_is_cancelled_while_it_removes_its_signature_releases_the_lease(parts: Parts) -> None:
    begun = asyncio.Event()

    async def hang(_: Entry) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def a_turn() -> None:
        async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
            await signed(parts)
            parts.azure.world.faults.add("blob.metadata", "hook", hook=hang)

    turn = asyncio.create_task(a_turn())
    await begun.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert state(parts) == "available"


@pytest.mark.parametrize("who", ["leak, asked by x\ud800", "rotate, asked by " + "\N{DROMEDARY CAMEL}" * 80])
async def test_any_caller_s_name_can_be_signed(parts: Parts, who: str) -> None:
    async with parts.rotation.outside.leases.hold(NAME, who=who):
        await signed(parts)
        assert (await holder_in_the_error(parts)).startswith(who.replace("\ud800", "?"))
