"""What happens to targets besides the passing of months: drift, leaks, other people's secrets, sunsets, clashes.

Each story is told through the same doors as every tick, under the eyes of the witness.
"""

import logging
from dataclasses import replace

import pytest

from shared.errors import FixConfiguration
from shared.events import Kind
from shared.model import LeakedKey, ProofPolicy
from shared.publication import read_tags
from shared.report import Result
from shared.rotation import planned_row
from shared.settings import Mode
from tests.support.builders import reports_leak, wants_rotation
from tests.support.dates import START, at, days, hours, minutes
from tests.support.doors import AnnouncerDoor
from tests.support.stage import Stage, a_stage, with_target


async def lived_until(day: int, **facts: object) -> Stage:
    stage = a_stage(**facts)
    await stage.tick()
    await stage.until(at(day=day))
    return stage


# Drift.


async def test_a_live_key_regenerated_by_hand_is_healed_within_the_hour_and_the_clock_starts_anew():
    stage = await lived_until(10)
    other = stage.value("key2")
    stage.somebody_regenerates("key1")
    await stage.rest()
    assert stage.works(stage.versions[-1].value)
    assert stage.value("key2") == other
    assert [event["data"]["slot"] for event in stage.events("DriftHealed")] == ["key1"]
    await stage.must_be_at_rest()
    due = read_tags(stage.versions[-1].tags)[3].since + days(30)
    assert (await stage.row()).data()["due"] == due.isoformat()


async def test_drift_during_the_overlap_keeps_the_previous_keys_promise():
    stage = await lived_until(31)
    previous = stage.value("key1")
    stage.somebody_regenerates("key2")
    await stage.rest()
    await stage.until(at(day=33) - hours(1))
    assert stage.works(previous)
    await stage.until(at(day=35))
    assert not stage.works(previous)
    await stage.must_be_at_rest()


async def test_a_spare_regenerated_by_hand_during_the_overlap_is_announced_as_ended_and_nothing_else_happens():
    stage = await lived_until(31)
    stage.somebody_regenerates("key1")
    await stage.rest()
    assert len(stage.events("KeyRetired")) == 2
    assert len(stage.versions) == 2
    await stage.must_be_at_rest()


async def test_two_drifts_in_one_outage_are_both_announced_afterwards():
    stage = await lived_until(10)
    stage.event_grid_is("down")
    for _ in range(2):
        stage.somebody_regenerates("key1")
        await stage.rest()
    stage.event_grid_is("up")
    await stage.rest()
    assert len(stage.events("DriftHealed")) == 2
    await stage.must_be_at_rest()


# Leaks.


async def test_a_leaked_live_key_is_dead_when_the_turn_ends():
    stage = await lived_until(45)
    leaked = stage.versions[-1].value
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.DONE
    assert not stage.works(leaked)
    assert stage.works(stage.versions[-1].value)
    assert {"KeyRotation.KeyRotated", "KeyRotation.KeyRetired"} <= set(outcome.announced)


async def test_a_leak_of_the_previous_key_ends_it_and_leaves_the_live_one():
    stage = await lived_until(31)
    previous, live = stage.value("key1"), stage.value("key2")
    await stage.turn(reports_leak(LeakedKey.PREVIOUS))
    assert not stage.works(previous)
    assert stage.works(live)
    assert len(stage.versions) == 2


async def test_a_leak_with_a_wait_leaves_the_leaked_key_exactly_that_long():
    stage = await lived_until(45)
    leaked = stage.versions[-1].value
    before = stage.now
    await stage.turn(reports_leak(wait=minutes(5)))
    assert stage.now == before + minutes(5)
    assert not stage.works(leaked)


async def test_the_same_leak_reported_twice_rotates_once():
    stage = await lived_until(45)
    await stage.turn(reports_leak())
    outcome = await stage.turn(reports_leak())
    assert (outcome.result, outcome.reason) == (Result.NOTHING, "already-done")
    assert len(stage.versions) == 3


async def test_a_leak_on_the_first_day_adopts_and_rotates_in_one_turn():
    stage = a_stage()
    first, second = stage.value("key1"), stage.value("key2")
    stage.witness.somebody_reports(first, second)
    outcome = await stage.turn(reports_leak(LeakedKey.BOTH))
    assert outcome.reason == "leaked"
    assert not stage.works(first)
    assert not stage.works(second)
    await stage.rest()
    await stage.must_be_at_rest()


