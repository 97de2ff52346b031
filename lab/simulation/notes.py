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
        blobs = self._runner.world.blobs
        with translated(self.NAME, "read the view", Call.STORAGE):
            try:
                found = await self._runner.call("blob.get", self.NAME, lambda: blobs.get(LEASE_CONTAINER, self.NAME))
            except AzureError as error:
                if error.status == 404:
                    return None
                raise
        return found.content, found.etag

    async def write(self, data: bytes, tag: str | None) -> bool:
        """Write in place of what has that tag. Return False if something else is there."""
        blobs = self._runner.world.blobs
        if LEASE_CONTAINER not in blobs.containers:
            blobs.create_container(LEASE_CONTAINER)
        conditions = Conditions(if_match=tag) if tag else Conditions(if_none_match="*")
        with translated(self.NAME, "write the view", Call.STORAGE):
            try:
                await self._runner.call(
                    "blob.put",
                    self.NAME,
                    lambda: blobs.put(LEASE_CONTAINER, self.NAME, data, conditions=conditions),
                )
            except AzureError as error:
                if error.status in (409, 412):
                    return False
                raise
        return True
