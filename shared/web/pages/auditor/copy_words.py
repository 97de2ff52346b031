"""The answer about copies as sentences. None of them says that there are no others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.copies.kinds import Copied, CopyFate
from shared.domain.relative import away, counted, exact

BLIND = (
    "Azure shows only what this app may read, so that proves nothing. The role copiesReader of infra/roles.json lets "
    "it look (docs/copies.md)."
)
NO_PROOF = "That does not prove that there is none: below stands where this app looked, and where it did not."


def copies_in_words(found: Sequence[Copied], name: str, *, saw: bool = True) -> str:
    """Return how many copies were found, and how many of them break.

    name: What people call the account.
    saw: Whether any resource was looked into.
    """
    if not found:
        return f"No copy of a key of {name} was found{where_in_words(saw=saw)}"
    one = len(found) == 1
    base = f"{counted(len(found), 'copy', 'copies')} of a key of {name} {'was' if one else 'were'} found"
    breaking = sum(copy.fate is CopyFate.BREAKS for copy in found)
    if not breaking:
        return f"{base}, and none is known to break."
    whose = "its" if breaking == 1 else "their"
    if breaking == len(found):
        return f"{base}. {'It breaks' if one else 'All of them break'} when {whose} key ends."
    return f"{base}. {breaking:,} of them {'breaks' if breaking == 1 else 'break'} when {whose} key ends."


def where_in_words(*, saw: bool) -> str:
    """Return the end of a sentence that says that no copy was found.

    saw: Whether any resource was looked into.
    """
    return " where this app looked." if saw else ": this app saw no resource that could hold one."


def when_in_words(found: Sequence[Copied], now: datetime, *, saw: bool = True) -> str:
    """Return when the first one breaks, or that finding nothing proves nothing.

    saw: Whether any resource was looked into.
    """
    if not found:
        return NO_PROOF if saw else BLIND
    dates = [one.when for one in found if one.fate is CopyFate.BREAKS and one.when]
    coming = [one for one in dates if one > now]
    if coming:
        return f"The first one breaks {away(min(coming), now)}: {exact(min(coming))}."
    return "Their dates are over: look at each, it may fail already." if dates else ""


def soonest(found: Sequence[Copied]) -> datetime | None:
    """Return when the first copy breaks. None if none does, or if no end is known."""
    return min((one.when for one in found if one.fate is CopyFate.BREAKS and one.when), default=None)
