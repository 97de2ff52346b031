"""The emulated blobs behind the ports `Notes` and `Views`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.emulator.blobs import Conditions
from lab.emulator.errors import AzureError
from lab.simulation.azure_errors import translated
from shared.domain.names import LEASE_CONTAINER
from shared.domain.refusal import Call

if TYPE_CHECKING:
    from lab.simulation.runner import Runner


class SimulatedNotes:
    """The notes in the world's storage account."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def add(self, name: str, text: str) -> bool:
        """Write a note unless there is one of that name. Return whether it was written."""
        with translated(name, "write a note", Call.STORAGE):
            try:
                await self._put(name, text, Conditions(if_none_match="*"))
            except AzureError as error:
                if error.status == 409:
                    return False
                raise
        return True

    async def write(self, name: str, text: str) -> None:
        """Write a note in place of what is there."""
        with translated(name, "write a note", Call.STORAGE):
            await self._put(name, text, Conditions())

    async def read(self, name: str) -> str | None:
        """Return a note. None if there is none."""
        blobs = self._runner.world.blobs
        with translated(name, "read a note", Call.STORAGE):
            try:
                found = await self._runner.call("blob.get", name, lambda: blobs.get(LEASE_CONTAINER, name))
            except AzureError as error:
                if error.status == 404:
                    return None
                raise
        return found.content.decode()

    async def remove(self, name: str) -> None:
        """Remove a note, if it is there."""
        blobs = self._runner.world.blobs
        with translated(name, "remove a note", Call.STORAGE):
            try:
                await self._runner.call("blob.delete", name, lambda: blobs.delete(LEASE_CONTAINER, name))
            except AzureError as error:
                if error.status != 404:
                    raise

    async def read_tagged(self, name: str) -> tuple[str, str] | None:
        """Return a note and its tag. None if there is none."""
        found = await _read_with_tag(self._runner, name, "read a note")
        return (found[0].decode(), found[1]) if found else None

    async def replace(self, name: str, text: str, tag: str | None) -> str | None:
        """Write a note in place of the one that has that tag. Return the new tag; None if another one is there."""
        return await _write_over(self._runner, name, text.encode(), tag, "write a note")

    async def names(self, prefix: str) -> Sequence[str]:
        """Return the names of the notes under a prefix."""
        return [name for name, _ in await self.under(prefix)]

    async def under(self, prefix: str) -> Sequence[tuple[str, str]]:
        """Return name and text of the notes under a prefix."""
        blobs = self._runner.world.blobs
        if LEASE_CONTAINER not in blobs.containers:
            return []
        with translated(prefix, "list notes", Call.STORAGE):
            found = await self._runner.call("blob.list", prefix, lambda: blobs.list(LEASE_CONTAINER, prefix))
        return [(one.name, one.content.decode()) for one in found]

    async def _put(self, name: str, text: str, conditions: Conditions) -> None:
        blobs = self._runner.world.blobs
        if LEASE_CONTAINER not in blobs.containers:
            blobs.create_container(LEASE_CONTAINER)
        await self._runner.call(
            "blob.put", name, lambda: blobs.put(LEASE_CONTAINER, name, text.encode(), conditions=conditions)
        )


class SimulatedViews:
    """The view in the world's storage account."""

    NAME = "views/fleet"

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    async def read(self) -> tuple[bytes, str] | None:
        """Return what was written last, and its tag. None if nothing is there."""
        return await _read_with_tag(self._runner, self.NAME, "read the view")

    async def write(self, data: bytes, tag: str | None) -> bool:
        """Write in place of what has that tag. Return False if something else is there."""
        return await _write_over(self._runner, self.NAME, data, tag, "write the view") is not None


async def _read_with_tag(runner: Runner, name: str, doing: str) -> tuple[bytes, str] | None:
    blobs = runner.world.blobs
    with translated(name, doing, Call.STORAGE):
        try:
            found = await runner.call("blob.get", name, lambda: blobs.get(LEASE_CONTAINER, name))
        except AzureError as error:
            if error.status == 404:
                return None
            raise
    return found.content, found.etag


async def _write_over(runner: Runner, name: str, data: bytes, tag: str | None, doing: str) -> str | None:
    blobs = runner.world.blobs
    if LEASE_CONTAINER not in blobs.containers:
        blobs.create_container(LEASE_CONTAINER)
    conditions = Conditions(if_match=tag) if tag else Conditions(if_none_match="*")
    with translated(name, doing, Call.STORAGE):
        try:
            written = await runner.call(
                "blob.put", name, lambda: blobs.put(LEASE_CONTAINER, name, data, conditions=conditions)
            )
        except AzureError as error:
            if error.status in (409, 412):
                return None
            raise
    return written.etag
