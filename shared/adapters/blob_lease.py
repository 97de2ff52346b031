"""Hold an account for the length of a turn: one lease on a blob. `blob_leases` takes and releases it.

The lease is renewed in the background. Our own monotonic clock decides how long it is valid, from the moment when a
renewal was *requested*: after that time the lease counts as lost, even if storage has not said so, and the turn stops
before its next step. If the process that holds a lease dies, the lease ends by itself within 15 seconds, the shortest
time that Azure Storage grants.

A turn that a person or a pipeline requested signs the blob in its metadata, so that a caller who has to wait learns who
is being served. The signature is a courtesy: no turn waits for it, and if it cannot be written or read, no turn stops.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient

from shared.adapters.translate import azure_errors
from shared.adapters.waits import LongWait
from shared.domain.errors import LeaseHeld, LeaseLost, RotationError
from shared.domain.names import LOGGER
from shared.domain.refusal import Call
from shared.ports import Clock

SECONDS = 15  # how long Azure Storage grants a lease; 15 to 60, or without end
RENEW_EVERY = 2.0  # seconds; so soon does a turn learn that another one takes over. An ordinary turn ends before that
RENEW_WITHIN = 4  # seconds; a renewal that hangs must leave time for the next one
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
        self._ended = asyncio.Event()

    @classmethod
    async def acquire(cls, target: str, blob: BlobClient) -> BlobLease:
        """Take the lease on that blob for an account. Raises LeaseHeld if another turn has it, ResourceNotFoundError if
        there is no such blob, and what storage raises."""
        requested_at, lease = time.monotonic(), BlobLeaseClient(blob)
        try:
            await lease.acquire(SECONDS)
        except ResourceExistsError as error:
            raise LeaseHeld(target, "another turn holds this target.") from error
        return cls(target, lease, requested_at)

    @property
    def is_lost(self) -> bool:
        """Whether it is known that the lease is lost."""
        return self._ended.is_set()

    def lose(self, why: str) -> None:
        """Give the account up: the turn stops before its next step. `why` completes a sentence."""
        self._lost = self._lost or why
        self._ended.set()

    async def wait(self, clock: Clock, time: timedelta) -> None:
        """Wait that long, or until it is known that the lease is lost. Raises LeaseLost as `check` does."""
        waits = [asyncio.ensure_future(one) for one in (clock.sleep(time), self._ended.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self.check()

    def check(self) -> None:
        """Raises LeaseLost if another turn may hold the account by now."""
        if self._lost is None and time.monotonic() >= self._good_until:
            self.lose("it could not be renewed in time")
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
                    self.lose(f"storage answered {error.status_code} to a renewal")
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


async def holder(blob: BlobClient) -> str:
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
