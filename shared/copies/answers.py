"""What is answered about copies: of one account, and of a page of the accounts of a fleet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from shared.copies.kinds import Copies, LookedAt
from shared.domain.errors import RotationError


@dataclass(frozen=True)
class CopiesOfOne:
    """Where copies of the keys of one account lie.

    asked_at: When Azure was asked, in UTC.
    target: The name of the target that it is. Empty if nobody enrolled it.
    found: The copies, all places that were looked at or not, and how many calls it took.
    """

    asked_at: datetime
    target: str
    found: Copies

    @property
    def name(self) -> str:
        """What people call it: the target's name, or the account's."""
        return self.target or self.found.account.name


@dataclass(frozen=True)
class CopiesOfFleet:
    """Where copies of the keys of the accounts of a fleet lie.

    asked_at: When Azure was asked, in UTC.
    scope: Where accounts were looked for, in words.
    accounts: The accounts of the page, of which copies were found, those whose copies break first at the front.
    looked_for: How many accounts it was asked about.
    found: Of how many of them copies were found, on all pages.
    page: The page, from 1.
    pages: How many there are.
    places: All kinds of places, looked at or not.
    calls: How many calls the look took. Listing the accounts comes to it.
    problems: Why something could not be seen.
    """

    asked_at: datetime
    scope: str
    accounts: tuple[CopiesOfOne, ...] = ()
    looked_for: int = 0
    found: int = 0
    page: int = 1
    pages: int = 1
    places: tuple[LookedAt, ...] = ()
    calls: int = 0
    problems: tuple[RotationError, ...] = ()

    def with_problems(self, problems: Iterable[RotationError]) -> Self:
        """Return the answer with more problems at the front, such as why accounts could not be listed."""
        return replace(self, problems=(*problems, *self.problems))
