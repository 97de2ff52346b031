"""Months in the life of a target, as timetables: when events come, when versions are published, when keys work.

A tick comes every six hours. The witness checks the promises at every call; three consumers, of which the slowest reads
the secret once a day, must never hold a key that is refused.
"""

from dataclasses import replace
from datetime import UTC, datetime

from lab.simulation.clock_logs_and_topic import SimulatedAnnouncer
from lab.simulation.dates import START, at, days, hours
from lab.simulation.stage import Stage, a_stage, with_target
from shared.announce.kinds import Kind
from shared.domain.keys import Fingerprint
from shared.domain.model import Cadence
from shared.domain.publication import read_tags
from shared.domain.window import Window
from shared.turns.report import Result


async def adopted(**facts: object) -> Stage:
    stage = a_stage(**facts)
    await stage.tick()
    return stage


async def test_the_first_two_months_announce_everything_on_these_days():
    stage = await adopted()
    await stage.until(at(day=64))
    stage.hear_everything_public()

    assert stage.timetable() == [
        (0, "KeyAdopted"),
        (0, "RetirementAnnounced"),  # of key 2, which a stranger may hold
        (16, "RotationAnnounced P14D"),
        (16, "RetirementAnnounced P14D"),
        (23, "RotationAnnounced P7D"),
        (23, "RetirementAnnounced P7D"),
        (29, "RotationAnnounced P1D"),
        (29, "RetirementAnnounced P1D"),
        (30, "KeyRetired"),
        (30, "KeyRotated"),
        (30, "RetirementAnnounced"),
        (32, "RetirementAnnounced P1D"),
        (33, "KeyRetired"),
        (46, "RotationAnnounced P14D"),
        (53, "RotationAnnounced P7D"),
        (59, "RotationAnnounced P1D"),
        (60, "KeyRotated"),
        (60, "RetirementAnnounced"),
        (62, "RetirementAnnounced P1D"),
        (63, "KeyRetired"),
    ]
    await stage.must_be_at_rest()


async def test_adoption_publishes_key_1_and_regenerates_no_key():
    stage = a_stage()
    keys = [stage.value("key1"), stage.value("key2")]
    await stage.tick()
    assert [stage.value("key1"), stage.value("key2")] == keys
    assert [version.value for version in stage.versions] == keys[:1]


async def test_old_keys_work_until_their_announced_end_and_not_longer():
    stage = await adopted()
    first, second = stage.value("key1"), stage.value("key2")
    await stage.until(at(day=30) - hours(1))
    assert [stage.works(first), stage.works(second)] == [True, True]
    await stage.until(at(day=30))
    third = stage.versions[-1].value
    assert [stage.works(first), stage.works(second), stage.works(third)] == [True, False, True]
    await stage.until(at(day=33) - hours(1))
    assert stage.works(first)
    await stage.until(at(day=33))
    assert [stage.works(first), stage.works(third)] == [False, True]


async def test_every_event_comes_its_lead_time_before_the_deadline():
    stage = await adopted()
    await stage.until(at(day=64))
    for accepted in stage.topic.accepted:
        data = accepted.event["data"]
        if "leadTime" in data:
            ahead = datetime.fromisoformat(data["deadline"]) - datetime.fromtimestamp(accepted.time, UTC)
            assert ahead == days(int(data["leadTime"].strip("PD")))


async def test_tags_and_expiry_of_a_version_say_its_slot_its_account_and_its_due_date():
    stage = await adopted()
    await stage.until(at(day=31))
    version = stage.versions[-1]
    slot, provider, validity, marks = read_tags(version.tags)
    assert (slot, provider, validity) == ("key2", stage.account.id, days(30))
    assert version.expires == at(day=60).timestamp()
    assert version.content_type == "Azure OpenAI API key"
    assert marks is not None
    assert marks.live == Fingerprint.of(version.value)
    assert (marks.since, marks.until) == (at(day=30), at(day=33))


async def test_a_year_brings_one_version_a_month():
    stage = await adopted()
    await stage.until(at(day=365), every=hours(12))
    assert len(stage.versions) == 13
    made = [round((version.created - START.timestamp()) / 86400) for version in stage.versions]
    assert made == list(range(0, 361, 30))
    await stage.must_be_at_rest()


async def test_a_tick_without_work_queues_no_turn_and_makes_no_call_for_the_target():
    stage = await adopted()
    await stage.until(at(day=5))
    stage.settings = replace(stage.settings, look_every=days(60))
    stage.last_tick = stage.now
    found = await stage.run_timer()
    assert (len(found.turns), found.quiet) == (0, 1)
    assert [call.operation for call in stage.last_runner.calls] == [
        "blob.get", "kv.listSecrets", "blob.list", "blob.list", "blob.list", "blob.put",
    ]  # fmt: skip  # the view; the secrets; what turns noted of usage, failures and standing orders; the view


