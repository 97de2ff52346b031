"""The table of targets: one row for each, the page of it that is shown, and how to get to the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.decide.plan import Reason
from shared.domain.readiness import Stage
from shared.domain.times import LAST
from shared.findings.dates import Date, dates_of
from shared.findings.states import State
from shared.findings.status import Status, TargetStatus
from shared.readiness.kinds import Entry
from shared.settings.environment import Mode
from shared.web.pages.asked_filters import Filters, Sort
from shared.web.pages.keys.drawing import Drawing
from shared.web.pages.links import Links, mail
from shared.web.pages.pager import PagerStep, pager_of
from shared.web.pages.way_out.key_use import KeyUse, key_use_of

ROWS = 20  # of a page
_PROBLEMS = (State.ACTION, State.UNKNOWN, State.ATTENTION)
_RANK = {state: at for at, state in enumerate(State)}
# What is being done, or would be, for the reasons that give a plan its steps.
_DOING = {
    Reason.ADOPT: "first key is published",
    Reason.ADOPT_IN_PLACE: "its secret is adopted",
    Reason.OVERLAP_OVER: "previous key stops working",
    Reason.DRIFT: "a key that works is published",
    Reason.TAGS_LOST: "its tags are put back",
    Reason.OVERWRITTEN: "its version is put back",
    Reason.SUNSET: "all keys end",
    Reason.KEY_AUTH_IS_OFF: "its secret is withdrawn",
    Reason.LEAKED: "the leaked key ends",
}


@dataclass(frozen=True)
class Next:
    """What comes next for a target.

    falls_at: When, in UTC. None if no date is known.
    head: What stands in place of the time if no date is known, or if it is now: "now", "not known", "keyless".
    says: What happens. Empty if the head says it all.
    was: When it was to happen, in UTC, if it waits. None otherwise.
    note: What stands below in place of an exact time, or behind it. Empty if there is nothing to add.
    """

    falls_at: datetime | None = None
    head: str = ""
    says: str = ""
    was: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class TargetRow:
    """One row of the table.

    state: The target's state.
    stale: Whether it is shown as it was known last.
    name: Its name.
    link: The address of its page.
    group: Its resource group.
    account: Its account's name.
    next: What comes next.
    owner: Its owner. Empty without one.
    mail: The address to write to the owner. Empty if that is not known.
    problem: The gravest thing that is wrong with it, in words. Empty if nothing is.
    drawing: Its keys over time, as the template `timeline.html` draws them.
    use: How it is called with a key. None if no survey of that is kept.
    stage: How far it is on its way out of keys. None if no survey saw it.
    """

    state: State
    stale: bool
    name: str
    link: str
    group: str
    account: str
    next: Next
    owner: str
    mail: str
    problem: str
    drawing: Drawing
    use: KeyUse | None = None
    stage: Stage | None = None


@dataclass(frozen=True)
class Table:
    """The page of the table that is shown.

    rows: Its rows.
    first: The number of the first row, from 1. 0 if there is none.
    last: The number of the last row.
    total: How many targets fit the filters.
    pages: The pager. Empty if there is one page only.
    """

    rows: tuple[TargetRow, ...]
    first: int
    last: int
    total: int
    pages: tuple[PagerStep, ...]


type Drawer = Callable[[TargetStatus], Drawing]
type FindEntry = Callable[[object], Entry | None]


def table_of(status: Status, filters: Filters, links: Links, draw: Drawer, entry_of: FindEntry | None = None) -> Table:
    """Return the page of the table that is asked for; the last one, if that page is not there.

    status: The targets that fit the filters. If checks are late, all of them are shown as they were known last.
    draw: Draws the keys of one target over time.
    entry_of: Returns what is known of the use of an account's keys. None if no survey of that is kept.
    """
    targets, late = status.targets, status.checks is not None and status.checks.are_late(status.now)
    last_page = max(1, -(-len(targets) // ROWS))
    page = min(filters.page, last_page)
    shown = sorted(targets, key=_order(filters))[(page - 1) * ROWS : page * ROWS]
    first = (page - 1) * ROWS + 1 if shown else 0
    rows = tuple(_row(one, status, links, draw, late=late) for one in shown)
    if entry_of is not None:
        rows = tuple(_with_use(row, entry_of(one.row.target.account)) for row, one in zip(rows, shown, strict=True))
    pages = pager_of(page, last_page, lambda number: _address(number, filters, links)) if last_page > 1 else ()
    return Table(rows, first, first + len(shown) - 1 if shown else 0, len(targets), pages)


def next_of(one: TargetStatus, now: datetime, mode: Mode) -> Next:
    """Return what comes next for a target."""
    plan, dates = one.row.plan, dates_of(one)
    if one.state is State.KEYLESS:
        return Next(head="keyless", note="accepts no keys")
    if one.is_stale or plan is None or plan.needs_a_person:
        return _held(dates)
    if plan.steps:
        when = "at the next check" if mode is Mode.ROTATE else "would be done; the app observes"
        return Next(head="now", says=_DOING.get(plan.reason, "new key"), note=when)
    if not dates:
        return Next(head="not known", note="nothing is published yet")
    held = [date for date in dates if date.falls_at is None]
    if held:
        return _held(held, "it waits for its announcement" if plan.reason is Reason.NOT_ANNOUNCED else "")
    return _coming(dates[0], one, now)


def _coming(date: Date, one: TargetStatus, now: datetime) -> Next:
    plan = one.row.plan
    if plan is not None and plan.reason is Reason.OUTSIDE_WINDOW and date.falls_at and date.falls_at > now:
        return Next(date.falls_at, says=date.says, note="when its window opens")
    return Next(date.falls_at, says=date.says, note="at the latest" if date.after_deployment else "")


def _held(dates: list[Date], why: str = "") -> Next:
    date = min(dates, key=lambda each: each.was or LAST, default=None)
    if date is None:
        return Next(head="not planned", note=why)
    return Next(head="not known", says=date.says, was=date.was, note=why)


def _row(one: TargetStatus, status: Status, links: Links, draw: Drawer, *, late: bool) -> TargetRow:
    target = one.row.target
    graver = [found for found in one.findings if one.state in _PROBLEMS and found.urgency != "improve"]
    return TargetRow(
        state=one.state,
        stale=one.is_stale or late,
        name=target.name,
        link=links.target(target),
        group=target.account.group,
        account=target.account.name,
        next=next_of(one, status.now, status.mode),
        owner=target.owner or "",
        mail=mail(target.owner),
        problem=graver[0].meaning.title if graver else "",
        drawing=draw(one),
    )


def _with_use(row: TargetRow, entry: Entry | None) -> TargetRow:
    return replace(row, use=key_use_of(entry), stage=entry.readiness.stage if entry else None)


def _order(filters: Filters) -> Callable[[TargetStatus], tuple[object, ...]]:
    """Return the key to sort by. The target whose whole name was searched for comes first, and equal rows stand in the
    order of their names."""

    def soonest(one: TargetStatus) -> tuple[object, ...]:
        rank = _RANK[one.state] if one.state in _PROBLEMS else len(_PROBLEMS)
        busy = not (one.row.plan and one.row.plan.steps)
        return (rank, busy, one.next.falls_at if one.next else LAST, one.name)

    keys: dict[Sort, Callable[[TargetStatus], tuple[object, ...]]] = {
        Sort.SOONEST: soonest,
        Sort.NAME: lambda one: (one.name.casefold(),),
        Sort.STATE: lambda one: (_RANK[one.state], one.name),
        Sort.OWNER: lambda one: (one.row.target.owner is None, (one.row.target.owner or "").casefold(), one.name),
    }
    return lambda one: (one.name.casefold() != filters.q.casefold(), *keys[filters.sort](one))


def _address(number: int, filters: Filters, links: Links) -> str:
    return f"{links.overview(**filters.but(page=str(number) if number > 1 else ''))}#targets"
