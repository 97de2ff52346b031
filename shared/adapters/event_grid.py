"""Send announcements to an Event Grid topic, or to the log where no topic is configured.

The topic must have been made with the CloudEvents input schema. An accepted batch is an empty 200; nothing tells
afterwards what was accepted, so an unclear answer counts as not accepted and the same ids are sent again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from shared.announce.announcements import Announcement
from shared.domain.names import LOGGER

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

    from shared.adapters.connections import Connections

log = logging.getLogger(LOGGER)


class EventGrid:
    def __init__(self, credential: AsyncTokenCredential, topic: str, connections: Connections) -> None:
        from azure.eventgrid.aio import EventGridPublisherClient

        self._topic = topic
        self._client = EventGridPublisherClient(topic, credential, transport=connections.transport(), retry_total=1)

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        from shared.adapters.translate import azure_errors

        with azure_errors(self._topic, "announce"):
            await self._client.send([announcement.wire(now) for announcement in announcements])


class LogOnly:
    """Without a topic, announcements stand in the log and count as made: P3 is off, and the log says so."""

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        for announcement in announcements:
            log.warning(
                "announced in this log only, since EVENT_GRID_TOPIC_ENDPOINT is not set (P3 is off): %s",
                json.dumps(announcement.wire(now)),
            )
