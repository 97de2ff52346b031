"""The view of where copies of keys lie, for one target or for all of them, made of the answer of Azure. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.copies.kinds import Copied, Copies, CopyFate, LookedAt
from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Target
from shared.domain.relative import away, counted, exact
from shared.findings.verdict import Tone
from shared.web.pages.auditor.asked import CopiesFilters
from shared.web.pages.auditor.copy_rows import MEANS, TITLES, CopiesShown, HeldCopy, copies_shown, copy_fits, titles_of
from shared.web.pages.links import Links
from shared.web.pages.shell import Shell

_NO_PROOF = "That does not prove that there is none: below stands where this app looked, and where it did not."


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
class CopiesPage:
    """The whole page. Its parts are described where they are made.

    shell: What stands around it.
    filters: What it was asked to show.
    sentence: The answer.
    detail: What else one must know. May be empty.
    name: What people call the account. Empty in the view of all targets.
    back: The address of the target's page. Empty for an account that nobody enrolled, and for all targets.
    everything: The address that shows all rows.
    readers: The address of the view of readers for the same.
    counts: How many copies have each fate.
    rows: The copies.
    looked: The kinds of places that were looked into, wholly or in part.
    not_looked: Those that were not.
    calls: How many calls were made.
    problems: Why something could not be seen.
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
    looked: tuple[LookedAt, ...]
    not_looked: tuple[LookedAt, ...]
    calls: int
    problems: tuple[RotationError, ...]
    asked_for: str


def copies_page_of(copies: Copies, target: Target | None, filters: CopiesFilters, around: Shell) -> CopiesPage:
    """Return the page of where copies of one account's keys lie.

    target: The target that the account is. None if nobody enrolled it.
    around: What stands around the page, before its sentence is known.
    """
    name, titles = target.name if target else copies.account.name, titles_of(copies.places)
    found = [HeldCopy(one, titles.get(one.place, one.place)) for one in copies.copies]
    page = _page(found, copies, name, target or copies.account, filters, around)
    return replace(page, back=around.links.target(target) if target else "")


def fleet_copies_page_of(
    answers: Sequence[Copies],
    targets: Mapping[str, Target],
    filters: CopiesFilters,
    around: Shell,
    problems: Sequence[RotationError] = (),
) -> CopiesPage:
    """Return the page of where copies of all targets' keys lie.

    answers: The answer for each account. They come from one look, so all have its places, calls and problems.
    targets: The targets by the ids of their accounts, in lower case.
    around: What stands around the page, before its sentence is known.
    problems: What kept accounts from being seen at all.
    """
    look = answers[0] if answers else None
    titles = titles_of(look.places if look else ())
    found = [held for one in answers for held in _held(one, targets, titles, around.links)]
    whole = look or Copies(AccountId("", "", ""), (), ())
    page = _page(found, whole, "", None, filters, around)
    return replace(page, problems=(*problems, *page.problems))


def _held(answer: Copies, targets: Mapping[str, Target], titles: Mapping[str, str], links: Links) -> Iterator[HeldCopy]:
    target = targets.get(str(answer.account).casefold())
    name, link = target.name if target else answer.account.name, links.copies(target or answer.account)
    return (HeldCopy(one, titles.get(one.place, one.place), name, link) for one in answer.copies)


def _page(
    found: Sequence[HeldCopy],
    look: Copies,
    name: str,
    which: Target | AccountId | None,
    filters: CopiesFilters,
    around: Shell,
) -> CopiesPage:
    links = around.links

    def address(**parameters: str) -> str:
        return links.copies(which, **parameters)

    def page(number: int) -> str:
        return f"{address(**filters.but(page=str(number) if number > 1 else ''))}#rows"

    chosen = [one for one in found if copy_fits(one, filters)]
    breaks = any(one.copy.fate is CopyFate.BREAKS for one in found)
    shell = replace(
        around,
        tone=Tone.AMBER if breaks else Tone.PLAIN,
        title=f"{name}: copies of its keys" if name else "Copies of keys",
        again=address(**filters.but()),
        json=links.copies_json(which),
        here="copies",
    )
    return CopiesPage(
        shell=shell,
        filters=filters,
        sentence=_sentence(found, name),
        detail=_detail([one.copy for one in found], around.now),
        name=name,
        back="",
        everything=address(),
        readers=links.readers(which),
        counts=tuple(_counts(found, filters, lambda fate: address(**filters.but(fate=fate)))),
        rows=copies_shown(chosen, filters.page, page),
        looked=tuple(one for one in look.places if one.looked is not None),
        not_looked=tuple(one for one in look.places if one.looked is None),
        calls=look.calls,
        problems=look.problems,
        asked_for=_asked_for(filters),
    )


def _sentence(found: Sequence[HeldCopy], name: str) -> str:
    whose = f"a key of {name}" if name else "keys"
    if not found:
        return f"No copy of {whose} was found where this app looked."
    one = len(found) == 1
    base = f"{counted(len(found), 'copy', 'copies')} of {whose} {'was' if one else 'were'} found"
    breaking = sum(held.copy.fate is CopyFate.BREAKS for held in found)
    if not breaking:
        return f"{base}, and none is known to break."
    if breaking == len(found):
        return f"{base}. {'It breaks' if one else 'All of them break'} at an end of its key."
    return f"{base}. {breaking:,} of them {'breaks' if breaking == 1 else 'break'} at an end of its key."


def _detail(found: Sequence[Copied], now: datetime) -> str:
    """Return when the first one breaks, or that nothing that was found is no proof."""
    if not found:
        return _NO_PROOF
    dates = [one.when for one in found if one.fate is CopyFate.BREAKS and one.when]
    if not dates:
        return ""
    coming = [one for one in dates if one > now]
    if not coming:
        return "The dates of those are over."
    return f"The first one breaks {away(min(coming), now)}: {exact(min(coming))}."


def _counts(found: Sequence[HeldCopy], filters: CopiesFilters, address: Callable[[str], str]) -> Iterator[FateCount]:
    yield FateCount(len(found), "All", "copies that were found", address(""), not filters.fate)
    for fate, title in TITLES.items():
        number = sum(one.copy.fate is fate for one in found)
        yield FateCount(number, title, MEANS[fate], address(fate.value), filters.fate == fate)


def _asked_for(filters: CopiesFilters) -> str:
    said = [f"“{filters.q}”"] if filters.q else []
    said += [TITLES[CopyFate(filters.fate)].lower()] if filters.fate else []
    return ", ".join(said)
