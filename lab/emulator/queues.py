"""Storage queues: a received message is hidden for a while and becomes visible again unless it is deleted.

A pop receipt is valid until the message is received or updated again. Times are read from the world's clock. Status and
error codes follow Microsoft's Queue Storage REST reference; tests/lab/emulator/test_storage_conformance.py compares
them with Azurite. `surfaces.queue` holds the HTTP side.
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
    """One message. Times are seconds since 1970.

    id: The message id.
    text: The text as it was sent, including any encoding by the client.
    inserted: When the message was sent.
    expires: When the message is removed.
    visible: When the message can be received next.
    receipt: The current pop receipt.
    dequeued: How often the message was received.
    """

    id: str
    text: str
    inserted: float
    expires: float
    visible: float
    receipt: str
    dequeued: int = 0


@dataclass
class Queue:
    """One queue.

    name: The queue name.
    metadata: The user metadata, with lower case names.
    messages: The messages by id, oldest first.
    """

    name: str
    metadata: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)


class Queues:
    """The queue service of the one emulated storage account."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queues: dict[str, Queue] = {}

    def create(self, name: str, metadata: dict[str, str] | None = None) -> bool:
        """Create a queue and return True, or return False if a queue with the same metadata exists.

        Raises AzureError 400 if the name is invalid and 409 QueueAlreadyExists if the existing queue has other
        metadata.
        """
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
        """Return a queue. Raises AzureError 404 QueueNotFound if it does not exist."""
        queue = self.queues.get(name)
        if queue is None:
            raise AzureError(404, "QueueNotFound", "The specified queue does not exist.")
        return queue

    def delete_queue(self, name: str) -> None:
        """Delete a queue and its messages. Raises AzureError 404 QueueNotFound if it does not exist."""
        del self.queues[self.queue(name).name]

    def put(self, name: str, text: str, *, visibility: int = 0, ttl: int = WEEK) -> Message:
        """Send a message and return it.

        `visibility` is how long it stays hidden, `ttl` its lifetime (-1: no end), both in seconds. Raises AzureError
        404 if the queue does not exist, 413 if the text exceeds MESSAGE_BYTES, and 400 if a time is out of range.
        """
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
        """Receive up to `count` visible messages and hide them for `visibility` seconds.

        Raises AzureError 404 if the queue does not exist, and 400 unless `count` is 1 to 32 and `visibility` 1 second
        to a week.
        """
        if not 1 <= count <= 32 or not 1 <= visibility <= WEEK:
            raise _out_of_range("numofmessages or visibilitytimeout")
        now, taken = self.clock.now(), self.peek(name, count)
        for message in taken:
            message.visible, message.receipt = now + visibility, _receipt()
            message.dequeued += 1
        return taken

    def peek(self, name: str, count: int = 1) -> list[Message]:
        """Return up to `count` visible messages without receiving them. Raises the same errors as `get`."""
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
        """Hide a received message for `visibility` more seconds, optionally with a new text, and return it.

        The message gets a new pop receipt. Raises AzureError 400 if the visibility is out of range, and the errors of
        `delete`.
        """
        if not 0 <= visibility <= WEEK:
            raise _out_of_range("visibilitytimeout")
        message = self._held(name, message_id, receipt)
        message.visible, message.receipt = self.clock.now() + visibility, _receipt()
        if text is not None:
            message.text = text
        return message

    def delete(self, name: str, message_id: str, receipt: str) -> None:
        """Delete a received message.

        Raises AzureError 404 if queue or message do not exist and 400 PopReceiptMismatch if the receipt is not the
        current one.
        """
        self._held(name, message_id, receipt)
        del self.queue(name).messages[message_id]

    def clear(self, name: str) -> None:
        """Delete all messages of a queue. Raises AzureError 404 QueueNotFound if it does not exist."""
        self.queue(name).messages.clear()

    def length(self, name: str) -> int:
        """Return the number of messages in a queue, hidden ones included.

        Raises AzureError 404 QueueNotFound if the queue does not exist.
        """
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
