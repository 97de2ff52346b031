"""Record which accounts failed in which tick: one small blob for each account that ever failed.

The blobs are in the container of the leases. A blob's metadata names the latest tick in which its account failed. So a
failure that is noted twice counts once, and nothing needs to be cleaned up: there are never more blobs than accounts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from azure.core.exceptions import ResourceNotFoundError

from shared.adapters.blob_lease import blob_name
from shared.adapters.translate import azure_errors
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call
from shared.domain.times import stamp

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

PREFIX, TICK = "failed/", "tick"


class BlobFailures:
    """Failures in the function host's storage account, seen by every instance of the app."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(LEASE_CONTAINER)

    async def note(self, tick: datetime, account: str) -> None:
        """Record that this account failed in that tick. A later tick that is recorded already stays."""
        blob = self._container.get_blob_client(PREFIX + blob_name(account))
        with azure_errors(account, "note its failure", Call.STORAGE):
            if await _latest(blob) < stamp(tick):
                await blob.upload_blob(b"", overwrite=True, metadata={TICK: stamp(tick)})

    async def count(self, tick: datetime) -> int:
        """Return how many accounts failed in that tick and have not failed in a later one."""
        listing = self._container.list_blobs(name_starts_with=PREFIX, include=["metadata"])
        with azure_errors("the fleet", "count its failures", Call.STORAGE):
            try:
                return len([blob async for blob in listing if (blob.metadata or {}).get(TICK) == stamp(tick)])
            except ResourceNotFoundError:  # the container is made for the first lease
                return 0


async def _latest(blob: BlobClient) -> str:
    """The tick that is recorded, as text that sorts as time does. Empty if there is none."""
    try:
        properties = await blob.get_blob_properties()
    except ResourceNotFoundError:
        return ""
    return str((properties.metadata or {}).get(TICK, ""))
