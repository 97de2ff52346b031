"""A leak comes at each call of a scheduled rotation, which gives way: both come to a good end (P1, P2, P6)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from lab.emulator.leases import Lease
from lab.simulation.builders import reports_leak
from lab.simulation.interruptions import Call, Interruptions
from lab.simulation.stage import Stage
from shared.adapters.blob_lease import blob_name
from shared.domain.keys import ApiKey
from shared.domain.names import LEASE_CONTAINER
from shared.domain.requests import LeakRequest
from shared.fleet.rotation import Rotation
from shared.turns.report import Outcome, Result
from tests.support.one_turn import rotation_due

CALLS = 12  # of a turn that rotates
type Reports = Callable[[Stage], LeakRequest]


def lease(stage: Stage) -> Lease:
    name = blob_name(str(stage.target.account).casefold())
    return stage.world.blobs.get(LEASE_CONTAINER, name).lease


def by_fingerprint(stage: Stage) -> LeakRequest:
    return replace(reports_leak(), key=None, fingerprint=ApiKey(stage.value("key2")).fingerprint)


def in_words(stage: Stage) -> LeakRequest:
    return replace(reports_leak(), requested_at=stage.now)


async def rotate(stage: Stage, number: int, act: Callable[[Rotation], Awaitable[None]]) -> Outcome:
    """Take the scheduled turn, and act right after its call of that number had its effect."""

    async def hook(_: Call) -> None:
        await act(app)

    app = stage.rotation(Interruptions(after={number: hook}))
    return await app.turn(stage.target)


async def both_ended_well(stage: Stage, leaked: str, spare: str, before: int, leak: Outcome) -> None:
    assert leak.result in (Result.DONE, Result.NOTHING), leak
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)  # P1
    stage.witness.observe()
    await stage.rest()
    await stage.must_be_at_rest()
    assert len(stage.versions) <= before + 2  # the rotation's own, and at most one more (P5)
    assert stage.works(stage.versions[-1].value)
    assert spare not in (leaked, stage.versions[-1].value)


@pytest.mark.parametrize("reports", [by_fingerprint, in_words])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
async def test_the_rotation_gives_way_after_its_call_and_the_leak_comes_next(number: int, reports: Reports) -> None:
    stage = await rotation_due()
    report, leaked, spare, before = reports(stage), stage.value("key2"), stage.value("key1"), len(stage.versions)

    async def broken(app: Rotation) -> None:
        if lease(stage).active(stage.world.clock.now()):
            lease(stage).break_(stage.world.clock.now(), None)
            app.outside.leases.renew()  # type: ignore[attr-defined] - the next renewal is refused

    await rotate(stage, number, broken)
    assert not lease(stage).active(stage.world.clock.now())  # it released the broken lease
    stage.witness.excuse_leaked(leaked, spare, stage.value("key1"), stage.value("key2"))
    leak = await stage.rotation().turn(stage.target, report)
    await both_ended_well(stage, leaked, spare, before, leak)


@pytest.mark.parametrize("reports", [by_fingerprint, in_words])
@pytest.mark.parametrize("number", range(2, CALLS + 1))
async def test_the_leak_ends_before_the_rotation_goes_on(number: int, reports: Reports) -> None:
    stage = await rotation_due()
    report, leaked, spare, before = reports(stage), stage.value("key2"), stage.value("key1"), len(stage.versions)
    leaks: list[Outcome] = []

    async def reported(_: Rotation) -> None:
        stage.witness.excuse_leaked(leaked, spare, stage.value("key1"), stage.value("key2"))
        leaks.append(await stage.rotation().turn(stage.target, report))

    await rotate(stage, number, reported)
    await both_ended_well(stage, leaked, spare, before, leaks[0])
