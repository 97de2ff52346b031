"""The last survey as it counts now: after some time it says nothing any more, whatever it said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.readiness import Readiness, unknown
from shared.domain.relative import length_in_words
from shared.ports import Views
from shared.readiness.kept import KeptSurvey, load_survey
from shared.readiness.kinds import Survey

STANDS_FOR = timedelta(days=2)  # so long a survey is believed, and stays if the logs do not answer any more
STANDS_FOR_TURNS = timedelta(hours=26)  # a day, and the time that the next survey may need; then turns ask the logs
NEXT_CHECK = "wait for the next check, which makes one; if there is still none, its log says why"


def is_young(survey: Survey, now: datetime, stands_for: timedelta = STANDS_FOR) -> bool:
    """Return whether a survey is believed at this moment. One from the future is not."""
    return timedelta(0) <= now - survey.asked_at < stands_for


def as_it_counts(survey: Survey, now: datetime) -> Survey:
    """Return a survey as it counts now: with its verdicts while it is young, and then with none at all.

    What it saw stays in it, such as the calls, with the moment at which it was made.
    """
    if is_young(survey, now):
        return survey
    verdict = _too_old(survey, now)
    return replace(survey, entries=tuple(replace(one, readiness=verdict, by_logs=False) for one in survey.entries))


async def last_survey(views: Views | None, now: datetime) -> KeptSurvey | None:
    """Return the survey that is kept, as it counts now. None without one. Raises what the storage raises.

    Of an old one, what it knew of diagnostic settings counts no more, either.
    """
    kept, _ = await load_survey(views)
    if kept is None or is_young(kept.survey, now):
        return kept
    return replace(kept, survey=as_it_counts(kept.survey, now), asked={})


def _too_old(survey: Survey, now: datetime) -> Readiness:
    if survey.asked_at > now:
        return unknown("the last survey is from the future", NEXT_CHECK)
    return unknown(f"the last survey is {length_in_words(now - survey.asked_at)} old", NEXT_CHECK)
