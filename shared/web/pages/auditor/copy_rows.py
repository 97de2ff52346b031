"""The rows of where copies lie: by what happens to each at the next end of its key, and on pages if there are many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from shared.copies.kinds import Copied, CopyFate
from shared.domain.times import FIRST
from shared.web.pages.auditor.asked import CopiesFilters
from shared.web.pages.auditor.places import PlaceShown, place_of
from shared.web.pages.pager import PagerStep, pager_of

ROWS = 40  # of a page
TITLES = {
    CopyFate.BREAKS: "Break when their key ends",
    CopyFate.UNKNOWN: "Cannot be judged",
    CopyFate.FOLLOWS: "Follow by themselves",
}
MEANS = {
    CopyFate.BREAKS: "move them before that",
    CopyFate.UNKNOWN: "ask whoever owns them",
    CopyFate.FOLLOWS: "nothing to do at an end",
}
_ORDER = {fate: at for at, fate in enumerate(TITLES)}


@dataclass(frozen=True)
class HeldCopy:
    """One copy.

    copy: The copy.
    title: What people call the kind of place.
    """

    copy: Copied
    title: str


@dataclass(frozen=True)
class CopyRow:
    """One copy.

    name: Its name in the resource that holds it.
    kind: What people call the kind of place.
    where: The resource that holds it.
    when: When it breaks, in UTC. None if it does not, or if that is not known.
    says: What it is and what happens, as sentences.
    move: How to move it, as a sentence.
    commands: The commands that help.
    """

    name: str
    kind: str
    where: PlaceShown
    when: datetime | None
    says: str
    move: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class FateShown:
    """The copies to which the same happens, as far as they are on the page that is shown.

    fate: What happens to them.
    title: The same in words.
    total: How many there are on all pages.
    rows: Those that are shown.
    """

    fate: CopyFate
    title: str
    total: int
    rows: tuple[CopyRow, ...]


@dataclass(frozen=True)
class CopiesShown:
    """The page of the rows that is shown.

    fates: The rows, by what happens to them.
    first, last: The numbers of the first and the last row, from 1. 0 if there is none.
    total: How many rows fit the filters.
    pages: The pager. Empty if there is one page only.
    """

    fates: tuple[FateShown, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]


def copy_fits(one: HeldCopy, filters: CopiesFilters) -> bool:
    """Return whether a copy is to be shown."""
    words = (one.copy.name, one.copy.resource, one.title, one.copy.place)
    found = any(filters.q.casefold() in word.casefold() for word in words)
    return filters.fate in ("", one.copy.fate) and found


def copies_shown(found: Sequence[HeldCopy], number: int, address: Callable[[int], str], near: str) -> CopiesShown:
    """Return the page of the rows that is asked for; the last one, if that page is not there.

    found: The copies that fit the filters.
    number: The page that is asked for, from 1.
    address: Returns the address of a page.
    near: The id of the account's subscription.
    """
    ordered = sorted(found, key=_place)
    last_page = max(1, -(-len(ordered) // ROWS))
    page = min(number, last_page)
    shown = ordered[(page - 1) * ROWS : page * ROWS]
    first = (page - 1) * ROWS + 1 if shown else 0
    pages = pager_of(page, last_page, address) if last_page > 1 else ()
    return CopiesShown(
        tuple(_fates(shown, ordered, near)), first, first + len(shown) - 1 if shown else 0, len(ordered), pages
    )


def _fates(shown: Sequence[HeldCopy], ordered: Sequence[HeldCopy], near: str) -> Iterator[FateShown]:
    totals = Counter(one.copy.fate for one in ordered)
    for fate, rows in groupby(shown, key=lambda one: one.copy.fate):
        yield FateShown(fate, TITLES[fate], totals[fate], tuple(_row(one, near) for one in rows))


def _place(one: HeldCopy) -> tuple[int, bool, float, str, str]:
    """Return where a copy stands: those that break soonest first, those without a date behind them."""
    copy = one.copy
    when = copy.when or FIRST
    return _ORDER[copy.fate], copy.when is None, when.timestamp(), copy.resource.casefold(), copy.name.casefold()


def _row(one: HeldCopy, near: str) -> CopyRow:
    copy = one.copy
    return CopyRow(
        name=copy.name,
        kind=one.title,
        where=place_of(copy.resource, near),
        when=copy.when,
        says=copy.says,
        move=copy.move,
        commands=copy.commands,
    )
