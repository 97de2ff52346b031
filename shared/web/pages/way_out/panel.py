"""The panel of one target's page that says who still uses its keys, made of the kept survey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.model import AccountId
from shared.domain.readiness import Readiness, Verdict
from shared.domain.relative import counted
from shared.domain.usage import IdentityCaller, KeyCaller, Usage
from shared.findings.facts import Facts
from shared.readiness.kinds import Entry
from shared.web.pages.way_out.days_chart import DaysChart, days_chart_of
from shared.web.pages.way_out.fleet_callers import in_percent, label_of
from shared.web.pages.way_out.key_use import CallsChange, change_of
from shared.web.pages.way_out.next_steps import NO_STEP, StepShown, as_sentence, step_of

SHOWN = 8  # callers of each kind; the others are counted
NO_LOG = (
    "Nobody knows: no log of calls is configured. Set ROTATION_LOG_WORKSPACE_ID, and send the account's "
    "RequestResponse log to that workspace."
)
NOT_YET = "Nobody has looked yet: a check looks once a day, and python -m cli readiness looks now."
NOT_SEEN = "The last survey did not see this account. The next one looks again."


@dataclass(frozen=True)
class PanelCaller:
    """One caller with a key.

    label: Who it is: its name, or its address.
    seen: With what it calls, and from where if it has a name. Empty if the log does not have it.
    calls: How many calls it made within the span.
    share: Which part of the account's calls with a key that is, in words.
    last_at: When it made the last one, in UTC.
    """

    label: str
    seen: str
    calls: int
    share: str
    last_at: datetime


@dataclass(frozen=True)
class KeyUsers:
    """The panel.

    readiness: Whether the account can do without keys. None if no survey saw it.
    why_not: Why nothing is known, as a sentence. Empty if something is.
    step: What to do.
    asked_at: When the survey was made, in UTC. None without one.
    until: Until when the logs were asked, in UTC. None if they were not.
    chart: The calls day by day. None if none is known.
    callers: Who calls with a key; some of them.
    more_callers: How many others do.
    identities: Who calls by identity; some of them.
    more_identities: How many others are known.
    change: How the calls with a key of the last seven days differ from those before. None if that is not known.
    says: Both kinds of calls in one sentence. Empty if they are not known.
    unclear: What could not be told apart, as a sentence. Empty if nothing.
    keyless_since: Since when the account accepts no keys, in UTC. None if it does, or if that is not known.
    """

    readiness: Readiness | None = None
    why_not: str = ""
    step: StepShown = NO_STEP
    asked_at: datetime | None = None
    until: datetime | None = None
    chart: DaysChart | None = None
    callers: tuple[PanelCaller, ...] = ()
    more_callers: int = 0
    identities: tuple[IdentityCaller, ...] = ()
    more_identities: int = 0
    change: CallsChange | None = None
    says: str = ""
    unclear: str = ""
    keyless_since: datetime | None = None

    @property
    def sentence(self) -> str:
        """Whether the account can do without keys, as a sentence."""
        if self.readiness is None:
            return self.why_not
        if self.readiness.verdict is Verdict.KEYLESS:
            return "It accepts no keys."
        if self.readiness.verdict is Verdict.READY:
            return "No call with a key was logged, so all keys may end."
        return as_sentence(self.readiness.says)


def key_users_of(facts: Facts, account: AccountId) -> KeyUsers:
    """Return who uses the keys of an account, as the kept survey of these facts knows it."""
    survey = facts.survey
    if survey is None:
        return KeyUsers(why_not=NOT_YET if facts.settings.call_log else NO_LOG)
    entry = survey.of(account)
    if entry is None:
        return KeyUsers(why_not=NOT_SEEN, asked_at=survey.asked_at)
    return _of_entry(entry, survey.asked_at)


def _of_entry(entry: Entry, asked_at: datetime) -> KeyUsers:
    usage = entry.usage
    known = KeyUsers(
        readiness=entry.readiness,
        step=step_of(entry),
        asked_at=asked_at,
        keyless_since=entry.keyless_since,
    )
    return known if usage is None else _with_calls(known, usage)


def _with_calls(known: KeyUsers, usage: Usage) -> KeyUsers:
    callers = tuple(_caller(one, usage) for one in usage.callers[:SHOWN])
    return KeyUsers(
        readiness=known.readiness,
        step=known.step,
        asked_at=known.asked_at,
        until=usage.until,
        chart=days_chart_of(usage),
        callers=callers,
        more_callers=usage.different_callers - len(callers),
        identities=usage.identities[:SHOWN],
        more_identities=max(0, len(usage.identities) - SHOWN),
        change=change_of(usage),
        says=_both_kinds(usage),
        unclear=_unclear(usage),
        keyless_since=known.keyless_since,
    )


def _caller(one: KeyCaller, usage: Usage) -> PanelCaller:
    label = one.name or one.address or label_of(one)
    seen: Sequence[str] = (one.address, one.client) if one.name else (one.client,) if one.address else ()
    share = in_percent(one.calls / max(usage.with_key, 1))
    return PanelCaller(label, " with ".join(filter(None, seen)), one.calls, share, one.last_at)


def _both_kinds(usage: Usage) -> str:
    total = usage.with_key + usage.by_identity
    days = counted((usage.until - usage.since).days, "day")
    if not total:
        return f"No call of either kind in {days}."
    kinds = f"{counted(usage.with_key, 'call')} with a key and {usage.by_identity:,} by identity in {days}"
    both = usage.with_key and usage.by_identity
    return f"{kinds}: {in_percent(usage.with_key / total)} of them with a key." if both else f"{kinds}."


def _unclear(usage: Usage) -> str:
    if not usage.unclear:
        return ""
    were = counted(usage.unclear, "call was", "calls were")
    return f"{were} logged without the properties that would name a caller, and count as neither kind."
