"""A reported leak is on record before anything changes, until its key has ended, whatever happens meanwhile (P13)."""

import json
from dataclasses import replace

import pytest

from lab.simulation.builders import reports_leak
from lab.simulation.dates import hours, minutes
from lab.simulation.interruptions import killed_after, killed_before
from lab.simulation.stage import Stage, a_stage, lived_until
from shared.domain.keys import Fingerprint
from shared.domain.requests import LeakedKey
from shared.settings.environment import Mode
from shared.turns.message import About
from shared.turns.notes import LEAKS
from shared.turns.report import Result


def on_record(stage: Stage) -> int:
    containers = stage.world.blobs.containers
    return len(stage.world.blobs.list("key-rotation-leases", LEAKS)) if "key-rotation-leases" in containers else 0


def leaked_values(stage: Stage, key: LeakedKey) -> set[str]:
    live, previous = stage.value(stage.live), stage.value("key1" if stage.live == "key2" else "key2")
    return {LeakedKey.LIVE: {live}, LeakedKey.PREVIOUS: {previous}, LeakedKey.BOTH: {live, previous}}[key]


async def during_an_overlap() -> Stage:
    """Return a stage on which both keys are in use, so that every word of a report means a key that works."""
    return await lived_until(31)


@pytest.mark.parametrize("key", LeakedKey)
@pytest.mark.parametrize("interrupt", [killed_before, killed_after])
async def test_a_leak_whose_process_is_killed_at_any_call_is_ended_by_the_ticks(interrupt, key: LeakedKey) -> None:
    prepared = await during_an_overlap()
    for call in range(2, 22):
        stage = prepared.copy()
        leaked = leaked_values(stage, key)
        versions = len(stage.versions)
        await stage.turn(reports_leak(key), interrupt(call))
        await stage.rest(8)
        assert not any(stage.works(value) for value in leaked), call
        assert on_record(stage) == 0, call
        assert len(stage.versions) - versions <= 2, call
        await stage.must_be_at_rest()


async def test_a_leak_that_fails_stays_on_record_and_is_queued_after_five_minutes_and_then_hourly() -> None:
    stage = await during_an_overlap()
    stage.world.down = {"arm"}
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.result is Result.FAILED
    queued = []
    for _ in range(26 * 6):
        stage.pass_time(minutes(10))
        queued.append(len((await stage.run_timer()).leaks))
    assert [number for number, count in enumerate(queued, 1) if count] == [1, *range(7, 26 * 6, 6)]
    assert max(queued) == 1
    assert on_record(stage) == 1


async def test_a_second_report_beside_the_first_is_carried_out_too() -> None:
    stage = await during_an_overlap()
    leaked = leaked_values(stage, LeakedKey.BOTH)
    stage.world.down = {"arm"}
    await stage.turn(reports_leak(LeakedKey.LIVE, "first"))
    await stage.turn(reports_leak(LeakedKey.PREVIOUS, "second"))
    assert on_record(stage) == 2
    stage.world.down = set()
    await stage.rest(8)
    assert on_record(stage) == 0
    assert not any(stage.works(value) for value in leaked)


async def test_a_report_that_is_carried_out_late_ends_the_keys_of_its_own_moment_and_no_others() -> None:
    stage = await during_an_overlap()
    regenerated = stage.world.journal.count("arm.regenerateKey")
    await stage.turn(reports_leak(LeakedKey.LIVE), killed_before(8))
    [record] = stage.world.blobs.list("key-rotation-leases", LEAKS)
    assert json.loads(record.content)["request"]["values"]  # its key is named, and nothing has changed
    assert stage.world.journal.count("arm.regenerateKey") == regenerated
    leaked = leaked_values(stage, LeakedKey.LIVE)
    stage.world.clock.advance(60)
    await stage.turn(reports_leak(LeakedKey.LIVE, "another"))
    healthy = stage.value(stage.live)
    await stage.rest(8)
    assert not any(stage.works(value) for value in leaked)
    assert stage.works(healthy)


async def test_a_leak_that_the_app_only_observes_stays_on_record() -> None:
    stage = await during_an_overlap()
    stage.settings = replace(stage.settings, mode=Mode.OBSERVE)
    await stage.turn(reports_leak())
    assert on_record(stage) == 1


