"""When a survey is made: once a day, at most one attempt in an hour, and kept with the week that it belongs to."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.errors import RotationError, TryLater
from shared.domain.names import LOGGER
from shared.domain.relative import length_in_words
from shared.domain.times import stamp, unstamp
from shared.fleet.rotation import Rotation
from shared.readiness.counts import is_young
from shared.readiness.kept import OLD, KeptSurvey, load_survey, save_survey
from shared.readiness.kinds import Survey
from shared.readiness.ports import ReadOnly
from shared.readiness.survey import make_survey, without_logs
from shared.readiness.weeks import record_week

log = logging.getLogger(LOGGER)
NOTE = "notes/survey"  # when the last one was tried and made: a check reads it, because the survey itself may be large
TRIES_EVERY = timedelta(hours=1)
SURVEY = "the survey of readiness"  # as errors name it


@dataclass(frozen=True)
class Attempts:
    """When surveys were made.

    tried_at: When the last one was begun, in UTC. None if none was.
    made_at: When the last one was made whose logs answered, in UTC. None if none was.
    """

    tried_at: datetime | None = None
    made_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether another one is to be made."""
        return not (_within(self.made_at, OLD, now) or _within(self.tried_at, TRIES_EVERY, now))

    def text(self) -> str:
        """Return it as the text of a note."""
        return json.dumps([stamp(one) if one else None for one in (self.tried_at, self.made_at)])

    @classmethod
    def read(cls, text: str | None) -> Attempts:
        """Return what `text` wrote. Anything else counts as no attempt."""
        try:
            tried, made = json.loads(text or "[null, null]")
            return cls(unstamp(tried) if tried else None, unstamp(made) if made else None)
        except (ValueError, TypeError):
            return cls()


async def survey_if_due(app: Rotation, reads: ReadOnly, seconds: float | None = None) -> Survey | None:
    """Make a survey and keep it, if the last one is a day old and none was tried within the hour.

    seconds: How long it may take. None: without a limit.

    Returns it; None if none was to be made. Raises as `survey_now` does.
    """
    notes, now = app.outside.notes, app.outside.clock.now()
    attempts = Attempts.read(await notes.read(NOTE))
    if not attempts.is_due(now):
        return None
    await notes.write(NOTE, Attempts(now, attempts.made_at).text())
    made = (await survey_now(app, reads, seconds)).survey
    if made.asked_at >= now and (made.until is not None or app.settings.call_log is None):
        await notes.write(NOTE, Attempts(now, made.asked_at).text())
    return made


async def survey_now(app: Rotation, reads: ReadOnly, seconds: float | None = None) -> KeptSurvey:
    """Make a survey, keep it and its week, and return it.

    seconds: How long it may take. None: without a limit.

    If the logs do not answer, or it takes too long, the survey before stays, and has that as a problem. Raises a
    RotationError if the app's storage cannot be read or written, and TryLater if it takes too long.
    """
    outside = app.outside
    before, tag = await load_survey(outside.surveys)
    try:
        async with asyncio.timeout(seconds) as limit:
            made = await make_survey(app, reads, before)
    except TimeoutError:
        if not limit.expired():
            raise
        error = TryLater(SURVEY, f"it took longer than {length_in_words(timedelta(seconds=seconds or 0))}.")
        failed = before or KeptSurvey(without_logs(app, await app.overview()))
        problems = [one for one in failed.survey.problems if one.thing != SURVEY]
        await save_survey(outside.surveys, _with_problems(failed, (*problems, error)), tag)
        raise error from None
    if before is not None and _stands(before, made):
        log.warning("readiness: the logs did not answer, so the survey of %s stays", before.survey.asked_at.isoformat())
        before = _with_problems(before, made.survey.problems)
        await save_survey(outside.surveys, before, tag)
        return before
    await save_survey(outside.surveys, made, tag)
    await record_week(outside.weeks, made.survey)
    return made


def _stands(before: KeptSurvey, made: KeptSurvey) -> bool:
    """Return whether the survey that is kept says more: its logs answered two days ago or later, and now do not."""
    young = is_young(before.survey, made.survey.asked_at)
    return young and before.survey.until is not None and made.survey.until is None


def _with_problems(kept: KeptSurvey, problems: Iterable[RotationError]) -> KeptSurvey:
    """Return a survey that stays, with what is a problem by now."""
    return replace(kept, survey=replace(kept.survey, problems=tuple(problems)))


def _within(moment: datetime | None, length: timedelta, now: datetime) -> bool:
    """Return whether a moment is no longer ago than that. One from the future is not."""
    return moment is not None and timedelta(0) <= now - moment < length
