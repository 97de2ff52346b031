"""Ends that need a listener, as timetables; and how often Azure is asked who listens."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

import shared.turns.listening
from lab.simulation.builders import a_target, an_observation, reports_leak
from lab.simulation.dates import at, days, hours, minutes
from lab.simulation.stage import Stage, a_stage
from shared.announce.listening import EventSubscription, Hearing
from shared.decide.plan import Reason
from shared.turns.listening import AskedHourly, Unknown, with_listeners
from shared.turns.report import Result

SUNSET = at(day=50)
ENDS = ("RetirementAnnounced", "SunsetAnnounced")


async def deaf(**facts: object) -> Stage:
    """Return a stage on day 0 whose ends need a listener, and whose topic has none."""
    stage = a_stage(**facts)
    stage.needs_listener = True
    await stage.tick()
    return stage


def ends(stage: Stage) -> list[tuple[int, str]]:
    return [(day, kind) for day, kind in stage.timetable() if kind.split()[0] in ENDS or kind == "KeyRetired"]


async def test_without_a_listener_no_previous_key_ends_and_no_end_is_announced():
    stage = await deaf()
    other = stage.value("key2")
    await stage.until(at(day=60))
    assert ends(stage) == []
    assert [day for day, _ in stage.timetable() if day > 30] == [], "a date that moves is not announced again and again"
    assert stage.works(other)
    outcome, row = await stage.turn(), await stage.row()
    assert outcome is not None
    assert row.plan is not None
    assert (outcome.result, outcome.reason, outcome.held_until) == (Result.HELD, "nobody-listens", None)
    assert (row.plan.reason, row.plan.why) == (Reason.NOBODY_LISTENS, outcome.why)
    assert "The topic has no event subscription" in outcome.why


async def test_an_end_comes_one_notice_after_somebody_began_to_listen():
    stage = await deaf()
    other = stage.value("key2")
    await stage.until(at(day=40))
    stage.topic.subscribe("team")
    await stage.until(at(day=41))
    assert stage.works(other), "the listener has not had its notice yet"
    await stage.until(at(day=42))
    assert not stage.works(other)
    assert [one[0] for one in ends(stage)[:1]] == [40]
    assert len(stage.versions) == 2, "the rotation that waited for that end came with it"
    await stage.until(at(day=46))
    await stage.must_be_at_rest()


async def test_with_a_listener_the_timetable_is_as_without_the_setting():
    plain, needing = a_stage(sunset=SUNSET), a_stage(sunset=SUNSET)
    needing.needs_listener = True
    needing.topic.subscribe("team")
    for stage in (plain, needing):
        await stage.tick()
        await stage.until(at(day=52))
    assert needing.timetable() == plain.timetable()
    assert needing.account.disable_local_auth


async def test_a_listener_that_goes_away_holds_the_announced_end_until_one_comes_back():
    stage = await deaf()
    stage.topic.subscribe("team")
    other = stage.value("key2")
    await stage.until(at(day=29))
    stage.topic.subscribers.clear()
    await stage.until(at(day=35))
    assert stage.works(other)
    stage.topic.subscribe("team")
    await stage.until(at(day=35) + hours(6))
    assert not stage.works(other)


async def test_the_sunset_waits_for_a_listener():
    stage = await deaf(sunset=SUNSET)
    await stage.until(at(day=55))
    assert not stage.account.disable_local_auth
    stage.topic.subscribe("team")
    await stage.until(at(day=57))
    assert stage.account.disable_local_auth
    assert (55, "SunsetAnnounced P1D") in stage.timetable()


async def test_a_listener_whose_deliveries_all_fail_is_nobody():
    stage = await deaf()
    stage.topic.subscribe("team", broken=True)
    stage.topic.subscribers[0].deliveries.append((stage.now.timestamp(), False))
    await stage.turn()
    assert ends(stage) == []


async def test_ends_wait_also_if_it_cannot_be_told_who_listens():
    stage = await deaf()
    stage.topic.subscribe("team")
    stage.world.faults.add("arm.listEventSubscriptions", "status", status=403, times=0)
    other = stage.value("key2")
    await stage.until(at(day=33))
    outcome = await stage.turn()
    assert stage.works(other)
    assert outcome is not None
    assert outcome.reason == "nobody-listens"
    assert "Whether anybody listens to announcements is not known: could not see who listens" in outcome.why


async def test_a_held_end_costs_no_turn_at_each_tick():
    stage = await deaf()
    stage.settings = replace(stage.settings, look_every=days(300))
    await stage.until(at(day=34))
    stage.pass_time(minutes(10))
    assert await stage.tick() == {}


async def test_the_end_of_a_leaked_key_waits_for_nobody():
    stage = await deaf()
    leaked = stage.value(stage.live)
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.reason == "leaked"
    assert not stage.works(leaked)


async def test_azure_is_not_asked_if_ends_need_no_listener():
    stage = a_stage()
    await stage.tick()
    await stage.until(at(day=34))
    assert stage.world.journal.count("arm.listEventSubscriptions") == 0


@dataclass
class Asked:
    """Listeners that note when they were asked, and answer after a pause if there is one."""

    at: list[datetime] = field(default_factory=list)
    pause: float = 0

    async def hearing(self, now: datetime) -> Hearing:
        self.at.append(now)
        await asyncio.sleep(self.pause)
        return Hearing(now, (EventSubscription("team", "Succeeded"),))


async def test_azure_is_asked_once_an_hour_however_many_targets_want_to_know():
    asked = Asked()
    hourly = AskedHourly(asked)
    await asyncio.gather(*(hourly.hearing(at(day=1)) for _ in range(50)))
    await hourly.hearing(at(day=1) + hours(1) - minutes(1))
    assert asked.at == [at(day=1)]
    await hourly.hearing(at(day=1) + hours(1))
    assert asked.at == [at(day=1), at(day=1) + hours(1)]


async def test_an_answer_that_takes_too_long_is_not_known(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shared.turns.listening, "LONGEST", 0.01)
    hearing = await AskedHourly(Asked(pause=60)).hearing(at(day=1))
    assert hearing.unknown is not None
    assert "did not answer" in hearing.unknown


async def test_a_missing_setting_is_the_reason_why_nothing_is_known():
    hearing = await Unknown("EVENT_GRID_TOPIC_ID is not set.", "set EVENT_GRID_TOPIC_ID").hearing(at(day=1))
    assert (hearing.unknown, hearing.next_step) == ("EVENT_GRID_TOPIC_ID is not set.", "set EVENT_GRID_TOPIC_ID")


async def test_an_observation_stays_as_it_is_if_ends_need_no_listener():
    seen = an_observation()
    outside = a_stage().rotation().outside
    assert await with_listeners(outside, a_target(), seen) is seen
