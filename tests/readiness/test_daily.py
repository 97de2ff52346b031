"""A survey is made once a day, an attempt at most once an hour, and none ever fails a check."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.simulation.dates import days, hours, minutes
from lab.simulation.stage import a_stage
from shared.domain.errors import TryLater
from shared.fleet.rotation import Rotation
from shared.handlers import daily_survey
from shared.handlers.daily_survey import LEAST_SECONDS, MOST_OF_A_CHECK, survey_daily
from shared.readiness.daily import NOTE, Attempts, survey_if_due, survey_now
from shared.readiness.kept import load_survey
from shared.readiness.kinds import Survey
from shared.readiness.weeks import load_weeks
from tests.support.surveys import FakeLogs, FakeReads, InMemory, a_usage, an_account, surveying

SLOW = TryLater("workspace w", "slow.")


def an_app(logs: FakeLogs | None = None) -> Rotation:
    return surveying(a_stage(), logs or FakeLogs({"chat": a_usage(until=a_stage().now)}))


def reading() -> FakeReads:
    return FakeReads([an_account("chat")])


async def over(app: Rotation, length: timedelta, every: timedelta, reads: FakeReads) -> int:
    """Let checks come for a time. Return how many surveys they made."""
    made = 0
    for _ in range(int(length / every)):
        made += await survey_if_due(app, reads.read_only) is not None
        await app.outside.clock.sleep(every)
    return made


async def test_checks_every_ten_minutes_make_one_survey_a_day() -> None:
    app, reads = an_app(), reading()
    assert await over(app, days(3), minutes(10), reads) == 3
    logs: Any = app.outside.logs
    assert (logs.queries, reads.listed) == (3, 3)


async def test_a_survey_is_kept_with_its_week() -> None:
    app = an_app()
    made = await survey_if_due(app, reading().read_only)
    kept, _ = await load_survey(app.outside.surveys)
    assert kept is not None
    assert kept.survey == made
    assert [one.key_calls for one in await load_weeks(app.outside.weeks)] == [0]


async def test_logs_that_do_not_answer_are_asked_again_every_hour_and_make_no_week() -> None:
    logs = FakeLogs(error=SLOW)
    app = an_app(logs)
    assert await over(app, hours(6), minutes(10), reading()) == 6
    assert await load_weeks(app.outside.weeks) == ()
    logs.error, logs.told = None, {"chat": a_usage(until=app.outside.clock.now())}
    assert await over(app, hours(6), minutes(10), reading()) == 1


async def test_a_survey_whose_logs_answered_stays_for_two_days_if_they_do_not_any_more() -> None:
    logs = FakeLogs({"chat": a_usage(until=a_stage().now)})
    app = an_app(logs)
    first = await survey_now(app, reading().read_only)
    logs.error = SLOW
    await app.outside.clock.sleep(days(1))
    second = await survey_now(app, reading().read_only)
    assert second.survey.entries == first.survey.entries
    assert second.survey.problems == (SLOW,)
    await app.outside.clock.sleep(days(1))
    later = await survey_now(app, reading().read_only)
    assert later.survey.until is None
    assert "slow" in later.survey.entries[0].readiness.says


class Endless(FakeLogs):
    async def usages(self) -> Any:
        await asyncio.Event().wait()


async def test_a_survey_that_takes_too_long_is_a_try_and_a_problem_of_the_one_that_stays() -> None:
    app = an_app()
    await survey_if_due(app, reading().read_only)
    endless = Rotation(app.settings, replace(app.outside, logs=Endless()))
    for _ in range(2):
        await app.outside.clock.sleep(days(1))
        with pytest.raises(TryLater, match="it took longer than"):
            await survey_if_due(endless, reading().read_only, 0.01)
        assert await survey_if_due(endless, reading().read_only, 0.01) is None, "tried within the hour"
    kept, _ = await load_survey(app.outside.surveys)
    assert kept is not None
    assert [one.thing for one in kept.survey.problems] == ["the survey of readiness"]
    assert app.outside.clock.now() - kept.survey.asked_at == days(2)
    await app.outside.clock.sleep(hours(1))
    made = await survey_if_due(app, reading().read_only)
    assert made is not None
    assert made.problems == ()


async def test_the_first_survey_that_takes_too_long_leaves_the_targets_as_unknown_with_the_reason() -> None:
    app = surveying(a_stage(), Endless())
    with pytest.raises(TryLater):
        await survey_if_due(app, reading().read_only, 0.01)
    kept, _ = await load_survey(app.outside.surveys)
    assert kept is not None
    assert ["took longer than" in one.what for one in kept.survey.problems] == [True]
    assert await survey_if_due(app, reading().read_only, 0.01) is None


async def test_without_logs_a_survey_is_complete_and_made_once_a_day() -> None:
    app = surveying(a_stage(), None)
    assert await over(app, days(2), hours(1), reading()) == 2


def test_a_survey_is_due_after_a_day_and_so_is_one_after_a_survey_from_the_future() -> None:
    noon = datetime(2027, 3, 1, 12, tzinfo=UTC)
    made = Attempts(tried_at=noon, made_at=noon)
    assert not made.is_due(noon + timedelta(hours=23))
    assert made.is_due(noon + timedelta(days=1))
    assert made.is_due(noon - timedelta(minutes=1))


async def test_a_spoiled_note_counts_as_no_attempt() -> None:
    assert Attempts.read("spoiled") == Attempts.read('{"a": 1}') == Attempts.read(None) == Attempts()
    app = an_app()
    await app.outside.notes.write(NOTE, "spoiled")
    assert await survey_if_due(app, reading().read_only) is not None


async def use(monkeypatch: pytest.MonkeyPatch, reads: FakeReads) -> None:
    async def read_only() -> object:
        return reads.read_only

    monkeypatch.setattr(daily_survey, "read_only", read_only)


async def test_a_check_says_what_its_survey_found(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await use(monkeypatch, reading())
    app = an_app()
    with caplog.at_level(logging.INFO):
        await survey_daily(app, app.outside.clock.now())
    assert "readiness: 1 account. keyless: 0, ready: 1, moving: 0, not started: 0, unknown: 0. Problems: 0." in (
        one.getMessage() for one in caplog.records
    )


@pytest.mark.parametrize("error", [SLOW, KeyError("a fault"), TimeoutError()])
async def test_a_check_does_not_fail_if_no_survey_can_be_made(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def broken(*_: object) -> Survey:
        raise error

    await use(monkeypatch, reading())
    monkeypatch.setattr(daily_survey, "survey_if_due", broken)
    app = an_app()
    await survey_daily(app, app.outside.clock.now())
    assert "readiness: no survey was made: " in caplog.text


async def test_a_check_that_took_long_leaves_the_survey_to_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = reading()
    await use(monkeypatch, reads)
    app = an_app()
    began = app.outside.clock.now() - timedelta(seconds=MOST_OF_A_CHECK - LEAST_SECONDS + 1)
    await survey_daily(app, began)
    assert not reads.listed


async def test_without_a_place_to_keep_it_no_survey_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = reading()
    await use(monkeypatch, reads)
    app = an_app()
    none = Rotation(app.settings, replace(app.outside, surveys=None))
    await survey_daily(none, app.outside.clock.now())
    assert not reads.listed


async def test_a_storage_that_refuses_is_said_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(InMemory):
        async def read(self) -> tuple[bytes, str] | None:
            raise SLOW

    await use(monkeypatch, reading())
    app = surveying(a_stage(), FakeLogs(), Refusing())
    await survey_daily(app, app.outside.clock.now())
    assert "no survey was made: workspace w: slow." in caplog.text
