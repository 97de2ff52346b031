"""Azure may show for a while what was there before a write: a turn does not take its own work for somebody else's."""

import pytest

from lab.simulation.builders import reports_leak
from lab.simulation.dates import at, days, hours
from lab.simulation.stage import Stage, a_stage, lived_until
from shared.domain.requests import LeakedKey
from shared.turns.report import Outcome, Result


async def a_late_stage(day: int, *, vault: float = 0, keys: float = 0) -> Stage:
    """Return a stage on that day whose reads show for so many seconds what was there before a write."""
    stage = await lived_until(day)
    stage.vault.read_lag, stage.account.lag.listed_after = vault, keys
    return stage


def written(stage: Stage) -> tuple[int, int]:
    return len(stage.versions), stage.world.journal.count("arm.regenerateKey")


def more_than(before: tuple[int, int], stage: Stage) -> tuple[int, int]:
    versions, regenerations = written(stage)
    return versions - before[0], regenerations - before[1]


LAGS = [{"vault": 60}, {"keys": 60}, {"vault": 60, "keys": 60}, {"vault": 3600}, {"keys": 3600}]


def ended_well(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.result is Result.DONE


@pytest.mark.parametrize("lag", LAGS)
async def test_a_rotation_writes_one_version_and_regenerates_one_key(lag: dict[str, float]) -> None:
    stage = await a_late_stage(29, **lag)
    stage.pass_time(days(1) + hours(6))
    before = written(stage)
    assert ended_well(await stage.turn())
    assert more_than(before, stage) == (1, 1)


@pytest.mark.parametrize("lag", LAGS)
async def test_an_adoption_writes_one_version(lag: dict[str, float]) -> None:
    stage = a_stage()
    stage.vault.read_lag, stage.account.lag.listed_after = lag.get("vault", 0.0), lag.get("keys", 0.0)
    assert ended_well(await stage.turn())
    assert written(stage) == (1, 0)


@pytest.mark.parametrize(
    ("key", "versions", "regenerations"), [(LeakedKey.LIVE, 1, 2), (LeakedKey.BOTH, 1, 2), (LeakedKey.PREVIOUS, 0, 1)]
)
@pytest.mark.parametrize("lag", LAGS)
async def test_a_leak_writes_one_version_and_ends_each_key_once(
    key: LeakedKey, versions: int, regenerations: int, lag: dict[str, float]
) -> None:
    stage = await a_late_stage(31, **lag)
    before = written(stage)
    assert ended_well(await stage.turn(reports_leak(key)))
    assert more_than(before, stage) == (versions, regenerations)
    assert stage.works(stage.versions[-1].value)


@pytest.mark.parametrize("lag", [{"vault": 60}, {"keys": 60}])
async def test_a_secret_made_by_hand_is_marked_once(lag: dict[str, float]) -> None:
    stage = a_stage()
    stage.vault.set_secret(stage.target.secret, stage.value("key2"))
    stage.pass_time(hours(1))
    stage.vault.read_lag, stage.account.lag.listed_after = lag.get("vault", 0.0), lag.get("keys", 0.0)
    assert ended_well(await stage.turn())
    assert written(stage) == (1, 0)
    assert stage.world.journal.count("kv.updateSecret") == 2  # the marks, and what was announced


async def test_the_turn_waits_until_the_vault_shows_its_version_so_that_the_next_turn_sees_it() -> None:
    stage = await a_late_stage(29, vault=45)
    stage.pass_time(days(1) + hours(6))
    before = written(stage)
    await stage.turn()
    await stage.turn()
    assert more_than(before, stage) == (1, 1)


@pytest.mark.parametrize("late", [0, 1, 20, 45, 59])
async def test_a_regeneration_without_an_answer_is_not_sent_again_while_the_keys_are_shown_late(late: float) -> None:
    stage = await a_late_stage(29, keys=late)
    stage.pass_time(days(1) + hours(6))
    before = written(stage)
    stage.world.faults.add("arm.regenerateKey", "drop_after")
    assert ended_well(await stage.turn())
    assert more_than(before, stage) == (1, 1)
    await stage.until(at(day=40))
    await stage.must_be_at_rest()
