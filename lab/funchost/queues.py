"""Queue triggers: poll a queue, run the function for each message, then delete, retry or set aside the message.

All of it follows docs/facts.md, Queues. A message is invisible for ten minutes, renewed while its function runs. A
failed message becomes visible again after visibilityTimeout, until it was dequeued maxDequeueCount times; then it is
copied to `<queue>-poison`. The pause between polls grows from 0.1 s to maxPollingInterval. One rule is this host's own:
it polls immediately when it has sent a message to the queue itself.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from lab.funchost.activity import Activity
from lab.funchost.bindings import FunctionDescription, QueueTrigger
from lab.funchost.errors import BindingError
from lab.funchost.host_json import QueueConfig
from lab.funchost.invoker import Call, Invoker
from lab.funchost.outputs import decode
from lab.funchost.queue_metadata import body_value, trigger_metadata
from lab.funchost.storage import Storage, explain

_INVISIBLE_SECONDS = 600
_FIRST_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class QueueServices:
    """What every listener needs from the host.

    storage: Makes the queue clients.
    config: The queue section of host.json.
    invoker: Runs the function.
    activity: Takes log records.
    sent: Called with the name of each queue that got a message.
    """

    storage: Storage
    config: QueueConfig
    invoker: Invoker
    activity: Activity
    sent: Callable[[str], None]


class QueueListener:
    """Reads one queue for one function.

    The attribute `processing` has a task for each message that is being processed.
    """

    def __init__(self, function: FunctionDescription, trigger: QueueTrigger, services: QueueServices) -> None:
        self._function, self._trigger, self._services = function, trigger, services
        self._config = services.config
        self._poke = asyncio.Event()
        self._stopping = False
        self._polls = self._needed = self._found_nothing = 0
        self.processing: set[asyncio.Task[None]] = set()

    @property
    def queue(self) -> str:
        """The name of the queue."""
        return self._trigger.queue

    @property
    def settled(self) -> bool:
        """True if nothing is being processed and the last poll that was needed found the queue empty.

        A poll is needed after each `poke` and after each poll that found messages.
        """
        return not self.processing and self._found_nothing >= self._needed

    def poke(self) -> None:
        """Poll now, because the queue may have a message."""
        self._needed = self._polls + 1
        self._poke.set()

    def stop(self) -> None:
        """Begin no other poll. Messages that are being processed are not interrupted."""
        self._stopping = True
        self._poke.set()

    async def run(self) -> None:
        """Poll until `stop`. If the queue cannot be read, log a warning and try again after the pause."""
        pause = _FIRST_PAUSE
        while not self._stopping:
            self._poke.clear()
            try:
                found = await self._poll()
            except (AzureError, BindingError) as error:
                self._log("WARNING", f"The queue {self.queue} cannot be read: {explain(error)}")
                found = False
            pause = _FIRST_PAUSE if found else min(pause * 2, self._config.max_polling_interval)
            await self._wait_for_room() if found else await self._rest(pause)

    async def _poll(self) -> bool:
        self._polls += 1
        number = self._polls
        client = self._services.storage.queue(self._trigger.connection, self.queue)
        if number == 1:
            with suppress(ResourceExistsError):
                await client.create_queue()
        pages = client.receive_messages(
            messages_per_page=self._config.batch_size, visibility_timeout=_INVISIBLE_SECONDS
        ).by_page()
        page = await anext(pages, None)
        messages = [each async for each in page] if page is not None else []
        for message in messages:
            self._begin(client, message)
        if messages:
            self._needed = self._polls + 1
        else:
            self._found_nothing = number
        self._services.activity.notify()
        return bool(messages)

    def _begin(self, client: QueueClient, message: QueueMessage) -> None:
        handling = _Handling(client, message, self._function, self._trigger, self._services)
        task = asyncio.create_task(handling.run())
        self.processing.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.processing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._log("ERROR", f"Processing a message of {self.queue} failed: {error!r}")
        self._services.activity.notify()

    async def _wait_for_room(self) -> None:
        threshold = self._config.new_batch_threshold
        while len(self.processing) > threshold and not self._stopping:
            await asyncio.wait(self.processing, return_when=asyncio.FIRST_COMPLETED)

    async def _rest(self, pause: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._poke.wait(), pause)

    def _log(self, level: str, message: str) -> None:
        self._services.activity.host_log(level, message, self._function.name)


class _Handling:
    """The processing of one message, until it is deleted, given back or set aside."""

    def __init__(
        self,
        client: QueueClient,
        message: QueueMessage,
        function: FunctionDescription,
        trigger: QueueTrigger,
        services: QueueServices,
    ) -> None:
        self._client, self._message, self._function = client, message, function
        self._trigger, self._services = trigger, services
        self._receipt = message.pop_receipt

    async def run(self) -> None:
        """Run the function and settle the message. If storage fails, log a warning."""
        try:
            await self._handle()
        except AzureError as error:
            self._log("WARNING", f"The message {self._message.id} could not be deleted or given back: {explain(error)}")

    async def _handle(self) -> None:
        config, times = self._services.config, int(self._message.dequeue_count or 0)
        body = self._body()
        if body is None or times > config.max_dequeue_count:
            await self._set_aside()
        elif await self._succeeds(body):
            await self._client.delete_message(self._message.id, self._receipt)
        elif times >= config.max_dequeue_count:
            await self._set_aside()
        else:
            await self._client.update_message(
                self._message.id, self._receipt, visibility_timeout=int(config.visibility_timeout)
            )
            self._services.sent(self._trigger.queue)

    def _body(self) -> bytes | None:
        try:
            return decode(self._message.content, self._services.config.message_encoding)
        except ValueError:
            self._log("ERROR", f"The message {self._message.id} is not base64; see messageEncoding in host.json.")
            return None

    async def _succeeds(self, body: bytes) -> bool:
        keeping = asyncio.create_task(self._keep_invisible())
        call = Call(
            reason=f"new message in '{self._trigger.queue}'",
            inputs={self._trigger.name: body_value(body)},
            trigger_metadata=trigger_metadata(self._message, body),
        )
        try:
            return (await self._services.invoker.run(self._function, call)).succeeded
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _keep_invisible(self) -> None:
        while True:
            await asyncio.sleep(_INVISIBLE_SECONDS / 2)
            updated = await self._client.update_message(
                self._message.id, self._receipt, visibility_timeout=_INVISIBLE_SECONDS
            )
            self._receipt = updated.pop_receipt

    async def _set_aside(self) -> None:
        name = f"{self._trigger.queue}-poison"
        self._log("ERROR", f"The message {self._message.id} is moved to {name}.")
        poison = self._services.storage.queue(self._trigger.connection, name)
        with suppress(ResourceExistsError):
            await poison.create_queue()
        await poison.send_message(self._message.content)
        await self._client.delete_message(self._message.id, self._receipt)
        self._services.sent(name)

    def _log(self, level: str, message: str) -> None:
        self._services.activity.host_log(level, message, self._function.name)