async def test_a_leak_works_while_event_grid_is_out_and_is_announced_later():
    stage = await lived_until(45)
    stage.event_grid_is("down")
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.DONE
    assert outcome.announced == ()
    stage.event_grid_is("up")
    await stage.rest()
    await stage.must_be_at_rest()


async def test_a_turn_that_fails_after_publishing_announces_no_deadline_of_the_version_it_superseded():
    stage = await lived_until(58)
    stage.pass_time(days(1))  # the last warning of the rotation on day 60 is owed now
    stage.world.faults.add("arm.regenerateKey", "status", skip=1, status=503)
    before = len(stage.topic.events)
    outcome = await stage.turn(reports_leak())
    assert outcome.result is Result.FAILED
    assert len(stage.versions) == 3
    said = [event["type"] for event in stage.topic.events[before:]]
    assert "KeyRotation.RotationAnnounced" not in said


# Requests.


async def test_a_request_during_the_overlap_is_held_back_with_the_time():
    stage = await lived_until(31)
    outcome = await stage.turn(wants_rotation())
    assert (outcome.result, outcome.held_until) == (Result.HELD, at(day=33))
    assert len(stage.versions) == 2


async def test_the_same_request_never_rotates_twice_not_even_after_drift_was_healed_and_its_overlap_is_over():
    stage = await lived_until(45)
    await stage.turn(wants_rotation())
    stage.somebody_regenerates(stage.live)
    await stage.rest()
    await stage.until(at(day=50))
    versions = len(stage.versions)
    await stage.turn(wants_rotation())
    assert len(stage.versions) == versions


# Other people's secrets.


async def test_a_secret_made_by_hand_is_adopted_in_place_without_a_new_version():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key2"), tags={"team": "billing"})
    await stage.tick()
    assert len(stage.versions) == 1
    assert stage.versions[0].tags["team"] == "billing"
    assert stage.versions[0].tags["CredentialId"] == "key2"
    await stage.until(at(day=35))
    assert stage.versions[-1].tags["team"] == "billing"
    assert len(stage.versions) == 2


async def test_the_tutorials_secret_is_adopted_in_place_and_keeps_its_date():
    stage = a_stage()
    tutorial = {"CredentialId": "key1", "ProviderAddress": stage.account.id, "ValidityPeriodDays": "60"}
    stage.vault.set_secret(stage.target.secret, stage.value("key1"), tags=tutorial)
    stage.pass_time(days(10))
    await stage.tick()
    assert len(stage.versions) == 1
    assert read_tags(stage.versions[0].tags)[3].since == START
    await stage.until(at(day=31))
    assert len(stage.versions) == 2


async def test_an_old_secret_made_by_hand_still_gets_its_notice_before_anything_ends():
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key1"))
    stage.pass_time(days(200))
    other = stage.value("key2")
    await stage.tick()
    assert stage.works(other)
    await stage.until(at(day=201) + hours(1))
    assert not stage.works(other)
    assert len(stage.versions) == 2


@pytest.mark.parametrize("spoil", ["deleted", "disabled", "another account's", "something else"])
async def test_where_a_person_must_look_nothing_is_touched_and_it_is_named(spoil: str):
    stage = await lived_until(5)
    name = stage.target.secret
    if spoil == "deleted":
        stage.vault.delete_secret(name)
    elif spoil == "disabled":
        stage.vault.update_secret(name, enabled=False)
    elif spoil == "another account's":
        elsewhere = stage.account.id.replace("chat", "other")
        stage.vault.set_secret(name, "something", tags={"ProviderAddress": elsewhere})
    else:
        stage.vault.set_secret(name, "something")
    stage.witness.somebody_ends("something")
    keys = [stage.value("key1"), stage.value("key2")]
    before = stage.world.journal.count("kv.setSecret") + stage.world.journal.count("kv.updateSecret")
    outcomes = await stage.until(at(day=6))
    assert {(outcome.result, outcome.reason) for outcome in outcomes} == {(Result.FAILED, "PersonMustLook")}
    assert all(outcome.next_step for outcome in outcomes)
    assert [stage.value("key1"), stage.value("key2")] == keys
    assert stage.world.journal.count("kv.setSecret") + stage.world.journal.count("kv.updateSecret") == before


