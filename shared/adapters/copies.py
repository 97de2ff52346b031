"""The resources in which copies of keys can lie, through the closed table of operations (`copies_table`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.adapters import copies_table as table
from shared.adapters.azure_reads import AzureReads
from shared.adapters.read_table import ReadOperation
from shared.adapters.search_reads import SearchReads
from shared.adapters.waits import time_left
from shared.copies.ports import Holder
from shared.copies.traces import HolderEntry, HolderList
from shared.domain.errors import RotationError

_LISTS: dict[HolderList, ReadOperation] = {
    HolderList.CONNECTIONS: table.CONNECTIONS,
    HolderList.PROJECTS: table.PROJECTS,
    HolderList.PROJECT_CONNECTIONS: table.PROJECT_CONNECTIONS,
    HolderList.HUB_CONNECTIONS: table.HUB_CONNECTIONS,
    HolderList.NAMED_VALUES: table.NAMED_VALUES,
    HolderList.APP_SETTINGS: table.APP_SETTINGS,
    HolderList.CONTAINER_APPS: table.CONTAINER_APPS,
    HolderList.CONTAINER_JOBS: table.CONTAINER_JOBS,
    HolderList.LOGIC_CONNECTIONS: table.LOGIC_CONNECTIONS,
    HolderList.LINKED_SERVICES: table.LINKED_SERVICES,
}
_OF_SEARCH: dict[HolderList, ReadOperation] = {
    HolderList.INDEXES: table.INDEXES,
    HolderList.SKILLSETS: table.SKILLSETS,
    HolderList.KNOWLEDGE_BASES: table.KNOWLEDGE_BASES,
    HolderList.KNOWLEDGE_SOURCES: table.KNOWLEDGE_SOURCES,
}


class AzureKeyHolders:
    """What Azure Resource Manager, Azure Resource Graph and Azure AI Search show of copies.

    reads: Sends the calls to the first two.
    search: Sends those to search services.
    """

    def __init__(self, reads: AzureReads, search: SearchReads) -> None:
        self._reads = reads
        self._search = search

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        """Return the resources in sight in which copies can lie. An id of another form than Azure's is left out."""
        with _alone():
            rows = await self._reads.rows(table.HOLDERS, "Resource Graph", groups=groups)
        return [Holder(row["id"], row["type"]) for row in rows if row["id"] and row["type"]]

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        """Return what a list shows, as the table keeps it."""
        with _alone():
            if listed in _OF_SEARCH:
                return await self._search.entries(_OF_SEARCH[listed], resource)
            return await self._reads.entries(_LISTS[listed], resource)

    def time_left(self) -> float:
        """Return how many seconds are left for calls."""
        return time_left()


@contextmanager
def _alone() -> Iterator[None]:
    """Let errors out without what caused them: that holds Azure's whole answer, and here an answer may hold a key."""
    try:
        yield
    except RotationError as error:
        error.__cause__ = error.__context__ = None
        raise error from None
