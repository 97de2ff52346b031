"""Keys that somebody switches on again after they ended: the key is published anew, and everybody is told.

The sunset is agreed for day 20. Whoever disabled the published version decides: this app publishes anew only what it
disabled itself.
"""

from datetime import datetime

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage, lived_until
from shared.decide import policies
from shared.domain.keys import Fingerprint, KeySlot
from shared.domain.times import from_seconds
from shared.domain.told import CarriedOver, Happened
from shared.turns import turn
from shared.turns.keyless import KEYLESS, keyless_of, note_sunset, note_withdrawn
from shared.turns.report import Result

SUNSET = at(day=20)
KEPT: dict[bool, Stage] = {}


async def keyless(*, by_sunset: bool = True) -> Stage:
    """Return a stage whose keys have ended, by the announced sunset or by a person's hand."""
    if by_sunset not in KEPT:
        stage = a_stage(sunset=SUNSET if by_sunset else None)
        await stage.until(SUNSET - hours(1))
        if not by_sunset:
            stage.switch_keys_off_by_hand()
        await stage.until(SUNSET + (hours(3) if by_sunset else days(4)))  # what others switch off stays for an overlap
        assert stage.versions[-1].enabled is False
        KEPT[by_sunset] = stage
    return KEPT[by_sunset].copy()


def switched_on(stage: Stage) -> datetime:
    stage.world.accounts.update(stage.account.id, {"disable_local_auth": False})
    return stage.now


def published(stage: Stage) -> str:
    latest = stage.versions[-1]
    assert latest.enabled
    return latest.value


@pytest.mark.parametrize("by_sunset", [True, False], ids=["after the sunset", "after a person's switch"])
async def test_the_next_turn_publishes_a_key_that_works_and_tells_everybody(by_sunset: bool):
    stage = await keyless(by_sunset=by_sunset)
    switched_on(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "keys-are-back")
    assert stage.works(published(stage))
    assert len(stage.events("KeyAuthEnabled")) == 1
    await stage.must_be_at_rest()


async def test_a_tick_finds_it_without_a_person():
    stage = await keyless()
    switched_on(stage)
    await stage.until(stage.now + hours(2))
    assert stage.works(published(stage))


async def test_both_values_that_worked_before_go_on_working_for_a_period():
    stage = await keyless()
    values = {key.value for key in stage.account.keys.values()}
    switched_on(stage)
    await stage.until(stage.now + days(4))
    assert {key.value for key in stage.account.keys.values()} == values


async def test_an_agreed_date_that_still_stands_is_announced_again_with_the_notice_and_then_keys_end_again():
    stage = await keyless()
    back = switched_on(stage)
    await stage.until(back + hours(20))
    assert stage.account.disable_local_auth is False
    announced = stage.events("SunsetAnnounced")[-1]
    assert datetime.fromisoformat(announced["data"]["deadline"]) >= back + days(1)
    await stage.until(back + days(3))
    assert stage.account.disable_local_auth is True
    assert len(stage.events("KeyAuthDisabled")) == 2
    await stage.must_be_at_rest()


@pytest.mark.parametrize("topic", ["up", "down"])
async def test_keys_that_somebody_switches_off_for_two_hours_change_nothing_and_both_is_told(topic: str):
    stage = await lived_until(3)
    value, until = published(stage), stage.versions[-1].tags["key-rotation-previous"]
    stage.event_grid_is(topic)
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + hours(2), hours(1))
    switched_on(stage)
    await stage.until(stage.now + hours(2), hours(1))
    stage.event_grid_is("up")
    await stage.until(stage.now + hours(6), hours(1))
    assert (published(stage), stage.versions[-1].tags["key-rotation-previous"]) == (value, until)
    assert len(stage.versions) == 1
    told = 1 if topic == "up" else 0
    assert (len(stage.events("KeyAuthDisabled")), len(stage.events("KeyAuthEnabled"))) == (told, told)
    await stage.must_be_at_rest(all_announced=topic == "up")


async def test_keys_that_somebody_switches_off_again_have_an_overlap_again():
    stage = await lived_until(3)
    for _ in range(2):
        stage.switch_keys_off_by_hand()
        await stage.until(stage.now + days(2))
        assert stage.versions[-1].enabled
        switched_on(stage)
        await stage.until(stage.now + hours(12))
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + days(4))
    assert stage.versions[-1].enabled is False


