"""The table of accounts on the way-out view: one row for each, and how to get to the other pages of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.model import Target
from shared.domain.readiness import WEEK, Stage, Verdict, key_calls_by_week
from shared.domain.times import FIRST
from shared.domain.usage import Usage
from shared.readiness.kinds import Entry
from shared.web.pages.links import Links, mail, portal
from shared.web.pages.pager import PagerStep, pager_of
from shared.web.pages.way_out.asked import WayOutFilters, WayOutSort
from shared.web.pages.way_out.fleet_callers import label_of
from shared.web.pages.way_out.key_use import KeyUse, key_use_of
from shared.web.pages.way_out.next_steps import StepShown, as_sentence, step_of

ROWS = 20  # of a page
MOST_NAMED = 3  # callers of one account
_SHOWN_BY_NUMBERS = (Verdict.KEYLESS, Verdict.READY, Verdict.USED)
_RANK = {
    stage: at for at, stage in enumerate((Stage.NOT_STARTED, Stage.MOVING, Stage.UNKNOWN, Stage.READY, Stage.KEYLESS))
}


@dataclass(frozen=True)
class AccountRow:
    """One account.

    stage: How far it is.
    name: What people call it.
    link: The address of its page, or of the account in the portal if nobody enrolled it.
    enrolled: Whether it is a target.
    group: Its resource group.
    says: Why it cannot do without keys or why that is not known, as a sentence. Empty if the other columns say it.
    step: What to do about it.
    use: How it is called with a key.
    callers: Who calls with a key; some of them.
    more_callers: How many others do.
    identity_calls: How many calls were made by identity in the last seven days. None if that is not known.
    keyless_since: Since when it accepts no keys, in UTC. None if it does, or if that is not known.
    sunset: When all its keys end, in UTC. None if that is not agreed.
    owner: Its owner. Empty without one.
    mail: The address to write to the owner. Empty if that is not known.
    """

    stage: Stage
    name: str
    link: str
    enrolled: bool
    group: str
    says: str
    step: StepShown
    use: KeyUse
    callers: tuple[str, ...]
    more_callers: int
    identity_calls: int | None
    keyless_since: datetime | None
    sunset: datetime | None
    owner: str
    mail: str


@dataclass(frozen=True)
class AccountsTable:
    """The page of the table that is shown.

    rows: Its rows.
    first, last: The numbers of the first and the last row, from 1. 0 if there is none.
    total: How many accounts fit the filters.
    pages: The pager. Empty if there is one page only.
    """

    rows: tuple[AccountRow, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]


def accounts_table_of(
    entries: Sequence[Entry], targets: Mapping[str, Target], filters: WayOutFilters, links: Links
) -> AccountsTable:
    """Return the page of the table that is asked for; the last one, if that page is not there.

    entries: The accounts that fit the filters.
    targets: The targets by the ids of their accounts, in lower case.
    """
    last_page = max(1, -(-len(entries) // ROWS))
    page = min(filters.page, last_page)
    shown = sorted(entries, key=_ORDERS[filters.sort])[(page - 1) * ROWS : page * ROWS]
    first = (page - 1) * ROWS + 1 if shown else 0

    def address(number: int) -> str:
        return f"{links.way_out(**filters.but(page=str(number) if number > 1 else ''))}#accounts"

    rows = tuple(_row(one, targets.get(str(one.account).casefold()), links) for one in shown)
    pages = pager_of(page, last_page, address) if last_page > 1 else ()
    return AccountsTable(rows, first, first + len(shown) - 1 if shown else 0, len(entries), pages)


def _row(entry: Entry, target: Target | None, links: Links) -> AccountRow:
    usage = entry.usage
    callers = list(dict.fromkeys(label_of(one) for one in usage.callers)) if usage else []
    owner = entry.owner or ""
    return AccountRow(
        stage=entry.readiness.stage,
        name=entry.name,
        link=links.target(target) if target else portal(entry.account),
        enrolled=entry.target is not None,
        group=entry.account.group,
        says="" if entry.readiness.verdict in _SHOWN_BY_NUMBERS else as_sentence(entry.readiness.says),
        step=step_of(entry),
        use=key_use_of(entry),
        callers=tuple(callers[:MOST_NAMED]),
        more_callers=max(0, len(callers) - MOST_NAMED) + (usage.more_callers if usage else 0),
        identity_calls=_identity_calls(usage) if usage else None,
        keyless_since=entry.keyless_since,
        sunset=entry.sunset or (target.sunset if target else None),
        owner=owner,
        mail=mail(owner),
    )


def _identity_calls(usage: Usage) -> int:
    return sum(one.by_identity for one in usage.days if one.day > (usage.until - WEEK).date())


def _calls(entry: Entry) -> int:
    """Return the calls with a key of the last seven days; less than none if they are not known."""
    return key_calls_by_week(entry.usage)[0] if entry.usage else -1


def _last(entry: Entry) -> float:
    last = entry.usage.last_key_call if entry.usage else None
    return (last or FIRST).timestamp()


_ORDERS: Mapping[WayOutSort, Callable[[Entry], tuple[object, ...]]] = {
    WayOutSort.CALLS: lambda one: (-_calls(one), _RANK[one.readiness.stage], one.name.casefold()),
    WayOutSort.NAME: lambda one: (one.name.casefold(), str(one.account)),
    WayOutSort.STAGE: lambda one: (_RANK[one.readiness.stage], -_calls(one), one.name.casefold()),
    WayOutSort.LAST: lambda one: (-_last(one), one.name.casefold()),
}
