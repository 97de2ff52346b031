"""Who can read keys, on a terminal: everybody found, the role to use instead, and what was not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cli.printing import NOTHING, line, lines, table
from shared.domain.errors import RotationError
from shared.domain.relative import counted
from shared.readers.answers import ReaderOfMany, ReadersCounted, ReadersOfFleet, ReadersOfOne
from shared.readers.kinds import Holding, Reader

_UNKNOWN = "Nothing is known: the roles of its subscription could not be read."
_HEADS = ("WHO", "WHAT", "HOW", "BY", "WHERE", "USE INSTEAD")
_COUNTS = ("ACCOUNT", "CAN READ", "OF THEM GROUPS", "AFTER ACTIVATING", "COULD")


def readers_of_one_text(answer: ReadersOfOne) -> str:
    """Return who can read the keys of one account as text."""
    found, name = answer.found, answer.place.name
    who = f"{answer.principal}, as Azure answers" if answer.principal else "everybody that was found"
    return lines(
        line(f"Who can read the keys of {name}: {who}." if answer.known else f"{name}: {_UNKNOWN}"),
        _rows("", found.readers),
        _rows("Who could give themselves the right:", found.could),
        *_to_do((*found.readers, *found.could)),
        *_not_seen(found.not_seen),
        f"\n{counted(answer.calls, 'call')} to Azure.",
        _problems(found.problems),
    )


def readers_of_fleet_text(answer: ReadersOfFleet) -> str:
    """Return how many can read the keys of each account of a page as text."""
    accounts = table(_COUNTS, map(_counts, answer.accounts)) if answer.accounts else "No account with keys is in sight."
    waiting = len(answer.waiting)
    more = f"Page {answer.page} of {answer.pages}: --page shows another." if answer.pages > 1 else ""
    left = f"{counted(waiting, 'account')} of the page not looked at: they lie in too many subscriptions; ask by name."
    return lines(
        line(f"{counted(answer.found, 'account')} with keys in {answer.scope}."),
        accounts,
        more,
        left if waiting else "",
        *_many(answer.principals, answer.more_principals),
        *(line(f"{one.role} on {one.scope}: {counted(len(one.holders), 'holder')}.") for one in answer.wide),
        *_not_seen(answer.not_seen),
        f"\n{counted(answer.calls, 'call')} to Azure, beside the listing of accounts.",
        _problems(answer.problems),
    )


def _rows(title: str, rows: Sequence[Reader]) -> str:
    if not rows:
        return ""
    return lines(f"\n{title}" if title else "", table(_HEADS, map(_cells, rows)))


def _cells(one: Reader) -> tuple[object, ...]:
    notes = [
        "after activating" if one.holding is Holding.ELIGIBLE else "",
        "with a condition" if one.condition else "",
        f"a deny assignment names it: {', '.join(one.denied_by)}" if one.denied_by else "",
        f"also by {', '.join(one.also_by)}" if one.also_by else "",
    ]
    how = ", ".join([one.says, *(note for note in notes if note)])
    who = f"{one.name} ({one.principal})" if one.name else one.principal
    return who, one.principal_type or NOTHING, how, one.by, one.scope, one.instead or NOTHING


def _to_do(rows: Iterable[Reader]) -> Iterator[str]:
    """Yield each command and each advice once, because a role that opens several roads is swapped once."""
    commands = list(dict.fromkeys(command for one in rows for command in one.commands))
    rows = list(rows)
    advice = list(dict.fromkeys(f"{one.by}: {one.advice}" for one in rows if one.advice))
    if advice:
        yield lines("\nBefore you change anything:", *(f"  {line(one)}" for one in advice))
    if commands:
        yield lines("\nTo use other roles, the new one first:", *(f"  {line(one)}" for one in commands))


def _many(principals: Sequence[ReaderOfMany], more: int) -> Iterator[str]:
    if principals:
        cells = (
            (f"{one.name} ({one.principal})" if one.name else one.principal, one.principal_type or NOTHING,
             f"{one.accounts:,}", ", ".join(one.by))
            for one in principals
        )  # fmt: skip
        yield "\n" + table(("WHO READS MOST", "WHAT", "ACCOUNTS", "BY"), cells)
        yield f"and {more:,} more; --json shows no more either: ask for one account" if more else ""


def _counts(one: ReadersCounted) -> tuple[object, ...]:
    known = (one.readers, one.groups, one.eligible, one.could)
    return one.place.name, *("?" if each is None else f"{each:,}" for each in known)


def _not_seen(words: Sequence[str]) -> Iterator[str]:
    if words:
        yield lines("\nNot seen, so there may be others:", *(f"  {line(one)}" for one in words))


def _problems(problems: Iterable[RotationError]) -> str:
    return "\n".join(line(f"{error.code}: {error}") for error in problems)
