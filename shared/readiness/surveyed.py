"""What the last survey of readiness said, for turns and overviews: one read for many targets."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.domain.errors import RotationError
from shared.domain.model import AccountId
from shared.domain.names import LOGGER
from shared.domain.readiness import Readiness
from shared.ports import Clock, Views
from shared.readiness.kept import load_survey

log = logging.getLogger(LOGGER)
READ_EVERY = timedelta(minutes=10)  # one process; a survey is made once a day
LEARNT_FOR = timedelta(hours=6)  # what a turn was told counts as long, if it says that an account is not ready
STANDS_FOR = timedelta(hours=26)  # a day, and the time that the next survey may need


class SurveyedReadiness:
    """The verdicts of the survey that is kept, remembered for `READ_EVERY`.

    surveys: Where the survey is kept.
    clock: The time.
    """

    def __init__(self, surveys: Views, clock: Clock) -> None:
        self._surveys, self._clock = surveys, clock
        self._read_at: datetime | None = None
        self._known: Mapping[str, Readiness] = {}
        self._learnt: dict[str, tuple[datetime, Readiness]] = {}

    async def known(self) -> Mapping[str, Readiness]:
        """Return the readiness of each account that the survey saw, by its id in lower case. Empty without a survey
        that counts."""
        now = self._clock.now()
        if self._read_at is None or not timedelta(0) <= now - self._read_at < READ_EVERY:
            self._known, self._read_at = await self._read(now), now
        learnt = {id_: said for id_, (moment, said) in self._learnt.items() if now - moment < LEARNT_FOR}
        return {**self._known, **learnt}

    def learn(self, account: AccountId, readiness: Readiness) -> None:
        """Take note that the logs have just said of an account that it is not ready."""
        self._learnt[str(account).casefold()] = self._clock.now(), readiness

    async def _read(self, now: datetime) -> Mapping[str, Readiness]:
        try:
            kept, _ = await load_survey(self._surveys)
        except RotationError as error:
            log.warning("readiness: the survey could not be read, so the logs are asked: %s", error)
            return {}
        if kept is None or kept.survey.until is None or not timedelta(0) <= now - kept.survey.asked_at < STANDS_FOR:
            return {}
        return {str(one.account).casefold(): one.readiness for one in kept.survey.entries}
