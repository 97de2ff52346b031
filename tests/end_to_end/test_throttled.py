"""A subscription or vault that asks to wait for minutes: nobody waits in a function, nothing is lost, others go on."""

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from lab.emulator.serve import Azure
from lab.emulator.surfaces.queue import WEEK
from lab.funchost.host import FunctionHost
from shared.domain.names import QUEUE
from tests.end_to_end.calls import Doors, events, regenerations
from tests.end_to_end.conftest import a_host, kinds, published, tick, works

OTHER = "00000000-0000-4000-8000-00000000000b"
LONG = 372  # seconds
LEAK = {"key": "live", "reason": "seen in a log"}
BUSY = {"status": 429, "code": "SubscriptionRequestsThrottled", "retry_after": LONG}


@pytest.fixture
def doors(host: FunctionHost, http) -> Doors:
    return Doors(host, http)


def hidden(azure: Azure) -> list[tuple[dict, float]]:
    """Return the messages that wait in the queue, with the seconds until each is seen."""
    now, queue = azure.world.clock.now(), azure.world.queues.queue(QUEUE)
    return [(json.loads(base64.b64decode(one.text)), one.visible - now) for one in queue.messages.values()]


async def the_wait_is_over(azure: Azure, host: FunctionHost, seconds: float = LONG) -> None:
    """Start another process, which does not remember the wait, and then let the time pass for the queue.

    In the other order, the first process may take the message before it ends, and keep it waiting once more.
    """
    azure.world.faults.clear()
    await host.kill_worker()
    await host.worker_ready()
    azure.world.clock.advance(seconds)
    await host.idle()


def is_in(minutes: float, moment: str) -> bool:
    """Return whether the moment is that many minutes from now, give or take two."""
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    return abs(ahead - timedelta(minutes=minutes)) < timedelta(minutes=2)


@pytest.mark.parametrize("asks", ["seconds", "date", "nonsense"])
async def test_a_leak_that_meets_a_wait_is_answered_with_the_moment_and_carried_out_then(
    doors: Doors, azure: Azure, asks: str
) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    leaked = account.keys["key1"].value
    azure.world.faults.add("arm.listKeys", "status", times=0, asks=asks, **BUSY)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["result"], told.data["reason"]) == (202, "held-back", "Throttled")
    assert is_in(0.5 if asks == "nonsense" else LONG / 60, told.data["heldUntil"])
    assert "is on record" in told.data["nextStep"]
    [(message, delay)] = hidden(azure)
    assert message["request"]["wish"] == "leak"
    assert 0 < delay <= LONG
    assert azure.world.accounts.key_accepted(account, leaked)
    await the_wait_is_over(azure, doors.host)
    await doors.host.activity.until(lambda: not azure.world.accounts.key_accepted(account, leaked), 40)
    await doors.host.idle()
    assert works(azure, "chat")
    assert hidden(azure) == []
    assert events(azure, "chat", "RotationFailed") == []


async def test_a_leak_whose_target_cannot_even_be_found_yet_is_answered_with_the_moment(
    doors: Doors, azure: Azure
) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    azure.world.faults.add("arm.listAccounts", "status", times=0, **BUSY)
    told = await doors.post("targets/chat/leak", LEAK)
    assert (told.status, told.data["reason"]) == (202, "Throttled")
    assert is_in(LONG / 60, told.data["heldUntil"])
    assert len(hidden(azure)) == 1


async def test_a_rotation_that_meets_a_wait_is_not_queued_and_the_answer_says_so(doors: Doors, azure: Azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    fault = {"status": 429, "code": "Throttled", "retry_after": LONG}
    rule = azure.world.faults.add("kv.getSecret", "status", times=0, **fault)
    told = await doors.post("targets/chat/rotate", {"reason": "a drill"})
    assert (told.status, told.data["title"]) == (503, "Throttled")
    assert told.data["nextStep"] == "ask again, with the same Idempotency-Key"
    ahead = parsedate_to_datetime(told.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=LONG - 120) < ahead <= timedelta(seconds=LONG + 1)
    assert azure.world.journal.count("queue.put") == 0
    shown = await doors.get("targets/chat")
    assert (shown.status, shown.headers["Retry-After"]) == (503, told.headers["Retry-After"])
    assert rule.struck == 1, "the vault is not asked again"


async def test_a_rotation_that_has_begun_goes_on_after_the_wait_without_another_new_key(
    doors: Doors, azure: Azure
) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    azure.world.faults.add("kv.setSecret", "status", status=429, code="Throttled", retry_after=LONG)
    told = await doors.post("targets/chat/rotate", {"reason": "a drill"})
    assert (told.status, told.data["done"]) == (202, ["regenerate key2", "prove key2"])
    assert is_in(LONG / 60, told.data["heldUntil"])
    await the_wait_is_over(azure, doors.host)
    await doors.host.activity.until(lambda: "KeyRotated" in kinds(azure, "chat"), 40)
    assert regenerations(azure, "chat") == 1
    assert hidden(azure) == []


async def test_one_throttled_subscription_stops_no_other_and_its_turns_wait_for_the_first_tick_after(
    azure: Azure,
) -> None:
    azure.world.accounts.add("other", tags={"key-rotation": "on"}, subscription=OTHER)
    first = azure.world.accounts.named("chat")
    subscriptions = f"{first.subscription},{OTHER}"
    rule = azure.world.faults.add("arm.listKeys", "status", target=first.subscription, times=0, **BUSY)
    async with a_host(azure, ROTATION_SUBSCRIPTIONS=subscriptions) as host:
        await tick(host)
        assert works(azure, "other")
        assert hidden(azure) == []
        asked = rule.struck
        assert asked <= 2, "at most once for each turn that ran at the same time"
        await host.kill_worker()
        await host.worker_ready()
        await tick(host)
        assert rule.struck == asked, "another process knows of the wait"
        await host.logged("waiting because Azure asked to: 2")
    assert events(azure, "chat", "RotationFailed") == events(azure, "search", "RotationFailed") == []


async def test_a_subscription_whose_listing_must_wait_is_named_and_the_others_are_served(azure: Azure) -> None:
    azure.world.accounts.add("other", tags={"key-rotation": "on"}, subscription=OTHER)
    first = azure.world.accounts.named("chat").subscription
    rule = azure.world.faults.add("arm.listAccounts", "status", target=first, times=0, **BUSY)
    async with a_host(azure, ROTATION_SUBSCRIPTIONS=f"{first},{OTHER}") as host:
        await tick(host)
        assert works(azure, "other")
        await host.logged(f"subscription {first}: could not list its accounts: 429 SubscriptionRequestsThrottled")
        await tick(host)
    assert rule.struck == 1


async def test_a_queued_request_that_must_wait_keeps_its_moment_and_uses_no_try(doors: Doors, azure: Azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    rule = azure.world.faults.add("arm.listKeys", "status", times=0, **{**BUSY, "retry_after": WEEK})
    told = await doors.post("rotate", {"targets": ["chat"], "reason": "a drill"})
    assert told.status == 202
    await doors.host.idle()
    [(message, delay)] = hidden(azure)
    assert timedelta(minutes=49) < timedelta(seconds=delay) <= timedelta(minutes=50)
    asked = message["asked"]
    for _ in range(4):  # more often than a message may be tried
        azure.world.clock.advance(3001)
        await doors.host.idle()
        [(message, delay)] = hidden(azure)
        assert message["asked"] == asked
    assert rule.struck == 1
    assert events(azure, "chat", "RotationFailed") == []
