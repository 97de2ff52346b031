"""The view of who can read the keys of one target, made of the answer of Azure. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.relative import counted
from shared.findings.verdict import Tone
from shared.readers.kinds import Holding, Reader, Readers
from shared.web.pages.auditor.asked import Part, ReadersFilters
from shared.web.pages.auditor.principals import counted_principals, principals
from shared.web.pages.auditor.reader_rows import MEANS, TITLES, Found, RowsShown, fits, part_of, rows_shown
from shared.web.pages.shell import Shell

AS_FAR = "as far as this app sees"


@dataclass(frozen=True)
class PartCount:
    """How many principals a part of the page has, as a filter.

    number: How many.
    title: What they can do. "Everything" for all parts.
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
    sentence: The answer.
    detail: What else one must know. May be empty.
    name: What people call the account. Empty in the view of all targets.
    back: The address of the target's page. Empty for an account that nobody enrolled, and for all targets.
    everybody: The address that shows all rows.
    copies: The address of the view of copies for the same.
    counts: How many principals each part has.
    rows: The rows.
    not_seen: What could not be seen, as sentences. Never empty.
    problems: Why something could not be seen.
    asked_for: What the rows are filtered by, in words. Empty for all rows.
    looked: What was asked for this page, as a sentence. Empty if that is not known.
    """

    shell: Shell
    filters: ReadersFilters
    sentence: str
    detail: str
    name: str
    back: str
    everybody: str
    copies: str
    counts: tuple[PartCount, ...]
    rows: RowsShown
    not_seen: tuple[str, ...]
    problems: tuple[RotationError, ...]
    asked_for: str = ""
    looked: str = ""


def readers_page_of(
    readers: Readers, target: Target | None, filters: ReadersFilters, around: Shell, looked: str = ""
) -> ReadersPage:
    """Return the page of who can read the keys of one account.

    readers: The answer: about one principal alone, if the filters name one.
    target: The target that the account is. None if nobody enrolled it.
    around: What stands around the page, before its sentence is known.
    looked: What was asked of Azure, as a sentence.
    """
    links, name = around.links, target.name if target else readers.account.name
    all_rows = (*readers.readers, *readers.could)

    def address(**parameters: str) -> str:
        return links.readers(target or readers.account, **parameters)

    def page(number: int) -> str:
        return f"{address(**filters.but(page=str(number) if number > 1 else ''))}#rows"

    def asks(one: Reader) -> str:
        return address(principal=one.principal)

    chosen = [found for one in all_rows if fits(found := Found(one), filters)]
    return ReadersPage(
        shell=_with_title(around, name, address(**filters.but()), links.readers_json(target or readers.account)),
        filters=filters,
        sentence=_sentence(all_rows, name, filters),
        detail=_detail(all_rows, filters),
        name=name,
        back=links.target(target) if target else "",
        everybody=address(),
        copies=links.copies(target or readers.account),
        counts=tuple(part_counts(all_rows, filters, lambda part: address(**filters.but(part=part)))),
        rows=rows_shown(chosen, filters.page, page, asks),
        not_seen=tuple(map(sentence_of, readers.not_seen)),
        problems=readers.problems,
        asked_for=asked_for_in_words(filters),
        looked=looked,
    )


def sentence_of(words: str) -> str:
    """Return words as a sentence: with a capital letter and one full stop."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def asked_for_in_words(filters: ReadersFilters) -> str:
    """Return what the rows are filtered by. Empty for all rows."""
    said = [f"“{filters.q}”"] if filters.q else []
    said += [TITLES[Part(filters.part)].lower()] if filters.part else []
    return ", ".join(said)


def part_counts(rows: Sequence[Reader], filters: ReadersFilters, address: Callable[[str], str]) -> Iterator[PartCount]:
    """Yield how many principals each part has, whatever part is shown.

    address: Returns the address that shows a part; that of all parts for an empty word.
    """
    yield PartCount(len(principals(rows)), "All", "each with every road", address(""), not filters.part)
    for part in Part:
        number = len(principals(one for one in rows if part_of(one) is part))
        yield PartCount(number, TITLES[part], MEANS[part], address(part.value), filters.part == part)


def _with_title(shell: Shell, name: str, again: str, json: str) -> Shell:
    title = f"{name}: who can read its keys"
    return replace(shell, tone=Tone.PLAIN, title=title, again=again, json=json, here="readers")


def _sentence(rows: Sequence[Reader], name: str, filters: ReadersFilters) -> str:
    if filters.principal:
        return _of_one(rows, name, filters.principal)
    reading = principals(one for one in rows if part_of(one) is Part.KEYS)
    if not reading:
        return f"No right was found by which somebody reads the keys of {name}."
    return f"{counted_principals(reading.values())} can read the keys of {name}, {AS_FAR}."


def _of_one(rows: Sequence[Reader], name: str, principal: str) -> str:
    who = next((one.name for one in rows if one.name), principal)
    parts = Counter(part_of(one) for one in rows)
    keys = [one for one in rows if part_of(one) is Part.KEYS]
    if keys:
        now = any(one.holding is Holding.ACTIVE for one in keys)
        return f"{who} can read the keys of {name}{'' if now else ', once a role was made active'}."
    if parts[Part.COPIES]:
        return f"{who} can read a copy of a key of {name}, if one lies where the roles below act."
    if parts[Part.COULD]:
        return f"{who} could take the right to read the keys of {name}."
    return f"No right was found by which {who} reads the keys of {name}."


def _detail(rows: Sequence[Reader], filters: ReadersFilters) -> str:
    """Return what the sentence leaves out: who waits, who reads copies, who could."""
    if filters.principal:
        return "" if rows else "That does not prove that there is none: below stands what could not be seen."
    reading = {one.principal for one in rows if part_of(one) is Part.KEYS}
    active = {one.principal for one in rows if part_of(one) is Part.KEYS and one.holding is Holding.ACTIVE}
    copying = {one.principal for one in rows if part_of(one) is Part.COPIES} - reading
    could = {one.principal for one in rows if part_of(one) is Part.COULD} - reading
    said = [] if reading else ["That does not prove that there is none: below stands what could not be seen."]
    if reading - active:
        said.append(f"{len(reading - active):,} of them only once a role was made active.")
    if copying:
        said.append(f"{_others(len(copying), reading)} can read a copy, if one lies where their roles act.")
    if could:
        said.append(f"{_others(len(could), reading)} could give themselves the right.")
    return " ".join(said)


def _others(number: int, reading: set[str]) -> str:
    return counted(number, "other", "others") if reading else f"{number:,}"
