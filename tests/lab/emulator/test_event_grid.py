"""Event Grid topics, called with the released publisher client."""

from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.core.messaging import CloudEvent

from lab.emulator.seed import TOPIC
from lab.emulator.serve import Azure
from lab.emulator.topics import invalid_because
from tests.lab.emulator.clients import Clients


def event(number: int = 1, **facts: Any) -> CloudEvent:
    return CloudEvent("/source", "Thing.Happened", id=f"id-{number}", data={"n": number}, **facts)


async def test_a_topic_keeps_events_in_order_with_their_acceptance_time(azure: Azure, clients: Clients) -> None:
    azure.world.clock.freeze(1_800_000_000)
    eg = await clients.publisher()
    await eg.send([event(1), event(2)])
    azure.world.clock.advance(60)
    await eg.send(event(3, subject="s"))
    topic = azure.world.topics[TOPIC]
    assert [(one.seq, one.time, one.event["id"]) for one in topic.accepted] == [
        (1, 1_800_000_000, "id-1"),
        (2, 1_800_000_000, "id-2"),
        (3, 1_800_000_060, "id-3"),
    ]
    assert topic.events[2]["subject"] == "s"
    assert topic.batches == 2


@pytest.mark.parametrize(
    "invalid",
    [
        {"id": ""},
        {"source": None},
        {"type": 3},
        {"specversion": "0.3"},
        {"data_base64": "AA=="},
        {"Upper": "x"},
    ],
)
async def test_one_invalid_event_makes_the_topic_refuse_the_whole_batch(
    azure: Azure, clients: Clients, session: aiohttp.ClientSession, invalid: dict[str, Any]
) -> None:
    valid = {"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "data": {}}
    assert invalid_because(valid) == ""
    headers = {
        "Authorization": f"Bearer {await clients.token('https://eventgrid.azure.net')}",
        "Content-Type": "application/cloudevents-batch+json; charset=utf-8",
    }
    url = azure.settings["EVENT_GRID_TOPIC_ENDPOINT"] + "?api-version=2018-01-01"
    async with session.post(url, json=[valid, {**valid, **invalid}], headers=headers) as answer:
        assert answer.status == 400
    assert azure.world.topics[TOPIC].events == []


@pytest.mark.filterwarnings("ignore:Sending a large body")
async def test_a_batch_over_one_megabyte_is_refused(azure: Azure, clients: Clients) -> None:
    eg = await clients.publisher()
    with pytest.raises(HttpResponseError) as refused:
        await eg.send(CloudEvent("/source", "Large", data={"x": "x" * 1024 * 1024}))
    assert refused.value.status_code == 413
    await eg.send(CloudEvent("/source", "Large", data={"x": "x" * (1024 * 1024 - 1000)}))
    assert len(azure.world.topics[TOPIC].events) == 1


async def test_a_publisher_without_the_role_is_refused(azure: Azure, clients: Clients) -> None:
    azure.world.directory.revoke("app")
    eg = await clients.publisher()
    with pytest.raises(ClientAuthenticationError, match="does not have permission to send data"):
        await eg.send(event())
    assert azure.world.topics[TOPIC].events == []


async def test_a_topic_answers_with_its_outage_status_until_the_outage_ends(azure: Azure, clients: Clients) -> None:
    topic = azure.world.topics[TOPIC]
    topic.outage = 503
    eg = await clients.publisher(retry_total=0)
    with pytest.raises(HttpResponseError) as refused:
        await eg.send(event())
    assert (refused.value.status_code, topic.events) == (503, [])
    topic.outage = None
    await eg.send(event())
    assert len(topic.events) == 1
