"""Readiness over HTTP: the fleet as the last survey found it, and one target as its logs tell now."""

from __future__ import annotations

from shared.fleet.rotation import Rotation
from shared.handlers.incoming import Incoming
from shared.readiness.counts import last_survey
from shared.readiness.one_account import find_account, readiness_of_one
from shared.readiness.ports import ReadOnly
from shared.readiness.survey import without_logs
from shared.readiness.weeks import load_weeks
from shared.web.readiness_data import ReadinessFilter, fleet_readiness, one_readiness
from shared.web.responses import Reply


async def see_readiness(app: Rotation, incoming: Incoming) -> Reply:
    """Return the last survey, or the part that the query chooses. Neither logs nor accounts are asked.

    Raises BadRequest for an invalid query, and a RotationError if the app's storage cannot be read.
    """
    wanted = ReadinessFilter.read(incoming.query)
    kept = await last_survey(app.outside.surveys, app.outside.clock.now())
    survey = kept.survey if kept else without_logs(app, await app.overview())
    return Reply(200, fleet_readiness(survey, await load_weeks(app.outside.weeks), wanted))


async def see_readiness_of(app: Rotation, reads: ReadOnly, incoming: Incoming) -> Reply:
    """Return the readiness of one target, or of an account that the last survey has seen. Its logs are asked anew, if
    this process did not do so within the last five minutes.

    Raises as finding it does, and a RotationError if its account cannot be read.
    """
    account, target = await find_account(app, incoming.which)
    now, key = app.outside.clock.now(), str(account).casefold()
    found = await reads.recent.of(key, target, now, lambda: readiness_of_one(app, reads, account, target))
    return Reply(200, one_readiness(found))
