"""Storage queues: messages that hide when they are taken and come back when they are not deleted.

A pop receipt is good until the message is taken or changed again. Times are the world's clock.
"""

import re
import secrets
import uuid
from dataclasses import dataclass, field

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError

WEEK = 7 * 24 * 3600
MESSAGE_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]")
_FOREVER = 253402300799.0


@dataclass
class Message:
    """One message; `text` is as it was sent, encoding included."""

    id: str
    text: str
    inserted: float
    expires: float
    visible: float
    receipt: str
    dequeued: int = 0


@dataclass
class Queue:
    """One queue, oldest message first."""

    name: str
    metadata: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)


class Queues:
    """The queue service of the one storage account."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queues: dict[str, Queue] = {}

    def create(self, name: str, metadata: dict[str, str] | None = None) -> bool:
        """Make a queue; False when the very same one was there already."""
        if not _NAME.fullmatch(name):
            raise AzureError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        queue = self.queues.get(name)
        if queue is not None:
            if queue.metadata != (metadata or {}):
                raise AzureError(409, "QueueAlreadyExists", "The specified queue already exists.")
            return False
        self.queues[name] = Queue(name, metadata or {})
        return True

    def queue(self, name: str) -> Queue:
        queue = self.queues.get(name)
        if queue is None:
            raise AzureError(404, "QueueNotFound", "The specified queue does not exist.")
        return queue

    def delete_queue(self, name: str) -> None:
        del self.queues[self.queue(name).name]

    def put(self, name: str, text: str, *, visibility: int = 0, ttl: int = WEEK) -> Message:
        queue, now = self.queue(name), self.clock.now()
        if len(text.encode()) > MESSAGE_BYTES:
            raise AzureError(
                413,
                "RequestBodyTooLarge",
                "The request body is too large and exceeds the maximum permissible limit.",
            )
        if (ttl < 1 and ttl != -1) or not 0 <= visibility <= WEEK or (ttl != -1 and visibility >= ttl):
            raise _out_of_range("messagettl or visibilitytimeout")
        expires = _FOREVER if ttl == -1 else now + ttl
        message = Message(str(uuid.uuid4()), text, now, expires, now + visibility, _receipt())
        queue.messages[message.id] = message
        return message

    def get(self, name: str, count: int = 1, visibility: int = 30) -> list[Message]:
        if not 1 <= count <= 32 or not 1 <= visibility <= WEEK:
            raise _out_of_range("numofmessages or visibilitytimeout")
        now, taken = self.clock.now(), self.peek(name, count)
        for message in taken:
            message.visible, message.receipt = now + visibility, _receipt()
            message.dequeued += 1
        return taken

    def peek(self, name: str, count: int = 1) -> list[Message]:
        if not 1 <= count <= 32:
            raise _out_of_range("numofmessages")
        now, found = self.clock.now(), []
        for message in self._alive(name):
            if message.visible <= now:
                found.append(message)
                if len(found) == count:
                    break
        return found

    def update(self, name: str, message_id: str, receipt: str, visibility: int, text: str | None) -> Message:
        if not 0 <= visibility <= WEEK:
            raise _out_of_range("visibilitytimeout")
        message = self._held(name, message_id, receipt)
        message.visible, message.receipt = self.clock.now() + visibility, _receipt()
        if text is not None:
            message.text = text
        return message

    def delete(self, name: str, message_id: str, receipt: str) -> None:
        self._held(name, message_id, receipt)
        del self.queue(name).messages[message_id]

    def clear(self, name: str) -> None:
        self.queue(name).messages.clear()

    def length(self, name: str) -> int:
        return len(self._alive(name))

    def _alive(self, name: str) -> list[Message]:
        queue, now = self.queue(name), self.clock.now()
        for message in [one for one in queue.messages.values() if one.expires <= now]:
            del queue.messages[message.id]
        return list(queue.messages.values())

    def _held(self, name: str, message_id: str, receipt: str) -> Message:
        message = self.queue(name).messages.get(message_id)
        if message is None or message.expires <= self.clock.now():
            raise AzureError(404, "MessageNotFound", "The specified message does not exist.")
        if message.receipt != receipt:
            raise AzureError(
                400,
                "PopReceiptMismatch",
                "The specified pop receipt did not match the pop receipt for a dequeued message.",
            )
        return message


def _receipt() -> str:
    return secrets.token_urlsafe(12)


def _out_of_range(parameter: str) -> AzureError:
    message = f"A query parameter of the request URI is outside the permissible range: {parameter}."
    return AzureError(400, "OutOfRangeQueryParameterValue", message)
