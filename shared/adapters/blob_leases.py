"""Who holds which account: the leases on blobs, one for each account, in the function host's storage account.

A turn that takes an account over (0011) breaks the lease of the turn that holds it. In the same process that turn
learns it at once, and else at its next renewal. It stops before its next step, ends any pause, and releases the lease,
which is then free.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient, ExponentialRetry

from shared.adapters.blob_lease import SECONDS, BlobLease, blob_name, holder
from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, LeaseHeld, LeaseLost
from shared.domain.names import LEASE_CONTAINER, LOGGER, STORAGE
from shared.domain.refusal import Call
from shared.settings.storage import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

TRY_AGAIN_AFTER = 0.2  # seconds between two attempts to take a lease that is ending
BREAK_AGAIN_AFTER = 2.0  # seconds; a third turn may have taken the account meanwhile

log = logging.getLogger(LOGGER)


class BlobLeases:
    """Leases on blobs, one for each account, in the function host's storage account.

    service: Azure's client for the storage account. The record of failures uses it too.
    """

    def __init__(self, storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> None:
        self.service = _service(storage, credential, connections)
        self._held: dict[str, BlobLease] = {}

    @asynccontextmanager
    async def hold(self, target: str, *, take_over: bool = False, who: str = "") -> AsyncIterator[BlobLease]:
        """Hold an account, by its id, while the block runs.

        take_over: End the lease of another turn and wait for it, instead of raising LeaseHeld. Who takes over holds a
            second lease meanwhile, which is never taken over, so that two turns do not take an account over for ever.
        who: For whom the account is held, as shown to others. Empty for a turn of the schedule or of an event.

        Raises LeaseHeld if another turn has the account, and TryLater, GrantRole or FixConfiguration if storage
        refuses.
        """
        hold = self._hold_before_others(target, who) if take_over else self._keep(target, self._acquire, who)
        async with AsyncExitStack() as held:
            try:
                lease = await held.enter_async_context(hold)
            except LeaseHeld as error:
                what = f"another turn holds this target: {await holder(self._blob(target))}."
                raise LeaseHeld(target, what) from error
            yield lease

    @asynccontextmanager
    async def _hold_before_others(self, target: str, who: str) -> AsyncIterator[BlobLease]:
        """Hold an account, if need be by taking it over.

        The second lease is asked for at the same time. Until it is known who has it, nothing is taken over. Whoever
        holds the account without it gives way.
        """
        async with AsyncExitStack() as held:
            second = asyncio.create_task(held.enter_async_context(self._keep(f"{target}/leak", self._acquire_second)))
            try:
                try:
                    lease = await held.enter_async_context(self._keep(target, self._acquire, who))
                except LeaseHeld:
                    await second
                    lease = await held.enter_async_context(self._keep(target, self._take_over, who))
                else:
                    second.add_done_callback(partial(_give_way, lease))
                yield lease
            finally:
                await asyncio.gather(second, return_exceptions=True)

    @asynccontextmanager
    async def _keep(
        self, target: str, take: Callable[[str], Awaitable[BlobLease]], who: str = ""
    ) -> AsyncIterator[BlobLease]:
        """Take a lease, and renew it while the block runs. `take` takes it."""
        lease = self._held[target] = await take(target)
        renewing = asyncio.create_task(lease.keep())
        signing = asyncio.create_task(lease.sign(self._blob(target), who)) if who else None
        try:
            yield lease
        finally:
            renewing.cancel()
            try:
                await asyncio.gather(renewing, *([signing] if signing else []), return_exceptions=True)
                if who and not lease.is_lost:  # who waits for a lost one is not to wait for this, too
                    await lease.sign(self._blob(target), "")
            finally:
                await lease.give_up()
                if self._held.get(target) is lease:
                    del self._held[target]

    async def held_before(self, accounts: Sequence[str]) -> set[str]:
        """Return those of the accounts that were ever held: their blobs stay. Raises what the storage raises."""
        wanted, found = {blob_name(account): account for account in accounts}, set[str]()
        with azure_errors("the leases", "list them", Call.STORAGE):
            try:
                async for blob in self.service.get_container_client(LEASE_CONTAINER).list_blobs():
                    found |= {wanted[blob.name]} if blob.name in wanted else set()
            except ResourceNotFoundError:  # the container is made with the first note or lease
                return set()
        return found

    async def _take_over(self, target: str) -> BlobLease:
        """Break the other turn's lease and wait until it is released or ends.

        A broken lease runs out and cannot be renewed. So the other turn has stopped before this one begins, either
        because it gave way, or by its own clock, as with any lease that was lost.
        """
        now = asyncio.get_running_loop().time
        last_try, break_at = now() + 2 * SECONDS, now()
        while True:
            if target in self._held:
                self._held[target].lose("a leaked key must end first")
            if now() >= break_at:
                break_at = now() + BREAK_AGAIN_AFTER
                await self._break(target)
            try:
                return await self._acquire(target)
            except LeaseHeld:
                if now() > last_try:
                    raise
            await asyncio.sleep(TRY_AGAIN_AFTER)

    async def _break(self, target: str) -> None:
        log.warning("%s: another turn holds this target; its lease is broken so that it stops", target)
        with azure_errors(target, "break the lease", Call.STORAGE):
            try:
                await BlobLeaseClient(self._blob(target)).break_lease()
            except ResourceExistsError:
                log.debug("%s: the lease ended by itself", target)

    async def _acquire(self, target: str) -> BlobLease:
        with azure_errors(target, "take the lease", Call.STORAGE):
            for _ in range(2):
                try:
                    return await BlobLease.acquire(target, self._blob(target))
                except ResourceNotFoundError:
                    await self._make(target)
        raise LeaseLost(target, "the blob for its lease was deleted again as soon as it was made.")

    async def _acquire_second(self, target: str) -> BlobLease:
        """Take a lease whose blob was hardly ever made before: first it is made, if there is none."""
        with azure_errors(target, "take the lease", Call.STORAGE):
            await self._make(target)
        return await self._acquire(target)

    async def _make(self, target: str) -> None:
        """Make the blob, and the container if there is none. Another instance may make them at the same time."""
        try:
            await self._upload(target)
        except ResourceNotFoundError:
            try:
                await self.service.get_container_client(LEASE_CONTAINER).create_container()
            except ResourceExistsError:
                log.debug("the container %s exists already", LEASE_CONTAINER)
            await self._upload(target)

    async def _upload(self, target: str) -> None:
        try:
            await self._blob(target).upload_blob(b"", overwrite=False)
        except HttpResponseError as error:
            if error.status_code not in (409, 412):  # 412: it exists and is leased already
                raise
            log.debug("the blob of the lease of %s exists already", target)

    def _blob(self, target: str) -> BlobClient:
        return self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))


def _give_way(lease: BlobLease, second: asyncio.Future[BlobLease]) -> None:
    """Give an account up if another turn holds the second lease: it takes the account over."""
    if not second.cancelled() and isinstance(second.exception(), LeaseHeld):
        lease.lose("another report of a leak takes it over")


def _service(storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> BlobServiceClient:
    options: Any = {"transport": connections.transport(), "retry_policy": retry_policy(), "permit_redirects": False}
    if storage.connection_string is not None:
        try:
            return BlobServiceClient.from_connection_string(storage.connection_string, **options)
        except ValueError:
            raise FixConfiguration(STORAGE, "it is not a connection string.") from None
    return BlobServiceClient(storage.blob_url or "", credential, **options)


def retry_policy() -> ExponentialRetry:
    """Return how a storage client repeats a call. By default it waits 15 seconds first, as long as a whole lease."""
    return ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=2, random_jitter_range=0)
