"""A turn that must wait is hidden in the host's own queue, with either form of the storage connection."""

import base64
from datetime import timedelta

import pytest

from lab.emulator.serve import Azure
from shared.domain.errors import FixConfiguration, TryLater
from shared.domain.names import QUEUE
from tests.support.real_parts import Parts, parts_over

ACCOUNT = "devstoreaccount1"


async def send(parts: Parts, text: str, minutes: float) -> None:
    assert parts.rotation.outside.later is not None
    await parts.rotation.outside.later.send(text, timedelta(minutes=minutes))


def visible(azure: Azure) -> list[str]:
    return [base64.b64decode(one.text).decode() for one in azure.world.queues.peek(QUEUE)]


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
