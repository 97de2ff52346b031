"""Secrets that another person made, deleted or disabled: they are adopted in place, or left for a person to decide."""

import pytest

from lab.simulation.dates import START, at, days, hours
from lab.simulation.stage import a_stage, lived_until
from shared.domain.publication import read_tags
from shared.turns.report import Result


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


async def test_the_period_in_the_tutorials_tag_stays_until_our_own_version_and_the_target_goes_by_its_own():
    stage = a_stage()
    tutorial = {"CredentialId": "key2", "ProviderAddress": stage.account.id, "ValidityPeriodDays": "60"}
    stage.vault.set_secret(stage.target.secret, stage.value("key1"), tags=tutorial)
    await stage.until(at(day=29))
    (adopted,) = stage.versions
    assert (adopted.tags["ValidityPeriodDays"], adopted.tags["CredentialId"]) == ("60", "key1")
    assert read_tags(adopted.tags)[3].told.rotation is not None, "its tags were written again since the adoption"
    await stage.until(at(day=31))
    assert [version.tags["ValidityPeriodDays"] for version in stage.versions] == ["60", "30"]


async def test_an_old_secret_made_by_hand_gets_its_notice_before_a_key_ends():
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
async def test_a_secret_that_a_person_must_look_at_is_not_changed_and_the_outcome_names_the_next_step(spoil: str):
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
    stage.witness.excuse_regenerated_by_hand("something")
    keys = [stage.value("key1"), stage.value("key2")]
    before = stage.world.journal.count("kv.setSecret") + stage.world.journal.count("kv.updateSecret")
    outcomes = await stage.until(at(day=6))
    assert {(outcome.result, outcome.reason) for outcome in outcomes} == {(Result.FAILED, "PersonMustLook")}
    assert all(outcome.next_step for outcome in outcomes)
    assert [stage.value("key1"), stage.value("key2")] == keys
    assert stage.world.journal.count("kv.setSecret") + stage.world.journal.count("kv.updateSecret") == before


async def test_a_recovered_secret_continues_its_schedule():
    stage = await lived_until(5)
    stage.vault.delete_secret(stage.target.secret)
    await stage.until(at(day=6))
    stage.vault.recover_deleted(stage.target.secret)
    await stage.until(at(day=31))
    assert len(stage.versions) == 2
