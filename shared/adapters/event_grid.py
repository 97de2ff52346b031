"""Send announcements to an Event Grid topic, or write them to the log if no topic is configured.

The topic must have been created with the CloudEvents input schema. Event Grid accepts a batch with an empty 200 and
cannot be asked later what it accepted (docs/facts.md, Events). So after an unclear answer the same events are sent
again, with the same ids.
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
    """Announcements to one topic.

    page: Where consumers read how to call without a key. None: the events name no page.
    """

    def __init__(
        self, credential: AsyncTokenCredential, topic: str, connections: Connections, page: str | None = None
    ) -> None:
        from azure.eventgrid.aio import EventGridPublisherClient

        self._topic, self._page = topic, page
        self._client = EventGridPublisherClient(
            topic, credential, transport=connections.transport(), retry_total=1, permit_redirects=False
        )

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        """Send the announcements in one batch. Raises a RotationError unless Event Grid accepted them for certain.

        now: The time from which the events count the lead to a deadline.
        """
        from shared.adapters.translate import azure_errors
        from shared.domain.refusal import Call

        with azure_errors(self._topic, "announce", Call.PUBLISH_EVENTS):
            await self._client.send([announcement.wire(now, self._page) for announcement in announcements])


class LogOnly:
    """Announcements without a topic: they are written to the log and count as accepted. P3 is off, as the log says.

    page: Where consumers read how to call without a key. None: the events name no page.
    """

    def __init__(self, page: str | None = None) -> None:
        self._page = page

    async def announce(self, announcements: Sequence[Announcement], now: datetime) -> None:
        """Write each announcement to the log, as the event that a topic would have received."""
        for announcement in announcements:
            log.warning(
                "announced in this log only, because EVENT_GRID_TOPIC_ENDPOINT is not set (P3 is off): %s",
                json.dumps(announcement.wire(now, self._page)),
            )
