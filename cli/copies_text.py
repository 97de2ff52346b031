"""Where copies of keys lie, on a terminal: what happens to each, how to move it, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cli.printing import line, lines, moment, table
from shared.copies.answers import CopiesOfFleet, CopiesOfOne
from shared.copies.kinds import Copied, LookedAt
from shared.domain.errors import RotationError
from shared.domain.relative import counted

_HEADS = ("FATE", "WHEN", "PLACE", "NAME", "RESOURCE", "WHAT HAPPENS")


def copies_of_one_text(answer: CopiesOfOne) -> str:
    """Return the copies of one account's keys as text."""
    found = answer.found
    return lines(
        line(f"{answer.name}: {counted(len(found.copies), 'copy', 'copies')} of its keys found."),
        table(_HEADS, map(_cells, found.copies)) if found.copies else "",
        *_to_do(found.copies),
        *_places(found.places),
        f"\n{counted(found.calls, 'call')} to Azure. There may be copies in other places.",
        _problems(found.problems),
    )


def copies_of_fleet_text(answer: CopiesOfFleet) -> str:
    """Return the copies of a page of accounts as text."""
    rows = ((one.name, *_cells(each)) for one in answer.accounts for each in one.found.copies)
    of_all = f"of {counted(answer.looked_for, 'account')} in {answer.scope}"
    more = f"Page {answer.page} of {answer.pages}: --page shows another." if answer.pages > 1 else ""
    return lines(
        line(f"Copies of the keys of {answer.found:,} were found, {of_all}."),
        table(("ACCOUNT", *_HEADS), rows) if answer.accounts else "",
        more,
        *_to_do([each for one in answer.accounts for each in one.found.copies]),
        *_places(answer.places),
        f"\n{counted(answer.calls, 'call')} to Azure, beside the listing of accounts. There may be copies elsewhere.",
        _problems(answer.problems),
    )


def _cells(one: Copied) -> tuple[object, ...]:
    return one.fate, moment(one.when), one.place, one.name, one.resource, one.says


def _to_do(copies: Iterable[Copied]) -> Iterator[str]:
    found = list(copies)
    moves = dict.fromkeys(f"{one.place}: {one.move}" for one in found)
    commands = dict.fromkeys(command for one in found for command in one.commands)
    if moves:
        yield lines("\nHow to move them:", *(f"  {line(one)}" for one in moves))
    if commands:
        yield lines("\nCommands that help:", *(f"  {line(one)}" for one in commands))


def _places(places: Sequence[LookedAt]) -> Iterator[str]:
    cells = (
        (one.title, "no" if one.looked is None else f"{one.looked:,}", f"{one.unjudged:,}", one.why) for one in places
    )
    if places:
        yield "\n" + table(("WHERE WAS LOOKED", "LOOKED INTO", "NAMES NO ACCOUNT", "WHY NOT WHOLLY"), cells)


def _problems(problems: Iterable[RotationError]) -> str:
    return "\n".join(line(f"{error.code}: {error}") for error in problems)
