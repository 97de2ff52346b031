"""Keep a view in one blob, in the container of the leases: what the last tick saw, the last survey, the weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError

from shared.adapters.blob_notes import make_container
from shared.adapters.translate import azure_errors
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient

NAME = "views/fleet"
READINESS, WEEKS = "views/readiness", "views/weeks"


class BlobView:
    """One view in the function host's storage account, seen by every instance of the app.

    service: The storage account.
    name: The blob that holds it. Default: the view of the fleet.
    """

    def __init__(self, service: BlobServiceClient, name: str = NAME) -> None:
        self._name = name
        self._container = service.get_container_client(LEASE_CONTAINER)

    async def read(self) -> tuple[bytes, str] | None:
        """Return what was written last, and its tag. None if nothing is there."""
        with azure_errors(self._name, "read the view", Call.STORAGE):
            try:
                found = await self._container.get_blob_client(self._name).download_blob()
                return await found.readall(), str(found.properties.etag)
            except ResourceNotFoundError:
                return None

    async def write(self, data: bytes, tag: str | None) -> bool:
        """Write in place of what has that tag; None if there was nothing. Return False if something else is there."""
        with azure_errors(self._name, "write the view", Call.STORAGE):
            try:
                await self._put(data, tag)
            except ResourceNotFoundError:  # the container is made with the first note or lease
                await make_container(self._container)
                await self._put(data, tag)
            except (ResourceExistsError, ResourceModifiedError):
                return False
        return True

    async def _put(self, data: bytes, tag: str | None) -> None:
        options: Any = {"overwrite": False}
        if tag is not None:
            options = {"overwrite": True, "etag": tag, "match_condition": MatchConditions.IfNotModified}
        await self._container.get_blob_client(self._name).upload_blob(data, **options)
