"""Readiness on a terminal: how far the fleet is, who makes most of the calls with a key, and what to do where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from cli.printing import NOTHING, line, lines, moment, table
from shared.domain.errors import RotationError
from shared.domain.readiness import Stage, Trend, key_calls_by_week, trend_of
from shared.domain.relative import counted, length_in_words
from shared.domain.usage import Usage
from shared.readiness.apps import AppsAround
from shared.readiness.kinds import Entry, Survey, Week
from shared.readiness.one_account import OneAccount
from shared.readiness.top_callers import top_callers

MOST_ROWS = 20  # accounts at one stage; the others are counted
MOST_WEEKS = 8
_ARROWS = {Trend.FALLING: "falling", Trend.STEADY: "steady", Trend.RISING: "rising", Trend.NONE: ""}
_TO_DO = (Stage.READY, Stage.MOVING, Stage.NOT_STARTED, Stage.UNKNOWN)


def fleet_text(survey: Survey, weeks: Sequence[Week], now: datetime) -> str:
    """Return the survey as text."""
    return lines(
        _sentence(survey),
        _age(survey, now),
        _weeks(weeks),
        _callers(survey),
        *(_stage(survey, stage) for stage in _TO_DO),
        _problems(survey.problems),
    )


def one_text(found: OneAccount) -> str:
    """Return the readiness of one account as text."""
    one = found.entry
    return lines(
        line(f"{one.name}: {one.readiness.says}."),
        f"Next step: {line(one.readiness.next_step)}." if one.readiness.next_step else "",
        _keyless(one),
        *(_usage(one.usage) if one.usage else ()),
        *(line(f"Held back: {each}") for each in found.held_back),
        *(_apps(found.apps) if found.apps else ()),
        line(found.unseen),
        _problems(found.survey.problems),
    )


def _sentence(survey: Survey) -> str:
    counts, total = survey.counts(), len(survey.entries)
    figures = ", ".join(f"{counts[stage]:,} {stage.words}" for stage in Stage)
    return f"{counted(total, 'account')}: {figures}."


def _age(survey: Survey, now: datetime) -> str:
    span = f"Calls from {moment(survey.since)} to {moment(survey.until)}." if survey.until else "No calls are known."
    return line(f"As seen {length_in_words(now - survey.asked_at)} ago in {survey.scope}. {span}")


def _weeks(weeks: Sequence[Week]) -> str:
    if not weeks:
        return ""
    heads = ("WEEK", *(stage.words.upper() for stage in Stage), "KEY CALLS")
    cells = ((one.name, *(one.counts.get(stage, 0) for stage in Stage), f"{one.key_calls:,}") for one in weeks)
    return "\n" + table(heads, list(cells)[-MOST_WEEKS:])


def _callers(survey: Survey) -> str:
    callers = top_callers(survey)
    cells = (
        (one.says, f"{one.share:.0%}", f"{one.caller.calls:,}", moment(one.caller.last_at), _some(one.accounts))
        for one in callers
    )
    heads = ("WHO MAKES MOST KEY CALLS", "SHARE", "CALLS", "LAST", "ACCOUNTS")
    return "\n" + table(heads, cells) if callers else ""


def _stage(survey: Survey, stage: Stage) -> str:
    found = [one for one in survey.entries if one.readiness.stage is stage]
    if not found:
        return ""
    rest = len(found) - MOST_ROWS
    more = f"and {rest:,} more; --json shows all" if rest > 0 else ""
    heads = ("ACCOUNT", "OWNER", "KEY CALLS IN 7 DAYS", "LAST KEY CALL", "WHAT IS KNOWN", "WHAT TO DO")
    shown = table(heads, map(_cells, found[:MOST_ROWS]))
    return lines(f"\n{stage.words.capitalize()}: {len(found):,}", shown, more)


def _cells(one: Entry) -> tuple[object, ...]:
    usage = one.usage
    calls = f"{key_calls_by_week(usage)[0]:,} {_ARROWS[trend_of(usage)]}".strip() if usage else "?"
    last = moment(usage.last_key_call) if usage else "?"
    owner = one.owner or "no owner"
    return one.name, owner, calls, last, one.readiness.says, one.readiness.next_step or NOTHING


def _keyless(one: Entry) -> str:
    if one.key_auth:
        return ""
    return f"It has accepted no keys since {moment(one.keyless_since)}." if one.keyless_since else "It accepts no keys."


def _usage(usage: Usage) -> Iterator[str]:
    yield f"Calls from {moment(usage.since)} to {moment(usage.until)}."
    yield f"  with a key: {usage.with_key:,}, the last one {moment(usage.last_key_call)}"
    yield f"  by identity: {usage.by_identity:,}, the last one {moment(usage.last_identity_call)}"
    if usage.callers:
        cells = ((one.says, f"{one.calls:,}", moment(one.last_at)) for one in usage.callers)
        yield "\n" + table(("WHO CALLS WITH A KEY", "CALLS", "LAST"), cells)
        yield f"and {usage.more_callers:,} more" if usage.more_callers else ""
    if usage.identities:
        cells = ((one.object_id, f"{one.calls:,}", moment(one.last_at)) for one in usage.identities)
        yield "\n" + table(("WHO CALLS BY IDENTITY", "CALLS", "LAST"), cells)
    days = (
        (each.day, f"{each.with_key:,}", f"{each.by_identity:,}")
        for each in usage.days
        if each.with_key or each.by_identity
    )
    yield "\n" + table(("DAY", "WITH A KEY", "BY IDENTITY"), days) + "\n"


def _apps(around: AppsAround) -> Iterator[str]:
    if around.apps:
        cells = ((one.name, one.kind, one.role, moment(one.last_identity_call), one.next_step) for one in around.apps)
        yield "\n" + table(("APPLICATION", "KIND", "ROLE", "LAST CALL BY IDENTITY", "WHAT TO DO"), cells)
    if around.roles:
        roles = ((one.object_id, one.principal_type, one.role, one.scope) for one in around.roles)
        yield "\n" + table(("OTHERS WITH A ROLE", "WHAT", "ROLE", "SCOPE"), roles)
    yield ""


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _problems(problems: Sequence[RotationError]) -> str:
    return "\n".join(line(f"{error.code}: {error}") for error in problems)
