"""Whose turn it is: a turn that somebody asked for signs its lease, so that whoever has to wait knows for whom.

A courtesy: it stops no turn and keeps no lease, whatever becomes of it.
"""

import asyncio
from typing import Any

import pytest

from lab.emulator.journal import Entry
from shared.adapters.blob_lease import CONTAINER, blob_name
from shared.domain.errors import LeaseHeld
from tests.support.real_parts import Parts

pytestmark = pytest.mark.usefixtures("lease_time")
NAME = "chat"
NOBODY_ASKED = "one of the schedule or of an event"
ASKED = "rotate, asked by zoë@example.com"


def state(parts: Parts) -> str:
    blob = parts.azure.world.blobs.containers[CONTAINER].blobs[blob_name(NAME)]
    return blob.lease.state(parts.azure.world.clock.now())


async def told_who_holds(parts: Parts) -> str:
    with pytest.raises(LeaseHeld) as caught:
        await parts.rotation.outside.leases.hold(NAME).__aenter__()
    return caught.value.what.removeprefix("another turn holds this target: ")


async def test_who_has_to_wait_is_told_for_whom_and_since_when(parts: Parts) -> None:
    since = parts.azure.world.clock.utcnow()
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
        parts.azure.world.clock.advance(5)
        assert await told_who_holds(parts) == f"{ASKED}, as it said at {since:%H:%M:%S} UTC."


async def test_a_turn_that_nobody_asked_for_is_not_taken_for_the_one_before_it(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
        pass
    async with parts.rotation.outside.leases.hold(NAME):
        assert await told_who_holds(parts) == f"{NOBODY_ASKED}, or nobody can tell."


async def test_what_a_killed_process_has_signed_counts_for_as_long_as_a_turn_may_last(parts: Parts) -> None:
    lease = await parts.rotation.outside.leases._acquire(NAME)  # nobody gives it back
    await lease.sign(parts.rotation.outside.leases.service.get_blob_client(CONTAINER, blob_name(NAME)), ASKED)
    parts.azure.world.clock.advance(595)
    async with parts.rotation.outside.leases.hold(NAME):
        assert ASKED in await told_who_holds(parts)
        parts.azure.world.clock.advance(6)
        assert await told_who_holds(parts) == f"{NOBODY_ASKED}."


@pytest.mark.parametrize("fault", [{"effect": "status", "status": 503}, {"effect": "drop_before"}])
async def test_a_signature_that_cannot_be_written_stops_no_turn(parts: Parts, fault: dict[str, Any]) -> None:
    parts.azure.world.faults.add("blob.metadata", times=0, **fault)
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED) as lease:
        lease.check()
        assert await told_who_holds(parts) == f"{NOBODY_ASKED}, or nobody can tell."
    assert state(parts) == "available"


@pytest.mark.parametrize("since", ["soon", "99999999999999999", ""])
async def test_a_signature_that_cannot_be_read_is_no_reason_to_fail(parts: Parts, since: str) -> None:
    async with parts.rotation.outside.leases.hold(NAME):
        blob = parts.azure.world.blobs.containers[CONTAINER].blobs[blob_name(NAME)]
        blob.metadata.update(asked="somebody", since=since)
        assert (await told_who_holds(parts)).startswith(NOBODY_ASKED)
        parts.azure.world.faults.add("blob.properties", "status", status=503, times=0)
        assert (await told_who_holds(parts)).startswith(NOBODY_ASKED)


async def test_an_answer_to_a_signature_that_makes_no_sense_stops_no_turn_and_keeps_no_lease(parts, spoiled) -> None:
    def of_another_kind(answer: Any) -> Any:
        answer.headers["Last-Modified"] = "yesterday"
        return answer

    for _ in ("signed", "wiped"):
        spoiled.next("blob.metadata", of_another_kind)
    async with parts.rotation.outside.leases.hold(NAME, who=ASKED) as lease:
        lease.check()
    assert state(parts) == "available"


async def test_a_turn_that_is_cancelled_while_it_wipes_its_signature_gives_the_lease_back(parts: Parts) -> None:
    begun = asyncio.Event()

    async def hang(_: Entry) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def a_turn() -> None:
        async with parts.rotation.outside.leases.hold(NAME, who=ASKED):
            parts.azure.world.faults.add("blob.metadata", "hook", hook=hang)

    turn = asyncio.create_task(a_turn())
    await begun.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert state(parts) == "available"


@pytest.mark.parametrize("who", ["leak, asked by x\ud800", "rotate, asked by " + "\N{DROMEDARY CAMEL}" * 80])
async def test_whatever_somebody_is_called_the_lease_can_be_signed(parts: Parts, who: str) -> None:
    async with parts.rotation.outside.leases.hold(NAME, who=who):
        assert (await told_who_holds(parts)).startswith(who.replace("\ud800", "?"))
