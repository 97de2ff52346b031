"""A turn that must wait is hidden in the host's own queue, with either form of the storage connection."""

import asyncio
import base64
from datetime import timedelta

import pytest

from lab.emulator.serve import Azure
from shared.adapters import later_turns
from shared.domain.errors import FixConfiguration, TryLater
from shared.domain.names import QUEUE
from tests.support.real_parts import Parts, parts_over

ACCOUNT = "devstoreaccount1"


async def send(parts: Parts, text: str, minutes: float) -> None:
    assert parts.rotation.outside.later is not None
    await parts.rotation.outside.later.send(text, timedelta(minutes=minutes))


def visible(azure: Azure) -> list[str]:
    return [base64.b64decode(one.text).decode() for one in azure.world.queues.peek(QUEUE, 32)]


@pytest.fixture(autouse=True)
def a_queue(azure: Azure) -> None:
    azure.world.queues.create(QUEUE)


async def test_nobody_sees_a_message_before_its_delay_is_over(parts: Parts, azure: Azure) -> None:
    await send(parts, '{"target": "ch\u00e4t"}', 10)
    azure.world.clock.advance(590)
    assert visible(azure) == []
    azure.world.clock.advance(20)
    assert visible(azure) == ['{"target": "ch\u00e4t"}']


def by_identity(azure: Azure) -> dict[str, str]:
    services = {f"AzureWebJobsStorage__{name}ServiceUri": f"{azure.urls[name]}/{ACCOUNT}" for name in ("blob", "queue")}
    return {"AzureWebJobsStorage": "", **services}


async def test_the_app_s_identity_opens_the_queue_where_no_key_is_stored(azure: Azure) -> None:
    async with parts_over(azure, **by_identity(azure)) as parts:
        await send(parts, "{}", 0)
    assert visible(azure) == ["{}"]
    assert next(azure.world.journal.find("queue.put")).caller == "app"


async def test_an_address_that_is_missing_or_a_broken_connection_string_is_named(azure: Azure) -> None:
    alone = {**by_identity(azure), "AzureWebJobsStorage__queueServiceUri": ""}
    async with parts_over(azure, **alone) as parts:
        with pytest.raises(FixConfiguration, match="AzureWebJobsStorage__queueServiceUri"):
            await send(parts, "{}", 1)


async def test_a_queue_that_does_not_answer_raises_try_later(parts: Parts, azure: Azure) -> None:
    azure.world.faults.add("queue.put", "status", status=503, code="ServerBusy", times=0)
    with pytest.raises(TryLater, match="queue a turn"):
        await send(parts, "{}", 1)


async def test_a_lost_answer_leaves_one_message_and_the_error_says_that_it_may_be_there(
    parts: Parts, azure: Azure
) -> None:
    azure.world.faults.add("queue.put", "drop_after", times=0)
    with pytest.raises(TryLater) as caught:
        await send(parts, "{}", 0)
    assert caught.value.unclear
    assert visible(azure) == ["{}"]


async def send_many(parts: Parts, *messages: tuple[str, float]) -> list[str]:
    """Queue texts, each with its delay in minutes, and return what the errors say."""
    assert parts.rotation.outside.later is not None
    delayed = [(text, timedelta(minutes=delay)) for text, delay in messages]
    return [error.what for error in await parts.rotation.outside.later.send_many(delayed)]


async def test_many_messages_are_queued_each_with_its_own_delay(parts: Parts, azure: Azure) -> None:
    azure.world.clock.freeze()
    assert await send_many(parts, ("now", 0), ("soon", 1), ("later", 50)) == []
    assert visible(azure) == ["now"]
    azure.world.clock.advance(61)
    assert sorted(visible(azure)) == ["now", "soon"]
    azure.world.clock.advance(49 * 60)
    assert sorted(visible(azure)) == ["later", "now", "soon"]


async def test_a_message_that_is_not_queued_stops_no_other_one(parts: Parts, azure: Azure) -> None:
    azure.world.faults.add("queue.put", "status", status=503, code="ServerBusy", skip=1, times=2)
    errors = await send_many(parts, *((str(number), 0) for number in range(5)))
    assert errors == ["could not queue a turn: 503 ServerBusy: Service Unavailable."] * 2
    assert len(visible(azure)) == 3


async def test_a_few_messages_are_sent_side_by_side_and_not_all_at_once(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_their_way = most = 0

    async def put(*_: object) -> None:
        nonlocal on_their_way, most
        on_their_way += 1
        most = max(most, on_their_way)
        await asyncio.sleep(0)
        on_their_way -= 1

    monkeypatch.setattr(later_turns.StorageQueue, "_put", staticmethod(put))
    assert await send_many(parts, *((str(number), 0) for number in range(100))) == []
    assert most == later_turns.AT_ONCE


async def test_a_queue_that_is_not_there_yet_is_made(parts: Parts, azure: Azure) -> None:
    azure.world.queues.delete_queue(QUEUE)
    assert await send_many(parts, *((str(number), 0) for number in range(3))) == []
    assert sorted(visible(azure)) == ["0", "1", "2"]
