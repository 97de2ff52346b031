"""The end of all keys: a sunset is announced, moved or removed, and keys that are off stay off."""

from dataclasses import replace

from lab.simulation.builders import reports_leak
from lab.simulation.dates import at, days, hours, minutes
from lab.simulation.stage import Stage, lived_until, with_target


async def test_a_sunset_is_announced_in_advance_and_then_switches_keys_off():
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


async def test_a_sunset_that_is_set_for_now_still_gets_its_notice():
    stage = await lived_until(45)
    with_target(stage, sunset=stage.now)
    await stage.until(at(day=46) - hours(1))
    assert not stage.account.disable_local_auth
    await stage.until(at(day=46) + hours(12))
    assert stage.account.disable_local_auth


async def test_a_sunset_that_is_removed_and_set_again_is_announced_again():
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


async def test_a_rotation_does_not_switch_keys_off_again_that_a_person_switched_on():
    """Keys are switched on again, and a request comes before the next tick."""
    stage = await lived_until(10)
    with_target(stage, sunset=at(day=20))
    await stage.until(at(day=21))
    assert stage.account.disable_local_auth
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    stage.vault.update_secret(stage.target.secret, enabled=True)
    await stage.turn(reports_leak())
    assert not stage.account.disable_local_auth


async def test_a_sunset_that_is_moved_to_an_earlier_date_comes_earlier():
    stage = await lived_until(5)
    with_target(stage, sunset=at(day=80))
    await stage.until(at(day=10))
    with_target(stage, sunset=at(day=30))
    await stage.until(at(day=29))
    assert not stage.account.disable_local_auth
    await stage.until(at(day=31))
    assert stage.account.disable_local_auth


async def test_a_sunset_that_could_not_be_announced_is_postponed():
    stage = await lived_until(10)
    with_target(stage, sunset=at(day=20))
    stage.event_grid_is("down")
    await stage.until(at(day=25))
    assert not stage.account.disable_local_auth
    stage.event_grid_is("up")
    await stage.until(at(day=27))
    assert stage.account.disable_local_auth


async def test_keys_switched_off_by_a_policy_disable_the_version_once_an_overlap_later_and_no_turn_follows():
    stage = await lived_until(45)
    stage.switch_keys_off_by_hand()
    await stage.rest()
    assert stage.versions[-1].enabled is True
    await stage.until(at(day=49))
    assert stage.versions[-1].enabled is False
    assert len(stage.events("KeyAuthDisabled")) == 1
    stage.settings = replace(stage.settings, look_every=days(300))
    stage.last_tick = stage.now
    stage.pass_time(minutes(10))
    assert (await stage.run_timer()).turns == []


async def keys_switched_off_and_on_again() -> Stage:
    stage = await lived_until(45)
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + days(4))  # longer than an overlap, so that the version is withdrawn
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    stage.vault.update_secret(stage.target.secret, enabled=True)
    await stage.rest()
    return stage


async def test_a_target_needs_no_turn_after_a_person_switched_keys_on_again():
    stage = await keys_switched_off_and_on_again()
    stage.settings = replace(stage.settings, look_every=days(300))
    stage.last_tick = stage.now
    stage.pass_time(minutes(10))
    assert (await stage.run_timer()).turns == []


async def test_a_second_end_of_keys_is_announced_after_a_person_switched_keys_on_again():
    stage = await keys_switched_off_and_on_again()
    stage.switch_keys_off_by_hand()
    await stage.rest()
    await stage.turn()
    assert len(stage.events("KeyAuthDisabled")) == 2
