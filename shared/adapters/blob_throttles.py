"""Record what Azure asked not to be asked: one small blob for each subscription, account, vault or address.

The blobs are in the container of the leases, beside the record of failures. Their loss only means that Azure is asked
too early once. Two instances that write at the same time note nearly the same, so the last one may win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from azure.core.exceptions import ResourceNotFoundError

from shared.adapters.blob_lease import blob_name
from shared.adapters.translate import azure_errors
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call
from shared.domain.throttle import Throttle
from shared.domain.times import stamp, unstamp

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

PREFIX = "throttled/"
SHORT = timedelta(minutes=1)  # a shorter wait is over before anybody would read of it


class BlobThrottles:
    """The waits in the function host's storage account, seen by every instance of the app.

    service: Azure's client for the storage account.
    """

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(LEASE_CONTAINER)
        self._noted: dict[str, datetime] = {}

    async def note(self, where: str, now: datetime, until: datetime) -> None:
        """Record a wait, unless it is short or this process has recorded it already. Raises a RotationError."""
        if not where or until - now < SHORT or self._noted.get(where, now) >= until:
            return
        blob = self._container.get_blob_client(PREFIX + blob_name(where))
        with azure_errors(where, "note until when Azure asked to wait", Call.STORAGE):
            throttle = (await _read(blob) or Throttle(where, now, until)).again(now, until)
            await self._write(blob, throttle)
        self._noted[where] = until

    async def _write(self, blob: BlobClient, throttle: Throttle) -> None:
        """Write the blob. The container is made for the first lease, which a wait may come before."""
        try:
            await blob.upload_blob(b"", overwrite=True, metadata=_written(throttle))
        except ResourceNotFoundError:
            await self._container.create_container()
            await blob.upload_blob(b"", overwrite=True, metadata=_written(throttle))

    async def known(self, now: datetime) -> Sequence[Throttle]:
        """Return the waits that have not lapsed. Raises a RotationError."""
        listing = self._container.list_blobs(name_starts_with=PREFIX, include=["metadata"])
        with azure_errors("the fleet", "read what Azure asked to wait for", Call.STORAGE):
            try:
                found = [_throttle(blob.metadata or {}) async for blob in listing]
            except ResourceNotFoundError:  # the container is made for the first lease
                return []
        return [one for one in found if one is not None and not one.has_lapsed(now)]


async def _read(blob: BlobClient) -> Throttle | None:
    try:
        return _throttle((await blob.get_blob_properties()).metadata or {})
    except ResourceNotFoundError:
        return None


def _written(throttle: Throttle) -> dict[str, str]:
    where = quote(throttle.where, safe="/:.-")
    return {"where": where, "since": stamp(throttle.since), "until": stamp(throttle.until)}


def _throttle(metadata: Mapping[str, str]) -> Throttle | None:
    """The wait that a blob holds. None if its metadata cannot be read."""
    try:
        return Throttle(unquote(metadata["where"]), unstamp(metadata["since"]), unstamp(metadata["until"]))
    except (KeyError, ValueError):
        return None
