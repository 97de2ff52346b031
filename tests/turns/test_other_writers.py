"""Other writers of the secret: rotation goes on, what was announced holds, and nothing is repeated without end."""

from typing import Any

import pytest

from lab.simulation.builders import reports_leak, wants_rotation
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage, lived_until
from shared.decide.plan import Reason
from shared.domain.errors import PersonMustLook
from shared.domain.requests import LeakedKey


def strip(stage: Stage, **tags: str) -> None:
    """Set the tags of the latest version as a template states them, without ours."""
    stage.vault.update_secret(stage.target.secret, stage.versions[-1].version, tags=tags)


def write(stage: Stage, value: str, **facts: Any) -> None:
    """Write another version, as a person or a template does. The app owes the readers of that version nothing."""
    stage.witness.excuse_leaked(value)
    stage.witness.excuse_regenerated_by_hand(value)
    stage.vault.set_secret(stage.target.secret, value, **facts)


def regenerated(stage: Stage) -> int:
    return stage.world.journal.count("arm.regenerateKey")


@pytest.mark.parametrize(
    ("every", "notice"), [(6, 1), (24, 1), (48, 1), (168, 1), (24, 3), (24, 7), (168, 7), (336, 7)]
)
async def test_tags_that_are_taken_away_on_any_rhythm_do_not_stop_rotation(every: int, notice: int) -> None:
    stage = a_stage(notice=days(notice))
    first = [stage.value("key1"), stage.value("key2")]
    await stage.tick()
    while stage.now < at(day=200):
        await stage.until(stage.now + hours(every))
        strip(stage, env="prod")
    rotations = len(stage.versions) - 1
    assert rotations >= 5
    assert not any(stage.works(value) for value in first)
    assert len(stage.events()) < 200
    assert stage.versions[-1].tags["env"] == "prod"


async def test_tags_that_are_taken_away_twice_are_put_back_as_they_were() -> None:
    stage = await lived_until(31)
    strip(stage)
    await stage.tick()
    await stage.until(stage.now + hours(6))
    before = dict(stage.versions[-1].tags)
    strip(stage)
    outcome = (await stage.tick())["chat"]
    assert outcome.reason == Reason.TAGS_LOST
    assert stage.versions[-1].tags == before


async def test_tags_of_a_rotated_version_that_are_taken_away_once_keep_the_overlap_of_the_key_before() -> None:
    stage = await lived_until(30)
    previous = stage.value("key1" if stage.live == "key2" else "key2")
    strip(stage)
    await stage.until(at(day=34))
    assert not stage.works(previous)


@pytest.mark.parametrize("case", [str.upper, str.title])
async def test_tags_in_another_case_are_still_ours(case: Any) -> None:
    stage = await lived_until(31)
    latest = stage.versions[-1]
    stage.vault.update_secret(
        stage.target.secret, latest.version, tags={case(name): text for name, text in latest.tags.items()}
    )
    outcome = await stage.turn()
    assert outcome is not None
    assert outcome.reason not in (Reason.TAGS_LOST, Reason.ADOPT_IN_PLACE)
    await stage.until(at(day=62))
    assert len({name.lower() for name in stage.versions[-1].tags}) == len(stage.versions[-1].tags)
    assert len(stage.versions) == 3


async def test_an_old_value_that_is_put_back_is_overwritten_once_and_ends_when_that_was_announced() -> None:
    stage = await lived_until(31)
    ours, old = stage.versions[-1].value, stage.versions[-2].value
    end = stage.events("RetirementAnnounced")[-1]["data"]["deadline"]
    write(stage, old)
    outcome = (await stage.tick())["chat"]
    assert outcome.reason == Reason.OVERWRITTEN
    assert stage.versions[-1].value == ours
    assert stage.events("DriftHealed")
    versions = len(stage.versions)
    write(stage, old)
    await stage.until(at(day=32, hour=20))
    assert len(stage.versions) == versions + 1
    assert stage.works(old)
    assert stage.events("RetirementAnnounced")[-1]["data"]["deadline"] == end
    await stage.until(at(day=34))
    assert not stage.works(old)
    assert stage.versions[-1].value == ours
    assert stage.works(ours)
    await stage.must_be_at_rest()


