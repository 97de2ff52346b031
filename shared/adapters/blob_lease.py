"""Hold an account for the length of a turn: a blob lease in the function host's storage account.

The lease is renewed in the background. Our own monotonic clock decides how long it is valid, from the moment when a
renewal was *requested*: after that time the lease counts as lost, even if storage has not said so, and the turn stops
before its next step. If the process that holds a lease dies, the lease ends by itself within 15 seconds, the shortest
time that Azure Storage grants.

A turn that a person or a pipeline requested signs the blob in its metadata, so that a caller who has to wait learns who
is being served. The signature is a courtesy: if it cannot be written or read, no turn stops.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient, ExponentialRetry

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.adapters.waits import LongWait
from shared.domain.errors import FixConfiguration, LeaseHeld, LeaseLost, RotationError
from shared.domain.names import LEASE_CONTAINER, LOGGER, STORAGE
from shared.domain.refusal import Call
from shared.settings.storage import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SECONDS = 15  # how long Azure Storage grants a lease; 15 to 60, or without end
RENEW_EVERY = 5.0  # seconds
RENEW_WITHIN = 4  # seconds; a renewal that hangs must leave time for the next one
TRY_AGAIN_AFTER = 0.5  # seconds between two attempts to take a lease that is ending
SAFETY = 2.0  # seconds that the lease counts as lost before it ends, because a call takes time to arrive
LONGEST_TURN = 600  # seconds (host.json, functionTimeout); an older signature was left by a killed process
_RENEWAL: Any = {"retry_total": 0, "read_timeout": RENEW_WITHIN}
_UNSIGNED = "one of the schedule or of an event"
_SIGNATURE: Any = {"retry_total": 0, "read_timeout": 2, "connection_timeout": 2}  # a courtesy must not delay a turn

log = logging.getLogger(LOGGER)


class BlobLease:
    """A lease that is held as long as `check` does not raise.

    target: The id of the account that is held.
    lease: Azure's client for the lease.
    requested_at: When the lease was requested, in seconds of the monotonic clock.
    """

    def __init__(self, target: str, lease: BlobLeaseClient, requested_at: float) -> None:
        self._target = target
        self._lease = lease
        self._good_until = requested_at + SECONDS - SAFETY
        self._lost: str | None = None

    def check(self) -> None:
        """Raises LeaseLost if another turn may hold the account by now."""
        if self._lost is None and time.monotonic() >= self._good_until:
            self._lost = "it could not be renewed in time"
        if self._lost is not None:
            raise LeaseLost(self._target, f"the turn lost its hold on the target: {self._lost}.")

    async def keep(self) -> None:
        """Renew the lease until this task is cancelled, or until storage refuses because the lease is lost."""
        while self._lost is None:
            await asyncio.sleep(RENEW_EVERY)
            requested_at = time.monotonic()
            try:
                await self._lease.renew(**_RENEWAL)
            except HttpResponseError as error:
                if error.status_code in (404, 409, 412):
                    self._lost = f"storage answered {error.status_code} to a renewal"
                else:
                    log.warning("%s: storage answered %s to a renewal of the lease", self._target, error.status_code)
            except (AzureError, LongWait, TimeoutError) as error:
                what = "%s: storage did not answer to a renewal of the lease (%s)"
                log.warning(what, self._target, type(error).__name__)
            else:
                self._good_until = requested_at + SECONDS - SAFETY

    async def sign(self, blob: BlobClient, who: str) -> None:
        """Write on the blob for whom it is held. An empty text removes the signature. A failure is only logged."""
        signature = {"asked": quote(who, errors="replace"), "since": str(int(time.time()))} if who else {}
        try:
            with azure_errors(self._target, "sign the lease", Call.STORAGE):
                await blob.set_blob_metadata(signature, lease=self._lease, **_SIGNATURE)
        except RotationError as error:
            log.warning("%s", error)

    async def give_up(self) -> None:
        """Release the lease. If that fails, the lease ends by itself."""
        try:
            await self._lease.release(retry_total=0)
        except (AzureError, LongWait, TimeoutError) as error:
            what = "%s: the lease could not be released and ends by itself (%s)"
            log.warning(what, self._target, type(error).__name__)


class BlobLeases:
    """Leases on blobs, one for each account, in the function host's storage account.

    service: Azure's client for the storage account. The record of failures uses it too.
    """

    def __init__(self, storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> None:
        self.service = _service(storage, credential, connections)

    @asynccontextmanager
    async def hold(self, target: str, *, take_over: bool = False, who: str = "") -> AsyncIterator[BlobLease]:
        """Hold an account, by its id, while the block runs.

        take_over: End the lease of another turn and wait for it, instead of raising LeaseHeld.
        who: For whom the account is held, as shown to others. Empty for a turn of the schedule or of an event.

        Raises LeaseHeld if another turn has the account, and TryLater, GrantRole or FixConfiguration if storage
        refuses.
        """
        blob = self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))
        try:
            lease = await (self._take_over(target) if take_over else self._acquire(target))
        except LeaseHeld as held:
            raise LeaseHeld(target, f"another turn holds this target: {await _holder(blob)}.") from held
        renewing = asyncio.create_task(lease.keep())
        try:
            if who:
                await lease.sign(blob, who)
            yield lease
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            try:
                if who:
                    await lease.sign(blob, "")
            finally:
                await lease.give_up()

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
        """Break the other turn's lease and wait until it ends.

        A broken lease runs out and cannot be renewed. So by its own clock the other turn has stopped before this one
        begins, as with any lease that was lost.
        """
        blob = self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))
        last_try = time.monotonic() + 2 * SECONDS
        while True:
            try:
                return await self._acquire(target)
            except LeaseHeld:
                if time.monotonic() > last_try:
                    raise
            log.warning("%s: another turn holds this target; its lease is broken so that it stops", target)
            with azure_errors(target, "break the lease", Call.STORAGE):
                try:
                    await BlobLeaseClient(blob).break_lease()
                except ResourceExistsError:
                    log.debug("%s: the lease ended by itself", target)
            await asyncio.sleep(TRY_AGAIN_AFTER)

    async def _acquire(self, target: str) -> BlobLease:
        blob = self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))
        with azure_errors(target, "take the lease", Call.STORAGE):
            for _ in range(2):
                requested_at = time.monotonic()
                try:
                    lease = BlobLeaseClient(blob)
                    await lease.acquire(SECONDS)
                except ResourceNotFoundError:
                    await self._make(blob)
                except ResourceExistsError as error:
                    raise LeaseHeld(target, "another turn holds this target.") from error
                else:
                    return BlobLease(target, lease, requested_at)
        raise LeaseLost(target, "the blob for its lease was deleted again as soon as it was made.")

    async def _make(self, blob: BlobClient) -> None:
        """Make the container and the blob. Another instance may make them at the same time."""
        container = self.service.get_container_client(LEASE_CONTAINER)
        try:
            await container.create_container()
        except ResourceExistsError:
            log.debug("the container %s exists already", LEASE_CONTAINER)
        try:
            await blob.upload_blob(b"", overwrite=False)
        except HttpResponseError as error:
            if error.status_code not in (409, 412):  # 412: it exists and is leased already
                raise
            log.debug("the blob %s exists already", blob.blob_name)


async def _holder(blob: BlobClient) -> str:
    """Who is being served, as far as the blob's signature says it."""
    try:
        with azure_errors(blob.blob_name, "read who holds the lease", Call.STORAGE):
            signature = (await blob.get_blob_properties(**_SIGNATURE)).metadata
        since = datetime.fromtimestamp(int(signature["since"]), UTC)
    except (RotationError, KeyError, ValueError, OverflowError, OSError):
        return f"{_UNSIGNED}, or its signature could not be read"
    if abs(time.time() - since.timestamp()) > LONGEST_TURN:
        return _UNSIGNED
    return f"{unquote(signature.get('asked', ''))}, since {since:%H:%M:%S} UTC"


def blob_name(account: str) -> str:
    """Return a blob's name for an account's id: readable, and different for different accounts."""
    plain = re.sub(r"[^A-Za-z0-9-]", "-", account.rsplit("/", 1)[-1])[:60]
    return f"{plain}-{hashlib.sha256(account.encode()).hexdigest()[:8]}"


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