async def test_a_deleted_secret_that_a_person_recovers_goes_on_as_if_nothing_had_been():
    stage = await lived_until(5)
    stage.vault.delete_secret(stage.target.secret)
    await stage.until(at(day=6))
    stage.vault.recover_deleted(stage.target.secret)
    await stage.until(at(day=31))
    assert len(stage.versions) == 2


# Proof.


async def test_a_key_that_cannot_be_proven_is_not_published_and_the_next_ticks_try_again():
    stage = await lived_until(59)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert outcomes[-1].reason == "ProofImpossible"
    assert len(stage.versions) == 2
    stage.account.public_network_access = "Enabled"
    await stage.until(at(day=62))
    assert len(stage.versions) == 3
    await stage.must_be_at_rest()


async def test_where_proof_is_only_preferred_the_outcome_says_that_it_was_impossible():
    stage = await lived_until(59, proof=ProofPolicy.PREFER)
    stage.account.public_network_access = "Disabled"
    outcomes = await stage.until(at(day=61))
    assert len(stage.versions) == 3
    assert any("proof was impossible" in text for outcome in outcomes for text in outcome.unproven)


@pytest.mark.parametrize("lag", [1, 20, 80])
async def test_a_fresh_key_that_is_slow_to_be_valid_is_waited_for(lag: int):
    stage = await lived_until(59)
    stage.account.lag.new_after = lag
    await stage.until(at(day=60))
    assert len(stage.versions) == 3


async def test_a_fresh_key_that_is_slower_than_our_patience_is_proven_by_a_later_tick_and_not_regenerated_again():
    stage = await lived_until(59)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=60))
    await stage.rest()
    assert len(stage.versions) == 3
    assert stage.world.journal.count("arm.regenerateKey") == before + 1


async def test_the_first_key_after_an_adoption_is_not_regenerated_again_either_when_it_is_slow_to_be_valid():
    stage = await lived_until(29)
    stage.account.lag.new_after = 400
    before = stage.world.journal.count("arm.regenerateKey")
    await stage.until(at(day=30))
    await stage.rest()
    assert len(stage.versions) == 2
    assert stage.world.journal.count("arm.regenerateKey") == before + 1


# The way out of keys.


async def test_a_sunset_is_announced_ahead_and_then_keys_end():
    stage = await lived_until(51, sunset=at(day=50))
    assert [entry for entry in stage.timetable() if "Sunset" in entry[1] or "Auth" in entry[1]] == [
        (0, "SunsetAnnounced"),
        (36, "SunsetAnnounced P14D"),
        (43, "SunsetAnnounced P7D"),
        (49, "SunsetAnnounced P1D"),
        (50, "KeyAuthDisabled"),
    ]
    assert stage.account.disable_local_auth is True
    assert stage.versions[-1].enabled is False
    await stage.must_be_at_rest()


async def test_a_sunset_agreed_on_at_the_last_minute_still_gets_its_notice():
    stage = await lived_until(45)
    with_target(stage, sunset=stage.now)
    await stage.until(at(day=46) - hours(1))
    assert not stage.account.disable_local_auth
    await stage.until(at(day=46) + hours(12))
    assert stage.account.disable_local_auth


async def test_an_announcement_that_is_slow_to_be_accepted_keeps_the_notice_all_the_same(monkeypatch):
    """Sending takes longer than was left for it: what was accepted too late counts for nothing and is said again."""
    stage = a_stage(overlap=days(1), notice=days(1))
    await stage.until(at(day=29))
    announce, slow = AnnouncerDoor.announce, []

    async def slowly(door, announcements, now):
        await announce(door, announcements, now)
        ends = [said for said in announcements if said.kind is Kind.RETIREMENT_ANNOUNCED and said.slot == "key1"]
        if ends and not slow:
            slow.append(now)
            stage.world.clock.advance(7 * 60)

    monkeypatch.setattr(AnnouncerDoor, "announce", slowly)
    await stage.until(at(day=33))
    assert slow
    ends = [e["data"]["deadline"] for e in stage.events("RetirementAnnounced") if e["data"]["slot"] == "key1"]
    assert len(set(ends)) == 2
    await stage.must_be_at_rest()


