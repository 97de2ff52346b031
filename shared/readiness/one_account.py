"""The readiness of one target: its logs are asked anew, and it says what keeps its keys from ending."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from shared.decide.plan import Plan
from shared.domain.errors import RotationError
from shared.domain.model import Target
from shared.domain.readiness import SEND_LOG, Readiness, readiness_of, unknown
from shared.domain.relative import exact
from shared.fleet.rotation import Rotation
from shared.readiness.entries import with_step
from shared.readiness.kept import KeptSurvey, load_survey
from shared.readiness.kinds import Entry, Survey
from shared.readiness.log_settings import silent_because
from shared.readiness.survey import ask_logs

NO_SUNSET = "No date is agreed on which all keys end."


@dataclass(frozen=True)
class OneAccount:
    """The readiness of one target.

    survey: What was found: its entry alone, and why something could not be seen.
    held_back: What keeps its keys from ending, as sentences. Empty if nothing does, or if they have ended.
    """

    survey: Survey
    held_back: tuple[str, ...]

    @property
    def entry(self) -> Entry:
        """The entry of the target."""
        return self.survey.entries[0]


async def readiness_of_one(app: Rotation, target: Target) -> OneAccount:
    """Return the readiness of a target as it is now.

    One query of the logs, one read of the account, and the calls of a plan. What the last survey found of its
    diagnostic settings and of the end of its keys is taken over.

    Raises a RotationError if the account cannot be read. Logs that do not answer are a problem in the answer.
    """
    account, calls, row = await asyncio.gather(
        app.outside.accounts.read(target.account), ask_logs(app, target.account), app.plan_turn(target)
    )
    kept, unread = await _kept(app)
    id_ = str(target.account).casefold()
    asked = kept.asked.get(id_) if kept else None
    without = calls.unasked or (silent_because(target.account, asked) if asked else _NOTHING)
    usage = calls.usages.get(id_)
    takes = account.takes_identity
    verdict = readiness_of(key_auth=account.key_auth, takes_identity=takes, usage=usage, without=without)
    before = kept.survey.of(target.account) if kept else None
    since = before.keyless_since if before and not account.key_auth else None
    entry = Entry(
        target.account,
        with_step(verdict, target.account, target),
        target.name,
        target.owner,
        usage,
        account.key_auth,
        takes,
        since,
        target.sunset,
    )
    problems = (*calls.problems, *unread, *([row.error] if row.error else []))
    survey = Survey(app.outside.clock.now(), calls.since, calls.until, target.name, (entry,), problems)
    return OneAccount(survey, held_back(entry, row.plan))


def held_back(entry: Entry, plan: Plan | None) -> tuple[str, ...]:
    """Return what keeps the keys of an account from ending, as sentences. Pure.

    plan: What a turn would do now. None if that could not be decided.
    """
    if not entry.key_auth:
        return ()
    said = [] if entry.sunset else [NO_SUNSET]
    if not entry.readiness.is_ready:
        said.append(in_a_sentence(entry.readiness))
    if entry.sunset and plan is not None and plan.is_held:
        until = f" Held until {exact(plan.held_until)}." if plan.held_until else ""
        said.append(f"{plan.why}{until}")
    return tuple(said)


def in_a_sentence(readiness: Readiness) -> str:
    """Return a verdict as a sentence: "Its keys are used by 2 callers."."""
    said = readiness.says
    if said.startswith("used"):
        return f"Its keys are {said}."
    if said.startswith("unknown"):
        return f"Whether its keys are used is {said}."
    return f"The account is {said}." if readiness.is_ready else f"The account {said}."


_NOTHING = unknown("no call of any kind was logged", SEND_LOG)


async def _kept(app: Rotation) -> tuple[KeptSurvey | None, list[RotationError]]:
    try:
        kept, _ = await load_survey(app.outside.surveys)
    except RotationError as error:
        return None, [error]
    return kept, []
