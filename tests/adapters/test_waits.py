"""Whatever Azure asks to wait, no client of any service sleeps long, and nothing is asked again too early."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.emulator.serve import Azure
from shared.adapters import connections, waits
from shared.adapters.waits import asked_wait, time_limit
from shared.domain.errors import RotationError, Throttled, TryLater
from shared.domain.keys import KeySlot
from shared.domain.names import QUEUE
from shared.ports import Answer
from tests.adapters.test_event_grid import announcements
from tests.support.real_parts import Parts, parts_over
from tests.support.vault_publications import MARKS, latest, publish

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LONG = 372  # seconds


async def acquired(parts: Parts) -> None:
    async with parts.rotation.outside.leases.hold("/subscriptions/s/accounts/chat"):
        pass


async def noted(parts: Parts) -> None:
    version = await latest(parts)
    parts.azure.world.journal.clear()
    await parts.vault.note(parts.target(), version, KeySlot.KEY2, MARKS)


def later(parts: Parts) -> Awaitable[None]:
    assert parts.rotation.outside.later is not None
    return parts.rotation.outside.later.send("{}", timedelta(minutes=1))


type Ask = Callable[[Parts], Awaitable[Any]]
CALLS: dict[str, Ask] = {
    "identity.token": lambda parts: parts.accounts.list_keys(parts.target().account),
    "arm.getAccount": lambda parts: parts.accounts.read(parts.target().account),
    "arm.listAccounts": lambda parts: parts.accounts.tagged(parts.target().account.subscription),
    "arm.listKeys": lambda parts: parts.accounts.list_keys(parts.target().account),
    "arm.regenerateKey": lambda parts: parts.accounts.regenerate(parts.target().account, KeySlot.KEY2),
    "arm.updateAccount": lambda parts: parts.accounts.disable_key_auth(parts.target().account),
    "kv.getSecret": lambda parts: parts.vault.latest(parts.target()),
    "kv.setSecret": publish,
    "kv.updateSecret": noted,
    "kv.listSecrets": lambda parts: parts.vault.listing(parts.target().vault_url),
    "eg.publish": lambda parts: parts.rotation.outside.announcer.announce(announcements(parts), NOW),
    "blob.lease.acquire": acquired,
    "blob.list": lambda parts: parts.rotation.outside.failures.count(NOW),
    "queue.put": later,
    "logs.query": lambda parts: parts.rotation.outside.logs.usage(parts.target().account),
}

CHANGES = {"arm.regenerateKey", "arm.updateAccount", "kv.setSecret", "kv.updateSecret"}


@pytest.fixture
async def parts(azure: Azure) -> Any:
    """The app's parts with every adapter, a published secret, and a blob and a queue that exist already."""
    azure.world.queues.create(QUEUE)
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as before:
        azure.world.workspace.note(before.account().id, ago=3600)
        await publish(before)
        await acquired(before)
    async with parts_over(azure, ROTATION_LOG_WORKSPACE_ID=azure.world.workspace.id) as wired:
        azure.world.journal.clear()
        yield wired


async def raised(call: Awaitable[Any]) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await call
    return caught.value


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(("status", "asks"), [(429, "seconds"), (503, "seconds"), (429, "date"), (429, "milliseconds")])
async def test_a_long_wait_is_not_slept_but_said_and_kept(
    parts: Parts, waits: list[float], operation: str, status: int, asks: str
) -> None:
    rule = parts.azure.world.faults.add(
        operation, "status", status=status, code="Busy", retry_after=LONG, asks=asks, times=0
    )
    began = datetime.now(UTC)
    error = await raised(CALLS[operation](parts))
    assert isinstance(error, Throttled)
    assert error.until is not None
    assert began + timedelta(seconds=LONG - 2) <= error.until <= datetime.now(UTC) + timedelta(seconds=LONG)
    assert f"not asked again before {error.until:%Y-%m-%d %H:%M:%S} UTC" in error.what
    assert sum(waits) == 0
    assert rule.struck == 1
    assert error.unclear is (status == 503 and operation in CHANGES), "a change may have been made"
    again = await raised(CALLS[operation](parts))
    assert isinstance(again, Throttled)
    assert again.until == error.until
    assert not again.unclear, "nothing was sent"
    assert rule.struck == 1, "Azure is not asked again before it said"


async def test_the_keys_are_listed_although_azure_asked_to_wait_after_an_unclear_regeneration(parts: Parts) -> None:
    account = parts.target().account
    rule = parts.azure.world.faults.add(
        "arm.regenerateKey", "status", status=503, code="Busy", retry_after=LONG, times=0
    )
    await raised(parts.accounts.regenerate(account, KeySlot.KEY2))
    assert await parts.accounts.list_keys(account)
    await raised(parts.accounts.regenerate(account, KeySlot.KEY2))
    assert rule.struck == 1


