"""Gather the findings of a fleet: what is not as it should be, each with a code, a severity and a next step.

They follow from a survey of the targets and from what the app has on record; no right is needed beyond those of a
turn. A finding says what is true now. What will be done about it, and when, is shown by `plan`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from shared.announce.listening import Hearing
from shared.domain.account_kinds import in_state
from shared.domain.errors import RotationError
from shared.domain.readiness import Verdict
from shared.domain.throttle import Throttle
from shared.findings.codes import MOST_SEVERE_FIRST, Code
from shared.findings.facts import Checks, Facts
from shared.findings.kinds import Finding
from shared.findings.listening import of_hearing
from shared.findings.many import find_left_of_many
from shared.findings.of_app import of_app
from shared.findings.of_problems import of_problem
from shared.findings.of_readiness import of_readiness, without_subdomain
from shared.findings.of_rights import find_key_roles
from shared.findings.of_targets import of_target
from shared.findings.status import concerns, status_of
from shared.fleet.pace import SHORTEST, USUAL
from shared.fleet.rotation import Rotation
from shared.fleet.survey import Overview
from shared.fleet.view import View
from shared.ports import Account
from shared.readers.ports import Rights
from shared.readiness.counts import last_survey
from shared.readiness.kept import KeptSurvey
from shared.readiness.kinds import Entry
from shared.readiness.ports import Sight
from shared.settings.target_fields import TAG
from shared.turns.report import Row

_UNUSED = "no call with a key was logged: ask its owner, and switch its keys off instead of enrolling it"


@dataclass(frozen=True)
class Audited:
    """What an audit found.

    findings: The findings, the most severe first.
    scope: Where it looked for accounts, in words.
    rights: In how many subscriptions it looked for roles that show keys, in words. Empty if it did not look.
    """

    findings: list[Finding]
    scope: str
    rights: str = ""


async def gather_findings(rotation: Rotation, sight: Sight, rights: Rights | None = None) -> Audited:
    """Return every finding about the settings, the targets and the accounts in sight.

    rights: Who has which right. None: roles that show keys are not looked for.

    Every target is observed. What cannot be read becomes a finding, so that nothing is missing from the list.
    """
    facts, found = await gather_observed(rotation)
    enrolled = {str(row.target.account).casefold() for row in facts.rows}
    enrolled |= {one.thing.casefold() for one in facts.problems}
    unlisted = {f"subscription {error.subscription}" for error in facts.problems}
    seen = await sight.accounts()
    for account in seen.accounts:
        found += _of_account(account, enrolled, facts.entry_of(account.id))
    found += _without_subdomain(seen.accounts, facts.rows, found)
    found += [of_problem(error) for error in seen.problems if error.thing not in unlisted]
    wide, words = await find_key_roles(rights, seen.accounts) if rights else ([], "")
    return Audited(severe_first([*found, *wide]), seen.scope, words)


async def gather_observed(rotation: Rotation) -> tuple[Facts, list[Finding]]:
    """Observe every target, and return what is known of the fleet and the findings that follow."""
    rows, problems = await rotation.survey()
    left, unknown = await rotation.left()
    known = {error.thing.casefold() for error in problems}
    gone = [error for error in (one.as_error() for one in left) if error.thing.casefold() not in known]
    ids = frozenset(one.account for one in left)
    last = await rotation.surveyor.last_seen()
    seen = replace(last, rows=rows, problems=[*problems, *unknown, *gone], left=ids)
    facts = await _as_observed(rotation, await read_facts(rotation, seen, checks_of(rotation, seen)))
    return facts, severe_first(findings_of(facts))


async def gather_named(rotation: Rotation, rows: list[Row]) -> tuple[Facts, list[Finding]]:
    """Return what is known of these targets, which were observed just now, and the findings that matter for them."""
    seen = replace(await rotation.surveyor.last_seen(), rows=rows)
    read = await read_facts(rotation, seen, checks_of(rotation, seen))
    facts = replace(await _as_observed(rotation, read), problems=[])
    return facts, severe_first(found_for(facts))


def found_for(facts: Facts) -> list[Finding]:
    """Return the findings that matter for the targets of these facts, with the account that each is about."""
    found = status_of(facts, findings_of(facts)).findings
    return [one for one in found if any(concerns(one, row.target) for row in facts.rows)]


async def _as_observed(rotation: Rotation, facts: Facts) -> Facts:
    """Return the facts for targets that were observed just now. That does not show whether their turns fail."""
    return replace(facts, observed=True, troubles=await rotation.surveyor.troubles())


async def gather_shown(rotation: Rotation) -> tuple[Facts, list[Finding]]:
    """Return what is known of the fleet without a call to Azure for each target, and the findings that follow."""
    overview = await rotation.overview()
    facts = await read_facts(rotation, overview, checks_of(rotation, overview))
    return facts, severe_first(findings_of(facts))


async def gather_kept(rotation: Rotation, view: View) -> tuple[Facts, list[Finding]]:
    """Return what the view that a check has just kept shows, and the findings that follow.

    Only the app's own storage is read. So nobody is asked who listens, and such findings are missing.
    """
    overview = await rotation.surveyor.overview_of(view)
    facts = await read_facts(rotation, overview, checks_of(rotation, overview), asks_listeners=False)
    return facts, severe_first(findings_of(facts))


def checks_of(rotation: Rotation, overview: Overview) -> Checks:
    """Return when checks ran, as the last one has kept it."""
    last, following = overview.last_at, overview.next_at
    usual: timedelta = rotation.settings.pause or USUAL
    return Checks(last, max(following - last, SHORTEST) if last and following else usual)


async def read_facts(
    rotation: Rotation, overview: Overview, checks: Checks | None = None, *, asks_listeners: bool = True
) -> Facts:
    """Return all that findings follow from. What the app has on record and cannot read becomes a problem.

    asks_listeners: Whether Azure is asked who listens to the topic, which happens once an hour at most. Default: yes.

    The calls are made side by side, because a person waits.
    """
    (
        (leaks, unread),
        (written, unseen),
        (throttles, unknown),
        (of_many, unreadable),
        (kept, lost),
        hearing,
    ) = await asyncio.gather(
        rotation.leaks.pending(),
        rotation.other_writers(),
        _throttles(rotation),
        find_left_of_many(rotation),
        _survey(rotation),
        _hearing(rotation, asks_listeners=asks_listeners),
    )
    return Facts(
        settings=rotation.settings,
        now=rotation.outside.clock.now(),
        rows=overview.rows,
        problems=[*overview.problems, *unread, *unseen, *unknown, *unreadable, *lost],
        left=overview.left,
        owing=overview.owing,
        seen_at=overview.last_at,
        leaks=leaks,
        written={note.secret.casefold(): note for note in written},
        throttles=throttles,
        of_many=of_many,
        hearing=hearing,
        checks=checks,
        viewed_at=overview.seen_at,
        whole_at=overview.whole_at,
        survey=kept.survey if kept else None,
        without_log=kept.without_log if kept else frozenset(),
    )


def findings_of(facts: Facts) -> list[Finding]:
    """Return the findings that follow from these facts. Pure: equal facts give equal findings."""
    shown = {row.error.thing.casefold() for row in facts.rows if row.error is not None}
    found = [*of_app(facts), *facts.of_many]
    lasts = facts.is_long_unseen(facts.whole_at)
    unshown = [error for error in facts.problems if error.thing.casefold() not in shown]
    found += [of_problem(error, facts.left, lasts=lasts) for error in unshown]
    for row in facts.rows:
        found += of_target(row, facts)
    found += of_readiness(facts)
    if facts.hearing is not None:
        found += of_hearing(facts.hearing, [row.target for row in facts.rows])
    return found


def severe_first(found: Iterable[Finding]) -> list[Finding]:
    """Return findings in their order: the most severe first, equal kinds together."""
    return sorted(found, key=lambda one: (MOST_SEVERE_FIRST.index(one.severity), one.code, one.target))


async def _hearing(rotation: Rotation, *, asks_listeners: bool) -> Hearing | None:
    """Return who listens. None if no topic is set, or if it is not asked."""
    outside = rotation.outside
    asked = outside.listeners if asks_listeners else None
    return await asked.hearing(outside.clock.now()) if asked else None


async def _survey(rotation: Rotation) -> tuple[KeptSurvey | None, list[RotationError]]:
    """Return the last survey of readiness as it counts now, and why it could not be read."""
    try:
        kept = await last_survey(rotation.outside.surveys, rotation.outside.clock.now())
    except RotationError as error:
        return None, [error]
    return kept, []


async def _throttles(rotation: Rotation) -> tuple[tuple[Throttle, ...], list[RotationError]]:
    """Return where Azure asks to wait, and why that could not be read."""
    throttles = rotation.outside.throttles
    try:
        return tuple(await throttles.known(rotation.outside.clock.now())) if throttles else (), []
    except RotationError as error:
        return (), [error]


def _without_subdomain(accounts: Iterable[Account], rows: Iterable[Row], found: Iterable[Finding]) -> list[Finding]:
    """Return the findings about accounts that accept keys and no Entra tokens, and of which that is not found yet."""
    known = {one.account.casefold() for one in found if one.code is Code.NO_CUSTOM_SUBDOMAIN}
    targets = {str(row.target.account).casefold(): row.target for row in rows}
    named: list[Finding] = []
    for one in accounts:
        id_ = str(one.id).casefold()
        if one.key_auth and not one.takes_identity and id_ not in known:
            target = targets.get(id_)
            about, sunset = (target.name, target.sunset) if target else (str(one.id), None)
            named.append(without_subdomain(about, str(one.id), sunset))
    return named


def _of_account(account: Account, known: set[str], entry: Entry | None) -> Iterator[Finding]:
    """Yield a finding if a person must mend the account's state, one if its keys are enabled and it is unknown, and
    one if they work from any address.

    `known` holds the ids, in lower case, of targets and of accounts that could not be enrolled; `entry` is what the
    last survey of readiness found of it.
    """
    unready = in_state(str(account.id), account.state)
    if unready is not None and unready.needs_a_person:
        yield Finding(Code.NOT_READY, str(account.id), unready.what, unready.next_step, account=str(account.id))
    if account.key_auth and str(account.id).casefold() not in known:
        word = account.tags.get(TAG, "").strip().lower()
        state = "is tagged off" if word == "off" else "is not enrolled"
        why = f"The account {state} and its key authentication is enabled, so nothing rotates its keys."
        step = _UNUSED if entry is not None and entry.readiness.verdict is Verdict.READY else None
        yield Finding(Code.NOT_ENROLLED, str(account.id), why, step, account=str(account.id))
    if account.key_auth and account.open:
        why = "No network rule of the account keeps any address out, and it accepts keys."
        yield Finding(Code.OPEN_TO_THE_INTERNET, str(account.id), why, account=str(account.id))
