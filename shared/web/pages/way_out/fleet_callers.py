"""Who makes most of the calls with a key, across all accounts that are shown, and how the address asks for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.usage import KeyCaller
from shared.readiness.kinds import Entry, Survey
from shared.readiness.top_callers import FleetCaller, top_callers
from shared.web.pages.links import Links

SHOWN = 12  # callers in the table; the others are counted
MOST_OF_ALL = 0.8  # of the calls; so many are "most of them"
_ANY = 10**6
_ONE_PERCENT = 0.01
_ROUNDED = 1e-9  # so far from the whole a sum of shares may be
_NO_ADDRESS = "an address that the log does not have"


@dataclass(frozen=True)
class CallerRow:
    """One caller.

    label: What it is called: its name, or its address and its client.
    named: Whether a setting names it.
    seen: From where and with what it calls. Empty if that differs, or if the log does not have it.
    calls: How many calls with a key it made within the span.
    share: Which part of all these calls that is, in words.
    accounts: How many accounts it calls.
    link: The address that shows these accounts.
    last_at: When it made the last call, in UTC.
    """

    label: str
    named: bool
    seen: str
    calls: int
    share: str
    accounts: int
    link: str
    last_at: datetime


@dataclass(frozen=True)
class CallersTable:
    """Who calls with a key.

    rows: The callers, the most calls first.
    total: How many there are.
    most: How many of them make most of the calls.
    share: Which part of all calls these make, in words.
    """

    rows: tuple[CallerRow, ...]
    total: int
    most: int
    share: str


def callers_table_of(survey: Survey, links: Links) -> CallersTable:
    """Return who calls the accounts of a survey with a key."""
    found = top_callers(survey, _ANY)
    most = _most_of(found)
    rows = tuple(_row(one, links) for one in found[:SHOWN])
    return CallersTable(rows, len(found), len(most), in_percent(sum(one.share for one in most)))


def label_of(caller: KeyCaller) -> str:
    """Return what a caller is called across accounts: its name, or its address and its client."""
    return caller.name or " with ".join(filter(None, (caller.address, caller.client))) or _NO_ADDRESS


def called_by(entry: Entry, label: str) -> bool:
    """Return whether a caller of this label called an account with a key. Labels are compared without case."""
    usage = entry.usage
    return usage is not None and any(label_of(one).casefold() == label.casefold() for one in usage.callers)


def in_percent(share: float) -> str:
    """Return a part of a whole in words: "31 %", "less than 1 %", "more than 99 %"."""
    if share < _ONE_PERCENT:
        return "less than 1 %"
    return "more than 99 %" if 1 - _ONE_PERCENT < share < 1 - _ROUNDED else f"{round(100 * min(share, 1))} %"


def _most_of(callers: Sequence[FleetCaller]) -> Sequence[FleetCaller]:
    """Return the fewest callers that make most of the calls. All of them if they do not make so many together."""
    shares = 0.0
    for number, one in enumerate(callers, 1):
        shares += one.share
        if shares >= MOST_OF_ALL:
            return callers[:number]
    return callers


def _row(one: FleetCaller, links: Links) -> CallerRow:
    caller, label = one.caller, label_of(one.caller)
    seen = " with ".join(filter(None, (caller.address, caller.client)))
    return CallerRow(
        label=label,
        named=bool(caller.name),
        seen=seen if caller.name else "",
        calls=caller.calls,
        share=in_percent(one.share),
        accounts=len(one.accounts),
        link=f"{links.way_out(caller=label)}#accounts",
        last_at=caller.last_at,
    )
