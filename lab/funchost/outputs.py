"""Output bindings: sends what a successful function has set.

HTTP responses are left to `http_messages`. Text is treated as on the Functions host: text that looks like JSON is
parsed and written again without spaces, and a JSON list becomes one message per element (docs/facts.md, Queues).
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError

from lab.funchost.bindings import FunctionDescription, QueueOutput
from lab.funchost.errors import BindingError, HostError
from lab.funchost.storage import Storage, explain
from lab.funchost.wire import Json, bytes_of


class QueueOutputs:
    """Sends output values to their queues.

    encoding: "base64" or "none", from host.json.
    sent: Called with the name of each queue that got a message.
    """

    def __init__(self, storage: Storage, encoding: str, sent: Callable[[str], None]) -> None:
        self._storage, self._encoding, self._sent = storage, encoding, sent

    async def send(self, function: FunctionDescription, values: dict[str, Json | None]) -> None:
        """Send the value of each output binding that has one. A queue that does not exist is created.

        Raises HostError if a value cannot be sent.
        """
        for output in function.outputs:
            value = values.get(output.name)
            if value is not None:
                await self._send_all(output, messages_of(value))

    async def _send_all(self, output: QueueOutput, messages: list[bytes]) -> None:
        try:
            for message in messages:
                await self._send_one(output, encode(message, self._encoding))
        except (AzureError, BindingError, UnicodeDecodeError) as error:
            raise HostError(f"the output {output.name} to the queue {output.queue} failed: {explain(error)}") from None
        if messages:
            self._sent(output.queue)

    async def _send_one(self, output: QueueOutput, text: str) -> None:
        queue = self._storage.queue(output.connection, output.queue)
        try:
            await queue.send_message(text)
        except ResourceNotFoundError:
            await queue.create_queue()
            await queue.send_message(text)


def messages_of(value: Json) -> list[bytes]:
    """Return the messages that one output value stands for, each as bytes."""
    if "bytes" in value:
        return [bytes_of(value)]
    if "json" in value:
        return _json_messages(json.loads(value["json"]))
    text = str(next(iter(value.values())))
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _json_messages(json.loads(text))
        except json.JSONDecodeError:
            return [text.encode()]
    return [text.encode()]


def _json_messages(content: Any) -> list[bytes]:  # noqa: ANN401 - any JSON value
    elements = content if isinstance(content, list) else [content]
    return [_compact(each).encode() for each in elements]


def _compact(element: Any) -> str:  # noqa: ANN401
    if isinstance(element, str):
        return element
    return json.dumps(element, separators=(",", ":"), ensure_ascii=False)


def encode(message: bytes, encoding: str) -> str:
    """Return the message as the text that is stored in the queue. `encoding` is "base64" or "none"."""
    return base64.b64encode(message).decode() if encoding == "base64" else message.decode()


def decode(text: str, encoding: str) -> bytes:
    """Return the message from the text that is stored in the queue.

    Raises ValueError if the text is not in the encoding that host.json names.
    """
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
