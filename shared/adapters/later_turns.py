"""Queue a turn that must wait, in the queue itself, because output bindings know no delay (docs/facts.md, Queues).

The client is imported when the first message is sent, because few processes ever send one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration
from shared.domain.names import QUEUE, STORAGE
from shared.domain.refusal import Call
from shared.settings.storage import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient


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
        with azure_errors(f"queue {QUEUE}", "queue a turn for later", Call.STORAGE):
            self._client = self._client or self._open()
            await self._client.send_message(message, visibility_timeout=max(0, round(delay.total_seconds())))

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
