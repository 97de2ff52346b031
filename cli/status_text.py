"""The status of a fleet on a terminal: the sentence, the targets, what is to do, and what is to watch.

It shows what page and JSON show, from the same list of findings (P11).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from cli.printing import NOTHING, line, lines, table
from shared.domain.consumers import Consumers
from shared.domain.model import Target
from shared.domain.relative import away, counted, exact, length_in_words
from shared.domain.times import iso_duration
from shared.findings.commands import commands_for
from shared.findings.dates import dates_of
from shared.findings.kinds import Finding
from shared.findings.states import State
from shared.findings.status import Group, Status, TargetStatus
from shared.findings.verdict import Tone, verdict_of

MOST_ROWS = 20  # targets; of more, the states are counted
_MOST_NAMES = 10
_MARKS = {  # where standard output takes UTF-8, and where it does not
    State.ACTION: "✖X",
    State.UNKNOWN: "??",
    State.ATTENTION: "!!",
    State.OBSERVING: "◌-",
    State.WAITING: "….",
    State.ROTATING: "↻~",
    State.HEALTHY: "✓+",
    State.KEYLESS: "○o",
}
_MARK_OF_TONE = {
    Tone.RED: _MARKS[State.ACTION],
    Tone.AMBER: _MARKS[State.ATTENTION],
    Tone.TEAL: _MARKS[State.OBSERVING],
    Tone.GREEN: _MARKS[State.HEALTHY],
}


def sentence(status: Status) -> str:
    """Return what needs doing, and below it what else one must know."""
    verdict = verdict_of(status)
    mark = _chosen(_MARK_OF_TONE.get(verdict.tone, ""))
    detail = f"  {line(verdict.detail)}" if verdict.detail else ""
    return lines(f"{mark} {line(verdict.sentence)}".strip(), detail)


def targets_table(status: Status) -> str:
    """Return a row for each target. Of more than `MOST_ROWS` targets, the states are counted."""
    if len(status.targets) > MOST_ROWS:
        counted_rows = ((_marked(state), f"{status.counts[state]:,}") for state in State if status.counts[state])
        return lines(table(("  STATE", "TARGETS"), counted_rows), "Name targets to see them, or use --json.")
    heads = ("  STATE", "TARGET", "LIVE KEY", "NEXT", "", "EXACTLY", "TO ANNOUNCE", "WAITS FOR", "OWNER")
    return table(heads, (_cells(one, status.now) for one in status.targets)) if status.targets else ""


def consumers_table(status: Status) -> str:
    """Return who is slowest to notice a new key, for each target whose consumers are listed. Empty if there is none.

    Of more than `MOST_ROWS` targets, they are counted.
    """
    rows = [
        (one.name, one.row.target.cadence.overlap, one.row.target.consumers)
        for one in status.targets
        if one.row.target.consumers is not None
    ]
    if len(rows) > MOST_ROWS:
        return f"\nThe consumers of {len(rows):,} targets are listed. Name targets to see them, or use --json."
    heads = ("TARGET", "OVERLAP", "AT LEAST", "SLOWEST CONSUMER", "WITHIN", "NEVER NOTICE")
    return lines("", table(heads, (_consumer_cells(*row) for row in rows))) if rows else ""


def _consumer_cells(name: str, overlap: timedelta, consumers: Consumers) -> tuple[object, ...]:
    last = consumers.slowest
    within = iso_duration(consumers.notices_within(last)) if last else NOTHING
    never = ", ".join(consumers.never_notice) or NOTHING
    return name, iso_duration(overlap), iso_duration(consumers.least_overlap), last or NOTHING, within, never


def to_do_and_to_watch(status: Status) -> str:
    """Return what a person must do and what to watch, each with its cause, its consequence and its next step."""
    known = {str(one.row.target.account).casefold(): one.row.target for one in status.targets}
    parts = [("To do", status.to_do), ("To watch", status.to_watch)]
    return lines(*(_part(title, groups, status.now, known) for title, groups in parts if groups))


def _part(title: str, groups: Iterable[Group], now: datetime, known: dict[str, Target]) -> str:
    return lines("\n" + title, *(text for group in groups for text in _group(group, now, known)))


def _group(group: Group, now: datetime, known: dict[str, Target]) -> Iterator[str]:
    first = group.first
    moment, words = first.at or first.since, "since " if first.at is None else ""
    when = f", {words}{exact(moment)} ({away(moment, now)})" if moment else ""
    yield line(f"- {_names(group)}: {first.meaning.title}{when}")
    yield from (f"    {line(cause)}" for cause in group.causes[:_MOST_NAMES])
    yield f"    {line(first.meaning.consequence)}"
    yield from (f"    Next step: {line(step)}." for step in group.next_steps[:_MOST_NAMES])
    yield from (f"      {line(command)}" for command in _commands(group.findings, known))
    yield f"    See docs/runbook.md, Audit: {group.code}."


def _commands(findings: Iterable[Finding], known: dict[str, Target]) -> list[str]:
    found = [command for one in findings for command in commands_for(one, known.get(one.account.casefold()))]
    return list(dict.fromkeys(found))[:_MOST_NAMES]


def _names(group: Group) -> str:
    names = group.targets
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _cells(one: TargetStatus, now: datetime) -> tuple[object, ...]:
    row, dates = one.row, dates_of(one)
    awaited = row.situation.awaited if row.situation and row.situation.seen.publication else None
    waits = awaited.environment if awaited and not awaited.deployed else None
    relative, what, exactly = NOTHING, "", NOTHING
    if dates:
        first = dates[0]
        relative, what = away(first.falls_at, now) if first.falls_at else "not known", first.says
        exactly = exact(first.falls_at) if first.falls_at else f"was {exact(first.was)}" if first.was else NOTHING
    owed, owner = len(row.outstanding), row.target.owner or "no owner"
    return _marked(one.state), one.name, _live(one, now), relative, what, exactly, owed, waits or NOTHING, owner


def _live(one: TargetStatus, now: datetime) -> str:
    publication = one.row.seen.publication if one.row.seen else None
    if publication is None or publication.marks is None or one.row.situation is None or one.state is State.KEYLESS:
        return NOTHING
    stale = f" (as of {length_in_words(now - one.row.shown_at)} ago)" if one.is_stale and one.row.shown_at else ""
    return f"{one.row.situation.live.words}, {length_in_words(now - publication.marks.since)}{stale}"


def _marked(state: State) -> str:
    return f"{_chosen(_MARKS[state])} {state.words}"


def _chosen(mark: str) -> str:
    """Return the mark that standard output can write: the first where it takes UTF-8, else the second, in ASCII."""
    return mark[:1] if "utf" in (sys.stdout.encoding or "").lower() else mark[1:]


def age_line(status: Status, viewed_at: datetime | None) -> str:
    """Return how many targets were not observed, and how old what is shown of them is. Empty if all were."""
    count = sum(one.row.presumed for one in status.targets)
    if not count:
        return ""
    when = f", as a check saw it {length_in_words(status.now - viewed_at)} ago" if viewed_at else ""
    assessed = counted(count, "target was", "targets were")
    return f"\n{assessed} assessed from the vault listing alone{when}. Name a target to observe its keys."
