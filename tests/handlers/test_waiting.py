"""A turn that Azure asked to wait: which messages go back into the queue, and which a later tick repeats."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lab.emulator.serve import Azure
from shared.adapters import waits
from shared.decide.steps import Regenerate, Step
from shared.domain.errors import LeaseHeld, Throttled
from shared.domain.keys import KeySlot
from shared.domain.model import Target
from shared.domain.names import QUEUE
from shared.domain.requests import LeakRequest, RotateRequest
from shared.fleet.rotation import Rotation
from shared.handlers import event_grid, timer_and_queue
from shared.handlers.invocation import MOST_SECONDS, TurnFailed
from shared.handlers.waiting import put_off
from shared.turns.message import Message
from shared.turns.report import Outcome, Result, failure
from tests.support.real_parts import Parts

NOW = datetime.now(UTC)
TICK = Message("account-001", NOW)
EVENT = replace(TICK, insists=True)
LEAK = replace(TICK, request=LeakRequest(reason="seen in a log", id="one", requested_at=NOW))
REPEATED = replace(LEAK, repeated=True)


@pytest.fixture(autouse=True)
def a_queue(azure: Azure) -> None:
    azure.world.queues.create(QUEUE)


def asked_to_wait(*, unclear: bool = False) -> Throttled:
    return Throttled("account-001", "Azure asked to wait.", until=NOW + timedelta(minutes=6), unclear=unclear)


async def queued_after(parts: Parts, message: Message, *, done: tuple[Step, ...] = (), unclear: bool = False) -> int:
    """Return how many messages are in the queue after this one's turn was asked to wait."""
    error = asked_to_wait(unclear=unclear)
    await put_off(parts.rotation, message, failure(message.target, error, done), error)
    return len(parts.azure.world.queues.queue(QUEUE).messages)


@pytest.mark.parametrize("message", [TICK, REPEATED], ids=["a tick's turn", "a leak that a tick repeats"])
async def test_what_a_tick_repeats_is_left_to_it_unless_work_has_begun(parts: Parts, message: Message) -> None:
    assert await queued_after(parts, message) == 0
    assert await queued_after(parts, message, unclear=True) == 0
    assert await queued_after(parts, message, done=(Regenerate(KeySlot.KEY2),)) == 1


async def test_a_repeated_leak_that_has_begun_goes_back_however_old_its_report_is(parts: Parts) -> None:
    old = replace(REPEATED, queued_at=NOW - timedelta(days=3))
    assert await queued_after(parts, old, done=(Regenerate(KeySlot.KEY2),)) == 1


@pytest.mark.parametrize("message", [EVENT, LEAK], ids=["an event", "a leak"])
async def test_what_nothing_repeats_goes_back_into_the_queue(parts: Parts, message: Message) -> None:
    assert await queued_after(parts, message) == 1


async def test_a_leak_on_record_whose_message_may_have_been_queued_is_not_queued_twice(parts: Parts) -> None:
    await parts.rotation.leaks.add(LEAK.about, LEAK.request)
    parts.azure.world.faults.add("queue.put", "drop_after", times=0)
    assert await queued_after(parts, LEAK) == 1


async def test_a_request_whose_message_may_not_have_been_queued_is_tried_again(parts: Parts) -> None:
    parts.azure.world.faults.add("queue.put", "drop_after", times=0)
    with pytest.raises(TurnFailed):
        await queued_after(parts, replace(TICK, request=RotateRequest()))


async def asked_within_time(monkeypatch: pytest.MonkeyPatch, call: object) -> float:
    """Return the seconds that the handler gives its calls."""
    left: list[float] = []

    async def rotation() -> Rotation:
        left.append(waits.time_left())
        raise LookupError("far enough")

    for handler in (timer_and_queue, event_grid):
        monkeypatch.setattr(handler, "rotation", rotation)
    with pytest.raises(LookupError):
        await call()  # type: ignore[operator]
    return left[0]


HANDLERS = {
    "turn_poison": lambda: timer_and_queue.turn_poison(TICK.text().encode()),
    "turn": lambda: timer_and_queue.turn(TICK.text().encode()),
    "tick": lambda: timer_and_queue.tick(None, past_due=False),
    "vault_event": lambda: event_grid.vault_event({"VaultName": "keys", "ObjectName": "chat-key"}),
    "account_event": lambda: event_grid.account_event(
        {"operationName": event_grid.REGENERATED, "resourceUri": ""},
        "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g/providers/"
        "Microsoft.CognitiveServices/accounts/chat",
    ),
}


@pytest.mark.parametrize("handler", HANDLERS)
async def test_every_function_bounds_the_time_of_its_calls(monkeypatch: pytest.MonkeyPatch, handler: str) -> None:
    assert 0 < await asked_within_time(monkeypatch, HANDLERS[handler]) <= MOST_SECONDS


@pytest.mark.parametrize(("status", "asked_again"), [(403, True), (404, False)])
async def test_an_event_about_an_account_that_azure_refuses_to_show_is_delivered_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, status: int, asked_again: bool
) -> None:
    async def rotation() -> Rotation:
        return replace(parts.rotation, settings=replace(parts.rotation.settings, targets=()))

    monkeypatch.setattr(event_grid, "rotation", rotation)
    code = {403: "RequestDisallowedByAzure", 404: "ResourceNotFound"}[status]
    parts.azure.world.faults.add("arm.getAccount", "status", status=status, code=code, times=0)
    data = {"operationName": event_grid.REGENERATED, "resourceUri": parts.account().id}
    if asked_again:
        with pytest.raises(TurnFailed, match=code):
            await event_grid.account_event(data)
    else:
        assert await event_grid.account_event(data) == []


def found(parts: Parts) -> Callable[..., Awaitable[Target]]:
    """Return what finds the target of every message."""

    async def target(*_: object) -> Target:
        return parts.target()

    return target


@pytest.mark.parametrize("result", [Result.BUSY, Result.PLANNED])
async def test_a_repeated_leak_that_cannot_be_carried_out_now_fails_nothing(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, result: Result
) -> None:
    async def turn(*_: object, **__: object) -> Outcome:
        return Outcome(REPEATED.target, result, LeaseHeld("account-001", "another turn holds it."), "it waits.")

    app = parts.rotation
    monkeypatch.setattr(type(app), "turn", turn)

    async def rotation() -> Rotation:
        return app

    monkeypatch.setattr(timer_and_queue, "rotation", rotation)
    monkeypatch.setattr(timer_and_queue, "_target", found(parts))
    await timer_and_queue.turn(REPEATED.text().encode(), timer_and_queue.MOST_TRIES)
    with pytest.raises(TurnFailed):
        await timer_and_queue.turn(LEAK.text().encode(), timer_and_queue.MOST_TRIES)


async def test_a_wait_that_the_poison_queue_meets_is_no_failure(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def rotation() -> Rotation:
        return parts.rotation

    monkeypatch.setattr(timer_and_queue, "rotation", rotation)
    monkeypatch.setattr(timer_and_queue, "_target", found(parts))
    parts.azure.world.faults.add("arm.listKeys", "status", status=429, code="Busy", retry_after=372, times=0)
    parts.azure.world.faults.add("kv.getSecret", "status", status=429, code="Busy", retry_after=372, times=0)
    assert await timer_and_queue.turn_poison(TICK.text().encode()) is None
    assert await timer_and_queue.turn_poison(LEAK.text().encode()) == LEAK.text()
    assert parts.azure.world.journal.count("eg.publish") == 0
