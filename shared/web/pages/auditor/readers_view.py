"""The view of who can read the keys of one account, made of the answer of Azure. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.relative import counted
from shared.findings.verdict import Tone
from shared.readers.answers import ReadersOfOne
from shared.readers.kinds import Reader
from shared.web.pages.auditor import reader_words as words
from shared.web.pages.auditor.asked import Part, ReadersFilters
from shared.web.pages.auditor.principals import principals
from shared.web.pages.auditor.reader_rows import MEANS, TITLES, RowsShown, fits, part_of, rows_shown
from shared.web.pages.shell import Shell


@dataclass(frozen=True)
class PartCount:
    """How many principals a part of the page has, as a filter.

    number: How many.
    title: What they can do. "All" for all parts.
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
class ReadersPage:
    """The whole page. Its parts are described where they are made.

    shell: What stands around it.
    filters: What it was asked to show.
    icon: The sign of its sentence.
    sentence: The answer.
    detail: What else one must know. May be empty.
    name: What people call the account.
    back: The address of the target's page. Empty for an account that nobody enrolled.
    everybody: The address that shows all rows.
    copies: The address of the view of copies of the same account.
    counts: How many principals each part has.
    rows: The rows.
    not_seen: What could not be seen, as sentences. Never empty.
    looked: What was looked at, in words.
    calls: How many calls were made, in words.
    problems: Why something could not be seen.
    asked_for: What the rows are filtered by, in words. Empty for all rows.
    """

    shell: Shell
    filters: ReadersFilters
    icon: str
    sentence: str
    detail: str
    name: str
    back: str
    everybody: str
    copies: str
    counts: tuple[PartCount, ...]
    rows: RowsShown
    not_seen: tuple[str, ...]
    looked: tuple[str, ...]
    calls: str
    problems: tuple[RotationError, ...]
    asked_for: str


def readers_page_of(answer: ReadersOfOne, target: Target | None, filters: ReadersFilters, around: Shell) -> ReadersPage:
    """Return the page of who can read the keys of one account.

    answer: The answer: about one principal alone, if the filters name one.
    target: The target that the account is. None if nobody enrolled it.
    around: What stands around the page, before its sentence is known.
    """
    links, name, which = around.links, answer.place.name, target or answer.place.account
    rows = (*answer.found.readers, *answer.found.could)

    def address(**parameters: str) -> str:
        return links.readers(which, **parameters)

    def page(number: int) -> str:
        return f"{address(**filters.but(page=str(number) if number > 1 else ''))}#rows"

    sentence, detail = _answer(answer, rows)
    detail = f"{words.IN_PART} {detail}".strip() if answer.known and answer.found.problems else detail
    return ReadersPage(
        shell=replace(
            around,
            tone=Tone.PLAIN,
            title=f"{name}: who can read its keys",
            again=address(**filters.but()),
            json=links.readers_json(which, principal=filters.principal),
            here="readers",
        ),
        filters=filters,
        icon="person" if answer.known else "unknown",
        sentence=sentence,
        detail=detail,
        name=name,
        back=links.target(target) if target else "",
        everybody=address(),
        copies=links.copies(which),
        counts=tuple(_counts(rows, filters, lambda part: address(**filters.but(part=part)))),
        rows=rows_shown(
            [one for one in rows if fits(one, filters)],
            filters.page,
            page,
            lambda one: address(principal=one.principal),
            answer.place.account.subscription,
        ),
        not_seen=tuple(map(words.sentence_of, answer.found.not_seen)),
        looked=answer.looked,
        calls=counted(answer.calls, "call"),
        problems=answer.found.problems,
        asked_for=_asked_for(filters),
    )


def _answer(answer: ReadersOfOne, rows: Sequence[Reader]) -> tuple[str, str]:
    """Return the sentence, and what else one must know."""
    name = answer.place.name
    if not answer.known:
        return words.unknown_in_words(name), words.IN_VAULT if rows else ""
    if answer.principal:
        return words.one_in_words(rows, name, answer.principal), words.more_about_one(rows)
    return words.everybody_in_words(rows, name), words.more_in_words(rows)


def _asked_for(filters: ReadersFilters) -> str:
    said = [f"“{filters.q}”"] if filters.q else []
    said += [TITLES[Part(filters.part)].lower()] if filters.part else []
    return ", ".join(said)


def _counts(rows: Sequence[Reader], filters: ReadersFilters, address: Callable[[str], str]) -> Iterator[PartCount]:
    """Yield how many principals each part has, whatever part is shown."""
    yield PartCount(len(principals(rows)), "All", "by every road", address(""), not filters.part)
    for part in Part:
        number = len(principals(one for one in rows if part_of(one) is part))
        yield PartCount(number, TITLES[part], MEANS[part], address(part.value), filters.part == part)
