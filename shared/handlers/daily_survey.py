"""The survey of readiness that a check makes once a day, after it has queued its turns. It never fails a check."""

from __future__ import annotations

import logging
from datetime import datetime

from shared.domain.errors import RotationError
from shared.domain.names import LOGGER
from shared.domain.relative import counted
from shared.fleet.rotation import Rotation
from shared.handlers.invocation import MOST_SECONDS as MOST_OF_A_CHECK
from shared.readiness.daily import survey_if_due
from shared.readiness.kinds import Survey
from shared.wiring import read_only, time_limit

log = logging.getLogger(LOGGER)
MOST_SECONDS = 500.0  # for one survey; the queries of its logs may take 100 seconds, and then 8 times 45
LEAST_SECONDS = 30.0  # with less time left of a check, it is left to the next one


async def survey_daily(app: Rotation, began: datetime) -> None:
    """Make the survey of the day, if it is time. Raises nothing: if it fails, the log says why.

    began: When the check began, in UTC.
    """
    if app.outside.surveys is None:
        return
    left = MOST_OF_A_CHECK - (app.outside.clock.now() - began).total_seconds()
    if left < LEAST_SECONDS:
        log.info("readiness: the check took so long that its survey is left to the next one")
        return
    try:
        with time_limit(left):
            made = await survey_if_due(app, await read_only(), min(MOST_SECONDS, left - LEAST_SECONDS / 2))
    except RotationError as error:
        log.warning("readiness: no survey was made: %s", error)
    except Exception as error:
        log.warning("readiness: no survey was made: %s", type(error).__name__, exc_info=error)
    else:
        _log(made)


def _log(made: Survey | None) -> None:
    if made is None:
        return
    counts = ", ".join(f"{stage.words}: {number}" for stage, number in made.counts().items())
    log.info("readiness: %s. %s. Problems: %d.", counted(len(made.entries), "account"), counts, len(made.problems))
    for error in made.problems:
        log.warning("readiness: %s", error)
