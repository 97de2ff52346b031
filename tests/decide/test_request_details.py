"""Sentences and small facts that people rely on when something late, leaked or asked for is decided."""

from dataclasses import replace

import pytest

from lab.simulation.builders import (
    KEY2,
    a_publication,
    a_situation,
    a_target,
    an_observation,
    marks,
    overlapping,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days, minutes
from lab.simulation.fakes import Runner
from lab.simulation.stage import a_stage
from shared.announce.announcements import Kind
from shared.announce.outstanding import outstanding
from shared.decide.cadence import LONGEST_SENDING, sending
from shared.decide.plan import Plan
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Prove, Regenerate
from shared.domain.keys import KeySlot
from shared.domain.model import Cadence
from shared.domain.publication import Marks, Origin
from shared.domain.requests import ArmRequest, AwaitedDeployment, DeploymentRequest, LeakedKey, Request, Requester
from shared.domain.told import Told
from shared.ports import Outside
from shared.turns.perform import LONG_PATIENCE, PATIENCE, Execution, after, perform
from shared.turns.proof import ProofFailed
from shared.turns.report import Result
from shared.turns.turn import take_turn

TARGET = a_target()
EARLIER = START - days(1)
LIVE, PREVIOUS, BOTH = LeakedKey


def why(noted: Marks, request: Request | None = None) -> str:
    return decide(an_observation(a_publication(noted)), TARGET, at(day=1), request).why


def test_what_is_left_of_a_leak_is_said_with_both_keys():
    noted = overlapping(leaked=True, until=START, request="l-1")
    assert (
        why(noted, reports_leak())
        == "A fresh key 1 is published. Key 2, which was reported as leaked, still has to end."
    )
    assert why(noted) == "Key 2, the previous key, was reported as leaked."


def test_a_report_that_comes_late_is_told_what_became_of_its_key():
    gone = "The key that was reported as leaked has already ended with a rotation."
    assert why(marks(), reports_leak(requested_at=EARLIER)) == gone
    assert why(overlapping(), reports_leak(PREVIOUS, requested_at=EARLIER)) == gone
    assert (
        why(overlapping(), reports_leak(requested_at=EARLIER))
        == "Key 2 was live when it was reported as leaked. It ends."
    )


def test_a_wish_that_was_overtaken_is_told_by_what():
    asked = replace(wants_rotation(), requested_at=EARLIER)
    assert why(marks(), asked) == "Key 1 was published after this request was made."
    late = DeploymentRequest(id="d-9", deployment=AwaitedDeployment("prod", deployed=START))
    said = why(marks(awaited=AwaitedDeployment("prod")), late)
    assert said == "Key 1 was published after that deployment to prod."


def test_what_was_asked_for_at_the_very_moment_of_a_publication_is_not_late():
    assert decide(
        an_observation(a_publication()), TARGET, at(day=1), replace(wants_rotation(), requested_at=START)
    ).steps


def test_only_where_both_keys_are_out_a_fresh_one_is_proven_with_more_patience():
    for key, patient in ((LIVE, False), (BOTH, True)):
        steps = decide(an_observation(a_publication()), TARGET, at(day=1), reports_leak(key)).steps
        assert Prove(KEY2, patient) in steps
    assert Prove(KEY2) in decide(an_observation(a_publication()), TARGET, at(day=30)).steps


@pytest.mark.parametrize(("patient", "patience"), [(False, PATIENCE), (True, LONG_PATIENCE)])
async def test_a_key_is_waited_for_as_long_as_the_step_is_patient(patient: bool, patience):
    stage = a_stage()
    await stage.tick()
    stage.account.lag.new_after = 10_000
    runner = Runner(stage.world)
    outside = Outside(runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
    from shared.turns.observe import observe

    async with runner.leases.hold("an account") as lease:
        execution = Execution(stage.target, await observe(stage.target, runner.accounts, runner.vault), lease, outside)
        await perform([Regenerate(KEY2)], execution)
        began = stage.now
        with pytest.raises(ProofFailed):
            await perform([Prove(KEY2, patient)], execution)
    assert patience - minutes(0.5) < stage.now - began <= patience


def test_after_a_regenerate_without_an_answer_nothing_is_known(monkeypatch: pytest.MonkeyPatch):
    execution = Execution.__new__(Execution)
    execution.begun, execution.done = [Prove(KEY2), Regenerate(KEY2)], [Prove(KEY2)]
    assert after(execution) is None


async def test_whoever_finds_the_target_busy_is_named_in_the_answer():
    stage = a_stage()
    await stage.tick()
    runner = stage.runner()
    outside = Outside(runner.accounts, runner.endpoint, runner.vault, runner.clock, runner.announcer, runner.leases)
    async with runner.leases.hold(str(stage.target.account).casefold()):
        other = Runner(stage.world)
        outcome = await take_turn(
            stage.target, wants_rotation(), replace(outside, announcer=other.announcer, leases=other.leases)
        )
    assert outcome.result is Result.BUSY
    assert outcome.requester == Requester("r-1", "tester", "asked")


def test_a_key_that_was_healed_names_nobody_who_had_asked_for_the_version_before():
    noted = marks(origin=Origin.HEALED, requester=Requester("r-1", "ada", "drill"), told=Told())
    (said,) = [one for one in outstanding(a_situation(noted, at(day=1))) if one.kind is Kind.DRIFT_HEALED]
    assert said.requester == Requester()


def test_sending_may_take_a_tenth_of_the_notice_and_five_minutes_at_the_most():
    assert sending(Cadence(notice=minutes(10))) == minutes(1)
    assert sending(Cadence(notice=days(1))) == LONGEST_SENDING


def test_a_target_that_always_waits_for_a_deployment_does_so_before_its_version_is_marked():
    armed = AwaitedDeployment("prod")
    at_first = Situation(an_observation(replace(a_publication(), marks=None)), a_target(after_deployment=armed), START)
    assert at_first.awaited == armed


def test_a_plan_for_the_spare_is_about_the_other_slot():
    plan: Plan = decide(an_observation(a_publication()), TARGET, at(day=30))
    assert plan.steps[0] == Regenerate(KeySlot.KEY2)


def test_a_leak_says_that_the_key_before_ends_with_it_only_where_somebody_may_use_it():
    begins = "A leak was reported (live): a fresh key 2 is published and key 1 ends."
    also = " The value that key 2 holds now, which may still be in use, ends too."
    assert why(overlapping(), reports_leak()) == begins + also
    assert why(marks(), reports_leak()) == begins
    assert not why(overlapping(), reports_leak(BOTH)).endswith(also)


def test_a_latest_moment_that_has_come_is_said_to_have_passed():
    said = "Key 1 is replaced now: the latest time for a deployment to prod passed."
    assert why(marks(), ArmRequest(id="a", deployment=AwaitedDeployment("prod", latest=at(day=1)))) == said


def test_a_deployment_during_the_overlap_is_told_what_it_waits_for():
    live = DeploymentRequest(id="d", deployment=AwaitedDeployment("prod", deployed=at(day=1)))
    said = "The deployment to prod went live. Key 1 is due to be replaced, once key 2 is no longer promised to work."
    assert why(overlapping(awaited=AwaitedDeployment("prod")), live) == said
