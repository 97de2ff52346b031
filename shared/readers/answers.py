"""What is answered about readers: of one account, and of a page of the accounts of a fleet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from shared.domain.errors import RotationError
from shared.readers.asked_accounts import AskedAccount
from shared.readers.kinds import Readers
from shared.readers.wide import WideRole


@dataclass(frozen=True)
class ReadersOfOne:
    """Who can read the keys of one account.

    asked_at: When Azure was asked, in UTC.
    place: The account, and where its key is published.
    found: Who can, who could, and what was not seen.
    looked: What was looked at, in words.
    calls: How many calls it took.
    known: Whether the role assignments and definitions of the account's subscription could be read; about a principal,
        the definitions, because Azure says itself what reaches it. If not, nobody in `found` means nothing.
    principal: The object id of the only person or program that was asked about, in lower case. Empty for everybody.
    """

    asked_at: datetime
    place: AskedAccount
    found: Readers
    looked: tuple[str, ...] = ()
    calls: int = 0
    known: bool = True
    principal: str = ""


@dataclass(frozen=True)
class ReadersCounted:
    """How many can read the keys of one account of a fleet. A group counts once, however many members it has.

    place: The account.
    readers: Who can read a key now, or after making a role active. None if its rights could not be read.
    groups: How many of them are groups. None like `readers`.
    eligible: How many of them must make a role active first. None like `readers`.
    could: Who can read none, and could give themselves the right. None like `readers`.
    """

    place: AskedAccount
    readers: int | None = None
    groups: int | None = None
    eligible: int | None = None
    could: int | None = None


@dataclass(frozen=True)
class ReaderOfMany:
    """Somebody who can read the keys of accounts of a page.

    principal: The object id.
    principal_type: What it is, in Azure's word. Empty if Azure does not say.
    name: What people call it. Empty if nothing shows it.
    accounts: Of how many accounts.
    roads: By which roads, as their public words.
    by: What gives the right: roles, or "access policy".
    """

    principal: str
    principal_type: str
    name: str
    accounts: int
    roads: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class ReadersOfFleet:
    """Who can read the keys of a page of the accounts of a fleet.

    asked_at: When Azure was asked, in UTC.
    scope: Where accounts were looked for, in words.
    accounts: The accounts of the page that were looked at.
    principals: Who reads the keys of most of them, at most `MOST_PRINCIPALS` of `ask`.
    more_principals: How many others there are.
    wide: The roles that read keys and are assigned on a whole subscription of these accounts, or above.
    waiting: The accounts of the page that were not looked at, because they lie in too many subscriptions.
    found: How many accounts there are on all pages.
    page: The page, from 1.
    pages: How many there are.
    looked: What was looked at, in words.
    not_seen: What could not be seen, in words. Never empty if accounts were looked at.
    calls: How many calls it took. Listing the accounts comes to it.
    problems: Why something could not be seen.
    """

    asked_at: datetime
    scope: str
    accounts: tuple[ReadersCounted, ...] = ()
    principals: tuple[ReaderOfMany, ...] = ()
    more_principals: int = 0
    wide: tuple[WideRole, ...] = ()
    waiting: tuple[AskedAccount, ...] = ()
    found: int = 0
    page: int = 1
    pages: int = 1
    looked: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()
    calls: int = 0
    problems: tuple[RotationError, ...] = ()

    def with_problems(self, problems: Iterable[RotationError]) -> Self:
        """Return the answer with more problems at the front, such as why accounts could not be listed."""
        return replace(self, problems=(*problems, *self.problems))
