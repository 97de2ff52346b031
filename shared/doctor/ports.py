"""What an examination of a deployment needs from outside, beside what turns need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Protocol


@dataclass(frozen=True)
class TokenIdentity:
    """Whose token it is, as the token itself says: an application's client id, an object id, a tenant."""

    client_id: str | None = None
    object_id: str | None = None
    tenant: str | None = None


@dataclass(frozen=True)
class Reachability:
    """That somebody answers at an address, and the time by their clock."""

    status: int
    date: datetime | None


@dataclass(frozen=True)
class Permission:
    """One of a caller's permissions, with wildcards: what it grants and what it leaves out of that."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()

    def covers(self, action: str) -> bool:
        return _matches(self.actions, action) and not _matches(self.not_actions, action)


def _matches(patterns: Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action.casefold(), pattern.casefold()) for pattern in patterns)


class Examiner(Protocol):
    """What only an examination asks of a deployment. None of it changes anything."""

    @property
    def managed(self) -> bool:
        """Whether this process calls as a managed identity; otherwise as whoever has signed in to develop."""
        ...

    async def token_identity(self, resource: str) -> TokenIdentity:
        """Get a token for that resource. Raises GrantRole when there is none to be had."""
        ...

    async def permissions(self, scope: str) -> Sequence[Permission] | None:
        """What the caller may do there; none where it may not even ask."""
        ...

    async def reachability(self, url: str) -> Reachability:
        """See that somebody answers, sending nothing. Raises TryLater when nobody does."""
        ...