async def test_a_turn_makes_exactly_these_calls():
    stage = await adopted()
    await stage.until(at(day=45))
    await stage.turn()
    quiet = [call.operation for call in stage.last_runner.calls]
    assert quiet == ["blob.lease.acquire", "kv.getSecret", "arm.listKeys", "blob.lease.release"]
    await stage.until(at(day=60) - hours(1))
    stage.pass_time(hours(1))
    await stage.turn()
    rotating = [call.operation for call in stage.last_runner.calls]
    assert rotating == [
        "blob.lease.acquire", "kv.getSecret", "arm.listKeys", "blob.get", "arm.regenerateKey", "aoai.models",
        "aoai.models", "kv.setSecret", "kv.getSecret", "arm.listKeys", "eg.publish", "kv.updateSecret",
        "blob.lease.release",
    ]  # fmt: skip


async def test_an_event_grid_outage_of_forty_days_ends_no_key_unannounced_and_loses_no_event():
    stage = await adopted()
    await stage.until(at(day=20))
    stage.event_grid_is("down")
    first = stage.value("key1")
    outcomes = await stage.until(at(day=60))

    assert len(stage.versions) == 2  # the rotation of day 30 had been announced before
    assert stage.works(first)  # and its previous key goes on working
    assert outcomes[-1].result is Result.HELD
    assert "KeyRotation.RetirementAnnounced" in outcomes[-1].outstanding

    stage.event_grid_is("up")
    await stage.until(at(day=66))
    assert [entry for entry in stage.timetable() if entry[0] >= 60] == [
        (60, "KeyRetired"),
        (60, "KeyRotated"),
        (60, "RotationAnnounced P1D"),
        (60, "RetirementAnnounced P1D"),
        (61, "KeyRetired"),
        (61, "KeyRotated"),
        (61, "RetirementAnnounced"),
        (63, "RetirementAnnounced P1D"),
        (64, "KeyRetired"),
    ]
    assert not stage.works(first)
    await stage.must_be_at_rest()


async def test_an_event_grid_outage_from_the_first_day_moves_every_deadline():
    stage = a_stage()
    stage.event_grid_is("down")
    await stage.tick()
    second = stage.value("key2")
    await stage.until(at(day=45))
    assert len(stage.versions) == 1
    assert stage.works(second)
    stage.event_grid_is("up")
    await stage.until(at(day=50))
    assert len(stage.versions) == 2
    assert not stage.works(second)
    await stage.until(at(day=54))
    await stage.must_be_at_rest()


async def test_a_rotation_waits_for_the_window_and_is_announced_for_it():
    window = Window.parse("Wed 09:00-16:00 Europe/Berlin")
    stage = await adopted(window=window)
    await stage.until(at(day=40), every=hours(1))
    made = [datetime.fromtimestamp(version.created, UTC) for version in stage.versions]
    assert made == [START, at(day=30)]  # 1 April is a Wednesday
    stage = await adopted(window=window, period=days(31))
    await stage.until(at(day=45), every=hours(1))
    assert [datetime.fromtimestamp(version.created, UTC) for version in stage.versions] == [START, at(day=37, hour=7)]
    due = {event["data"]["deadline"] for event in stage.events("RotationAnnounced")}
    assert due == {"2026-04-08T07:00:00Z"}


async def test_a_week_without_ticks_delays_the_rotation_and_breaks_no_promise():
    stage = await adopted()
    await stage.until(at(day=29))
    stage.pass_time(days(7))
    await stage.tick()
    await stage.until(at(day=41))
    assert len(stage.versions) == 2
    await stage.must_be_at_rest()


async def test_a_shorter_period_in_the_settings_does_not_shorten_an_announced_end():
    stage = await adopted()
    await stage.until(at(day=5))
    with_target(stage, cadence=Cadence(period=days(10), warnings=(days(1),)))
    await stage.until(at(day=45))
    assert len(stage.versions) == 3
    assert round((stage.versions[1].created - START.timestamp()) / 86400) == 30


async def test_an_announcement_that_was_accepted_too_late_moves_the_deadline(monkeypatch):
    """Sending takes longer than the time reserved for it, so the event does not count and is sent again."""
    stage = a_stage(overlap=days(1), notice=days(1))
    await stage.until(at(day=29))
    announce, slow = SimulatedAnnouncer.announce, []

    async def slowly(door, announcements, now):
        await announce(door, announcements, now)
        ends = [said for said in announcements if said.kind is Kind.RETIREMENT_ANNOUNCED and said.slot == "key1"]
        if ends and not slow:
            slow.append(now)
            stage.world.clock.advance(7 * 60)

    monkeypatch.setattr(SimulatedAnnouncer, "announce", slowly)
    await stage.until(at(day=33))
    assert slow
    ends = [e["data"]["deadline"] for e in stage.events("RetirementAnnounced") if e["data"]["slot"] == "key1"]
    assert len(set(ends)) == 2
    await stage.must_be_at_rest()
