"""A survey counts for two days. After that it says of no account whether it can do without keys."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulation.dates import days, hours
from lab.simulation.stage import a_stage
from shared.domain.readiness import Stage
from shared.handlers.incoming import Incoming
from shared.handlers.readiness import see_readiness
from shared.readiness.counts import STANDS_FOR, as_it_counts, last_survey
from shared.readiness.kept import KeptSurvey, packed_survey
from tests.support.surveys import NOW, FakeLogs, InMemory, a_survey, a_usage, an_entry, surveying

SURVEY = a_survey(
    an_entry("ready", a_usage()),
    an_entry("used", a_usage(3)),
    an_entry("keyless", key_auth=False),
    an_entry("cannot", takes_identity=False),
)


def test_a_young_survey_says_what_it_said() -> None:
    assert as_it_counts(SURVEY, NOW + STANDS_FOR - hours(1)) == SURVEY


@pytest.mark.parametrize("age", [STANDS_FOR, days(200)])
def test_an_old_survey_says_of_no_account_how_far_it_is_and_keeps_what_it_saw(age: timedelta) -> None:
    found = as_it_counts(SURVEY, NOW + age)
    says = {one.readiness.says for one in found.entries}
    assert says == {f"unknown because the last survey is {age.days} days old"}
    assert found.counts()[Stage.UNKNOWN] == 4
    assert [one.usage for one in found.entries] == [one.usage for one in SURVEY.entries]
    assert not any(one.by_logs for one in found.entries)
    assert all("its log says why" in one.readiness.next_step for one in found.entries)


def test_a_survey_from_the_future_says_nothing() -> None:
    assert "from the future" in as_it_counts(SURVEY, NOW - hours(1)).entries[0].readiness.says


async def test_without_a_survey_there_is_none_that_counts() -> None:
    assert await last_survey(InMemory(), NOW) is None


async def test_the_answer_over_http_goes_by_the_survey_as_it_counts() -> None:
    stage = a_stage()
    survey = a_survey(an_entry("chat", a_usage(until=stage.now)), at=stage.now)
    app = surveying(stage, FakeLogs(), InMemory(packed_survey(KeptSurvey(survey))))

    async def verdicts() -> list[str]:
        answered: Any = (await see_readiness(app, Incoming())).data
        return [one["says"] for one in answered["accounts"]]

    assert await verdicts() == ["ready"]
    stage.pass_time(days(9))
    assert await verdicts() == ["unknown because the last survey is 9 days old"]