async def test_a_leak_is_ended_although_it_cannot_be_put_on_record() -> None:
    stage = await during_an_overlap()
    leaked = leaked_values(stage, LeakedKey.LIVE)
    stage.world.faults.add("blob.put", "drop_before", times=100)
    outcome = await stage.turn(reports_leak())
    assert outcome is not None
    assert outcome.result is Result.DONE
    assert not any(stage.works(value) for value in leaked)


async def test_a_damaged_record_is_not_carried_out_and_hides_no_other() -> None:
    stage = await during_an_overlap()
    stage.world.down = {"arm"}
    await stage.turn(reports_leak())
    stage.world.blobs.put("key-rotation-leases", f"{LEAKS}damaged", b"{")
    stage.world.down = set()
    stage.pass_time(hours(1))
    assert len((await stage.run_timer()).leaks) == 1  # the first tick since the report


async def test_a_leak_is_on_record_by_its_account_and_a_name_that_leads_elsewhere_later_does_not_matter() -> None:
    stage = await during_an_overlap()
    stage.world.down = {"arm"}
    await stage.turn(reports_leak())
    [leak], _ = await stage.rotation().leaks.pending()
    assert (leak.target, leak.account) == (stage.target.name, stage.target.account)


async def test_a_leak_that_was_on_record_by_its_name_goes_on_by_its_account() -> None:
    """Until its account could be found out, or by the release before."""
    stage = await during_an_overlap()
    rotation = stage.rotation()
    request = await rotation.leaks.add(About(stage.target.name), reports_leak())
    leaked = leaked_values(stage, LeakedKey.LIVE)
    stage.witness.excuse_leaked(*leaked_values(stage, LeakedKey.BOTH))
    stage.world.down = {"kv"}
    await rotation.turn(stage.target, request, by_name=True)
    [leak], _ = await stage.rotation().leaks.pending()
    assert leak.account == stage.target.account
    stage.world.down = set()
    await stage.rest(8)
    assert on_record(stage) == 0
    assert not any(stage.works(value) for value in leaked)


async def test_one_idempotency_key_on_two_accounts_of_one_name_is_two_leaks_on_record() -> None:
    stage = await during_an_overlap()
    leaks = stage.rotation().leaks
    await leaks.add(About.of(stage.target), reports_leak())
    await leaks.add(About("chat", replace(stage.target.account, group="another")), reports_leak())
    assert on_record(stage) == 2


async def test_a_report_with_the_fingerprint_of_another_key_changes_nothing_and_is_not_on_record() -> None:
    stage = await during_an_overlap()
    calls = stage.world.journal.count("arm.regenerateKey")
    previous = Fingerprint.of(*leaked_values(stage, LeakedKey.PREVIOUS))
    outcome = await stage.turn(reports_leak(LeakedKey.LIVE, fingerprint=previous))
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.HELD, "which-key")
    assert previous in outcome.why
    assert stage.world.journal.count("arm.regenerateKey") == calls
    assert on_record(stage) == 0


@pytest.mark.parametrize("key", [LeakedKey.LIVE, LeakedKey.PREVIOUS])
async def test_a_report_that_names_only_a_fingerprint_ends_that_key(key: LeakedKey) -> None:
    stage = await during_an_overlap()
    [leaked] = leaked_values(stage, key)
    stage.witness.excuse_leaked(*leaked_values(stage, LeakedKey.BOTH))
    mark = Fingerprint.of(leaked)
    outcome = await stage.turn(reports_leak(None, fingerprint=mark))
    assert outcome is not None
    assert not stage.works(leaked)
    assert outcome.data()["leakedKeys"][0]["fingerprint"] == mark
    assert f"with fingerprint {mark}" in str(outcome)


async def test_a_named_key_of_a_target_that_must_be_adopted_first_is_the_one_that_ends() -> None:
    stage = a_stage()
    leaked = stage.value("key2")
    stage.witness.excuse_leaked(leaked)
    await stage.turn(reports_leak(None, fingerprint=Fingerprint.of(leaked)))
    await stage.rest(8)
    assert not stage.works(leaked)
    assert on_record(stage) == 0
