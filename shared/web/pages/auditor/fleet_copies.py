"""The view of where copies of the keys of all accounts in sight lie: one row for each account that has some. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from shared.copies.answers import CopiesOfFleet, CopiesOfOne
from shared.copies.kinds import CopyFate
from shared.domain.model import Target
from shared.domain.relative import away, counted, exact
from shared.findings.verdict import Tone
from shared.web.pages.auditor.asked import CopiesFilters
from shared.web.pages.auditor.copies_view import PlacesShown
from shared.web.pages.auditor.copy_words import BLIND, NO_PROOF, soonest, where_in_words
from shared.web.pages.links import Links
from shared.web.pages.pager import PagerStep, pager_of
from shared.web.pages.shell import Shell


@dataclass(frozen=True)
class AccountWithCopies:
    """One account of whose keys copies were found.

    name: What people call it.
    group: Its resource group.
    enrolled: Whether it is a target.
    link: The address of its own view.
    breaks, unknown, follows: How many of its copies have each fate.
    when: When the first one breaks, in UTC. None if none does, or if no end is known.
    """

    name: str
    group: str
    enrolled: bool
    link: str
    breaks: int
    unknown: int
    follows: int
    when: datetime | None


@dataclass(frozen=True)
class FleetCopiesPage:
    """The page for all accounts.

    shell: What stands around it.
    filters: What it was asked to show.
    sentence: The answer.
    detail: What else one must know. May be empty.
    readers: The address of the view of readers of all accounts.
    accounts: The accounts of this page.
    first, last, total: Which accounts are shown, of how many with copies.
    pages: The pager. Empty if there is one page only.
    places: Where this app looked, and where it did not.
    name: Empty: it is of all accounts.
    back: Empty, like `name`.
    """

    shell: Shell
    filters: CopiesFilters
    sentence: str
    detail: str
    readers: str
    accounts: tuple[AccountWithCopies, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]
    places: PlacesShown
    name: str = ""
    back: str = ""


def fleet_copies_page_of(
    answer: CopiesOfFleet, targets: Mapping[str, Target], filters: CopiesFilters, around: Shell, rows: int
) -> FleetCopiesPage:
    """Return the page of where copies of the keys of all accounts lie.

    answer: The answer for one page of the accounts.
    targets: The targets by the ids of their accounts, in lower case.
    around: What stands around the page, before its sentence is known.
    rows: How many accounts a page has at most.
    """
    links, first = around.links, (answer.page - 1) * rows + 1 if answer.accounts else 0
    accounts = tuple(_account(one, targets, links) for one in answer.accounts)

    def page(number: int) -> str:
        return links.copies(None, page=str(number) if number > 1 else "")

    return FleetCopiesPage(
        shell=replace(
            around,
            tone=Tone.AMBER if any(one.breaks for one in accounts) else Tone.PLAIN,
            title="Copies of keys",
            again=page(answer.page),
            json=links.copies_json(None, page=str(answer.page) if answer.page > 1 else ""),
            here="copies",
        ),
        filters=filters,
        sentence=_sentence(answer),
        detail=_detail(accounts, around.now) if accounts else NO_PROOF if _saw(answer) else BLIND,
        readers=links.readers(),
        accounts=accounts,
        first=first,
        last=first + len(accounts) - 1 if accounts else 0,
        total=answer.found,
        pages=pager_of(answer.page, answer.pages, page) if answer.pages > 1 else (),
        places=PlacesShown.of(answer.places, answer.calls, answer.problems),
    )


def _saw(answer: CopiesOfFleet) -> bool:
    return any(one.looked for one in answer.places)


def _sentence(answer: CopiesOfFleet) -> str:
    scope = f" in {answer.scope}" if answer.scope else ""
    if not answer.looked_for:
        return f"No account is in sight{scope}."
    of = counted(answer.looked_for, "account")
    if not answer.found:
        return f"No copy of a key of {of} was found{where_in_words(saw=_saw(answer))}"
    return f"Copies of keys of {answer.found:,} of {of} were found."


def _detail(accounts: tuple[AccountWithCopies, ...], now: datetime) -> str:
    coming = [one.when for one in accounts if one.when and one.when > now]
    return f"The first one of this page breaks {away(min(coming), now)}: {exact(min(coming))}." if coming else ""


def _account(one: CopiesOfOne, targets: Mapping[str, Target], links: Links) -> AccountWithCopies:
    account, copies = one.found.account, one.found.copies
    fates = Counter(copy.fate for copy in copies)
    target = targets.get(str(account).casefold())
    return AccountWithCopies(
        name=one.name,
        group=account.group,
        enrolled=bool(one.target),
        link=links.copies(target or account),
        breaks=fates[CopyFate.BREAKS],
        unknown=fates[CopyFate.UNKNOWN],
        follows=fates[CopyFate.FOLLOWS],
        when=soonest(copies),
    )