@pytest.mark.parametrize("operation", CALLS)
async def test_nonsense_is_no_wait_and_breaks_nothing(parts: Parts, waits: list[float], operation: str) -> None:
    parts.azure.world.faults.add(operation, "status", status=429, code="Busy", retry_after=1, asks="nonsense", times=0)
    assert isinstance(await raised(CALLS[operation](parts)), Throttled)
    assert sum(waits) <= 15, "only the pauses of the clients themselves"


@pytest.mark.parametrize("asks", ["seconds", "nonsense"])
async def test_a_short_wait_is_slept_and_the_call_repeated(parts: Parts, waits: list[float], asks: str) -> None:
    parts.azure.world.faults.add("arm.listAccounts", "status", status=429, retry_after=3, asks=asks)
    await CALLS["arm.listAccounts"](parts)
    assert parts.azure.world.journal.count("arm.listAccounts", effect=True) == 1
    assert waits == ([3] if asks == "seconds" else [])


async def test_a_subscription_that_is_throttled_stops_no_other_and_an_account_no_neighbour(parts: Parts) -> None:
    faults = parts.azure.world.faults
    first, second = (parts.target(number).account for number in (1, 2))
    one = faults.add("arm.listKeys", "status", status=429, code="AccountBusy", retry_after=LONG, target="account-001")
    assert isinstance(await raised(parts.accounts.list_keys(first)), Throttled)
    assert await parts.accounts.list_keys(second)
    assert await parts.accounts.read(first), "reads have a limit of their own"
    faults.remove(one.id)
    faults.add("arm.listKeys", "status", status=429, code="SubscriptionRequestsThrottled", retry_after=LONG)
    error = await raised(parts.accounts.list_keys(second))
    assert isinstance(error, Throttled)
    assert error.where == f"/subscriptions/{second.subscription}"
    assert isinstance(await raised(parts.accounts.regenerate(second, KeySlot.KEY2)), Throttled)


async def test_a_call_that_finds_no_time_left_neither_sleeps_nor_waits_for_an_answer(
    parts: Parts, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LEAST_LEFT", 0.05)
    parts.azure.world.faults.add("arm.getAccount", "delay", seconds=5, times=0)
    with time_limit(0):
        error = await raised(CALLS["arm.getAccount"](parts))
        assert type(error) is TryLater
        parts.azure.world.faults.clear()
        parts.azure.world.faults.add("arm.listAccounts", "status", status=429, retry_after=1)
        assert isinstance(await raised(CALLS["arm.listAccounts"](parts)), Throttled)
    assert waits == []
    await CALLS["arm.listAccounts"](parts)  # a wait that only this turn had no time for is not remembered
    assert parts.azure.world.journal.count("arm.listAccounts", effect=True) == 1


async def test_a_limit_inside_another_one_cannot_extend_it() -> None:
    with time_limit(1), time_limit(100):
        assert waits.time_left() <= 1
    assert waits.time_left() == float("inf")


async def test_an_answer_that_comes_in_drops_ends_with_the_call(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CALL_SECONDS", 0.05)
    parts.azure.world.faults.add("arm.getAccount", "delay", seconds=5, times=0)
    error = await raised(CALLS["arm.getAccount"](parts))
    assert type(error) is TryLater
    assert "no answer came" in error.what


async def test_a_lease_that_storage_asks_to_release_later_raises_nothing(parts: Parts) -> None:
    rule = parts.azure.world.faults.add("blob.lease.release", "status", status=503, retry_after=LONG)
    await acquired(parts)
    assert rule.struck == 1


async def test_the_proof_of_a_key_tells_how_long_the_endpoint_asks_to_wait(parts: Parts) -> None:
    parts.azure.world.faults.add("aoai.models", "status", status=429, retry_after=LONG, asks="date")
    account = await parts.accounts.read(parts.target().account)
    key = (await parts.accounts.list_keys(parts.target().account))[KeySlot.KEY1]
    attempt = await parts.endpoint.try_key(account.endpoint, key)
    assert attempt.answer is Answer.UNCLEAR
    assert timedelta(seconds=LONG - 3) < attempt.retry_after <= timedelta(seconds=LONG)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "soon", "retry-after-ms": "1500"}, 1.5),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Sun, 22 Nov 2026 12:06:12 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 372),
        ({"retry-after": "Sun, 22 Nov 2026 12:06:12 -0000", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 372),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT", "Date": "Sun, 22 Nov 2026 12:00:00 GMT"}, None),
        ({"retry-after": "99999999999999999999"}, 86400),
        ({"retry-after": "1e400"}, None),
        *[({"retry-after": text}, None) for text in ("", "0", "-5", "nan", "inf", "5, 10", "\u00b2", "22 Nov 99999")],
        ({}, None),
    ],
)
def test_the_wait_of_an_answer_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait(headers) == (None if seconds is None else timedelta(seconds=seconds))