async def test_a_sunset_taken_back_and_set_again_is_announced_again():
    stage = await lived_until(10)
    with_target(stage, sunset=at(day=45))
    await stage.until(at(day=44))
    with_target(stage, sunset=None)
    await stage.until(at(day=100))
    with_target(stage, sunset=at(day=45))
    told = len(stage.events("SunsetAnnounced"))
    await stage.until(at(day=100) + hours(18))
    assert not stage.account.disable_local_auth
    assert len(stage.events("SunsetAnnounced")) > told
    await stage.until(at(day=102))
    assert stage.account.disable_local_auth


async def test_a_sunset_taken_back_by_hand_does_not_come_again_with_the_next_rotation():
    """Keys were switched on again, and a rotation is asked for before any tick has looked."""
    stage = await lived_until(10)
    with_target(stage, sunset=at(day=20))
    await stage.until(at(day=21))
    assert stage.account.disable_local_auth
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    stage.vault.update_secret(stage.target.secret, enabled=True)
    await stage.turn(reports_leak())
    assert not stage.account.disable_local_auth


async def test_a_sunset_moved_to_an_earlier_date_comes_earlier():
    stage = await lived_until(5)
    with_target(stage, sunset=at(day=80))
    await stage.until(at(day=10))
    with_target(stage, sunset=at(day=30))
    await stage.until(at(day=29))
    assert not stage.account.disable_local_auth
    await stage.until(at(day=31))
    assert stage.account.disable_local_auth


async def test_a_sunset_that_could_not_be_announced_moves():
    stage = await lived_until(10)
    with_target(stage, sunset=at(day=20))
    stage.event_grid_is("down")
    await stage.until(at(day=25))
    assert not stage.account.disable_local_auth
    stage.event_grid_is("up")
    await stage.until(at(day=27))
    assert stage.account.disable_local_auth


async def test_keys_switched_off_by_policy_withdraw_the_publication_once_and_no_turn_follows():
    stage = await lived_until(45)
    stage.somebody_switches_keys_off()
    await stage.rest()
    assert stage.versions[-1].enabled is False
    assert len(stage.events("KeyAuthDisabled")) == 1
    stage.settings = replace(stage.settings, look_every=days(300))
    stage.last_tick = stage.now
    stage.pass_time(minutes(10))
    assert (await stage.look_for_work()).turns == []


async def keys_switched_off_and_on_again() -> Stage:
    stage = await lived_until(45)
    stage.somebody_switches_keys_off()
    await stage.rest()
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    stage.vault.update_secret(stage.target.secret, enabled=True)
    await stage.rest()
    return stage


async def test_an_end_of_keys_that_a_person_takes_back_leaves_a_target_that_needs_no_turn():
    stage = await keys_switched_off_and_on_again()
    stage.settings = replace(stage.settings, look_every=days(300))
    stage.last_tick = stage.now
    stage.pass_time(minutes(10))
    assert (await stage.look_for_work()).turns == []


async def test_an_end_of_keys_that_a_person_takes_back_is_announced_again_when_it_comes_again():
    stage = await keys_switched_off_and_on_again()
    stage.somebody_switches_keys_off()
    await stage.rest()
    await stage.turn()
    assert len(stage.events("KeyAuthDisabled")) == 2


# Several targets.


async def test_one_bad_target_among_three_is_named_and_stops_no_other():
    stage = a_stage(3)
    await stage.tick()
    stage.vault.delete_secret("chat-2-key")
    await stage.until(at(day=31))
    versions = {name: len(secret.versions) for name, secret in stage.vault.secrets.items()}
    assert versions == {"chat-key": 2, "chat-3-key": 2}
    outcomes = await stage.tick()
    assert outcomes["chat-2"].reason == "PersonMustLook"


async def test_one_account_that_is_gone_stops_no_other():
    stage = a_stage(3)
    await stage.tick()
    gone = stage.world.accounts.named("chat-2").id
    stage.witness.forget("chat-2")
    stage.world.accounts.remove(gone)
    outcomes = await stage.until(at(day=31))
    assert {outcome.reason for outcome in outcomes if outcome.target == "chat-2"} == {"FixConfiguration"}
    assert len(stage.vault.secrets["chat-3-key"].versions) == 2


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("key-rotation-origin", "rotated 99991231T235959.000000Z"),
        ("key-rotation-told", "rotation=99999999999999999999/5"),
    ],
    ids=["made at the end of all time", "told at the end of all time"],
)
async def test_one_tag_that_makes_no_sense_stops_no_other_target(tag: str, text: str):
    stage = a_stage(3)
    await stage.tick()
    stage.vault.secrets["chat-2-key"].latest.tags[tag] = text
    stage.pass_time(minutes(10))
    await stage.tick()
    await stage.until(at(day=31))
    assert len(stage.vault.secrets["chat-3-key"].versions) == 2


