"""The status of a fleet: each target with its state and its findings, and what is to be done, grouped.

Page, terminal and JSON show it. It holds no markup and no table: only what is true.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from shared.announce.deadlines import Deadline, deadlines
from shared.domain.model import Target
from shared.domain.times import LAST
from shared.findings.codes import MOST_SEVERE_FIRST, Code, Urgency
from shared.findings.facts import Checks, Facts
from shared.findings.kinds import Finding
from shared.findings.states import State, state_of
from shared.readiness.kinds import Entry
from shared.settings.environment import Mode
from shared.turns.report import Row


@dataclass(frozen=True)
class TargetStatus:
    """One target.

    row: What was seen of it, and what would be done now.
    state: Its state.
    findings: The findings about it, the most severe first.
    deadlines: Its dates to come, the soonest first. Empty if none is known, or if nothing is done for it.
    entry: What the last survey of readiness found of it. None if nothing is known.
    """

    row: Row
    state: State
    findings: tuple[Finding, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    entry: Entry | None = None

    @property
    def name(self) -> str:
        """The target's name."""
        return self.row.target.name

    @property
    def is_stale(self) -> bool:
        """Whether it is shown as it was known last, because it cannot be read or is misconfigured."""
        return self.row.is_stale

    @property
    def next(self) -> Deadline | None:
        """Its next date. None if none is known."""
        return self.deadlines[0] if self.deadlines else None


