"""Queue triggers and queue outputs, tested with a storage account."""

import base64
import json

import aiohttp

from lab.funchost import FunctionHost
from lab.funchost.storage import Storage


def encoded(text: str) -> str:
    """Return a text as it is stored in a queue."""
    return base64.b64encode(text.encode()).decode()


async def put(storage: Storage, queue: str, *texts: str) -> None:
    """Send texts to a queue."""
    client = storage.queue("AzureWebJobsStorage", queue)
    for text in texts:
        await client.send_message(encoded(text))


async def contents(storage: Storage, queue: str) -> list[str]:
    """Receive the texts that a queue has now."""
    client = storage.queue("AzureWebJobsStorage", queue)
    return [base64.b64decode(each.content).decode() async for each in client.receive_messages()]


async def left(storage: Storage, queue: str) -> int:
    """Return the number of messages in a queue."""
    properties = await storage.queue("AzureWebJobsStorage", queue).get_queue_properties()
    return int(properties.approximate_message_count or 0)


async def test_a_message_is_processed_and_deleted_and_output_is_sent(start_host, settings, storage: Storage) -> None:
    host: FunctionHost = await start_host("every", settings)
    await host.idle()
    await put(storage, "work", "one")
    (invocation,) = await host.invocations(1, "work")
    await host.idle()
    (done,) = [json.loads(each) for each in await contents(storage, "done")]
    assert invocation.succeeded
    assert (done["body"], done["count"]) == ("one", 1)
    assert await left(storage, "work") == 0


async def test_json_text_is_sent_without_spaces(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings)
    await host.idle()
    await put(storage, "work", '{"id": "mine"}')
    await host.invocations(1, "work")
    await host.idle()
    assert await contents(storage, "done") == ['{"body":"{\\"id\\": \\"mine\\"}","id":"mine","count":1}']


async def test_a_returned_list_becomes_one_message_per_element(start_host, settings, storage) -> None:
    host = await start_host("every", settings)
    await host.idle()
    await put(storage, "numbers", "3")
    await host.invocations(1, "split")
    assert sorted(await contents(storage, "done")) == ['{"n":0}', '{"n":1}', '{"n":2}']


async def test_a_message_that_fails_too_often_goes_to_the_poison_queue_and_sends_no_output(
    start_host, settings, storage: Storage
) -> None:
    host = await start_host("every", settings)
    await host.idle()
    await put(storage, "work", "fail please", "fine")
    runs = await host.invocations(3, "work")
    await host.idle()
    assert [each.succeeded for each in runs].count(False) == 2
    assert await contents(storage, "work-poison") == ["fail please"]
    assert [json.loads(each)["body"] for each in await contents(storage, "done")] == ["fine"]
    assert await left(storage, "work") == 0


async def test_a_message_that_is_not_base64_is_set_aside_without_a_run(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings)
    await host.idle()
    await storage.queue("AzureWebJobsStorage", "work").send_message("plain text!")
    await host.logged("is not base64")
    await host.idle()
    assert not host.activity.finished_of("work")
    assert await left(storage, "work-poison") == 1


async def test_a_disabled_function_does_not_read_its_queue(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings)
    client = storage.queue("AzureWebJobsStorage", "switched-off")
    await client.create_queue()
    await client.send_message(encoded("stay"))
    await host.idle()
    assert await left(storage, "switched-off") == 1
    assert not host.activity.finished_of("switched_off")


async def test_many_messages_run_at_the_same_time(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings)
    await host.idle()
    await put(storage, "work", *(f"number {number}" for number in range(40)))
    await host.invocations(40, "work")
    await host.idle()
    assert await left(storage, "done") == 40
    assert await left(storage, "work") == 0


async def test_a_message_is_processed_again_after_its_worker_was_killed(start_host, settings, storage: Storage) -> None:
    host = await start_host("hang", settings, function_timeout=60)
    await host.idle()
    await put(storage, "slow", "hold on")
    await host.running("hang")
    await host.kill_worker()
    first, second = await host.invocations(2, "hang")
    await host.idle()
    assert (first.succeeded, second.succeeded) == (False, True)
    assert "worker process ended" in (first.error or "")
    assert await left(storage, "slow") == 0


async def test_a_function_that_exceeds_its_timeout_ends_its_worker_with_everything_in_it(
    start_host, settings, storage: Storage, http: aiohttp.ClientSession
) -> None:
    host = await start_host("hang", settings)
    await host.idle()
    bystander = host.begin_manual_run(host.function("bystander"), "")
    await host.running("bystander")
    await put(storage, "slow", "hold on")
    first, second = await host.invocations(2, "hang")
    (beside,) = await host.invocations(1, "bystander")
    await host.idle()
    assert bystander is None
    assert not first.succeeded
    assert second.succeeded
    assert not beside.succeeded
    assert (await host.logged("ran longer than functionTimeout")).level == "ERROR"
    assert host.worker_starts == 2


async def test_stopping_the_host_lets_a_running_function_finish(start_host, settings, storage: Storage) -> None:
    host = await start_host("hang", settings, function_timeout=1)
    await host.idle()
    await put(storage, "slow", "hold on")
    await host.running("hang")
    await host.stop()
    (invocation,) = host.activity.finished_of("hang")
    assert "functionTimeout" in (invocation.error or "")
    assert await left(storage, "slow") == 1
