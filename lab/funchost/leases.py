"""A lease on a blob in the host's own storage account, so that only one of several hosts runs a timer.

The lease of a killed host lasts until it runs out, and the next host waits for it as on the platform (docs/facts.md,
Timers), unless the option `take_over` is set.
"""

import asyncio
from contextlib import suppress

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient

from lab.funchost.storage import Storage

CONTAINER = "azure-webjobs-hosts"
_HELD_BY_ANOTHER = ("LeaseAlreadyPresent", "LeaseIsBreakingAndCannotBeAcquired")


class BlobLease:
    """A lease on one blob.

    name: The blob's name in the container `azure-webjobs-hosts`.
    seconds: The length of the lease, 15 to 60.
    take_over: Break the lease once if another host holds it.
    The event `lost` is set when the lease could not be renewed.
    """

    def __init__(self, storage: Storage, name: str, seconds: int, take_over: bool) -> None:
        self._storage, self._name, self._seconds, self._take_over = storage, name, seconds, take_over
        self._lease: BlobLeaseClient | None = None
        self._renewing: asyncio.Task[None] | None = None
        self.lost = asyncio.Event()

    async def acquire(self) -> None:
        """Wait until this host holds the lease, then renew it until `release`. Raises AzureError if storage fails."""
        blob = self._storage.blob(CONTAINER, self._name)
        await self._storage.create_container(CONTAINER)
        with suppress(ResourceExistsError):
            await blob.upload_blob(b"", overwrite=False)
        while not await self._try(blob):  # noqa: ASYNC110 - the other holder is in another process
            await asyncio.sleep(min(5, self._seconds / 3))
        self.lost.clear()
        self._renewing = asyncio.create_task(self._renew())

    async def release(self) -> None:
        """Stop renewing and give the lease back. Does nothing if it is not held."""
        if self._renewing:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        if self._lease:
            with suppress(AzureError):  # the lease may be lost already, and it runs out in any case
                await self._lease.release()
        self._lease = self._renewing = None

    async def _try(self, blob: BlobClient) -> bool:
        try:
            self._lease = await blob.acquire_lease(lease_duration=self._seconds)
        except HttpResponseError as error:
            if getattr(error, "error_code", None) not in _HELD_BY_ANOTHER:
                raise
        else:
            return True
        if self._take_over:
            self._take_over = False
            await BlobLeaseClient(blob).break_lease(lease_break_period=0)
            return await self._try(blob)
        return False

    async def _renew(self) -> None:
        while self._lease:
            await asyncio.sleep(self._seconds / 2)
            try:
                await self._lease.renew()
            except AzureError:
                self.lost.set()
                return
