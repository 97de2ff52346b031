"""The findings of the last survey of readiness: unused keys, unknown use, and accounts that cannot take an identity.

They are about enrolled accounts and about those that nobody enrolled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from shared.domain.readiness import Readiness, Verdict
from shared.findings.codes import Code, Severity, Urgency
from shared.findings.facts import Facts
from shared.findings.kinds import Finding
from shared.readiness.counts import as_it_counts, is_young
from shared.readiness.kinds import Entry
from shared.turns.report import Row


def of_readiness(facts: Facts) -> Iterator[Finding]:
    """Yield the findings that follow from the last survey, if there is one."""
    rows = {str(row.target.account).casefold(): row for row in facts.rows}
    if facts.survey is None:
        return
    believed = is_young(facts.survey, facts.now)
    for entry in as_it_counts(facts.survey, facts.now).entries:
        now = _as_seen_now(entry, rows.get(str(entry.account).casefold()))
        if now.key_auth:
            yield from _of_entry(now, facts, believed=believed or now is not entry)


def who_still_calls(entry: Entry | None) -> str:
    """Return what the last survey knows of the calls with a key, as a sentence after another one. Empty if nothing."""
    if entry is None or not entry.key_auth:
        return ""
    verdict, usage = entry.readiness, entry.usage
    if verdict.verdict is Verdict.USED and usage is not None:
        last = f", last {_moment(usage.last_key_call)}" if usage.last_key_call else ""
        return f" Its keys are {verdict.says}{last}."
    if verdict.verdict is Verdict.READY and usage is not None:
        return f" No call with a key was logged {_span(entry)}."
    if verdict.verdict is Verdict.CANNOT:
        return " It has no custom subdomain, so it cannot take an identity."
    return f" Whether its keys are used is {verdict.says}." if verdict.verdict is Verdict.UNKNOWN else ""


def _as_seen_now(entry: Entry, row: Row | None) -> Entry:
    """Return the entry of a target with what was seen of its account since the survey, and with its present date."""
    if row is None or row.seen is None:
        return entry
    seen = row.seen
    return replace(entry, key_auth=seen.key_auth, takes_identity=seen.takes_identity, sunset=row.target.sunset)


def _of_entry(entry: Entry, facts: Facts, *, believed: bool) -> Iterator[Finding]:
    if not entry.takes_identity and believed:
        yield without_subdomain(_about(entry), str(entry.account), entry.sunset)
    if entry.readiness.verdict is Verdict.READY and entry.sunset is None:
        why = f"No call with a key was logged {_span(entry)}."
        yield Finding(Code.KEYS_UNUSED, _about(entry), why, account=str(entry.account))
    if entry.readiness.verdict is Verdict.UNKNOWN and facts.settings.call_log is not None:
        unlogged = str(entry.account).casefold() in facts.without_log
        code = Code.NO_CALL_LOG if unlogged else Code.USE_UNKNOWN
        step = entry.readiness.next_step.partition(": az ")[0] or None  # the command stands beside it
        yield Finding(code, _about(entry), _sentence(entry.readiness), step, account=str(entry.account))


def without_subdomain(about: str, account: str, sunset: datetime | None = None) -> Finding:
    """Return the finding about an account that accepts keys and no Entra tokens.

    about: The target's name, or the account's id.
    account: The account's id.
    sunset: When all its keys are agreed to end, in UTC: then a person must act before. None if no date is agreed.
    """
    why = "It has no custom subdomain, so Azure refuses Entra tokens there."
    if sunset is None:
        return Finding(Code.NO_CUSTOM_SUBDOMAIN, about, why, account=account)
    why += f" All its keys are agreed to end on {sunset:%Y-%m-%d}, which is held back until it can take an identity."
    urgent, grave = Urgency.TO_DO, Severity.HIGH
    return Finding(
        Code.NO_CUSTOM_SUBDOMAIN, about, why, None, urgent, at=sunset, account=account, special_severity=grave
    )


def _about(entry: Entry) -> str:
    return entry.target or str(entry.account)


def _sentence(readiness: Readiness) -> str:
    return f"Whether its keys are used is {readiness.says}."


def _span(entry: Entry) -> str:
    usage = entry.usage
    return f"from {usage.since:%Y-%m-%d} to {usage.until:%Y-%m-%d}" if usage else "in the time that was asked for"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
