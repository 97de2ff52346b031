"""The command `readiness`: who still uses keys, and which accounts can do without; of the fleet, or of one target."""

from __future__ import annotations

from cli.answer import DONE, DUE, CommandResult, code_of_error, worst
from cli.arguments import Command
from cli.readiness_text import fleet_text, one_text
from shared.domain.readiness import Stage
from shared.readiness.counts import last_survey
from shared.readiness.daily import survey_now
from shared.readiness.kinds import Entry, Survey
from shared.readiness.one_account import find_account, readiness_of_one
from shared.readiness.survey import without_logs
from shared.readiness.weeks import load_weeks
from shared.web.readiness_data import fleet_readiness, one_readiness
from shared.wiring import Opened


async def readiness(parts: Opened, command: Command) -> CommandResult:
    """The command `readiness`: show the last survey, or the account that is named as its logs tell now."""
    if command.account is not None or command.options.target is not None:
        return await _of_one(parts, command)
    survey = await _last_survey(parts)
    weeks, now = await load_weeks(parts.rotation.outside.weeks), parts.rotation.outside.clock.now()
    data = fleet_readiness(survey, weeks, rows=max(1, len(survey.entries)))
    return CommandResult(_code(survey), data, fleet_text(survey, weeks, now))


async def _of_one(parts: Opened, command: Command) -> CommandResult:
    account, target = await find_account(parts.rotation, command.target)
    found = await readiness_of_one(parts.rotation, parts.read_only, account, target)
    return CommandResult(_code(found.survey), one_readiness(found), one_text(found))


async def _last_survey(parts: Opened) -> Survey:
    """Return the survey that is kept. If none is, make one and keep it, if anything is configured to make it from."""
    app = parts.rotation
    kept = await last_survey(app.outside.surveys, app.outside.clock.now())
    if kept is None and app.outside.surveys is not None:
        kept = await survey_now(app, parts.read_only)
    return kept.survey if kept else without_logs(app, await app.overview())


def _code(survey: Survey) -> int:
    """Return the exit code: 3 if somebody must do something about an account, 1 if something could not be seen."""
    found = [DUE for one in survey.entries if _needs_somebody(one)]
    return worst([*found, *map(code_of_error, survey.problems)]) if found or survey.problems else DONE


def _needs_somebody(one: Entry) -> bool:
    """Return whether an account waits for a person. Keyless ones do not, nor those whose agreed end nothing holds."""
    return one.readiness.stage is not Stage.KEYLESS and not (one.readiness.is_ready and one.sunset)
