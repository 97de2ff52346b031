"""Ticks: since when a tick looks back, and what its line in the log says."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.dates import at, days, hours, minutes
from lab.simulation.stage import a_stage
from shared.domain.requests import LeakedKey, LeakRequest
from shared.domain.throttle import Throttle
from shared.fleet.rotation import Rotation
from shared.fleet.ticks import Tick, looks_since
from shared.handlers import timer_and_queue, timer_status
from shared.settings.schedule import pause_within_a_minute
from shared.turns.message import About
from shared.turns.notes import record_leak

NOW = at(day=1)
type Since = Callable[..., datetime | None]


@pytest.fixture
def since() -> Since:
    """Returns since when a tick of an app with this schedule looks back."""

    def asked(last: str | None, schedule: str = "", ticked_at: datetime | None = None) -> datetime | None:
        app = a_stage().rotation()
        pause = pause_within_a_minute(schedule) if schedule else None
        app = Rotation(replace(app.settings, pause=pause), app.outside, ticked_at)
        return timer_status.since(last, app, NOW)

    return asked


def test_a_tick_looks_back_to_the_last_run_that_the_host_noted(since: Since) -> None:
    noted = datetime(2026, 3, 3, 8, 50, tzinfo=UTC)
    assert since(noted.isoformat(), ticked_at=NOW) == noted


@pytest.mark.parametrize("last", [None, "", "0001-01-01T00:00:00"], ids=["no status", "empty status", "never ran"])
def test_the_first_tick_of_an_ordinary_schedule_does_not_know_since_when(since: Since, last: str | None) -> None:
    assert since(last, "0 */10 * * * *") is None


def test_without_a_status_a_tick_looks_back_one_interval_of_its_schedule(since: Since) -> None:
    assert since(None, "*/10 * * * * *") == NOW - timedelta(seconds=10)


def test_without_a_status_a_tick_looks_back_to_the_tick_before_if_this_process_ran_it(since: Since) -> None:
    before = NOW - timedelta(seconds=25)
    assert since(None, "*/10 * * * * *", ticked_at=before) == before


@pytest.fixture
def interval() -> Callable[..., timedelta]:
    """Returns the time between two ticks as a tick counts on it."""

    def asked(last: str | None, due: str | None, schedule: str = "", ticked_at: datetime | None = None) -> timedelta:
        app = a_stage().rotation()
        pause = pause_within_a_minute(schedule) if schedule else None
        app = Rotation(replace(app.settings, pause=pause), app.outside, ticked_at)
        return timer_status.interval(last, due, app, NOW)

    return asked


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    ("last", "due", "minutes"),
    [
        (ago(15), ago(0), 15),
        (ago(1440), ago(1425), 15),  # the app was stopped for a day
        (ago(2), ago(-13), 13),  # somebody runs the timer by hand
        (ago(20 / 60), ago(0), 1),
        ("0001-01-01T00:00:00", ago(0), 10),
        ("0001-01-01T00:00:00", ago(-7), 7),
        (None, None, 10),
        ("", "nonsense", 10),
    ],
)
def test_the_time_between_two_ticks_is_what_the_host_noted(interval, last, due, minutes: float) -> None:
    assert interval(last, due) == timedelta(minutes=minutes)


def test_without_a_status_the_time_since_this_process_s_last_tick_counts(interval) -> None:
    assert interval(None, None, ticked_at=NOW - timedelta(minutes=30)) == timedelta(minutes=30)
    assert interval(None, None, ticked_at=NOW - timedelta(seconds=2)) == timedelta(minutes=1)


def test_a_schedule_of_more_than_one_tick_a_minute_says_itself_how_long_that_is(interval) -> None:
    assert interval(ago(15), ago(0), "*/20 * * * * *") == timedelta(seconds=20)


async def test_ticks_within_a_minute_observe_each_target_once_in_its_time(monkeypatch) -> None:
    """Not in every tick, as if nobody had looked at it for years."""
    stage = a_stage(3)
    await stage.tick()
    await stage.rest()
    app = stage.rotation()
    app.settings = replace(app.settings, pause=timedelta(seconds=10))

    async def rotation() -> Rotation:
        return app

    monkeypatch.setattr(timer_and_queue, "rotation", rotation)
    queued = 0
    for _ in range(6 * 60):
        stage.pass_time(timedelta(seconds=10))
        queued += len(await timer_and_queue.tick(None, past_due=False))
    assert queued == 3, "one full observation of each target in an hour"


async def found_by(stage, last: datetime | None) -> Tick:
    return await stage.rotation().tick(last, stage.now)


async def test_the_line_of_a_tick_tells_what_is_to_do_from_what_is_only_observed() -> None:
    stage = a_stage(3)
    first = await found_by(stage, stage.now)
    assert str(first) == "to do: 0, to observe in full: 3, nothing to do: 0; problems: 0."
    await stage.tick()
    await stage.rest()
    assert str(await found_by(stage, stage.now)) == ("to do: 0, to observe in full: 0, nothing to do: 3; problems: 0.")
    stage.pass_time(hours(1))
    hour_ago = stage.now - hours(1)
    assert str(await found_by(stage, hour_ago)) == ("to do: 0, to observe in full: 3, nothing to do: 0; problems: 0.")
    stage.pass_time(days(31))
    assert str(await found_by(stage, None)) == ("to do: 3, to observe in full: 0, nothing to do: 0; problems: 0.")


async def test_after_a_long_pause_full_looks_are_spread_over_the_next_hour() -> None:
    stage = a_stage(40)
    await stage.tick()
    stage.pass_time(days(1))
    looked: list[int] = []
    for _ in range(6):
        since, stage.last_tick = stage.last_tick, stage.now
        looked.append(len((await stage.rotation().tick(since, stage.now, minutes(10))).turns))
        stage.pass_time(minutes(10))
    assert sum(looked) == 40
    assert max(looked) < 20


@given(
    every=st.integers(1, 48).map(lambda hours: timedelta(hours=hours)),
    usual=st.integers(1, 3000).map(lambda minutes: timedelta(minutes=minutes)),
    pause=st.integers(0, 10**6).map(lambda minutes: timedelta(minutes=minutes)),
)
def test_moments_of_looks_are_let_pass_only_after_a_pause_that_is_not_usual(
    every: timedelta, usual: timedelta, pause: timedelta
) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    since = looks_since(now - pause, now, every, usual)
    assert since == (now - pause if pause <= 2 * max(every, usual) else now - usual)
    assert since <= now


async def test_each_invalid_setting_has_a_line_of_its_own_in_the_log_of_every_tick(monkeypatch, caplog) -> None:
    from shared import wiring
    from shared.domain.errors import FixConfiguration

    monkeypatch.setattr("os.environ", {"ROTATION_MOD": "observe", "ROTATION_PERIOD": "monthly"})
    monkeypatch.setattr(wiring._Process, "rotation", None)
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.ERROR), pytest.raises(FixConfiguration):
            await timer_and_queue.tick(None, past_due=False)
        lines = [one.getMessage() for one in caplog.records]
        assert all(line.startswith("settings: nothing is done because of ") for line in lines)
        assert (
            "settings: nothing is done because of ROTATION_MOD: is not a setting; the nearest is ROTATION_MODE. "
            "Next step: rename it to ROTATION_MODE."
        ) in lines
        assert sum("ROTATION_PERIOD" in line for line in lines) == 1


@dataclass
class Waits:
    """What Azure asked not to be asked yet, in memory."""

    on: list[Throttle]

    async def note(self, where: str, now: datetime, until: datetime) -> None:
        raise NotImplementedError

    async def known(self, now: datetime) -> list[Throttle]:
        return [one for one in self.on if not one.has_lapsed(now)]


async def test_an_observation_that_azure_asked_to_wait_for_comes_when_the_wait_is_over() -> None:
    stage = a_stage()
    await stage.tick()
    await stage.rest()
    stage.pass_time(hours(1))
    app = stage.rotation()
    subscription = f"/subscriptions/{stage.target.account.subscription}"
    waits = Waits([Throttle(subscription, stage.now, stage.now + minutes(15))])
    app.outside = replace(app.outside, throttles=waits)
    found = await app.tick(stage.now - hours(1), stage.now)
    assert (found.waiting, found.turns) == (1, [])
    for turns in (0, 1, 0):
        stage.pass_time(minutes(10))
        found = await app.tick(stage.now, stage.now)  # no moment of a look falls into no time
        assert len(found.turns) == turns


async def test_a_tick_whose_host_has_lost_its_notes_looks_back_to_the_tick_before_as_the_view_says() -> None:
    stage = a_stage(20)
    await stage.tick()
    stage.pass_time(minutes(10))
    from_notes = await stage.rotation().tick(stage.now - minutes(10), stage.now, minutes(10), keep=False)
    from_view = await stage.rotation().tick(None, stage.now, minutes(10))
    names = [[one.target.name for one in found.turns] for found in (from_notes, from_view)]
    assert names[0] == names[1]
    assert 0 < len(names[0]) < 20


async def test_a_leak_on_record_does_not_wait_another_hour_because_of_a_long_pause() -> None:
    stage = a_stage()
    await stage.tick()
    outside = stage.rotation().outside
    await record_leak(outside.notes, About.of(stage.target), LeakRequest(key=LeakedKey.LIVE, id="r"), stage.now)
    since = stage.now
    stage.pass_time(days(1))
    found = await stage.rotation().tick(since, stage.now, minutes(10))
    assert len(found.leaks) == 1
