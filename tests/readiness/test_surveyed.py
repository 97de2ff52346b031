"""What turns and overviews know of the last survey: one read for many targets, and only while it is young."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from lab.simulation.dates import at, days, hours, minutes
from shared.domain.errors import TryLater
from shared.domain.model import AccountId
from shared.domain.readiness import Readiness, Stage, Verdict
from shared.readiness.kept import KeptSurvey, packed_survey
from shared.readiness.kinds import Entry, Survey
from shared.readiness.surveyed import SurveyedReadiness

ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "models", "Chat")
USED = Readiness(Verdict.USED, Stage.MOVING, "used by 2 callers")
NOON = at(day=40)


@dataclass
class Blob:
    """A blob with a survey. None: there is none."""

    survey: Survey | None
    fails: bool = False
    reads: int = 0

    async def read(self) -> tuple[bytes, str] | None:
        self.reads += 1
        if self.fails:
            raise TryLater("views/readiness", "it could not be read.")
        return (packed_survey(KeptSurvey(self.survey)), "tag") if self.survey else None

    async def write(self, data: bytes, tag: str | None) -> bool:
        raise AssertionError("it only reads")


MADE, UNTIL = NOON - hours(3), NOON - hours(4)


def a_survey(asked_at: datetime = MADE, until: datetime | None = UNTIL, *, by_logs: bool = True) -> Survey:
    return Survey(asked_at, asked_at - days(35), until, "1 subscription", (Entry(ACCOUNT, USED, by_logs=by_logs),))


async def test_it_says_what_the_survey_said_of_each_account_by_its_id_in_lower_case():
    known = await SurveyedReadiness(Blob(a_survey())).known(NOON)
    assert known == {str(ACCOUNT).casefold(): USED}


async def test_what_does_not_follow_from_the_logs_is_left_to_the_turn_which_reads_the_account_itself():
    assert await SurveyedReadiness(Blob(a_survey(by_logs=False))).known(NOON) == {}


async def test_many_targets_cost_one_read_and_a_newer_survey_is_seen_within_ten_minutes():
    blob = Blob(a_survey())
    surveyed = SurveyedReadiness(blob)
    for _ in range(500):
        await surveyed.known(NOON)
    assert blob.reads == 1
    blob.survey = Survey(NOON, NOON - days(35), NOON)
    assert await surveyed.known(NOON + minutes(10)) == {}
    assert blob.reads == 2


async def test_what_a_turn_was_told_counts_for_six_hours_without_any_survey():
    surveyed = SurveyedReadiness(Blob(None))
    surveyed.learn(ACCOUNT, USED, NOON)
    assert await surveyed.known(NOON + hours(6) - minutes(1)) == {str(ACCOUNT).casefold(): USED}
    assert await surveyed.known(NOON + hours(6)) == {}


@pytest.mark.parametrize(
    "blob",
    [
        Blob(None),
        Blob(a_survey(), fails=True),
        Blob(a_survey(NOON - hours(26))),
        Blob(a_survey(NOON + hours(1))),
        Blob(a_survey(until=None)),
    ],
    ids=["none", "unreadable", "old", "from the future", "made without an answer of the logs"],
)
async def test_a_survey_that_does_not_count_says_nothing_so_that_turns_ask_the_logs(blob: Blob):
    assert await SurveyedReadiness(blob).known(NOON) == {}
