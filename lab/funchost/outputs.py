"""Output bindings: what a function that succeeded wanted to be sent.

It leaves HTTP responses to `http_messages`. The platform's habits with text are kept: text that looks like JSON is
read and written again without spaces, and a JSON list becomes one message per element.
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
    """`send` puts every value on its queue; `sent` is called with the name of each queue that got a message."""

    def __init__(self, storage: Storage, encoding: str, sent: Callable[[str], None]) -> None:
        self._storage, self._encoding, self._sent = storage, encoding, sent

    async def send(self, function: FunctionDescription, values: dict[str, Json | None]) -> None:
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
    """The messages that one output value stands for."""
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


def _json_messages(content: Any) -> list[bytes]:  # noqa: ANN401 - whatever JSON holds
    elements = content if isinstance(content, list) else [content]
    return [_compact(each).encode() for each in elements]


def _compact(element: Any) -> str:  # noqa: ANN401
    if isinstance(element, str):
        return element
    return json.dumps(element, separators=(",", ":"), ensure_ascii=False)


def encode(message: bytes, encoding: str) -> str:
    return base64.b64encode(message).decode() if encoding == "base64" else message.decode()


def decode(text: str, encoding: str) -> bytes:
    """A ValueError when the text is not in the encoding that host.json names."""
    return base64.b64decode(text, validate=True) if encoding == "base64" else text.encode()