async def test_each_time_is_an_event_of_its_own():
    stage = await keyless()
    for _ in range(2):
        switched_on(stage)
        await stage.until(stage.now + hours(2))
        stage.switch_keys_off_by_hand()
        await stage.until(stage.now + hours(2))
    ids = [one["id"] for one in stage.events("KeyAuthEnabled")]
    assert len(ids) == len(set(ids)) == 2


async def test_what_event_grid_does_not_take_is_sent_later_and_once():
    stage = await keyless()
    switched_on(stage)
    stage.event_grid_is("down")
    await stage.until(stage.now + hours(2))
    assert stage.works(published(stage))
    assert not stage.events("KeyAuthEnabled")
    stage.event_grid_is("up")
    await stage.until(stage.now + hours(2))
    assert len(stage.events("KeyAuthEnabled")) == 1


async def test_a_version_that_a_person_disabled_is_left_alone():
    stage = a_stage()
    await stage.tick()
    stage.versions[-1].enabled = False
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "PersonMustLook"
    assert stage.versions[-1].enabled is False


async def test_without_the_note_a_person_must_look():
    stage = await keyless()
    notes = stage.rotation().outside.notes
    for name in await notes.names(KEYLESS):
        await notes.remove(name)
    switched_on(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "PersonMustLook"


@pytest.mark.parametrize("by_sunset", [True, False], ids=["by the sunset", "by a person"])
async def test_the_note_says_since_when_an_account_is_keyless_and_what_made_it_so(by_sunset: bool):
    stage = await keyless(by_sunset=by_sunset)
    note = await keyless_of(stage.rotation().outside.notes, stage.target.account)
    assert note is not None
    assert note.by_sunset is by_sunset
    assert SUNSET - hours(1) <= note.at <= SUNSET + hours(6)
    assert note.version == stage.versions[-1].version


@pytest.mark.parametrize("text", ["", "{", "[]", '{"account": 1}', '{"account": "x", "version": "1", "at": "soon"}'])
async def test_a_note_that_cannot_be_read_counts_as_absent(text: str):
    stage = await keyless()
    notes = stage.rotation().outside.notes
    (name,) = await notes.names(KEYLESS)
    await notes.write(name, text)
    assert await keyless_of(notes, stage.target.account) is None


async def test_a_note_for_the_same_version_is_not_written_over():
    stage = await keyless()
    notes, target = stage.rotation().outside.notes, stage.target
    before = await keyless_of(notes, target.account)
    assert before is not None
    latest = await stage.rotation().outside.vault.latest(target)
    assert latest is not None
    await note_sunset(notes, target, latest, stage.now + days(1))
    await note_withdrawn(notes, target, latest, stage.now + days(1))
    assert await keyless_of(notes, target.account) == before


async def test_an_account_without_a_subdomain_is_neither_told_of_a_sunset_nor_loses_its_keys():
    """W1: Azure refuses Entra tokens there, so nobody could call it any more."""
    stage = a_stage(sunset=SUNSET)
    stage.world.accounts.update(stage.account.id, {"subdomain": None})
    await stage.until(SUNSET + days(2))
    held = await stage.turn()
    assert held is not None
    assert not stage.account.disable_local_auth
    assert not stage.events("SunsetAnnounced")
    row = await stage.row()
    assert "cannot take an identity" in str(row.plan)


async def test_once_the_account_has_a_subdomain_its_sunset_is_announced_with_the_notice_and_happens():
    stage = a_stage(sunset=SUNSET)
    stage.world.accounts.update(stage.account.id, {"subdomain": None})
    await stage.until(SUNSET + days(2))
    stage.world.accounts.update(stage.account.id, {"subdomain": "chat"})
    mended = stage.now
    await stage.until(mended + hours(20))
    assert stage.events("SunsetAnnounced")
    assert not stage.account.disable_local_auth
    await stage.until(mended + days(2))
    assert stage.account.disable_local_auth


async def test_a_subdomain_that_is_taken_away_after_the_announcement_holds_the_sunset():
    stage = a_stage(sunset=SUNSET)
    await stage.until(SUNSET - hours(1))
    assert stage.events("SunsetAnnounced")
    stage.world.accounts.update(stage.account.id, {"subdomain": None})
    await stage.until(SUNSET + hours(2))
    held = await stage.turn()
    assert held is not None
    assert (held.result, held.reason) == (Result.HELD, "cannot-take-an-identity")
    assert not stage.account.disable_local_auth


async def test_a_version_that_a_person_disables_after_it_was_enabled_again_is_left_alone():
    """The note is about the same version, but a turn has found that enabled since."""
    stage = await keyless(by_sunset=False)
    switched_on(stage)
    stage.versions[-1].enabled = True
    await stage.turn()
    stage.versions[-1].enabled = False
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "PersonMustLook"
    assert stage.versions[-1].enabled is False


async def test_a_version_that_was_enabled_again_is_withdrawn_and_published_anew_as_before():
    stage = await keyless(by_sunset=False)
    switched_on(stage)
    stage.versions[-1].enabled = True
    await stage.turn()
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + days(4))
    assert stage.versions[-1].enabled is False
    switched_on(stage)
    await stage.turn()
    assert stage.works(published(stage))


