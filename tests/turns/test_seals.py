"""Marks count only if a key of the account has sealed them, and nothing was taken back since: forgers end no key."""

from datetime import timedelta
from typing import Any

import pytest

from lab.simulation.builders import about_deployments
from lab.simulation.dates import START, at, days, hours
from lab.simulation.interruptions import killed_before
from lab.simulation.published import note_as_app, publish_as_rotated
from lab.simulation.stage import Stage, a_stage, lived_until
from shared.decide.plan import Reason
from shared.domain.errors import PersonMustLook
from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.publication import PREFIX, Marks, Origin, tags_of
from shared.domain.requests import AwaitedDeployment, RequestKind
from shared.domain.seals import Place, sealed
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.turns.report import Result


def tags(stage: Stage) -> dict[str, str]:
    """Return the tags of the latest version."""
    return dict(stage.versions[-1].tags)


def forge(stage: Stage, **changed: str) -> None:
    """Write tags of ours on the latest version as somebody does who may write tags and nothing else."""
    names = {f"{PREFIX}{name}": text for name, text in changed.items()}
    put(stage, {**tags(stage), **names})


def put(stage: Stage, written: dict[str, str]) -> None:
    """Replace the tags of the latest version."""
    stage.vault.update_secret(stage.target.secret, stage.versions[-1].version, tags=written)


def regenerated(stage: Stage) -> int:
    return stage.world.journal.count("arm.regenerateKey")


def previous_of(stage: Stage) -> str:
    return stage.value("key1" if stage.live == "key2" else "key2")


LONG_AGO = "until=20200101T000000.000000Z"
FORGED_ENDS = [
    {"previous": f"{{}} {LONG_AGO}"},
    {"previous": f"{{}} {LONG_AGO} leaked"},
    {"previous": "", "spare": "{}"},
    {"previous": f"{{}} {LONG_AGO}", "told": f"origin retirement={1_577_836_800}/86400"},
    {"previous": f"{{}} {LONG_AGO} leaked", "endpoint": "https://openai.invalid/chat/ " + "0" * 32 + " " + "1" * 32},
    {"previous": f"{{}} {LONG_AGO} leaked", "endpoint": ""},
]


@pytest.mark.parametrize("forged", FORGED_ENDS)
async def test_whoever_may_only_write_tags_cannot_end_the_previous_key(forged: dict[str, str]) -> None:
    """S5: the previous key is promised three days, and tags say that it has ended long ago or has leaked."""
    stage = await lived_until(31)
    previous, made = previous_of(stage), regenerated(stage)
    mark = Fingerprint.of(previous)
    forge(stage, **{name: text.format(mark) for name, text in forged.items()})
    await stage.until(at(day=32, hour=20))
    assert stage.works(previous)
    assert regenerated(stage) == made
    assert stage.events("RetirementAnnounced")[-1]["data"]["fingerprint"] == mark


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("origin", "rotated 20200101T000000.000000Z"),
        ("origin", "rotated 20990101T000000.000000Z"),
        ("armed", "production soak=0 deployed=1577836800"),
        ("told", "origin retirement=1577836800/0 sunset=1577836800/0"),
        ("request", "r-9 nobody"),
    ],
)
async def test_a_forged_mark_moves_no_rotation_by_more_than_a_period(tag: str, text: str) -> None:
    stage = await lived_until(35)
    made = regenerated(stage)
    forge(stage, **{tag: text})
    await stage.until(at(day=58))
    assert regenerated(stage) == made
    await stage.until(at(day=66))
    assert regenerated(stage) > made
    assert stage.works(stage.versions[-1].value)
    await stage.must_be_at_rest(all_announced=False)


async def test_a_forged_sunset_announcement_does_not_switch_keys_off() -> None:
    stage = await lived_until(31, sunset=at(day=31) + hours(2))
    deadline = ToldDeadline(at(day=31) + hours(2), timedelta(days=14))
    forge(stage, told=Told(origin=True, sunset=deadline).text())
    await stage.until(at(day=31) + hours(12))
    assert not stage.account.disable_local_auth


@pytest.mark.parametrize("value", ["somebody's own value", "another team's password"])
async def test_a_foreign_value_is_never_written_over_whatever_its_tags_say(value: str) -> None:
    """S2: two tags made the app take a foreign secret for a dead publication."""
    stage = a_stage()
    account = {"ProviderAddress": str(stage.target.account), "CredentialId": "key1"}
    stage.witness.excuse_regenerated_by_hand(value)
    stage.vault.set_secret(stage.target.secret, value, tags=account)
    for _ in range(3):
        outcome = (await stage.tick())["chat"]
        assert isinstance(outcome.cause, PersonMustLook)
    assert [one.value for one in stage.versions] == [value]


