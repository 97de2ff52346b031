"""Blob containers and block blobs: content, metadata, ETags, request conditions and leases.

This is the part that a program needs for leases and small state blobs. Status and error codes follow Microsoft's Blob
Storage REST reference; tests/lab/emulator/test_storage_conformance.py compares them with Azurite. Snapshots, versions,
append and page blobs and container leases are not imitated. `leases` holds the lease rules, `surfaces.blob` the HTTP
side.
"""

import re
import secrets
from dataclasses import dataclass, field

from lab.emulator.clock import Clock
from lab.emulator.errors import AzureError
from lab.emulator.leases import Lease

_CONTAINER = re.compile(r"(\$root|\$web|\$logs|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])")


@dataclass(frozen=True)
class Conditions:
    """The conditions of one request to a blob.

    if_match: The If-Match header: the ETag that the blob must have, or `*` for any existing blob. None if absent.
    if_none_match: The If-None-Match header: the ETag that the blob must not have, or `*`: there must be no blob. None
        if absent.
    lease_id: The lease id that the request names, or None.
    """

    if_match: str | None = None
    if_none_match: str | None = None
    lease_id: str | None = None


NO_CONDITIONS = Conditions()


@dataclass
class Blob:
    """One block blob. Times are seconds since 1970.

    name: The blob name within its container.
    content: The whole content.
    content_type: The media type given when the blob was written.
    metadata: The user metadata, with lower case names.
    created: When the blob was first written.
    modified: When content or metadata last changed.
    etag: The ETag; each change gives the blob a new one.
    lease: The lease on the blob. It outlives a new content.
    """

    name: str
    content: bytes
    content_type: str
    metadata: dict[str, str]
    created: float
    modified: float
    etag: str
    lease: Lease = field(default_factory=Lease)


@dataclass
class Container:
    """One container.

    name: The container name.
    modified: When the container was created, in seconds since 1970.
    etag: The ETag.
    metadata: The user metadata, with lower case names.
    blobs: The blobs by name.
    """

    name: str
    modified: float
    etag: str
    metadata: dict[str, str] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)


class Blobs:
    """The blob service of the one emulated storage account."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.containers: dict[str, Container] = {}

    def create_container(self, name: str, metadata: dict[str, str] | None = None) -> Container:
        """Create a container and return it.

        Raises AzureError 400 if the name is invalid and 409 ContainerAlreadyExists if the container exists.
        """
        if not _CONTAINER.fullmatch(name):
            raise AzureError(400, "InvalidResourceName", "The specified resource name contains invalid characters.")
        if name in self.containers:
            raise AzureError(409, "ContainerAlreadyExists", "The specified container already exists.")
        container = Container(name, self.clock.now(), _etag(), metadata or {})
        self.containers[name] = container
        return container

    def container(self, name: str) -> Container:
        """Return a container. Raises AzureError 404 ContainerNotFound if it does not exist."""
        container = self.containers.get(name)
        if container is None:
            raise AzureError(404, "ContainerNotFound", "The specified container does not exist.")
        return container

    def delete_container(self, name: str) -> None:
        """Delete a container and its blobs. Raises AzureError 404 ContainerNotFound if it does not exist."""
        del self.containers[self.container(name).name]

    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        conditions: Conditions = NO_CONDITIONS,
        content_type: str = "application/octet-stream",
        metadata: dict[str, str] | None = None,
    ) -> Blob:
        """Write a whole blob and return it. An existing blob keeps its creation time and its lease.

        Raises AzureError 404 if the container does not exist, 409 or 412 if a condition is not met, and 412 if the
        lease on the blob does not allow the write.
        """
        held, now = self.container(container), self.clock.now()
        old = held.blobs.get(name)
        _check_write(old, conditions)
        if old is None and conditions.lease_id is not None:
            raise AzureError(412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
        if old is not None:
            old.lease.guard_write(now, conditions.lease_id)
        created, lease = (old.created, old.lease) if old else (now, Lease())
        blob = Blob(name, content, content_type, metadata or {}, created, now, _etag(), lease)
        held.blobs[name] = blob
        return blob

    def get(self, container: str, name: str, conditions: Conditions = NO_CONDITIONS) -> Blob:
        """Return a blob.

        Raises AzureError 404 if container or blob do not exist, 412 or 304 if a condition is not met, and 412 if the
        request names a lease that the blob does not have.
        """
        blob = self.container(container).blobs.get(name)
        if blob is None:
            raise AzureError(404, "BlobNotFound", "The specified blob does not exist.")
        if conditions.if_match not in (None, "*", blob.etag):
            raise _condition_not_met()
        if conditions.if_none_match in ("*", blob.etag):
            raise AzureError(
                304, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."
            )
        blob.lease.guard_read(self.clock.now(), conditions.lease_id)
        return blob

    def set_metadata(
        self, container: str, name: str, metadata: dict[str, str], conditions: Conditions = NO_CONDITIONS
    ) -> Blob:
        """Replace all metadata of a blob and return the blob, with a new ETag. Raises the same errors as `delete`."""
        blob = self.get(container, name)
        self._guard_change(blob, conditions)
        blob.metadata, blob.modified, blob.etag = metadata, self.clock.now(), _etag()
        return blob

    def delete(self, container: str, name: str, conditions: Conditions = NO_CONDITIONS) -> None:
        """Delete a blob.

        Raises AzureError 404 if container or blob do not exist, 409 or 412 if a condition is not met, and 412 if the
        lease on the blob does not allow the change.
        """
        blob = self.get(container, name)
        self._guard_change(blob, conditions)
        del self.container(container).blobs[name]

    def list(self, container: str, prefix: str = "") -> list[Blob]:
        """Return the blobs of a container whose names begin with `prefix`, by name.

        Raises AzureError 404 ContainerNotFound if the container does not exist.
        """
        blobs = self.container(container).blobs
        return [blobs[name] for name in sorted(blobs) if name.startswith(prefix)]

    def _guard_change(self, blob: Blob, conditions: Conditions) -> None:
        _check_write(blob, conditions)
        blob.lease.guard_write(self.clock.now(), conditions.lease_id)


def _check_write(blob: Blob | None, conditions: Conditions) -> None:
    if blob is not None and conditions.if_none_match == "*":
        raise AzureError(409, "BlobAlreadyExists", "The specified blob already exists.")
    wanted = conditions.if_match
    if wanted is not None and (blob is None or wanted not in ("*", blob.etag)):
        raise _condition_not_met()
    if blob is not None and conditions.if_none_match == blob.etag:
        raise _condition_not_met()


def check_lease_conditions(blob: Blob, conditions: Conditions) -> None:
    """Check the If-Match and If-None-Match conditions of a lease operation. Raises AzureError 409 or 412 if not met."""
    _check_write(blob, conditions)


def _condition_not_met() -> AzureError:
    message = "The condition specified using HTTP conditional header(s) is not met."
    return AzureError(412, "ConditionNotMet", message)


def _etag() -> str:
    return f'"0x{secrets.token_hex(8).upper()[1:]}"'
