"""Two triggers at the same time: the second finds the work done, waits, or takes over; nothing is done twice."""

import asyncio

import aiohttp

from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from tests.end_to_end.conftest import published, tick, works
from tests.end_to_end.test_triggers import post


def regenerated(azure: Azure) -> int:
    return azure.world.journal.count("arm.regenerateKey", effect=True)


def slowly(azure: Azure) -> None:
    """Slow all calls down, so that the two triggers really run at the same time."""
    for operation in ("arm.*", "kv.*"):
        azure.world.faults.add(operation, "delay", seconds=0.2, times=0)


async def test_a_request_and_the_timer_rotate_a_due_target_once(host: FunctionHost, azure: Azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    slowly(azure)
    (status, report), _ = await asyncio.gather(post(http, host, "targets/chat/rotate", json={}), tick(host))
    assert status in (200, 409), report
    await tick(host)
    assert regenerated(azure) == 1
    assert works(azure, "chat")


async def test_two_people_with_one_idempotency_key_rotate_once(host: FunctionHost, azure: Azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    slowly(azure)
    key = {"Idempotency-Key": "the very same"}
    answers = await asyncio.gather(*(post(http, host, "targets/chat/rotate", json={}, headers=key) for _ in range(4)))
    assert sorted({status for status, _ in answers}) in ([200], [200, 409])
    status, report = await post(http, host, "targets/chat/rotate", json={}, headers=key)
    assert (status, report["reason"]) == (200, "already-done")
    assert regenerated(azure) == 1
    assert works(azure, "chat")


async def test_a_leak_takes_the_target_over_from_a_rotation(host: FunctionHost, azure: Azure, http) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    leaked = account.keys["key1"].value
    slowly(azure)
    azure.world.faults.add("arm.regenerateKey", "delay", seconds=6, when="after")
    rotating = asyncio.create_task(post(http, host, "targets/chat/rotate", json={}))
    await host.running("rotate")
    while not any(azure.world.journal.find("arm.regenerateKey")):  # noqa: ASYNC110 - the other process makes it true
        await asyncio.sleep(0.05)
    status, report = await post(http, host, "targets/chat/leak", json={"key": "live", "reason": "seen in a log"})
    assert (status, report["result"]) == (200, "done"), report
    _, first = await rotating
    assert first["result"] == "failed"
    assert first["title"] == "LeaseLost"
    assert not azure.world.accounts.key_accepted(account, leaked)
    await host.idle()
    assert works(azure, "chat")


async def test_a_leak_reported_twice_at_the_same_time_ends_the_key_and_leaves_a_published_one(
    host: FunctionHost, azure: Azure, http: aiohttp.ClientSession
) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    leaked = account.keys["key1"].value
    slowly(azure)
    key = {"Idempotency-Key": "one leak"}
    answers = await asyncio.gather(
        *(post(http, host, "targets/chat/leak", json={"key": "live"}, headers=key) for _ in range(2))
    )
    assert 200 in {status for status, _ in answers}, answers
    await host.idle(60)
    assert not azure.world.accounts.key_accepted(account, leaked)
    assert works(azure, "chat")