def sealed_by(stage: Stage, key: str, other: str, **facts: Any) -> dict[str, str]:
    """Return tags of ours as somebody seals them who knows these two values."""
    target = stage.target
    marks = Marks(ApiKey(key).fingerprint, Origin.ROTATED, stage.now, **facts)
    place = Place(str(target.account), KeySlot.KEY1, target.secret_url)
    keys = {KeySlot.KEY1: ApiKey(key), KeySlot.KEY2: ApiKey(other)}
    marks = sealed(marks, place, stage.world.endpoint(stage.account), keys)
    return tags_of(marks, KeySlot.KEY1, str(target.account), days(30), {})


async def test_marks_that_are_sealed_with_a_value_of_ones_own_count_for_nothing() -> None:
    stage = a_stage()
    own, mark = "a value of my own", Fingerprint.of(stage.value("key2"))
    stage.witness.excuse_regenerated_by_hand(own)
    stage.vault.set_secret(
        stage.target.secret, own, tags=sealed_by(stage, own, own, previous=mark, until=START - days(9))
    )
    outcome = (await stage.tick())["chat"]
    assert isinstance(outcome.cause, PersonMustLook)
    assert len(stage.versions) == 1
    assert regenerated(stage) == 0


async def test_a_value_of_ones_own_over_ours_ends_no_key() -> None:
    stage = await lived_until(31)
    ours, previous, made = stage.versions[-1].value, previous_of(stage), regenerated(stage)
    own, mark = "a value of my own", Fingerprint.of(previous)
    forged = sealed_by(stage, own, own, previous=mark, until=at(day=1), leaked=True)
    stage.witness.excuse_leaked(own)
    stage.witness.excuse_regenerated_by_hand(own)
    stage.vault.set_secret(stage.target.secret, own, tags=forged)
    await stage.until(at(day=32, hour=20))
    assert regenerated(stage) == made
    assert stage.works(previous)
    assert stage.works(ours)


async def test_the_holder_of_the_previous_key_cannot_end_it_early_after_drift() -> None:
    """The live key was regenerated by hand, and only the previous key can vouch for the marks."""
    stage = await lived_until(31)
    previous, live = previous_of(stage), stage.versions[-1].value
    forged = sealed_by(stage, live, previous, previous=Fingerprint.of(previous), until=at(day=1), leaked=True)
    if stage.live == "key2":
        forged["CredentialId"] = "key2"
    put(stage, forged)
    stage.regenerate_by_hand(stage.live)
    await stage.rest()
    assert stage.works(stage.versions[-1].value)
    await stage.until(at(day=33))
    assert stage.works(previous)


# Old sealed marks are put back.


async def test_a_wait_for_a_deployment_that_was_taken_back_stays_taken_back() -> None:
    stage = await lived_until(35)
    wanted = AwaitedDeployment("production")
    await stage.turn(about_deployments(RequestKind.ARM, wanted, id="a-1"))
    armed = tags(stage)
    await stage.turn(about_deployments(RequestKind.DISARM, None, id="a-2"))
    put(stage, armed)
    live = AwaitedDeployment("production", deployed=stage.now)
    outcome = await stage.turn(about_deployments(RequestKind.DEPLOYED, live, id="a-3"))
    assert outcome is not None
    assert outcome.reason == Reason.ADOPT_IN_PLACE or outcome.reason == Reason.NOT_ARMED
    assert f"{PREFIX}armed" not in tags(stage)
    made = regenerated(stage)
    await stage.until(at(day=40))
    assert regenerated(stage) == made


async def test_marks_from_before_they_were_lost_do_not_shorten_the_promise_that_followed() -> None:
    """Tags are taken away, the previous key is promised a period, and then the old tags are put back."""
    stage = a_stage()
    publish_as_rotated(stage.world, stage.account, START - days(1), until=at(day=2))
    old, previous = tags(stage), previous_of(stage)
    put(stage, {})
    await stage.tick()
    assert stage.events("RetirementAnnounced")[-1]["data"]["deadline"] > at(day=20).isoformat()
    put(stage, old)
    await stage.until(at(day=20))
    assert stage.works(previous)


# Marks of releases that did not seal.


def unsealed(stage: Stage) -> None:
    """Publish as an earlier release did a day ago, with a previous key that works for two days more."""
    publish_as_rotated(stage.world, stage.account, START - days(1), until=at(day=2))
    version = stage.versions[-1]
    version.tags[f"{PREFIX}endpoint"] = " ".join(version.tags[f"{PREFIX}endpoint"].split(" ")[:2])


async def test_unsealed_marks_count_until_they_are_sealed_if_nobody_changed_them_since_the_stated_moment() -> None:
    stage = a_stage(sealed_since=at(day=0))
    unsealed(stage)
    before = tags(stage)
    outcome = (await stage.tick())["chat"]
    assert outcome.result is Result.NOTHING
    assert {**tags(stage), **{f"{PREFIX}{one}": "" for one in ("told", "endpoint")}} == {
        **before,
        **{f"{PREFIX}{one}": "" for one in ("told", "endpoint")},
    }
    assert len(tags(stage)[f"{PREFIX}endpoint"].split(" ")) == 3
    await stage.until(at(day=5))
    assert stage.events("KeyRetired")


