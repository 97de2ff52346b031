"""Keep a view in one blob, in the container of the leases: what the last tick saw, the last survey, the weeks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.adapters.blob_notes import read_with_tag, write_over
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
            return await read_with_tag(self._container, self._name)

    async def write(self, data: bytes, tag: str | None) -> bool:
        """Write in place of what has that tag; None if there was nothing. Return False if something else is there."""
        with azure_errors(self._name, "write the view", Call.STORAGE):
            return await write_over(self._container, self._name, data, tag) is not None
