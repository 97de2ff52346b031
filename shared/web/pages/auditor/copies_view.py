"""The view of where copies of one account's keys lie, made of the answer of Azure. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.copies.answers import CopiesOfOne
from shared.copies.kinds import CopyFate, LookedAt
from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.findings.verdict import Tone
from shared.web.pages.auditor.asked import CopiesFilters
from shared.web.pages.auditor.copy_rows import MEANS, TITLES, CopiesShown, HeldCopy, copies_shown, copy_fits
from shared.web.pages.auditor.copy_words import copies_in_words, when_in_words
from shared.web.pages.shell import Shell


@dataclass(frozen=True)
class FateCount:
    """How many copies have a fate, as a filter.

    number: How many.
    title: What happens to them. "All" for all fates.
    means: The same in some more words.
    link: The address that shows them.
    current: Whether they are shown.
    """

    number: int
    title: str
    means: str
    link: str
    current: bool


@dataclass(frozen=True)
class PlacesShown:
    """The kinds of places.

    looked: Those that were looked into, wholly or in part.
    not_looked: Those that were not.
    calls: How many calls that took.
    problems: Why something could not be seen.
    """

    looked: tuple[LookedAt, ...]
    not_looked: tuple[LookedAt, ...]
    calls: int
    problems: tuple[RotationError, ...]

    @classmethod
    def of(cls, places: Sequence[LookedAt], calls: int, problems: Sequence[RotationError]) -> PlacesShown:
        """Return the places of an answer."""
        looked = tuple(one for one in places if one.looked is not None)
        return cls(looked, tuple(one for one in places if one.looked is None), calls, tuple(problems))


@dataclass(frozen=True)
class CopiesPage:
    """The whole page. Its parts are described where they are made.

    shell: What stands around it.
    filters: What it was asked to show.
    sentence: The answer.
    detail: What else one must know. May be empty.
    name: What people call the account.
    back: The address of the target's page. Empty for an account that nobody enrolled.
    everything: The address that shows all rows.
    readers: The address of the view of readers of the same account.
    counts: How many copies have each fate.
    rows: The copies.
    places: Where this app looked, and where it did not.
    asked_for: What the rows are filtered by, in words. Empty for all rows.
    """

    shell: Shell
    filters: CopiesFilters
    sentence: str
    detail: str
    name: str
    back: str
    everything: str
    readers: str
    counts: tuple[FateCount, ...]
    rows: CopiesShown
    places: PlacesShown
    asked_for: str


def copies_page_of(answer: CopiesOfOne, target: Target | None, filters: CopiesFilters, around: Shell) -> CopiesPage:
    """Return the page of where copies of one account's keys lie.

    target: The target that the account is. None if nobody enrolled it.
    around: What stands around the page, before its sentence is known.
    """
    links, copies, which = around.links, answer.found, target or answer.found.account
    titles = {one.place: one.title for one in copies.places}
    found = [HeldCopy(one, titles.get(one.place, one.place)) for one in copies.copies]
    saw = any(one.looked for one in copies.places)
    breaks = any(one.fate is CopyFate.BREAKS for one in copies.copies)

    def address(**parameters: str) -> str:
        return links.copies(which, **parameters)

    def page(number: int) -> str:
        return f"{address(**filters.but(page=str(number) if number > 1 else ''))}#rows"

    return CopiesPage(
        shell=replace(
            around,
            tone=Tone.AMBER if breaks else Tone.PLAIN,
            title=f"{answer.name}: copies of its keys",
            again=address(**filters.but()),
            json=links.copies_json(which),
            here="copies",
        ),
        filters=filters,
        sentence=copies_in_words(copies.copies, answer.name, saw=saw),
        detail=when_in_words(copies.copies, around.now, saw=saw),
        name=answer.name,
        back=links.target(target) if target else "",
        everything=address(),
        readers=links.readers(which),
        counts=tuple(_counts(found, filters, lambda fate: address(**filters.but(fate=fate)))),
        rows=copies_shown(
            [one for one in found if copy_fits(one, filters)], filters.page, page, copies.account.subscription
        ),
        places=PlacesShown.of(copies.places, copies.calls, copies.problems),
        asked_for=_asked_for(filters),
    )


def _counts(found: Sequence[HeldCopy], filters: CopiesFilters, address: Callable[[str], str]) -> Iterator[FateCount]:
    yield FateCount(len(found), "All", "copies that were found", address(""), not filters.fate)
    for fate, title in TITLES.items():
        number = sum(one.copy.fate is fate for one in found)
        yield FateCount(number, title, MEANS[fate], address(fate.value), filters.fate == fate)


def _asked_for(filters: CopiesFilters) -> str:
    said = [f"“{filters.q}”"] if filters.q else []
    said += [TITLES[CopyFate(filters.fate)].lower()] if filters.fate else []
    return ", ".join(said)
