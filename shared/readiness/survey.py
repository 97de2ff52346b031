"""Make a survey of readiness: every account in sight, how it was called, and whether it can do without keys.

The logs are asked once for the whole fleet, and diagnostic settings for a bounded number of accounts without a logged
call. Nothing is ever ready because something was silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.readiness import NO_LOGS, SET_WORKSPACE, Readiness, unknown
from shared.domain.usage import Usage
from shared.fleet.rotation import Rotation
from shared.fleet.survey import Overview
from shared.ports import CallLogs
from shared.readiness.counts import NEXT_CHECK
from shared.readiness.entries import InSight, entry_of, in_sight
from shared.readiness.kept import AskedSettings, KeptSurvey
from shared.readiness.kinds import Entry, Survey
from shared.readiness.log_settings import ask_settings, silent_because
from shared.readiness.ports import ReadOnly
from shared.readiness.unlisted import read_unlisted
from shared.turns.keyless import keyless_of

MOST_NOTES = 100  # of keyless accounts, read by one survey; later ones read on
_SEE_SCOPE = "see that the app may read it: python -m cli doctor"
_NOT_YET = "no survey was made yet"


@dataclass(frozen=True)
class Calls:
    """What the logs told of all accounts.

    usages: How each account was called, by its id in lower case.
    since: Where the span begins that they were asked for, in UTC. None if they did not answer.
    until: Where it ends, in UTC. None if they did not answer.
    unasked: The verdict about every account with keys, if they were not asked or did not answer. None if they answered.
    problems: Why they did not answer.
    """

    usages: Mapping[str, Usage] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    unasked: Readiness | None = None
    problems: tuple[RotationError, ...] = ()


async def make_survey(app: Rotation, reads: ReadOnly, before: KeptSurvey | None) -> KeptSurvey:
    """Return a survey of all accounts in sight, and what is known of diagnostic settings.

    reads: What is seen beyond the targets.
    before: The survey that is kept. None without one.

    What could not be seen is a problem of the survey. Raises nothing of its own.
    """
    now = app.outside.clock.now()
    overview, seen = await app.overview(), await reads.sight.accounts()
    calls = await ask_logs(app)
    found = await read_unlisted(app.outside.accounts, in_sight(overview.rows, seen.accounts))
    silent = [one.account for one in found if one.is_seen and one.key_auth and one.id not in calls.usages]
    ask = reads.log_settings if calls.unasked is None else None
    asked, unread = await ask_settings(ask, silent, before.asked if before else {}, now)
    since, lost = await _keyless_since(app, found, before.survey.by_account() if before else {})
    entries = []
    for one in found:
        without = calls.unasked or _without_a_call(one, asked.get(one.id), seen.scope)
        told = calls.unasked is None
        entries.append(entry_of(one, calls.usages.get(one.id), without, since.get(one.id), logs_told=told))
    problems = each_once((*overview.problems, *seen.problems, *calls.problems, *unread, *lost))
    return KeptSurvey(Survey(now, calls.since, calls.until, seen.scope, tuple(entries), problems), asked)


async def _keyless_since(
    app: Rotation, found: Iterable[InSight], before: Mapping[str, Entry]
) -> tuple[dict[str, datetime], list[RotationError]]:
    """Return since when accounts accept no keys, by their ids in lower case, as far as it is known.

    The note about an account says it best: then what the last survey knew, and then what the secret says. At most
    `MOST_NOTES` notes are read, first about those of which nothing was known, then where the secret says otherwise.
    """
    since: dict[str, datetime] = {}
    noted_last: list[InSight] = []
    noted_first: list[InSight] = []
    for one in (one for one in found if not one.key_auth):
        earlier, withdrawn = before.get(one.id), one.withdrawn_at
        known = earlier.keyless_since if earlier is not None and not earlier.key_auth else None
        since |= {one.id: moment} if (moment := known or withdrawn) is not None else {}
        if one.row is not None and known is None:
            noted_first.append(one)
        elif one.row is not None and withdrawn is not None and known != withdrawn:
            noted_last.append(one)
    try:
        for one in (*noted_first, *noted_last)[:MOST_NOTES]:
            noted = await keyless_of(app.outside.notes, one.account)
            since |= {one.id: noted.at} if noted is not None and noted.off else {}
    except RotationError as error:
        return since, [error]
    return since, []


def without_logs(app: Rotation, overview: Overview) -> Survey:
    """Return what is known of the targets if no survey is kept: which accept no keys. Of the others, nothing is."""
    why = unknown(NO_LOGS, SET_WORKSPACE) if app.settings.call_log is None else unknown(_NOT_YET, NEXT_CHECK)
    entries = tuple(entry_of(one, None, why) for one in in_sight(overview.rows, ()))
    return Survey(app.outside.clock.now(), scope="the targets", entries=entries, problems=tuple(overview.problems))


def _without_a_call(one: InSight, asked: AskedSettings | None, scope: str) -> Readiness:
    """Return the verdict about an account of which no call was logged."""
    if one.is_seen:
        return silent_because(one.account, asked)
    if one.unread is not None:
        return unknown(f"it could not be read: {one.unread.what.removesuffix('.')}", one.unread.next_step)
    return unknown(f"it is not among the accounts that were seen ({scope})", _SEE_SCOPE)


async def ask_logs(app: Rotation, account: AccountId | None = None) -> Calls:
    """Return how all accounts were called, in one query; or one account.

    account: The only account that is asked for. None for all.
    """
    logs = app.outside.logs
    if logs is None:
        return Calls(unasked=unknown(NO_LOGS, SET_WORKSPACE))
    now, settings = app.outside.clock.now(), app.settings.call_log
    try:
        usages = await _usages(logs, account)
    except RotationError as error:
        why = unknown(f"the logs could not be asked: {error.what.removesuffix('.')}", error.next_step)
        return Calls(unasked=why, problems=(error,))
    one = next(iter(usages.values()), None)
    until = one.until if one else now
    since = one.since if one else now - settings.look_back if settings else now
    return Calls(usages, since, until)


async def _usages(logs: CallLogs, account: AccountId | None) -> Mapping[str, Usage]:
    if account is None:
        return await logs.usages()
    usage = await logs.usage(account)
    return {str(account).casefold(): usage} if usage is not None else {}


def each_once(problems: Iterable[RotationError]) -> tuple[RotationError, ...]:
    """Return problems without those that say the same of the same thing."""
    return tuple({(one.code, one.thing.casefold(), one.what): one for one in problems}.values())
