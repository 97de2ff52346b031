"""The view of who can read the keys of all accounts in sight, a page of accounts at a time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.relative import counted
from shared.findings.verdict import Tone
from shared.readers.answers import ReaderOfMany, ReadersCounted, ReadersOfFleet
from shared.readers.asked_accounts import AskedAccount
from shared.readers.roads import ROADS
from shared.readers.wide import WideRole
from shared.web.pages.auditor.asked import ReadersFilters
from shared.web.pages.auditor.places import PlaceShown, place_of
from shared.web.pages.auditor.principals import counted_principals, type_in_words
from shared.web.pages.auditor.reader_words import AS_FAR, NO_PROOF, sentence_of
from shared.web.pages.links import Links
from shared.web.pages.pager import PagerStep, pager_of
from shared.web.pages.shell import Shell

OF_ONE = "A person, a group or an app is asked about at one account: choose a target first."


@dataclass(frozen=True)
class ReadAccount:
    """One account in the view of all.

    name: What people call it.
    group: Its resource group.
    enrolled: Whether it is a target.
    link: The address of its own view.
    found: How many can read its keys. None if it was not looked at.
    """

    name: str
    group: str
    enrolled: bool
    link: str
    found: ReadersCounted | None


@dataclass(frozen=True)
class ReaderAmongMany:
    """Somebody who can read keys of accounts of this page.

    who: What people call it, or its object id.
    principal: Its object id.
    kind: What it is, in words.
    accounts: Of how many accounts.
    roads: By which roads, in words.
    by: What gives the right.
    """

    who: str
    principal: str
    kind: str
    accounts: int
    roads: tuple[str, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class WideShown:
    """A role that reads keys on a whole subscription or above: its name, where it is assigned, and how many hold it."""

    role: str
    where: PlaceShown
    holders: int


@dataclass(frozen=True)
class FleetReadersPage:
    """The page for all accounts.

    shell: What stands around it.
    filters: What it was asked to show.
    sentence: The answer.
    detail: Of which accounts it is the answer. May be empty.
    name: Empty: it is of all accounts.
    back: Empty, like `name`.
    copies: The address of the view of copies of all accounts.
    principals: Who reads the keys of most accounts of this page.
    more_principals: How many others there are.
    wide: The roles that read keys on a whole subscription or above.
    accounts: The accounts of this page.
    first, last, total: Which accounts are shown, of how many.
    pages: The pager. Empty if there is one page only.
    not_seen: What could not be seen, as sentences.
    problems: Why something could not be seen.
    looked: What was looked at, in words.
    calls: How many calls were made, in words.
    """

    shell: Shell
    filters: ReadersFilters
    sentence: str
    detail: str
    copies: str
    principals: tuple[ReaderAmongMany, ...]
    more_principals: int
    wide: tuple[WideShown, ...]
    accounts: tuple[ReadAccount, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]
    not_seen: tuple[str, ...]
    problems: tuple[RotationError, ...]
    looked: tuple[str, ...]
    calls: str
    name: str = ""
    back: str = ""


def fleet_readers_page_of(
    found: ReadersOfFleet, targets: Mapping[str, Target], filters: ReadersFilters, around: Shell, rows: int
) -> FleetReadersPage:
    """Return the page of who can read the keys of the accounts in sight.

    found: The answer for one page of the accounts.
    targets: The targets by the ids of their accounts, in lower case.
    around: What stands around the page, before its sentence is known.
    rows: How many accounts a page has at most.
    """
    links = around.links
    shown = len(found.accounts) + len(found.waiting)
    first = (found.page - 1) * rows + 1 if shown else 0

    def page(number: int) -> str:
        return links.readers(None, page=str(number) if number > 1 else "")

    title = "Who can read keys"
    json = links.readers_json(None, page=str(found.page) if found.page > 1 else "")
    return FleetReadersPage(
        shell=replace(
            around,
            tone=Tone.PLAIN,
            title=title,
            again=page(found.page),
            json=json,
            here="readers",
        ),
        filters=filters if not filters.principal else replace(filters, remarks=(*filters.remarks, OF_ONE)),
        sentence=_sentence(found),
        detail=_detail(found),
        copies=links.copies(),
        principals=tuple(map(_principal, found.principals)),
        more_principals=found.more_principals,
        wide=tuple(map(_wide, found.wide)),
        accounts=(
            *(_account(one.place, one, targets, links) for one in found.accounts),
            *(_account(one, None, targets, links) for one in found.waiting),
        ),
        first=first,
        last=first + shown - 1 if shown else 0,
        total=found.found,
        pages=pager_of(found.page, found.pages, page) if found.pages > 1 else (),
        not_seen=tuple(map(sentence_of, found.not_seen)),
        problems=found.problems,
        looked=found.looked,
        calls=counted(found.calls, "call"),
    )


def _sentence(found: ReadersOfFleet) -> str:
    """Return the answer. What is known of some accounts only is said of those."""
    known = [one for one in found.accounts if one.readers is not None]
    if not found.found:
        return f"No account with keys is in sight{f' in {found.scope}' if found.scope else ''}."
    if not found.accounts and not found.waiting:
        there = f"{counted(found.found, 'account')} on {counted(found.pages, 'page')}"
        return f"Page {found.page:,} has no accounts: there are {there}."
    if not known:
        return "Nobody can tell who can read keys: the rights of these accounts could not be read."
    where = counted(len(known), "account")
    if not found.principals:
        return f"No right was found by which somebody reads keys or copies of {where}."
    if found.more_principals:
        number = len(found.principals) + found.more_principals
        return f"{number:,} people, groups and apps can read keys or copies of {where}, {AS_FAR}."
    who = counted_principals(one.principal_type for one in found.principals)
    return f"{who} can read keys or copies of {where}, {AS_FAR}."


def _detail(found: ReadersOfFleet) -> str:
    known = sum(one.readers is not None for one in found.accounts)
    said = []
    if found.pages > 1:
        scope = f" in {found.scope}" if found.scope else ""
        said.append(f"This is page {found.page:,} of {found.pages:,} of {counted(found.found, 'account')}{scope}.")
    if unknown := len(found.accounts) - known:
        said.append(f"The rights of {counted(unknown, 'account')} could not be read.")
    if found.waiting:
        said.append(f"{counted(len(found.waiting), 'account')} of this page lie in too many other subscriptions.")
    if known and not found.principals:
        said.append(NO_PROOF)
    return " ".join(said)


def _principal(one: ReaderOfMany) -> ReaderAmongMany:
    roads = tuple(ROADS[word].says for word in one.roads)
    kind = type_in_words(one.principal_type)
    return ReaderAmongMany(one.name or one.principal, one.principal, kind, one.accounts, roads, one.by)


def _wide(one: WideRole) -> WideShown:
    return WideShown(one.role, place_of(one.scope), len(one.holders))


def _account(
    place: AskedAccount, found: ReadersCounted | None, targets: Mapping[str, Target], links: Links
) -> ReadAccount:
    target = targets.get(str(place.account).casefold())
    link = links.readers(target or place.account)
    return ReadAccount(place.name, place.account.group, bool(place.target), link, found)