@dataclass(frozen=True)
class Group:
    """Equal findings about several things, as one.

    findings: At least one. All are of one kind and of one urgency.
    """

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that ends first, or began first."""
        return min(self.findings, key=lambda one: one.at or one.since or LAST)

    @property
    def code(self) -> Code:
        """Their kind."""
        return self.findings[0].code

    @property
    def targets(self) -> list[str]:
        """What they are about, each once, in the order of the alphabet."""
        return sorted({one.target for one in self.findings})

    @property
    def causes(self) -> list[str]:
        """Their causes, each once. What several targets share is said without their names."""
        several = len(self.targets) > 1
        return list(dict.fromkeys(shared_cause(one) if several else one.says for one in self.findings))

    @property
    def next_steps(self) -> list[str]:
        """What to do, each step once."""
        return list(dict.fromkeys(one.next_step for one in self.findings))


@dataclass(frozen=True)
class Status:
    """A fleet, or a part of it.

    now: The time, in UTC.
    mode: Whether the app acts or only observes.
    targets: The targets.
    findings: All findings, also those about no target, the most severe first.
    checks: When checks ran. None if everything was observed just now.
    """

    now: datetime
    mode: Mode
    targets: tuple[TargetStatus, ...]
    findings: tuple[Finding, ...]
    checks: Checks | None = None

    @cached_property
    def to_do(self) -> list[Group]:
        """What a person must do, the most urgent first."""
        return grouped(one for one in self.findings if one.urgency is Urgency.TO_DO)

    @cached_property
    def to_watch(self) -> list[Group]:
        """What a person should know of, and need not act on yet."""
        return grouped(one for one in self.findings if one.urgency is Urgency.WATCH)

    @cached_property
    def to_improve(self) -> list[Group]:
        """What could be better, and is not wrong."""
        return grouped(one for one in self.findings if one.urgency is Urgency.IMPROVE)

    @cached_property
    def counts(self) -> Counter[State]:
        """How many targets are in each state."""
        return Counter(one.state for one in self.targets)

    @cached_property
    def deadlines(self) -> list[Deadline]:
        """The dates to come of all targets, the soonest first."""
        return sorted((one for each in self.targets for one in each.deadlines), key=lambda one: one.falls_at)

    def affected(self, groups: Iterable[Group]) -> int:
        """Return how many of the targets these findings are about."""
        about = {one.account.casefold() for group in groups for one in group.findings if one.account}
        return sum(str(each.row.target.account).casefold() in about for each in self.targets)

    def only(self, wanted: Callable[[TargetStatus], bool]) -> Status:
        """Return the part with these targets and the findings about them. What is about the app itself stays."""
        kept = tuple(one for one in self.targets if wanted(one))
        all_ids = {_id(one) for one in self.targets}
        ids = {_id(one) for one in kept}
        found = tuple(one for one in self.findings if one.account.casefold() in ids or _is_general(one, all_ids))
        return replace(self, targets=kept, findings=found)


def concerns(one: Finding, target: Target) -> bool:
    """Return whether a finding matters for this target: it is about it, or about something that all targets need."""
    if one.account:
        return target.account.same_as(one.account)
    where = one.target.casefold()
    throttled = one.code is Code.THROTTLED and (where in str(target.account).casefold() or where in target.vault_url)
    return one.code in APP_WIDE or throttled


def status_of(facts: Facts, findings: Sequence[Finding]) -> Status:
    """Return the status that follows from facts and from the findings that follow from them."""
    rows = {str(row.target.account).casefold(): row for row in facts.rows}
    names: dict[str, list[str]] = {}
    for id_, row in rows.items():
        names.setdefault(row.target.name.casefold(), []).append(id_)
    about: dict[str, list[Finding]] = {}
    known = [replace(one, account=account) for one in findings for account in _accounts(one, rows, names)]
    for one in known:
        about.setdefault(one.account.casefold(), []).append(one)
    mode = facts.settings.mode
    targets = tuple(
        replace(_target(row, about.get(id_, []), mode), entry=facts.entry_of(id_)) for id_, row in rows.items()
    )
    return Status(facts.now, mode, targets, tuple(known), facts.checks)


def grouped(findings: Iterable[Finding]) -> list[Group]:
    """Return findings in groups of equal ones: broken now, what ends at a known time, left undone.

    Equal are findings of one kind; those about what could not be read or enrolled also need the same cause.
    """
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        key = (one.code, shared_cause(one) if one.code in _BY_CAUSE else "", "" if one.account else one.target)
        groups.setdefault(key, []).append(one)
    return sorted(map(Group, map(tuple, groups.values())), key=_urgent_first)


def shared_cause(one: Finding) -> str:
    """Return the cause of a finding without the name of its account, so that equal causes are equal texts."""
    names = {one.target, one.account.rpartition("/")[2]} - {""}
    said = one.says
    for name in sorted(names, key=len, reverse=True):
        said = re.sub(rf"\baccount {re.escape(name)}(, |: )", "", said)
    return said


APP_WIDE = frozenset({Code.CHECKS_LATE, Code.NOBODY_IS_TOLD, Code.NOBODY_LISTENS, Code.DELIVERIES_FAIL})
_BY_CAUSE = frozenset({Code.NOT_ENROLLABLE, Code.UNSEEN, Code.REFUSED, Code.TURNS_FAIL})


def _urgent_first(group: Group) -> tuple[int, bool, str, str, str]:
    first = group.first
    when = first.at or first.since
    return (
        MOST_SEVERE_FIRST.index(first.severity),
        first.at is None,
        when.isoformat() if when else "~",
        group.code,
        group.targets[0],
    )


def _accounts(one: Finding, rows: Mapping[str, Row], names: Mapping[str, list[str]]) -> list[str]:
    """Return the ids of the accounts that a finding is about, as their targets have them: several, if it only says a
    name that several have. Empty text if it is about no target."""
    for id_ in (one.account.casefold(), one.target.casefold()):
        if id_ in rows:
            return [str(rows[id_].target.account)]
    if one.account:
        return [one.account]
    return [str(rows[id_].target.account) for id_ in names.get(one.target.casefold(), ())] or [""]


def _target(row: Row, found: list[Finding], mode: Mode) -> TargetStatus:
    dates: list[Deadline] = []
    if not row.is_stale and row.plan is not None and row.situation is not None:
        dates = sorted(deadlines(row.situation), key=lambda one: one.falls_at)
    return TargetStatus(row, state_of(row, found, mode), tuple(found), tuple(dates))


def _id(one: TargetStatus) -> str:
    return str(one.row.target.account).casefold()


def _is_general(one: Finding, ids: set[str]) -> bool:
    return one.account.casefold() not in ids