async def test_an_old_value_that_is_put_back_with_its_old_tags_ends_when_that_was_announced() -> None:
    stage = await lived_until(31)
    ours, before = stage.versions[-1].value, stage.versions[-2]
    write(stage, before.value, tags=before.tags)
    await stage.tick()
    assert stage.versions[-1].value == ours
    await stage.until(at(day=34))
    assert not stage.works(before.value)


async def test_a_dead_value_is_overwritten_however_often_it_is_put_back() -> None:
    stage = await lived_until(40)
    ours, dead = stage.versions[-1].value, stage.versions[-2].value
    made = regenerated(stage)
    for _ in range(5):
        write(stage, dead)
        await stage.tick()
        assert stage.versions[-1].value == ours
    assert regenerated(stage) == made
    await stage.until(at(day=62))
    assert stage.versions[-1].value != ours


async def test_the_same_value_that_is_written_again_starts_no_new_period() -> None:
    stage = a_stage()
    await stage.tick()
    for _ in range(29):
        await stage.until(stage.now + days(1))
        write(stage, stage.versions[-1].value)
    versions = len(stage.versions)
    await stage.until(at(day=34))
    assert len(stage.versions) == versions + 1
    assert stage.versions[-1].value != stage.versions[-2].value


async def test_a_key_that_somebody_rotated_by_hand_leaves_ours_a_period() -> None:
    stage = await lived_until(40)
    ours = stage.versions[-1].value
    other = "key1" if stage.live == "key2" else "key2"
    stage.regenerate_by_hand(other)
    write(stage, stage.value(other))
    await stage.tick()
    assert stage.works(ours)
    assert stage.events("RetirementAnnounced")
    await stage.until(at(day=65))
    assert stage.works(ours)
    await stage.until(at(day=74))
    assert not stage.works(ours)
    assert stage.works(stage.versions[-1].value)


async def test_a_request_is_carried_out_although_another_writer_holds_the_latest_version() -> None:
    stage = await lived_until(31)
    old = stage.versions[-2].value
    for _ in range(2):
        write(stage, old)
        await stage.tick()
    await stage.until(at(day=34))
    outcome = await stage.turn(wants_rotation())
    assert outcome is not None
    assert outcome.reason == Reason.REQUESTED
    assert stage.works(stage.versions[-1].value)


async def again_put_back(stage: Stage) -> tuple[str, str]:
    """Put the previous key back twice, so that it hides our version and is not written over. Return ours and it."""
    ours, old = stage.versions[-1].value, stage.versions[-2].value
    for _ in range(2):
        write(stage, old)
        await stage.tick()
    assert stage.versions[-1].value == old
    return ours, old


async def test_our_key_is_published_again_before_a_leaked_key_ends_that_somebody_put_back() -> None:
    stage = await lived_until(31)
    _, old = await again_put_back(stage)
    outcome = await stage.turn(reports_leak(LeakedKey.PREVIOUS))
    assert outcome is not None
    assert not stage.works(old)
    assert stage.works(stage.versions[-1].value)
    await stage.must_be_at_rest(all_announced=False)


async def test_our_key_is_published_again_before_a_sunset_so_that_it_is_withdrawn() -> None:
    stage = await lived_until(31, sunset=at(day=32))
    await again_put_back(stage)
    await stage.until(at(day=34))
    assert stage.account.disable_local_auth
    assert not stage.versions[-1].enabled
    assert stage.events("KeyAuthDisabled")


async def test_a_value_that_was_never_ours_is_left_alone_whatever_earlier_versions_say() -> None:
    stage = await lived_until(40)
    ours, versions = stage.versions[-1].value, len(stage.versions)
    write(stage, "a password of another service", tags={"env": "prod"})
    for _ in range(3):
        outcome = await stage.turn()
        assert outcome is not None
        assert type(outcome.error) is PersonMustLook
        stage.pass_time(hours(30))
    assert len(stage.versions) == versions + 1
    assert stage.works(ours)


async def test_copies_of_older_versions_are_not_taken_for_what_was_published() -> None:
    stage = await lived_until(61)
    dead, old = stage.versions[0], stage.versions[1]
    assert stage.works(old.value)  # its end was announced for day 63
    for one in (old, dead):
        write(stage, one.value, tags=dict(one.tags))
    await stage.until(at(day=64))
    assert not stage.works(old.value)
    assert stage.works(stage.versions[-1].value)
