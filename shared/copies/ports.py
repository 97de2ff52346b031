"""What copies need from outside. All of it only reads, and no member of an answer can hold a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.copies.traces import HolderEntry, HolderList


@dataclass(frozen=True)
class Holder:
    """A resource in which copies can lie.

    id: Its resource id.
    type: Its type, in lower case: `microsoft.web/sites`.
    """

    id: str
    type: str

    @property
    def subscription(self) -> str:
        """The id of its subscription, in lower case."""
        return self.id.lower().split("/")[2]


class KeyHolders(Protocol):
    """The resources in which copies can lie, as Azure shows them without a key."""

    async def holders(self, groups: Sequence[str]) -> Sequence[Holder]:
        """Return the resources in sight, from Azure Resource Graph: one call for each thousand.

        groups: The names of the management groups to look in. None: everything that the identity can read.

        Those that the identity may not read are missing without a word. Raises a RotationError.
        """
        ...

    async def entries(self, listed: HolderList, resource: str) -> Sequence[HolderEntry]:
        """Return what a list shows, with the kept members of each entry: a call for each page.

        resource: The resource id for which it is asked.

        Raises GrantRole if the identity may not see it, and other RotationErrors.
        """
        ...

    def time_left(self) -> float:
        """Return how many seconds are left for calls. Infinite without a limit, and negative after it."""
        ...
