"""The blob service: containers, block blobs written in one request, and leases on blobs.

Staged blocks, append and page blobs, snapshots, copies, tags and container leases are not imitated; a request for one
is refused with NotImitated. The rules for blobs and leases are in `blobs` and `leases`, authentication in `storage`.
"""

import re
from typing import override
from xml.sax.saxutils import escape

from aiohttp import web

from lab.emulator.blobs import Blob, Conditions, Container, check_lease_conditions
from lab.emulator.errors import AzureError, NotImitatedError
from lab.emulator.surfaces.blob_listing import common_properties, lease_facts, listing
from lab.emulator.surfaces.common import Call, Route, route
from lab.emulator.surfaces.storage import ACCOUNT, Storage, http_date, metadata, metadata_headers, xml_answer

_CONTAINER = rf"/{ACCOUNT}/(?P<container>[^/]+)"
_BLOB = _CONTAINER + r"/(?P<blob>.+)"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_DATA = "blobServices/containers/blobs"


class BlobService(Storage):
    """The blob endpoint of the storage account."""

    service = "blob"

    @override
    def make_routes(self) -> list[Route]:
        """Return the operations of the blob service."""
        leases = ("acquire", "renew", "change", "release", "break")
        return [
            route("PUT", _CONTAINER, "blob.container.create", self.create_container, "container"),
            route("GET", _CONTAINER, "blob.container.get", self.get_container, "container"),
            route("HEAD", _CONTAINER, "blob.container.get", self.get_container, "container"),
            route("DELETE", _CONTAINER, "blob.container.delete", self.delete_container, "container"),
            route("GET", _CONTAINER, "blob.list", self.list_blobs, "container", "list"),
            route("GET", f"/{ACCOUNT}/?", "blob.container.list", self.list_containers, "list"),
            route("PUT", _BLOB, "blob.put", self.put),
            route("GET", _BLOB, "blob.get", self.get),
            route("HEAD", _BLOB, "blob.head", self.head),
            route("DELETE", _BLOB, "blob.delete", self.delete),
            route("PUT", _BLOB, "blob.metadata", self.set_metadata, "metadata"),
            *(route("PUT", _BLOB, f"blob.lease.{one}", self.lease, "lease", one) for one in leases),
        ]

    @override
    def scope(self, call: Call) -> str:
        """Return the container that a request names, or the blob service of the account."""
        service = f"{self.account_id}/blobServices/default"
        return f"{service}/containers/{call.parts['container']}" if "container" in call.parts else service

    def create_container(self, call: Call) -> web.Response:
        """Create a container: 201, or an error of `Blobs.create_container`."""
        self.require(call, ["blobServices/containers/write"], data=False)
        made = self.world.blobs.create_container(call.parts["container"], metadata(call))
        return web.Response(status=201, headers=_container_headers(made))

    def get_container(self, call: Call) -> web.Response:
        """Return the properties of a container in headers: 200, or 404."""
        self.require(call, ["blobServices/containers/read"], data=False)
        found = self.world.blobs.container(call.parts["container"])
        return web.Response(headers=_container_headers(found) | metadata_headers(found.metadata))

    def delete_container(self, call: Call) -> web.Response:
        """Delete a container: 202, or 404."""
        self.require(call, ["blobServices/containers/delete"], data=False)
        self.world.blobs.delete_container(call.parts["container"])
        return web.Response(status=202)

    def list_containers(self, call: Call) -> web.Response:
        """List the containers whose names begin with the query's `prefix`, all on one page."""
        self.require(call, ["blobServices/containers/read"], data=False)
        held = sorted(self.world.blobs.containers.values(), key=lambda one: one.name)
        found = [one for one in held if one.name.startswith(call.query("prefix"))]
        items = "".join(
            f"<Container><Name>{escape(one.name)}</Name><Properties>{common_properties(one)}</Properties></Container>"
            for one in found
        )
        return xml_answer(f"<EnumerationResults><Containers>{items}</Containers><NextMarker/></EnumerationResults>")

    def list_blobs(self, call: Call) -> web.Response:
        """Return one page of a container's blobs whose names begin with the query's `prefix`."""
        self.require(call, [f"{_DATA}/read"])
        found = self.world.blobs.list(call.parts["container"], call.query("prefix"))
        return listing(call, found, self.world.clock.now())

    def put(self, call: Call) -> web.Response:
        """Write a whole block blob: 201. Raises NotImitatedError for other blob types and for copies."""
        self.require(call, [f"{_DATA}/write", f"{_DATA}/add/action"])
        if call.header("x-ms-blob-type") != "BlockBlob" or call.header("x-ms-copy-source"):
            raise NotImitatedError(f"putting a blob of type {call.header('x-ms-blob-type')} or copying one")
        made = self.world.blobs.put(
            *_name(call),
            call.body,
            conditions=_conditions(call),
            content_type=call.header("x-ms-blob-content-type")
            or call.header("Content-Type")
            or "application/octet-stream",
            metadata=metadata(call),
        )
        headers = {"x-ms-request-server-encrypted": "true", **_etag_headers(made)}
        return web.Response(status=201, headers=headers)

    def get(self, call: Call) -> web.Response:
        """Return a blob: 200, or 206 for a byte range. Raises AzureError 416 for a range beyond the end."""
        self.require(call, [f"{_DATA}/read"])
        blob = self.world.blobs.get(*_name(call), _conditions(call))
        headers = self._facts(blob)
        asked = _RANGE.fullmatch(call.header("x-ms-range") or call.header("Range") or "")
        if asked is None:
            return web.Response(body=blob.content, headers=headers)
        start, size = int(asked[1]), len(blob.content)
        if start >= size:
            message = "The range specified is invalid for the current size of the resource."
            raise AzureError(416, "InvalidRange", message, headers={"Content-Range": f"bytes */{size}"})
        end = min(int(asked[2] or size - 1), size - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{size}"
        return web.Response(status=206, body=blob.content[start : end + 1], headers=headers)

    def head(self, call: Call) -> web.Response:
        """Return a blob's properties in headers."""
        self.require(call, [f"{_DATA}/read"])
        blob = self.world.blobs.get(*_name(call), _conditions(call))
        return web.Response(body=blob.content, headers=self._facts(blob))

    def delete(self, call: Call) -> web.Response:
        """Delete a blob: 202, or an error of `Blobs.delete`."""
        self.require(call, [f"{_DATA}/delete"])
        self.world.blobs.delete(*_name(call), _conditions(call))
        return web.Response(status=202, headers={"x-ms-delete-type-permanent": "true"})

    def set_metadata(self, call: Call) -> web.Response:
        """Replace the metadata of a blob: 200, or an error of `Blobs.set_metadata`."""
        self.require(call, [f"{_DATA}/write"])
        blob = self.world.blobs.set_metadata(*_name(call), metadata(call), _conditions(call))
        return web.Response(headers=_etag_headers(blob))

    def lease(self, call: Call) -> web.Response:
        """Acquire, renew, change, release or break the lease of a blob, as x-ms-lease-action says.

        Raises AzureError 400 if a header is missing or invalid, and the errors of `Lease`.
        """
        self.require(call, [f"{_DATA}/write"])
        blob = self.world.blobs.get(*_name(call))
        check_lease_conditions(blob, Conditions(call.header("If-Match"), call.header("If-None-Match")))
        action = call.operation.rpartition(".")[2]
        status, headers = getattr(self, f"_{action}")(call, blob)
        return web.Response(status=status, headers=_etag_headers(blob) | headers)

    def _acquire(self, call: Call, blob: Blob) -> tuple[int, dict[str, str]]:
        duration = _whole_number(call, "x-ms-lease-duration")
        if duration is None:
            raise _missing("x-ms-lease-duration")
        proposed = call.header("x-ms-proposed-lease-id")
        return 201, {"x-ms-lease-id": blob.lease.acquire(self.world.clock.now(), duration, proposed)}

    def _renew(self, call: Call, blob: Blob) -> tuple[int, dict[str, str]]:
        blob.lease.renew(self.world.clock.now(), _lease_id(call))
        return 200, {"x-ms-lease-id": _lease_id(call)}

    def _change(self, call: Call, blob: Blob) -> tuple[int, dict[str, str]]:
        proposed = call.header("x-ms-proposed-lease-id")
        if proposed is None:
            raise _missing("x-ms-proposed-lease-id")
        return 200, {"x-ms-lease-id": blob.lease.change(self.world.clock.now(), _lease_id(call), proposed)}

    def _release(self, call: Call, blob: Blob) -> tuple[int, dict[str, str]]:
        blob.lease.release(_lease_id(call))
        return 200, {}

    def _break(self, call: Call, blob: Blob) -> tuple[int, dict[str, str]]:
        left = blob.lease.break_(self.world.clock.now(), _whole_number(call, "x-ms-lease-break-period"))
        return 202, {"x-ms-lease-time": str(left)}

    def _facts(self, blob: Blob) -> dict[str, str]:
        """Return the headers with a blob's properties that GET and HEAD share."""
        lease = dict(lease_facts(blob, self.world.clock.now()))
        return {
            **_etag_headers(blob),
            "Content-Type": blob.content_type,
            "Accept-Ranges": "bytes",
            "x-ms-blob-type": "BlockBlob",
            "x-ms-creation-time": http_date(blob.created),
            "x-ms-server-encrypted": "true",
            **{f"x-ms-{name}": value for name, value in lease.items()},
            **metadata_headers(blob.metadata),
        }


def _name(call: Call) -> tuple[str, str]:
    return call.parts["container"], call.parts["blob"]


def _conditions(call: Call) -> Conditions:
    for name in ("If-Modified-Since", "If-Unmodified-Since", "x-ms-if-tags"):
        if call.header(name):
            raise NotImitatedError(f"the condition {name}")
    return Conditions(call.header("If-Match"), call.header("If-None-Match"), call.header("x-ms-lease-id"))


def _etag_headers(held: Blob | Container) -> dict[str, str]:
    return {"ETag": held.etag, "Last-Modified": http_date(held.modified)}


def _container_headers(container: Container) -> dict[str, str]:
    lease = {"x-ms-lease-state": "available", "x-ms-lease-status": "unlocked"}
    policy = {"x-ms-has-immutability-policy": "false", "x-ms-has-legal-hold": "false"}
    return _etag_headers(container) | lease | policy


def _lease_id(call: Call) -> str:
    lease_id = call.header("x-ms-lease-id")
    if lease_id is None:
        raise _missing("x-ms-lease-id")
    return lease_id


def _whole_number(call: Call, name: str) -> int | None:
    text = call.header(name)
    try:
        return None if text is None else int(text)
    except ValueError as error:
        message = "The value for one of the HTTP headers is not in the correct format."
        raise AzureError(400, "InvalidHeaderValue", message) from error


def _missing(header: str) -> AzureError:
    message = f"An HTTP header that's mandatory for this request is not specified: {header}."
    return AzureError(400, "MissingRequiredHeader", message)
