"""The rows of who can read keys: in three parts, by the road that leads to a key, and on pages if there are many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from shared.readers.kinds import Holding, Reader
from shared.readers.roads import ROADS, ActsOn
from shared.web.pages.auditor.asked import Part, ReadersFilters
from shared.web.pages.auditor.places import PlaceShown, place_of
from shared.web.pages.auditor.principals import type_in_words
from shared.web.pages.pager import PagerStep, pager_of

ROWS = 40  # of a page
TITLES = {
    Part.KEYS: "Can read the keys",
    Part.COPIES: "Can read a copy, if one lies there",
    Part.COULD: "Could give themselves the right",
}
MEANS = {
    Part.KEYS: "from the account or from the vault",
    Part.COPIES: "in other resources of the subscription",
    Part.COULD: "no key yet, one step away",
}
_OF_PART = {part: at for at, part in enumerate(Part)}
_OF_ROAD = {word: at for at, word in enumerate(ROADS)}
_ACTIVATE = "eligible: acts once it was made active (Privileged Identity Management)"


@dataclass(frozen=True)
class ReaderRow:
    """One principal on one road.

    who: What people call it, or its object id.
    principal: Its object id.
    kind: What it is, in words.
    asked: The address that asks about this one alone. Empty if it cannot be asked here.
    also: What the road's title does not say: through which group, or who else acts as this one. Empty if nothing.
    by: What gives the right: a role, or an access policy.
    where: Where that is assigned.
    inherited: Whether that is above the account or the vault.
    notes: That it is eligible, has a condition, is named by a deny assignment, or is given by something else, too.
    instead: The role to use instead. Empty without one.
    commands: The commands that swap the roles.
    advice: What to know about that.
    """

    who: str
    principal: str
    kind: str
    asked: str
    also: str
    by: str
    where: PlaceShown
    inherited: bool
    notes: tuple[str, ...]
    instead: str
    commands: tuple[str, ...]
    advice: str


@dataclass(frozen=True)
class RoadShown:
    """The rows of one road, as far as they are on the page that is shown.

    id: What its heading is called in the address.
    title: What whoever goes it does, with a capital letter.
    shows: What it shows in the end.
    total: How many rows it has on all pages.
    rows: Those that are shown.
    """

    id: str
    title: str
    shows: str
    total: int
    rows: tuple[ReaderRow, ...]


@dataclass(frozen=True)
class PartShown:
    """One part of the page: its word, its title, and its roads."""

    part: Part
    title: str
    roads: tuple[RoadShown, ...]


@dataclass(frozen=True)
class RowsShown:
    """The page of the rows that is shown.

    parts: The parts that have rows on it.
    first, last: The numbers of the first and the last row, from 1. 0 if there is none.
    total: How many rows fit the filters.
    pages: The pager. Empty if there is one page only.
    """

    parts: tuple[PartShown, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]


def part_of(reader: Reader) -> Part:
    """Return what a reader can do."""
    road = ROADS[reader.road]
    if road.gives_itself:
        return Part.COULD
    return Part.COPIES if road.acts_on is ActsOn.SOMEWHERE else Part.KEYS


def fits(reader: Reader, filters: ReadersFilters) -> bool:
    """Return whether a row is to be shown."""
    q = filters.q.casefold()
    words = (reader.name, reader.principal, reader.by, reader.scope)
    return filters.part in ("", part_of(reader)) and (not q or any(q in word.casefold() for word in words))


def rows_shown(
    found: Iterable[Reader], number: int, address: Callable[[int], str], asks: Callable[[Reader], str], near: str
) -> RowsShown:
    """Return the page of the rows that is asked for; the last one, if that page is not there.

    found: The rows that fit the filters.
    number: The page that is asked for, from 1.
    address: Returns the address of a page.
    asks: Returns the address that asks about one principal alone.
    near: The id of the account's subscription.
    """
    ordered = sorted(found, key=_place)
    last_page = max(1, -(-len(ordered) // ROWS))
    page = min(number, last_page)
    shown = ordered[(page - 1) * ROWS : page * ROWS]
    first = (page - 1) * ROWS + 1 if shown else 0
    totals = {road: len(list(rows)) for road, rows in groupby(ordered, key=lambda one: one.road)}
    parts = tuple(
        PartShown(part, TITLES[part], tuple(_roads(rows, totals, lambda one: _row(one, asks, near))))
        for part, rows in groupby(shown, key=part_of)
    )
    pages = pager_of(page, last_page, address) if last_page > 1 else ()
    return RowsShown(parts, first, first + len(shown) - 1 if shown else 0, len(ordered), pages)


def _place(one: Reader) -> tuple[int, int, bool, bool]:
    """Return where a row stands: by part and road, what acts now first, then those that have a name."""
    return _OF_PART[part_of(one)], _OF_ROAD[one.road], one.holding is not Holding.ACTIVE, not one.name


def _roads(
    rows: Iterable[Reader], totals: Mapping[str, int], row_of: Callable[[Reader], ReaderRow]
) -> Iterator[RoadShown]:
    for word, found in groupby(rows, key=lambda one: one.road):
        road = ROADS[word]
        title = f"{road.says[:1].upper()}{road.says[1:]}"
        yield RoadShown(f"road-{word}", title, road.shows, totals[word], tuple(map(row_of, found)))


def _row(reader: Reader, asks: Callable[[Reader], str], near: str) -> ReaderRow:
    return ReaderRow(
        who=reader.name or reader.principal,
        principal=reader.principal,
        kind=type_in_words(reader.principal_type),
        asked=asks(reader),
        also=_also(reader),
        by=reader.by,
        where=place_of(reader.scope, near),
        inherited=reader.inherited,
        notes=tuple(_notes(reader)),
        instead=reader.instead,
        commands=reader.commands,
        advice=reader.advice,
    )


def _also(reader: Reader) -> str:
    """Return what a row says beyond the title of its road."""
    return reader.says.removeprefix(ROADS[reader.road].says).lstrip(",; ")


def _notes(reader: Reader) -> Iterable[str]:
    if reader.holding is Holding.ELIGIBLE:
        yield _ACTIVATE
    if reader.condition:
        yield f"has it with a condition: {reader.condition}"
    for name in reader.denied_by:
        yield f"the deny assignment “{name}” names it; whether that is enforced is not known"
    for other in reader.also_by:
        yield f"also by {other}"
