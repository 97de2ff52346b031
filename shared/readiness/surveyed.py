"""What the last survey of readiness said, for turns and overviews: one read for many targets."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.readiness import Readiness
from shared.ports import Views
from shared.readiness.counts import STANDS_FOR_TURNS, is_young, last_survey

log = logging.getLogger(LOGGER)
READ_EVERY = timedelta(minutes=10)  # one process; a survey is made once a day
LEARNT_FOR = timedelta(hours=6)  # what a turn was told counts as long, if it says that an account is not ready


class SurveyedReadiness:
    """The verdicts of the survey that is kept, as far as they follow from the logs, remembered for `READ_EVERY`.

    Whether an account accepts keys and can take an identity is not taken from it: a turn reads the account itself.

    surveys: Where the survey is kept.
    """

    def __init__(self, surveys: Views) -> None:
        self._surveys = surveys
        self._read_at: datetime | None = None
        self._known: Mapping[str, Readiness] = {}
        self._learnt: dict[str, tuple[datetime, Readiness]] = {}

    async def known(self, now: datetime) -> Mapping[str, Readiness]:
        """Return the readiness of each account of which the logs told, by its id in lower case. Empty without a survey
        that counts."""
        if self._read_at is None or not timedelta(0) <= now - self._read_at < READ_EVERY:
            self._known, self._read_at = await self._read(now), now
        learnt = {
            id_: said for id_, (moment, said) in self._learnt.items() if timedelta(0) <= now - moment < LEARNT_FOR
        }
        return {**self._known, **learnt}

    def learn(self, account: AccountId, readiness: Readiness, now: datetime) -> None:
        """Take note that the logs say at `now`, in UTC, that an account is not ready."""
        self._learnt[str(account).casefold()] = now, readiness

    async def _read(self, now: datetime) -> Mapping[str, Readiness]:
        try:
            kept = await last_survey(self._surveys, now)
        except RotationError as error:
            log.warning("readiness: the survey could not be read, so the logs are asked: %s", error)
            return {}
        if kept is None or kept.survey.until is None or not is_young(kept.survey, now, STANDS_FOR_TURNS):
            return {}
        return {str(one.account).casefold(): one.readiness for one in kept.survey.entries if one.by_logs}
