"""The readiness of one account: its logs are asked anew, and it says what keeps its keys from ending."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from shared.decide.plan import Plan
from shared.domain.errors import RotationError, UnknownTarget
from shared.domain.model import AccountId, Target
from shared.domain.readiness import SEND_LOG, Readiness, Verdict, readiness_of, unknown
from shared.domain.relative import exact
from shared.domain.usage import Usage
from shared.fleet.rotation import Rotation
from shared.readiness.apps import NOT_SEEN, AppsAround, apps_around
from shared.readiness.counts import last_survey
from shared.readiness.entries import with_step
from shared.readiness.kept import KeptSurvey
from shared.readiness.kinds import Entry, Survey
from shared.readiness.log_settings import silent_because
from shared.readiness.ports import ReadOnly
from shared.readiness.survey import Calls, ask_logs
from shared.turns.keyless import keyless_of
from shared.turns.report import Row

NO_SUNSET = "No date is agreed on which all its keys end."
_NOTHING = unknown("no call of any kind was logged", SEND_LOG)
_AS_SENTENCE = {
    Verdict.USED: "Its keys are {says}.",
    Verdict.UNKNOWN: "Whether its keys are used is {says}.",
    Verdict.CANNOT: "The account {says}.",
}


@dataclass(frozen=True)
class OneAccount:
    """The readiness of one account.

    survey: What was found: its entry alone, and why something could not be seen.
    held_back: What keeps its keys from ending, as sentences. Empty if nothing does, or if they have ended.
    apps: The applications around it. None if they could not be seen.
    unseen: What is not among them, or why they could not be seen.
    """

    survey: Survey
    held_back: tuple[str, ...]
    apps: AppsAround | None = None
    unseen: str = ""

    @property
    def entry(self) -> Entry:
        """The entry of the account."""
        return self.survey.entries[0]


async def find_account(app: Rotation, which: str | AccountId) -> tuple[AccountId, Target | None]:
    """Return the account that is asked for, by its name or its id, and the target that it is, if it is one.

    An account that nobody enrolled is found if the last survey has seen it. Raises as `Fleet.find_one` does.
    """
    try:
        target = (await app.fleet.find_one(which)).target
    except UnknownTarget:
        kept = await last_survey(app.outside.surveys, app.outside.clock.now())
        entries = kept.survey.entries if kept else ()
        named = [one.account for one in entries if _is_meant(one.account, which) and one.target is None]
        if len(named) != 1:
            raise
        return named[0], None
    return target.account, target


async def readiness_of_one(app: Rotation, reads: ReadOnly, account: AccountId, target: Target | None) -> OneAccount:
    """Return the readiness of an account as it is now.

    target: The target that it is. None if nobody enrolled it.

    One query of the logs, one read of the account, two queries of Resource Graph, one note if it is keyless, and for a
    target the calls of a plan. What the last survey found of its diagnostic settings is taken over.

    Raises a RotationError if the account cannot be read. Logs that do not answer are a problem in the answer.
    """
    entry, calls, problems = await _entry(app, account, target)
    row = await app.plan_turn(target) if target else None
    apps, unseen = await _apps(reads, account, entry.usage)
    if row is not None and row.error is not None:
        problems = (*problems, row.error)
    survey = Survey(app.outside.clock.now(), calls.since, calls.until, entry.name, (entry,), problems)
    return OneAccount(survey, held_back(entry, row), apps, unseen)


async def _entry(
    app: Rotation, account: AccountId, target: Target | None
) -> tuple[Entry, Calls, tuple[RotationError, ...]]:
    found, calls = await asyncio.gather(app.outside.accounts.read(account), ask_logs(app, account))
    kept, unread = await _kept(app)
    noted, lost = (None, []) if found.key_auth else await _noted(app, account)
    asked = kept.asked.get(str(account).casefold()) if kept else None
    without = calls.unasked or (silent_because(account, asked) if asked else _NOTHING)
    usage = calls.usages.get(str(account).casefold())
    takes = found.takes_identity
    verdict = readiness_of(key_auth=found.key_auth, takes_identity=takes, usage=usage, without=without)
    before = kept.survey.of(account) if kept else None
    since = noted or (before.keyless_since if before and not before.key_auth and not found.key_auth else None)
    entry = Entry(
        account,
        with_step(verdict, account, target),
        target.name if target else None,
        target.owner if target else None,
        usage,
        found.key_auth,
        takes,
        since,
        target.sunset if target else None,
        by_logs=calls.unasked is None and found.key_auth and takes,
    )
    return entry, calls, (*calls.problems, *unread, *lost)


async def _apps(reads: ReadOnly, account: AccountId, usage: Usage | None) -> tuple[AppsAround | None, str]:
    """Return the applications around an account, and what is not among them, or why they could not be seen."""
    try:
        return apps_around(account, await reads.identities.around(account), usage), NOT_SEEN
    except RotationError as error:
        return None, f"Its applications could not be seen. {error.what} Next step: {error.next_step}."


def held_back(entry: Entry, row: Row | None) -> tuple[str, ...]:
    """Return what keeps the keys of an account from ending, as sentences. Pure.

    row: What a turn would do now. None if nobody enrolled the account.
    """
    if not entry.key_auth or row is None:
        return ()
    said = [] if entry.sunset else [NO_SUNSET]
    if not entry.readiness.is_ready:
        said.append(in_a_sentence(entry.readiness))
    return (*said, *(_plan(row.plan) if entry.sunset and row.plan else ()))


def _plan(plan: Plan) -> tuple[str, ...]:
    """Return what the plan of a target waits for."""
    until = f" Held until {exact(plan.held_until)}." if plan.held_until else ""
    return (f"{plan.why}{until}",) if plan.is_held else ()


def in_a_sentence(readiness: Readiness) -> str:
    """Return a verdict as a sentence: "Its keys are used by 2 callers."."""
    return _AS_SENTENCE.get(readiness.verdict, "The account is {says}.").format(says=readiness.says)


def _is_meant(account: AccountId, which: str | AccountId) -> bool:
    return account.name.casefold() == which.casefold() if isinstance(which, str) else account.same_as(str(which))


async def _noted(app: Rotation, account: AccountId) -> tuple[datetime | None, list[RotationError]]:
    """Return since when an account accepts no keys, by the note about it, and why that could not be read."""
    try:
        noted = await keyless_of(app.outside.notes, account)
    except RotationError as error:
        return None, [error]
    return noted.at if noted is not None and noted.off else None, []


async def _kept(app: Rotation) -> tuple[KeptSurvey | None, list[RotationError]]:
    try:
        return await last_survey(app.outside.surveys, app.outside.clock.now()), []
    except RotationError as error:
        return None, [error]
