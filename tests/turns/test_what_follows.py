"""What follows a deployment, and the end of the other key: copies end in time, and readers notice nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.dates import at, days, hours, minutes
from lab.simulation.stage import Stage, lived_until
from shared.domain.keys import Fingerprint
from shared.domain.requests import ArmRequest, AwaitedDeployment, DeploymentRequest, Follow, RotateRequest
from shared.turns.report import Outcome, Result

SOAK = days(2)


async def armed(then: Follow, day: int = 2, soak: timedelta = SOAK, **facts: object) -> Stage:
    """Return a stage in its first period, armed for a deployment to production on that day."""
    stage = await lived_until(day, **facts)
    length = hours(4) if then is Follow.TRIAL else None
    wanted = AwaitedDeployment("production", soak, then=then, length=length)
    outcome = await stage.turn(ArmRequest(id="a-1", by="anna", deployment=wanted))
    assert outcome is not None
    assert (outcome.result, outcome.reason) == (Result.DONE, "armed"), outcome
    return stage


async def deployed(stage: Stage) -> Outcome:
    """Report the deployment."""
    went_live = AwaitedDeployment("production", deployed=stage.now)
    outcome = await stage.turn(DeploymentRequest(id="d-1", by="pipeline", deployment=went_live))
    assert outcome is not None
    assert outcome.reason == "deployed", outcome
    return outcome


def values(stage: Stage) -> list[str]:
    return [key.value for key in stage.account.keys.values()]


def excused(stage: Stage) -> None:
    """A person confirmed that both values end, so the witness lets them end early (P2)."""
    stage.witness.excuse_leaked(*values(stage))


async def test_end_ends_both_old_values_when_the_soak_time_is_over_also_in_the_first_period():
    stage = await armed(Follow.END)
    copied = values(stage)
    excused(stage)
    said = await deployed(stage)
    assert "end by 2026-03-06 09:00 UTC" in said.why
    assert stage.versions[-1].value not in copied
    await stage.until(at(day=3, hour=12))
    assert stage.works(stage.versions[-1].value)
    assert sum(stage.works(one) for one in copied) == 1
    await stage.until(at(day=4, minute=30), minutes(10))
    assert not any(stage.works(one) for one in copied)
    assert stage.works(stage.versions[-1].value)
    await stage.rest()
    await stage.must_be_at_rest()


async def test_with_a_longer_soak_time_the_new_key_is_published_one_overlap_before_its_end():
    stage = await armed(Follow.END, soak=days(6))
    copied = values(stage)
    excused(stage)
    await deployed(stage)
    await stage.until(at(day=4, hour=12))
    assert all(stage.works(one) for one in copied)
    await stage.until(at(day=5, hour=12))
    assert stage.versions[-1].value not in copied
    await stage.until(at(day=8, hour=13), minutes(30))  # a check found it three hours late, and readers have their time
    assert not any(stage.works(one) for one in copied)


async def test_events_after_the_deployment_name_it_and_say_what_stops():
    stage = await armed(Follow.END)
    copied = values(stage)
    excused(stage)
    await deployed(stage)
    await stage.until(at(day=5))
    [waits] = [one["data"] for one in stage.events("RotationAnnounced") if "afterDeploymentTo" in one["data"]]
    assert (waits["afterDeploymentTo"], waits["whatFollows"]) == ("production", "end")
    assert "both keys" in waits["whatStops"]
    named = [one["data"] for one in stage.events() if one["data"].get("requestReason") == "deployment to production"]
    assert {one["fingerprint"] for one in named} >= {Fingerprint.of(one) for one in copied}
    assert {one["deadline"] for one in named if "deadline" in one} == {"2026-03-06T09:00:00Z"}


async def test_rotate_still_waits_for_a_key_that_is_promised_to_work():
    stage = await armed(Follow.ROTATE)
    copied = values(stage)
    await deployed(stage)
    await stage.until(at(day=20))
    assert all(stage.works(one) for one in copied)


async def test_a_trial_after_a_deployment_is_announced_and_runs_once():
    stage = await armed(Follow.TRIAL)
    await deployed(stage)
    await stage.until(at(day=4, hour=10), minutes(30))
    assert stage.account.disable_local_auth is True
    announced = stage.events("TrialAnnounced")[0]["data"]
    assert announced["requestReason"] == "deployment to production"
    await stage.until(at(day=8))
    assert not stage.account.disable_local_auth
    assert len(stage.events("TrialEnded")) == 1


async def test_a_sunset_after_a_deployment_is_announced_and_ends_all_keys():
    stage = await armed(Follow.SUNSET)
    await deployed(stage)
    await stage.until(at(day=4, hour=3))
    assert not stage.account.disable_local_auth
    await stage.until(at(day=5))
    assert stage.account.disable_local_auth is True
    assert stage.versions[-1].enabled is False
    assert stage.events("SunsetAnnounced")[0]["data"]["requestReason"] == "deployment to production"


async def test_a_wait_for_a_sunset_outlives_a_rotation():
    stage = await armed(Follow.SUNSET)
    await stage.until(at(day=45))
    assert len(stage.versions) > 1
    await deployed(stage)
    await stage.until(at(day=49))
    assert stage.account.disable_local_auth is True


@pytest.mark.parametrize("end_other", [False, True])
async def test_a_rotation_ends_the_other_key_only_if_a_person_says_so_and_the_answer_and_the_event_name_it(
    end_other: bool,
):
    stage = await lived_until(2)
    other = stage.value("key2")
    if end_other:
        stage.witness.excuse_leaked(other)
    request = RotateRequest(id="r-1", by="anna", reason="old owners", end_other=end_other)
    outcome = await stage.turn(request)
    assert outcome is not None
    if not end_other:
        assert (outcome.result, outcome.reason) == (Result.HELD, "overlap-runs")
        assert stage.works(other)
        return
    assert (outcome.result, outcome.reason) == (Result.DONE, "requested")
    assert Fingerprint.of(other) in outcome.early[0]
    assert not stage.works(other)
    assert stage.works(stage.versions[-1].value)
    [retired] = [
        one["data"] for one in stage.events("KeyRetired") if one["data"]["fingerprint"] == Fingerprint.of(other)
    ]
    assert (retired["requestedBy"], retired["requestReason"]) == ("anna", "old owners")
    again = await stage.turn(replace(request))
    assert again is not None
    assert again.reason == "already-done"
    await stage.must_be_at_rest()
