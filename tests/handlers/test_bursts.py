"""Many events about one thing within a moment lead to two turns, and none of them is lost (S10)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from lab.emulator.serve import Azure
from shared.domain.names import QUEUE
from shared.fleet.burst import MOMENT, Burst, Bursts
from shared.fleet.rotation import Rotation
from shared.handlers import event_grid
from shared.handlers.invocation import TurnFailed
from tests.support.real_parts import Parts, parts_over

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ON = {"key-rotation": "on"}


@pytest.fixture
async def app(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """The app with the targets `account-001` and `account-002`, and its queue."""
    azure.world.queues.create(QUEUE)
    for account in azure.world.accounts:
        account.tags = dict(ON)
    async with parts_over(azure) as made:

        async def rotation() -> Rotation:
            return made.rotation

        monkeypatch.setattr(event_grid, "rotation", rotation)
        yield made


async def event(app: Parts, number: int = 1) -> int:
    """Deliver an event about an account's key. Return how many messages the host queues for it."""
    data = {"operationName": event_grid.REGENERATED, "resourceUri": app.account(number).id}
    return len(await event_grid.account_event(data))


def hidden(app: Parts) -> int:
    """Return how many messages the app itself has sent to the queue."""
    return len(app.azure.world.queues.queue(QUEUE).messages)


async def test_a_hundred_events_at_once_lead_to_one_turn_now_and_one_when_the_moment_is_over(app: Parts) -> None:
    assert sum(await asyncio.gather(*(event(app) for _ in range(100)))) == 1
    assert hidden(app) == 1
    assert app.names().count("arm.getAccount") == 2


async def test_every_event_has_a_turn_that_begins_after_it(app: Parts) -> None:
    """However the events fall: one without a message of its own comes before the hidden message can be seen."""
    clock, queue = app.azure.world.clock, app.azure.world.queues.queue(QUEUE)
    for pause in (0, 1, 3, 5.9, 0.2, 9, 11, 0, 2, 9.9, 0.2, 30, 0.1):
        clock.advance(pause)
        before = hidden(app)
        own = await event(app) or hidden(app) > before
        seen_from = max((one.visible for one in queue.messages.values()), default=0)
        assert own or seen_from > clock.now(), pause


async def test_events_about_another_account_are_apart(app: Parts) -> None:
    assert [await event(app, number) for number in (1, 2, 1, 2, 1, 2)] == [1, 1, 0, 0, 0, 0]
    assert hidden(app) == 2


async def test_an_event_about_nothing_of_ours_leads_to_nothing_later(app: Parts) -> None:
    app.account().tags = {}
    assert [await event(app) for _ in range(3)] == [0, 0, 0]
    app.account().tags = dict(ON)
    assert await event(app) == 1


async def test_an_event_whose_turn_cannot_be_hidden_has_a_turn_at_once(app: Parts) -> None:
    assert await event(app) == 1
    app.azure.world.faults.add("queue.put", "status", times=0, status=503)
    assert [await event(app) for _ in range(3)] == [1, 1, 1]


async def test_an_event_that_cannot_be_looked_up_is_delivered_again_and_hides_no_other(app: Parts) -> None:
    app.azure.world.faults.add("arm.getAccount", "status", times=0, status=503)
    for _ in range(2):
        with pytest.raises(TurnFailed):
            await event(app)
    app.azure.world.faults.clear()
    assert await event(app) == 1


def test_a_clock_that_was_set_back_serves_no_event() -> None:
    burst = Burst()
    burst.note(NOW, hidden=True)
    assert burst.is_served(NOW + MOMENT / 2)
    for moment in (NOW - timedelta(seconds=1), NOW + MOMENT):
        assert not burst.is_served(moment)
        assert not burst.is_going_on(moment)


def test_what_is_over_is_forgotten() -> None:
    bursts = Bursts()
    for number in range(1000):
        moment = NOW + number * MOMENT
        bursts.of(str(number), moment).note(moment, hidden=False)
    assert set(bursts.by_thing) == {"999"}