async def test_it_is_not_announced_that_keys_are_back_once_they_are_off_again():
    stage = await keyless()
    switched_on(stage)
    stage.event_grid_is("down")
    await stage.turn()
    stage.switch_keys_off_by_hand()
    stage.event_grid_is("up")
    await stage.until(stage.now + hours(2))
    assert len(stage.events("KeyAuthDisabled")) == 2
    assert not stage.events("KeyAuthEnabled")


async def test_a_return_that_was_never_announced_is_overtaken_by_the_next_one():
    stage = await keyless()
    switched_on(stage)
    stage.event_grid_is("down")
    await stage.turn()
    stage.switch_keys_off_by_hand()
    await stage.turn()
    stage.event_grid_is("up")
    switched_on(stage)
    await stage.until(stage.now + hours(2))
    assert len(stage.events("KeyAuthEnabled")) == 1


async def test_a_request_that_was_carried_out_before_keys_ended_is_not_carried_out_again():
    stage = await lived_until(45)
    rotated = await stage.turn(wants_rotation("ticket-7"))
    assert rotated is not None
    assert rotated.reason == "requested"
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + hours(2))
    switched_on(stage)
    await stage.turn()
    values = {key.value for key in stage.account.keys.values()}
    outcome = await stage.turn(wants_rotation("ticket-7"))
    assert outcome is not None
    assert outcome.reason == "already-done"
    assert {key.value for key in stage.account.keys.values()} == values


async def test_a_release_that_does_not_know_the_word_for_a_return_ends_no_key_early(monkeypatch: pytest.MonkeyPatch):
    """It cannot read the marks, so it takes the version for one that somebody else has tagged."""
    stage = await keyless(by_sunset=False)
    switched_on(stage)
    stage.event_grid_is("down")
    await stage.turn()
    values, versions = {key.value for key in stage.account.keys.values()}, len(stage.versions)
    assert stage.versions[-1].tags["key-rotation-owed"].startswith("o")
    monkeypatch.setattr(CarriedOver, "read", known_to_an_earlier_release)
    monkeypatch.setattr(policies, "_back_before_withdrawn", lambda _: None)  # an earlier release has no such rule
    stage.event_grid_is("up")
    await stage.until(stage.now + days(4))
    assert {key.value for key in stage.account.keys.values()} == values
    assert len(stage.versions) == versions
    assert stage.works(published(stage))
    await stage.must_be_at_rest(all_announced=False)


def known_to_an_earlier_release(text: str) -> CarriedOver:
    if text.startswith("o"):
        raise ValueError(text)
    return CarriedOver(Happened(text[0]), KeySlot(f"key{text[1]}"), Fingerprint(text[2:18]), from_seconds(text[18:]))


@pytest.mark.parametrize("refused", ["arm.updateAccount", "kv.updateSecret"])
async def test_a_version_that_a_person_disables_stays_disabled_although_the_sunset_had_begun(refused: str):
    stage = a_stage(sunset=SUNSET)
    await stage.until(SUNSET - hours(1))
    stage.world.faults.add(refused, "status", status=403, code="AuthorizationFailed", times=0)
    await stage.until(SUNSET + hours(2))
    stage.world.faults.clear()
    switched_on(stage)
    stage.versions[-1].enabled = False
    versions = len(stage.versions)
    outcome = await stage.turn()
    assert outcome is not None
    if refused == "arm.updateAccount":  # keys were never off, so this app has withdrawn nothing
        assert outcome.reason == "PersonMustLook"
        assert (len(stage.versions), stage.versions[-1].enabled) == (versions, False)
        assert not stage.events("KeyAuthEnabled")


async def test_whoever_enables_the_version_as_well_is_told_of_in_the_same_way():
    stage = await keyless()
    switched_on(stage)
    stage.versions[-1].enabled = True
    versions, values = len(stage.versions), {key.value for key in stage.account.keys.values()}
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "keys-are-back")
    await stage.until(stage.now + hours(20))
    assert len(stage.versions) == versions
    assert {key.value for key in stage.account.keys.values()} == values
    assert len(stage.events("KeyAuthEnabled")) == 1
    stage.versions[-1].enabled = False
    left_alone = await stage.turn()
    assert left_alone is not None
    assert left_alone.reason == "PersonMustLook"


