"""Hold a target for the length of a turn: a blob lease in the host's own storage account.

The lease is renewed in the background. What it is worth is judged by our own monotonic clock, from the moment a
renewal was *asked for*: when that is too long ago, the lease counts as lost even if nobody has said so, and the
turn stops before its next step. A holder that dies leaves the target within the lease's time, 15 seconds, the
shortest that Azure Storage grants.

A turn that somebody asked for signs the blob, in its metadata, so that whoever has to wait learns for whom. That is
a courtesy: a signature that cannot be written or read stops no turn.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient, ExponentialRetry

from shared.adapters.connections import Connections
from shared.adapters.translate import azure_errors
from shared.domain.errors import FixConfiguration, LeaseHeld, LeaseLost, RotationError
from shared.domain.names import LEASE_CONTAINER, LOGGER, STORAGE
from shared.settings.environment import Storage

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential

SECONDS = 15
RENEW_EVERY = 5.0
RENEW_WITHIN = 4  # seconds; one renewal that hangs must not cost the next one its chance
LOOK_AGAIN = 0.5  # seconds between two looks at a lease that is ending
AT_ONCE: Any = {"retry_total": 0, "read_timeout": RENEW_WITHIN}
QUICKLY: Any = {"retry_total": 0, "read_timeout": 2, "connection_timeout": 2}  # a courtesy that nobody waits for
LONGEST_TURN = 600  # seconds (host.json, functionTimeout): what was signed longer ago was left by a killed process
SAFETY = 2.0  # given up this long before the service would, for the time a call is on its way

log = logging.getLogger(LOGGER)


class BlobLease:
    """A lease that is held, as long as `check` says so."""

    def __init__(self, target: str, lease: BlobLeaseClient, asked: float) -> None:
        self._target = target
        self._lease = lease
        self._good_until = asked + SECONDS - SAFETY
        self._lost: str | None = None

    def check(self) -> None:
        if self._lost is None and time.monotonic() >= self._good_until:
            self._lost = "it could not be renewed in time"
        if self._lost is not None:
            raise LeaseLost(self._target, f"the turn lost its hold on the target: {self._lost}.")

    async def keep(self) -> None:
        """Renew until cancelled, or until the service says that somebody else has it."""
        while self._lost is None:
            await asyncio.sleep(RENEW_EVERY)
            asked = time.monotonic()
            try:
                await self._lease.renew(**AT_ONCE)
            except HttpResponseError as error:
                if error.status_code in (404, 409, 412):
                    self._lost = f"storage answered {error.status_code} to a renewal"
                else:
                    log.warning("%s: a renewal of the lease was answered %s", self._target, error.status_code)
            except AzureError as error:
                log.warning("%s: a renewal of the lease had no answer (%s)", self._target, type(error).__name__)
            else:
                self._good_until = asked + SECONDS - SAFETY

    async def sign(self, blob: BlobClient, who: str) -> None:
        """Say on the blob for whom it is held; with an empty text, for nobody any more."""
        signature = {"asked": quote(who, errors="replace"), "since": str(int(time.time()))} if who else {}
        try:
            with azure_errors(self._target, "sign the lease"):
                await blob.set_blob_metadata(signature, lease=self._lease, **QUICKLY)
        except RotationError as error:
            log.warning("%s", error)

    async def give_up(self) -> None:
        """Give the lease back; if that fails it ends by itself."""
        try:
            await self._lease.release(retry_total=0)
        except AzureError as error:
            log.warning("%s: the lease was not given back and ends by itself (%s)", self._target, type(error).__name__)


class BlobLeases:
    def __init__(self, storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> None:
        self.service = _service(storage, credential, connections)

    @asynccontextmanager
    async def hold(self, target: str, *, take_over: bool = False, who: str = "") -> AsyncIterator[BlobLease]:
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

    async def _take_over(self, target: str) -> BlobLease:
        """End the other's hold and wait for it. Breaking lets the lease run out and refuses to renew it, so the
        other has stopped, by its own clock, before this one begins: as after any lease that was lost."""
        blob = self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))
        give_up = time.monotonic() + 2 * SECONDS
        while True:
            try:
                return await self._acquire(target)
            except LeaseHeld:
                if time.monotonic() > give_up:
                    raise
            log.warning("%s: another turn holds this target and is told to stop", target)
            with azure_errors(target, "break the lease"):
                try:
                    await BlobLeaseClient(blob).break_lease()
                except ResourceExistsError:
                    log.debug("%s: the lease ended by itself", target)
            await asyncio.sleep(LOOK_AGAIN)

    async def _acquire(self, target: str) -> BlobLease:
        blob = self.service.get_blob_client(LEASE_CONTAINER, blob_name(target))
        with azure_errors(target, "take the lease"):
            for _ in range(2):
                asked = time.monotonic()
                try:
                    lease = BlobLeaseClient(blob)
                    await lease.acquire(SECONDS)
                except ResourceNotFoundError:
                    await self._make(blob)
                except ResourceExistsError as error:
                    raise LeaseHeld(target, "another turn holds this target.") from error
                else:
                    return BlobLease(target, lease, asked)
        raise LeaseLost(target, "the blob to lease is gone again and again.")

    async def _make(self, blob: BlobClient) -> None:
        """The container and the blob, which exist from the first turn on. Whoever comes second finds them there."""
        container = self.service.get_container_client(LEASE_CONTAINER)
        try:
            await container.create_container()
        except ResourceExistsError:
            log.debug("the container %s is there already", LEASE_CONTAINER)
        try:
            await blob.upload_blob(b"", overwrite=False)
        except HttpResponseError as error:
            if error.status_code not in (409, 412):  # 412: it is there, and leased already
                raise
            log.debug("the blob %s is there already", blob.blob_name)


async def _holder(blob: BlobClient) -> str:
    """For whom it is held, as far as that is known."""
    try:
        with azure_errors(blob.blob_name, "read who holds the lease"):
            signature = (await blob.get_blob_properties(**QUICKLY)).metadata
        since = datetime.fromtimestamp(int(signature["since"]), UTC)
    except (RotationError, KeyError, ValueError, OverflowError, OSError):
        return "one of the schedule or of an event, or nobody can tell"
    if abs(time.time() - since.timestamp()) > LONGEST_TURN:
        return "one of the schedule or of an event"
    return f"{unquote(signature.get('asked', ''))}, as it said at {since:%H:%M:%S} UTC"


def blob_name(account: str) -> str:
    """A blob's name for an account's id: readable, and different for different accounts."""
    plain = re.sub(r"[^A-Za-z0-9-]", "-", account.rsplit("/", 1)[-1])[:60]
    return f"{plain}-{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def _service(storage: Storage, credential: AsyncTokenCredential, connections: Connections) -> BlobServiceClient:
    # The storage clients would wait 15 seconds before they ask again, which is the whole lease.
    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=2, random_jitter_range=0)
    options: Any = {"transport": connections.transport(), "retry_policy": retry}
    if storage.connection_string is not None:
        try:
            return BlobServiceClient.from_connection_string(storage.connection_string, **options)
        except ValueError:
            raise FixConfiguration(STORAGE, "it is not a connection string.") from None
    return BlobServiceClient(storage.blob_url or "", credential, **options)
