"""Queue turns that begin later, in the queue itself, because output bindings know no delay and send their messages one
after another (docs/facts.md, Queues).

The client is imported when the first message is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, RotationError
from shared.domain.names import QUEUE, STORAGE
from shared.domain.refusal import Call
from shared.settings.storage import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient

AT_ONCE = 32  # messages on their way; the queue takes far more, but the connections are shared


class StorageQueue:
    """The queue of turns in the function host's storage account.

    storage: The account, in either form.
    credential: The identity that opens it.
    connections: The process's sessions.
    """

    def __init__(self, storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> None:
        self._storage, self._credential, self._connections = storage, credential, connections
        self._client: QueueClient | None = None

    async def send(self, message: str, delay: timedelta) -> None:
        """Queue a message that becomes visible after the delay. Raises a RotationError.

        The call is not repeated, because each lost answer would leave one more message. The error of a call that may
        have had its effect says so (`unclear`).
        """
        await self._send(message, delay.total_seconds())

    async def send_many(self, messages: Sequence[tuple[str, timedelta]]) -> list[RotationError]:
        """Queue messages, a few side by side and the first ones first. Return an error for each one that may not be
        queued. Each delay counts from this call."""
        clock, gate = asyncio.get_running_loop().time, asyncio.Semaphore(AT_ONCE)
        began = clock()

        async def sent(message: str, delay: timedelta) -> RotationError | None:
            async with gate:
                try:
                    await self._send(message, delay.total_seconds() - (clock() - began))
                except RotationError as error:
                    return error
                return None

        found = await asyncio.gather(*(sent(*one) for one in messages))
        return [error for error in found if error is not None]

    async def _send(self, message: str, seconds: float) -> None:
        """Queue a message. The host makes the queue when it first reads it, which may be later."""
        with azure_errors(f"queue {QUEUE}", "queue a turn", Call.STORAGE):
            self._client = self._client or self._open()
            try:
                await self._put(self._client, message, seconds)
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    await self._client.create_queue()
                await self._put(self._client, message, seconds)

    @staticmethod
    async def _put(client: QueueClient, message: str, seconds: float) -> None:
        await client.send_message(message, visibility_timeout=max(0, round(seconds)))

    def _open(self) -> QueueClient:
        from azure.storage.queue import TextBase64EncodePolicy  # the host's own form of messages
        from azure.storage.queue.aio import QueueClient

        options: dict[str, Any] = {
            "transport": self._connections.transport(),
            "retry_total": 0,
            "permit_redirects": False,
            "message_encode_policy": TextBase64EncodePolicy(),
        }
        if self._storage.connection_string is None:
            if self._storage.queue_url is None:
                raise FixConfiguration(f"{STORAGE}__queueServiceUri", "it is not set, so no turn can be queued.")
            return QueueClient(self._storage.queue_url, QUEUE, credential=self._credential, **options)
        try:
            return QueueClient.from_connection_string(self._storage.connection_string, QUEUE, **options)
        except ValueError:
            raise FixConfiguration(STORAGE, "it is not a connection string.") from None