async def test_accounts_are_enrolled_by_their_tags():
    stage = a_stage(2, tagged=True)
    stage.account.tags = {"Key-Rotation": "On", "key-rotation-owner": "team-chat"}
    await stage.tick()
    assert list(stage.vault.secrets) == ["chat-key"]
    assert stage.events("KeyAdopted")[0]["data"]["owner"] == "team-chat"


async def test_two_tagged_accounts_that_want_the_same_secret_are_a_problem_and_only_the_first_takes_part():
    stage = a_stage(2, tagged=True)
    for account in stage.world.accounts:
        account.tags = {"key-rotation": "on", "key-rotation-secret": "shared-key"}
    found = await stage.look_for_work()
    assert [one.target.name for one in found.turns] == ["chat"]
    assert len(found.problems) == 1
    assert isinstance(found.problems[0], FixConfiguration)
    assert "shared-key" in str(found.problems[0])
    assert "chat-2" in str(found.problems[0])


async def test_a_bad_tag_on_one_account_is_one_problem_and_the_others_take_part():
    stage = a_stage(3, tagged=True)
    for account in stage.world.accounts:
        account.tags = {"key-rotation": "on"}
    stage.account.tags["key-rotation-period"] = "monthly"
    found = await stage.look_for_work()
    assert [one.target.name for one in found.turns] == ["chat-2", "chat-3"]
    assert "monthly" in str(found.problems[0])


async def test_a_vault_that_cannot_be_listed_is_a_problem_and_its_targets_wait():
    stage = await lived_until(5)
    stage.world.down.add("kv")
    stage.pass_time(minutes(10))
    found = await stage.look_for_work()
    assert (found.turns, found.unseen, len(found.problems)) == ([], 1, 1)


# Observe mode and the survey.


@pytest.mark.parametrize("day", [0, 30, 33])
async def test_observe_mode_plans_and_changes_nothing_and_says_nothing(day: int):
    stage = a_stage() if day == 0 else await lived_until(day - 1)
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    stage.pass_time(days(1))
    events, versions = len(stage.topic.events), len(stage.versions)
    keys, seen = [stage.value("key1"), stage.value("key2")], len(stage.world.journal.entries)
    outcome = await stage.turn(wants_rotation() if day == 33 else None)
    assert outcome.result is Result.PLANNED
    assert (len(stage.topic.events), len(stage.versions)) == (events, versions)
    assert [stage.value("key1"), stage.value("key2")] == keys
    changing = {"arm.regenerateKey", "kv.setSecret", "kv.updateSecret", "eg.publish", "arm.updateAccount"}
    assert not changing & {entry.operation for entry in stage.world.journal.entries[seen:]}


async def test_the_survey_the_dry_run_and_the_turn_say_the_same():
    stage = await lived_until(59)
    stage.pass_time(days(1))
    row = await stage.row()
    rows, problems = await stage.rotation().survey()
    outcome = await stage.turn()
    assert not problems
    assert rows[0].plan == row.plan
    assert planned_row(row).reason == outcome.reason == "due"
    assert [str(step) for step in row.plan.steps] == list(outcome.done)


async def test_a_survey_names_the_target_that_cannot_be_looked_at():
    stage = a_stage(3)
    await stage.tick()
    stage.world.faults.add("arm.listKeys", "status", target="chat-2", status=503, times=0)
    rows, _ = await stage.rotation().survey()
    assert [row.error is not None for row in rows] == [False, True, False]
    assert "chat-2" in str(rows[1].error)


async def test_the_log_of_a_failing_turn_holds_no_key(caplog: pytest.LogCaptureFixture):
    stage = await lived_until(59)
    stage.world.faults.add("kv.setSecret", "drop_after", times=0)
    outcomes = await stage.until(at(day=60))
    logging.getLogger("test").debug("outcomes: %s", [outcome.data() for outcome in outcomes])
    assert outcomes[-1].result is Result.FAILED
    assert "outcomes" in caplog.text