@pytest.mark.parametrize("since", [None, START - days(3), START - days(40)])
async def test_unsealed_marks_do_not_count_without_that_moment_or_if_they_were_changed_after_it(since: Any) -> None:
    stage = a_stage(sealed_since=since)
    unsealed(stage)
    previous = previous_of(stage)
    outcome = (await stage.tick())["chat"]
    assert outcome.reason == Reason.ADOPT_IN_PLACE
    await stage.until(at(day=20))
    assert stage.works(previous)


async def test_a_forger_cannot_use_the_stated_moment_later() -> None:
    stage = a_stage(sealed_since=at(day=0))
    unsealed(stage)
    previous = previous_of(stage)
    await stage.until(at(day=1))
    forge(stage, previous=f"{Fingerprint.of(previous)} {LONG_AGO} leaked", endpoint="https://openai.invalid/chat/ 0")
    await stage.until(at(day=2))
    assert stage.works(previous)


# What nobody can check.


async def test_tags_that_were_forged_while_keys_were_off_end_no_key_after_they_are_on_again() -> None:
    stage = await lived_until(31)
    previous = previous_of(stage)
    stage.event_grid_is("down")
    stage.switch_keys_off_by_hand()
    await stage.tick()
    forge(stage, previous=f"{Fingerprint.of(previous)} {LONG_AGO} leaked", told="origin")
    stage.event_grid_is("up")
    await stage.tick()
    stage.account.disable_local_auth = False
    stage.vault.update_secret(stage.target.secret, stage.versions[-1].version, enabled=True)
    await stage.rest()
    await stage.until(at(day=32, hour=20))
    assert stage.works(previous)
    assert stage.works(stage.versions[-1].value)


async def test_the_holder_of_the_previous_key_cannot_vouch_for_marks_while_the_live_key_is_published() -> None:
    """A made-up live key in the marks does not make the published one a regenerated key."""
    stage = await lived_until(31)
    previous, live = previous_of(stage), stage.versions[-1].value
    forged = sealed_by(stage, "no key at all", previous, spare=Fingerprint.of(previous), rotated=at(day=300))
    put(stage, forged)
    outcome = (await stage.tick())["chat"]
    assert outcome.reason in (Reason.TAGS_LOST, Reason.ADOPT_IN_PLACE)
    assert stage.works(live)
    assert stage.works(previous)


async def test_a_target_is_armed_also_if_marks_that_were_taken_back_were_put_back() -> None:
    stage = await lived_until(35)
    old = tags(stage)
    put(stage, {})
    await stage.tick()
    put(stage, old)
    outcome = await stage.turn(about_deployments(RequestKind.ARM, AwaitedDeployment("production"), id="a-1"))
    assert outcome is not None
    assert outcome.reason == Reason.ARMED
    assert tags(stage)[f"{PREFIX}armed"].startswith("production")


# A turn ends between the note and the marks.


@pytest.mark.parametrize("call", range(1, 9))
async def test_what_is_to_be_announced_is_not_forgotten_if_a_turn_is_killed_while_it_takes_something_back(
    call: int,
) -> None:
    stage = await lived_until(33)
    wanted, ended = AwaitedDeployment("production"), Fingerprint.of("a key that ended during an outage")
    owed = CarriedOver(Happened.ENDED, KeySlot.KEY1, ended, stage.now)
    note_as_app(stage.world, stage.account, told=Told(origin=True, carried_over=(owed,)), awaited=wanted)
    stage.event_grid_is("down")
    await stage.turn(about_deployments(RequestKind.DISARM, None, id="a-1"), killed_before(call))
    stage.event_grid_is("up")
    await stage.rest()
    assert ended in [event["data"]["fingerprint"] for event in stage.events("KeyRetired")]
    assert stage.works(previous_of(stage))


HUGE = 10**200


@pytest.mark.parametrize("number", [-1, 10**9 + 1, HUGE])
async def test_a_forged_number_does_not_count_and_leaves_no_trace(number: int) -> None:
    stage = await lived_until(35)
    origin = tags(stage)[f"{PREFIX}origin"]
    forge(stage, origin=f"{origin} number={number}")
    await stage.tick()
    await stage.until(at(day=80))
    assert "number=1 " in tags(stage)[f"{PREFIX}origin"] or "number" not in tags(stage)[f"{PREFIX}origin"]
    await stage.must_be_at_rest(all_announced=False)


async def test_a_number_that_was_forged_while_keys_were_off_is_not_believed() -> None:
    stage = await lived_until(31)
    stage.event_grid_is("down")
    stage.switch_keys_off_by_hand()
    await stage.tick()
    forge(stage, origin=f"{tags(stage)[f'{PREFIX}origin']} number={10**9}", told="origin")
    stage.event_grid_is("up")
    await stage.tick()
    stage.account.disable_local_auth = False
    stage.vault.update_secret(stage.target.secret, stage.versions[-1].version, enabled=True)
    await stage.until(at(day=40))
    assert f"number={10**9}" not in tags(stage)[f"{PREFIX}origin"]
    assert stage.works(stage.versions[-1].value)