async def test_a_leak_that_is_reported_while_keys_are_off_waits_on_record_and_ends_the_key_once_they_are_on():
    stage = await keyless()
    leaked = stage.versions[-1].value
    outcome = await stage.rotation().turn(stage.target, reports_leak())
    assert (outcome.result, outcome.reason) == (Result.HELD, "keys-are-off")
    assert "it ends" in outcome.why
    back = switched_on(stage)
    await stage.until(back + hours(3))
    assert stage.works(published(stage))
    assert not stage.works(leaked)
    (leaks, problems) = await stage.rotation().leaks.pending()
    assert (leaks, problems) == ([], [])


async def test_the_page_says_that_keys_are_back_and_never_that_a_person_must_enable_the_version():
    stage = a_stage(tagged=True)
    tags = {"key-rotation": "on", "key-rotation-secret": stage.target.secret}
    stage.world.accounts.update(stage.account.id, {"tags": tags})
    await stage.tick()
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + days(4))
    switched_on(stage)
    [row] = await stage.rotation().surveyor._presumed((await stage.rotation().fleet.list_targets()).listed)
    assert row.plan is not None
    assert row.plan.reason == "keys-are-back"


async def off_again(stage: Stage) -> None:
    """Let a person switch keys off once more, a tick find that, and a person switch them on."""
    stage.switch_keys_off_by_hand()
    await stage.until(stage.now + days(4))
    switched_on(stage)


async def enabled_by_hand(stage: Stage) -> None:
    """Let somebody switch keys on and enable the version, and a turn find that."""
    switched_on(stage)
    stage.versions[-1].enabled = True
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "keys-are-back"


async def test_a_version_that_was_enabled_by_hand_is_published_anew_after_another_end():
    stage = await keyless(by_sunset=False)
    await enabled_by_hand(stage)
    await off_again(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "keys-are-back")
    assert stage.works(published(stage))
    assert len({event["id"] for event in stage.events("KeyAuthEnabled")}) == 2


async def test_an_end_of_which_nobody_could_be_told_withdraws_nothing_and_everything_goes_on():
    stage = await keyless(by_sunset=False)
    await enabled_by_hand(stage)
    before, told = stage.versions[-1].version, len(stage.topic.accepted)
    stage.event_grid_is("down")
    await off_again(stage)
    assert (stage.versions[-1].version, stage.versions[-1].enabled) == (before, True)
    stage.event_grid_is("up")
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "nothing-due"
    assert stage.works(published(stage))
    assert len(stage.topic.accepted) == told


async def test_it_is_also_published_anew_if_the_turn_that_told_of_the_first_return_ended_early(
    monkeypatch: pytest.MonkeyPatch,
):
    stage = await keyless(by_sunset=False)

    async def note_enabled(*_: object) -> None:
        """Note nothing, as where the process ends just before."""

    with monkeypatch.context() as patched:
        patched.setattr(turn, "note_enabled", note_enabled)
        await enabled_by_hand(stage)
    await off_again(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "keys-are-back"


async def test_a_version_that_was_enabled_by_hand_and_disabled_by_a_person_stays_disabled_after_another_end():
    stage = await keyless(by_sunset=False)
    await enabled_by_hand(stage)
    note = await keyless_of(stage.rotation().outside.notes, stage.target.account)
    assert note is not None
    assert not note.version
    stage.versions[-1].enabled = False
    await off_again(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason == "PersonMustLook"
    assert stage.versions[-1].enabled is False


async def test_an_end_at_which_a_person_had_disabled_the_version_counts_as_one():
    stage = a_stage()
    await stage.until(at(day=20))
    stage.versions[-1].enabled = False
    await off_again(stage)
    stage.versions[-1].enabled = True
    await stage.until(stage.now + hours(3))
    await off_again(stage)
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "keys-are-back")
    assert stage.works(published(stage))


async def test_a_return_is_not_over_because_the_turn_that_tells_of_it_failed():
    stage = await keyless(by_sunset=False)
    switched_on(stage)
    stage.world.faults.add("aoai.models", "status", status=401, times=0)
    failed = await stage.turn()
    assert failed is not None
    assert failed.result is Result.FAILED
    stage.world.faults.clear()
    outcome = await stage.turn()
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "keys-are-back")
    assert stage.works(published(stage))
