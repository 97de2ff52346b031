"""The view of who can read the keys of all targets: each principal once for each right, with the number of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Target
from shared.domain.relative import counted
from shared.findings.verdict import Tone
from shared.readers.kinds import Reader, Readers
from shared.web.pages.auditor.asked import Part, ReadersFilters
from shared.web.pages.auditor.principals import counted_principals, principals
from shared.web.pages.auditor.reader_rows import Found, fits, part_of, rows_shown
from shared.web.pages.auditor.readers_view import AS_FAR, ReadersPage, asked_for_in_words, part_counts, sentence_of
from shared.web.pages.links import Links
from shared.web.pages.shell import Shell

MOST_ACCOUNTS = 20  # of those with most readers


@dataclass(frozen=True)
class ReadAccount:
    """One account in the view of all targets.

    name: What people call it.
    group: Its resource group.
    number: How many principals can read its keys.
    link: The address of its own view.
    """

    name: str
    group: str
    number: int
    link: str


@dataclass(frozen=True)
class FleetReadersPage(ReadersPage):
    """The page for all targets.

    accounts: The accounts whose keys most can read.
    more_accounts: How many others there are.
    """

    accounts: tuple[ReadAccount, ...] = field(kw_only=True)
    more_accounts: int = field(kw_only=True)


def fleet_readers_page_of(
    answers: Sequence[Readers],
    targets: Mapping[str, Target],
    filters: ReadersFilters,
    around: Shell,
    looked: str = "",
    problems: Sequence[RotationError] = (),
) -> FleetReadersPage:
    """Return the page of who can read the keys of all targets.

    answers: The answer for each account.
    targets: The targets by the ids of their accounts, in lower case.
    around: What stands around the page, before its sentence is known.
    looked: What was asked of Azure, as a sentence.
    problems: What kept accounts from being seen at all.
    """
    links, all_rows = around.links, [row for one in answers for row in (*one.readers, *one.could)]
    found = [one for one in _together(answers) if fits(one, filters)]
    ranked = sorted((_account(one, targets, links) for one in answers), key=lambda one: (-one.number, one.name))

    def page(number: int) -> str:
        return f"{links.readers(None, **filters.but(page=str(number) if number > 1 else ''))}#rows"

    def asks(one: Reader) -> str:
        return f"{links.readers(None, q=one.principal)}#rows"

    return FleetReadersPage(
        shell=replace(
            around,
            tone=Tone.PLAIN,
            title="Who can read keys",
            again=links.readers(None, **filters.but()),
            json=links.readers_json(),
            here="readers",
        ),
        filters=filters,
        sentence=_sentence(all_rows, len(answers)),
        detail="" if all_rows else "That does not prove that there is none: below stands what could not be seen.",
        name="",
        back="",
        everybody=links.readers(),
        copies=links.copies(),
        counts=tuple(part_counts(all_rows, filters, lambda part: links.readers(None, **filters.but(part=part)))),
        rows=rows_shown(found, filters.page, page, asks),
        not_seen=tuple(dict.fromkeys(sentence_of(words) for one in answers for words in one.not_seen)),
        problems=(*problems, *_once(problem for one in answers for problem in one.problems)),
        asked_for=asked_for_in_words(filters),
        looked=looked,
        accounts=tuple(ranked[:MOST_ACCOUNTS]),
        more_accounts=max(0, len(ranked) - MOST_ACCOUNTS),
    )


def _sentence(rows: Iterable[Reader], accounts: int) -> str:
    reading = principals(one for one in rows if part_of(one) is Part.KEYS)
    where = counted(accounts, "account")
    if not reading:
        return f"No right was found by which somebody reads keys of {where}."
    return f"{counted_principals(reading.values())} can read keys of {where}, {AS_FAR}."


def _together(answers: Iterable[Readers]) -> list[Found]:
    """Return each right once, with the number of accounts to which it leads."""
    first: dict[tuple[object, ...], Reader] = {}
    accounts: dict[tuple[object, ...], set[AccountId]] = {}
    for answer in answers:
        for one in (*answer.readers, *answer.could):
            same = (one.principal, one.road, one.by, one.scope.lower(), one.holding, one.condition, one.denied_by)
            first.setdefault(same, one)
            accounts.setdefault(same, set()).add(answer.account)
    return [Found(one, len(accounts[same])) for same, one in first.items()]


def _account(readers: Readers, targets: Mapping[str, Target], links: Links) -> ReadAccount:
    account = readers.account
    target = targets.get(str(account).casefold())
    number = len(principals(one for one in readers.readers if part_of(one) is Part.KEYS))
    return ReadAccount(target.name if target else account.name, account.group, number, links.readers(target or account))


def _once(problems: Iterable[RotationError]) -> list[RotationError]:
    """Return the problems, those that say the same only once: accounts of one subscription share it."""
    return list({(one.thing, one.what): one for one in problems}.values())
