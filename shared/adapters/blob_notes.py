"""Notes of the app: small texts, each a blob of its own, in the container of the leases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)

from shared.adapters.translate import azure_error_code, azure_errors
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from azure.storage.blob.aio import BlobServiceClient, ContainerClient

AT_ONCE = 16  # notes that are read side by side


class BlobNotes:
    """Notes in the function host's storage account, seen by every instance of the app."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(LEASE_CONTAINER)

    async def add(self, name: str, text: str) -> bool:
        """Write a note unless there is one of that name. Return whether it was written."""
        with azure_errors(name, "write a note", Call.STORAGE):
            return await self._upload(name, text, overwrite=False)

    async def write(self, name: str, text: str) -> None:
        """Write a note in place of what is there."""
        with azure_errors(name, "write a note", Call.STORAGE):
            await self._upload(name, text, overwrite=True)

    async def read(self, name: str) -> str | None:
        """Return a note. None if there is none."""
        with azure_errors(name, "read a note", Call.STORAGE):
            try:
                found = await self._container.get_blob_client(name).download_blob()
                return (await found.readall()).decode(errors="replace")
            except ResourceNotFoundError:
                return None

    async def read_tagged(self, name: str) -> tuple[str, str] | None:
        """Return a note and its tag. None if there is none."""
        with azure_errors(name, "read a note", Call.STORAGE):
            found = await read_with_tag(self._container, name)
        return (found[0].decode(errors="replace"), found[1]) if found else None

    async def replace(self, name: str, text: str, tag: str | None) -> str | None:
        """Write a note in place of the one that has that tag. Return the new tag; None if another one is there."""
        with azure_errors(name, "write a note", Call.STORAGE):
            return await write_over(self._container, name, text.encode(), tag)

    async def remove(self, name: str) -> None:
        """Remove a note, if it is there."""
        with azure_errors(name, "remove a note", Call.STORAGE):
            try:
                await self._container.get_blob_client(name).delete_blob()
            except ResourceNotFoundError:
                return

    async def names(self, prefix: str) -> list[str]:
        """Return the names of all notes under a prefix, in their order. Their texts are not read."""
        with azure_errors(prefix, "list notes", Call.STORAGE):
            try:
                return [str(blob.name) async for blob in self._container.list_blobs(name_starts_with=prefix)]
            except ResourceNotFoundError:  # the container is made with the first note or lease
                return []

    async def under(self, prefix: str) -> list[tuple[str, str]]:
        """Return name and text of all notes under a prefix."""
        names = await self.names(prefix)
        gate = asyncio.Semaphore(AT_ONCE)

        async def text_of(name: str) -> str | None:
            async with gate:
                return await self.read(name)

        # All of them end before an error is raised: none may still be calling when the connections are closed.
        texts = await asyncio.gather(*map(text_of, names), return_exceptions=True)
        for failed in [one for one in texts if isinstance(one, BaseException)]:
            raise failed
        return [(name, text) for name, text in zip(names, texts, strict=True) if isinstance(text, str)]

    async def _upload(self, name: str, text: str, *, overwrite: bool) -> bool:
        try:
            return await self._put(name, text, overwrite=overwrite)
        except ResourceNotFoundError:
            await make_container(self._container)
            return await self._put(name, text, overwrite=overwrite)

    async def _put(self, name: str, text: str, *, overwrite: bool) -> bool:
        """Write a blob. Return False if there is one and it is not overwritten."""
        try:
            await self._container.get_blob_client(name).upload_blob(text.encode(), overwrite=overwrite)
        except ResourceExistsError as error:
            if azure_error_code(error) == "BlobAlreadyExists":
                return False
            raise
        return True


async def read_with_tag(container: ContainerClient, name: str) -> tuple[bytes, str] | None:
    """Return what a blob holds, and its ETag. None if there is no such blob. Raises Azure's exceptions."""
    try:
        found = await container.get_blob_client(name).download_blob()
        return await found.readall(), str(found.properties.etag)
    except ResourceNotFoundError:
        return None


async def write_over(container: ContainerClient, name: str, data: bytes, tag: str | None) -> str | None:
    """Write a blob in place of the one that has that ETag; None if there was none. Return the new ETag, or None if
    another blob is there. Raises Azure's exceptions."""
    options: Any = {"overwrite": False}
    if tag is not None:
        options = {"overwrite": True, "etag": tag, "match_condition": MatchConditions.IfNotModified}
    blob = container.get_blob_client(name)
    try:
        try:
            written = await blob.upload_blob(data, **options)
        except ResourceNotFoundError:  # the container is made with the first note or lease
            await make_container(container)
            written = await blob.upload_blob(data, **options)
    except (ResourceExistsError, ResourceModifiedError):
        return None
    return str(written["etag"])


async def make_container(container: ContainerClient) -> None:
    """Make the app's container. Another instance may make it at the same time. Raises Azure's exceptions."""
    try:
        await container.create_container()
    except HttpResponseError as error:
        if error.status_code != 409:  # another instance made it at the same time
            raise
