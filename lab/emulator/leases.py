"""The lease of a blob, with the states of Microsoft's REST reference ("Lease Blob").

The states are available, leased, expired, breaking and broken. A lease protects its blob from writes, not from reads.
Every method takes the current time as `now`, in seconds since 1970, and works out the state for that time. Status and
error codes are compared with Azurite in tests/lab/emulator/test_storage_conformance.py.
"""

import math
import uuid
from typing import Literal

from lab.emulator.errors import AzureError

State = Literal["available", "leased", "expired", "breaking", "broken"]


class Lease:
    """The lease of one blob. A blob without a lease has one in the state `available`.

    id: The lease id, or None without a lease.
    duration: The duration in seconds, -1 for no end.
    """

    def __init__(self) -> None:
        self.id: str | None = None
        self.duration = 0
        self._ends: float | None = None
        self._breaks: float | None = None

    def state(self, now: float) -> State:
        """Return the state of the lease."""
        if self.id is None:
            return "available"
        if self._breaks is not None:
            return "broken" if now >= self._breaks else "breaking"
        if self._ends is not None and now >= self._ends:
            return "expired"
        return "leased"

    def active(self, now: float) -> bool:
        """Return whether the lease protects the blob: it is leased or breaking."""
        return self.state(now) in ("leased", "breaking")

    def acquire(self, now: float, duration: int, proposed: str | None) -> str:
        """Acquire the lease for 15 to 60 seconds, or -1 for no end, and return its id.

        `proposed` is the id that the caller wants, or None for a new one. Raises AzureError 400 for another duration
        and 409 if another id holds the lease or it is breaking.
        """
        if duration != -1 and not 15 <= duration <= 60:
            raise AzureError(
                400,
                "InvalidHeaderValue",
                "The value for one of the HTTP headers is not in the correct format.",
            )
        same = proposed is not None and _same(proposed, self.id)
        state = self.state(now)
        if state == "breaking" and same:
            raise _conflict("LeaseIsBreakingAndCannotBeAcquired", "The lease is breaking and cannot be acquired.")
        if state == "breaking" or (state == "leased" and not same):
            raise _conflict("LeaseAlreadyPresent", "There is already a lease present.")
        self.id = proposed or str(uuid.uuid4())
        self.duration = duration
        self._start(now)
        return self.id

    def renew(self, now: float, lease_id: str) -> None:
        """Start the lease's duration again. An expired lease can be renewed until the blob is written.

        Raises AzureError 409 if the id does not match or the lease was broken.
        """
        self._match(lease_id)
        if self.state(now) in ("breaking", "broken"):
            message = "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."
            raise _conflict("LeaseIsBrokenAndCannotBeRenewed", message)
        self._start(now)

    def change(self, now: float, lease_id: str, proposed: str) -> str:
        """Change the id of an active lease to `proposed` and return it.

        Raises AzureError 409 if there is no active lease, the id does not match, or the lease is breaking.
        """
        if self.state(now) in ("available", "expired", "broken"):
            raise _not_present()
        if not _same(proposed, self.id):
            self._match(lease_id)
        if self.state(now) == "breaking":
            message = "The lease ID matched, but the lease is currently in breaking state and cannot be changed."
            raise _conflict("LeaseIsBreakingAndCannotBeChanged", message)
        self.id = proposed
        return proposed

    def release(self, lease_id: str) -> None:
        """End the lease. Raises AzureError 409 if the id does not match."""
        self._match(lease_id)
        self.clear()

    def break_(self, now: float, period: int | None) -> int:
        """Break the lease and return the whole seconds until it is broken.

        It ends after `period` seconds (0 to 60) or at its normal end, whichever comes first. Without `period`, a lease
        without end is broken immediately. Raises AzureError 400 for another period and 409 if there is no lease.
        """
        state = self.state(now)
        if state == "available":
            raise _not_present()
        if period is not None and not 0 <= period <= 60:
            raise AzureError(
                400,
                "InvalidHeaderValue",
                "The value for one of the HTTP headers is not in the correct format.",
            )
        if state in ("expired", "broken"):
            self._breaks = now
            return 0
        left = self._left(now, state)
        if period is not None:
            left = period if left is None else min(left, period)
        self._breaks = now + (left or 0)
        return math.ceil(left or 0)

    def clear(self) -> None:
        """End the lease without checks."""
        self.id = self._ends = self._breaks = None

    def guard_write(self, now: float, lease_id: str | None) -> None:
        """Check whether a write that names `lease_id` is allowed. A write ends an expired lease.

        Raises AzureError 412 if the blob is leased and the write names no lease, another lease, or one that has ended.
        """
        if self.active(now) and lease_id is None:
            message = "There is currently a lease on the blob and no lease ID was specified in the request."
            raise AzureError(412, "LeaseIdMissing", message)
        self.guard_read(now, lease_id)
        if self.state(now) == "expired":
            # The blob changes now, so the old holder can no longer renew.
            self.clear()

    def guard_read(self, now: float, lease_id: str | None) -> None:
        """Check the lease id that a read names; a read without one is allowed.

        Raises AzureError 412 if the blob does not have that lease or it has ended.
        """
        if lease_id is None:
            return
        if self.id is None:
            raise AzureError(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
        if not self.active(now):
            message = "A lease ID was specified, but the lease for the blob has expired."
            raise AzureError(412, "LeaseLost", message)
        if not _same(lease_id, self.id):
            message = "The lease ID specified did not match the lease ID for the blob."
            raise AzureError(412, "LeaseIdMismatchWithBlobOperation", message)

    def _left(self, now: float, state: State) -> float | None:
        ends = self._breaks if state == "breaking" else self._ends
        return None if ends is None else max(0.0, ends - now)

    def _start(self, now: float) -> None:
        self._ends = None if self.duration == -1 else now + self.duration
        self._breaks = None

    def _match(self, lease_id: str) -> None:
        if self.id is None or not _same(lease_id, self.id):
            message = "The lease ID specified did not match the lease ID for the blob."
            raise _conflict("LeaseIdMismatchWithLeaseOperation", message)


def _same(one: str, other: str | None) -> bool:
    return other is not None and one.lower() == other.lower()


def _conflict(code: str, message: str) -> AzureError:
    return AzureError(409, code, message)


def _not_present() -> AzureError:
    return _conflict("LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
