"""Decisions about deployments: waiting for one, not waiting any more, and the report that one went live."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import (
    KEY1,
    a_publication,
    a_target,
    about_deployments,
    an_observation,
    marks,
    overlapping,
)
from lab.simulation.dates import at, hours
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish
from shared.domain.model import Observation, Target
from shared.domain.requests import (
    AwaitedDeployment,
    Request,
    Requester,
    RequestKind,
)
from shared.domain.told import Told

TARGET = a_target()
PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))
ALWAYS = a_target(after_deployment=AwaitedDeployment("prod"))
QUIET = an_observation(a_publication())


def request_about(kind: RequestKind, deployment: AwaitedDeployment | None = None, id_: str | None = "d-1") -> Request:
    return about_deployments(kind, deployment, reason="release 7", by="pipeline", id=id_)


def observed(armed: AwaitedDeployment | None, told: Told | None = None, **facts: object) -> Observation:
    return an_observation(a_publication(marks(awaited=armed, told=told or Told(origin=True), **facts)))


def recorded_deployment(plan: Plan) -> AwaitedDeployment | None:
    (mark,) = plan.steps
    assert isinstance(mark, Mark)
    assert mark.slot is KEY1
    return mark.marks.awaited


ARM, DISARM = request_about(RequestKind.ARM, PROD), request_about(RequestKind.DISARM)
LIVE, TEST_LIVE = (request_about(RequestKind.DEPLOYED, AwaitedDeployment(name)) for name in ("prod", "test"))
DECIDED = [
    ("arming", QUIET, TARGET, ARM, Reason.ARMED,
     "Key 1 is replaced after the next deployment to prod.", PROD),
    ("arming for another environment", observed(AwaitedDeployment("test")), TARGET, ARM, Reason.ARMED,
     "Key 1 is replaced after the next deployment to prod.", PROD),
    ("arming again for the same deployment", observed(PROD), TARGET, ARM, Reason.ALREADY_DONE,
     "Key 1 is replaced after the next deployment to prod.", None),
    ("disarming", observed(PROD), TARGET, DISARM, Reason.DISARMED,
     "Key 1 does not wait for a deployment any more.", None),
    ("disarming a target that is not armed", QUIET, TARGET, DISARM, Reason.ALREADY_DONE,
     "No request to wait for a deployment is recorded.", None),
    ("disarming a target that always waits", QUIET, ALWAYS, DISARM, Reason.ALREADY_DONE,
     "No request to wait for a deployment is recorded. The target's own setting, after_deployment, still applies.",
     None),
    ("the awaited deployment goes live", observed(PROD), TARGET,
     request_about(RequestKind.DEPLOYED, AwaitedDeployment("PROD", deployed=at(day=9))), Reason.DEPLOYED,
     "The deployment to prod went live. Key 1 is due to be replaced PT2H after it.",
     replace(PROD, deployed=at(day=9), id="d-1")),
    ("it goes live without a time", observed(PROD), TARGET, LIVE,
     Reason.DEPLOYED, "The deployment to prod went live. Key 1 is due to be replaced PT2H after it.",
     replace(PROD, deployed=at(day=10), id="d-1")),
    ("it goes live for a target that always waits", QUIET, ALWAYS, LIVE,
     Reason.DEPLOYED, "The deployment to prod went live. Key 1 is due to be replaced.",
     AwaitedDeployment("prod", deployed=at(day=10), id="d-1")),
    ("it goes live again", observed(replace(PROD, deployed=at(day=9))), TARGET,
     LIVE, Reason.ALREADY_DONE, "A deployment to prod was already reported.",
     None),
    ("another environment goes live", observed(PROD), TARGET, TEST_LIVE, Reason.NOT_ARMED,
     "Key 1 does not wait for a deployment to test.", None),
    ("another environment goes live after the awaited one", observed(replace(PROD, deployed=at(day=9))), TARGET,
     TEST_LIVE, Reason.NOT_ARMED, "Key 1 does not wait for a deployment to test.", None),
    ("it goes live and the target does not wait", QUIET, TARGET, LIVE, Reason.NOT_ARMED,
     "Key 1 does not wait for a deployment to prod.", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "target", "request_", "reason", "why", "armed"),
    [row[1:] for row in DECIDED],
    ids=[row[0] for row in DECIDED],
)
def test_a_request_about_a_deployment_is_decided(
    seen, target: Target, request_: Request, reason: Reason, why: str, armed
):
    plan = decide(seen, target, at(day=10), request_)
    assert (plan.reason, plan.why) == (reason, why)
    assert bool(plan.steps) is (reason in (Reason.ARMED, Reason.DISARMED, Reason.DEPLOYED))
    if plan.steps:
        assert recorded_deployment(plan) == armed


def test_a_repeated_report_of_the_deployment_that_made_the_version_is_already_done():
    report = request_about(RequestKind.DEPLOYED, AwaitedDeployment("prod"), "d-7")
    plan = decide(observed(PROD, request="d-7"), TARGET, at(day=10), report)
    assert (plan.reason, plan.why) == (Reason.ALREADY_DONE, "A deployment to prod was already reported.")


TOLD = Told(origin=True, awaited=True)


def test_an_accepted_announcement_of_a_wait_counts_only_for_that_wait():
    """A deployment ends the wait that was announced. Another wait needs another announcement."""
    for request_, counts in (
        (request_about(RequestKind.ARM, AwaitedDeployment("test")), False),
        (request_about(RequestKind.DISARM), False),
    ):
        (mark,) = decide(observed(PROD, TOLD), TARGET, at(day=9), request_).steps
        assert mark.marks.told.awaited is counts
    for told in (TOLD, Told(origin=True)):
        (mark,) = decide(
            observed(PROD, told), TARGET, at(day=9), request_about(RequestKind.DEPLOYED, AwaitedDeployment("prod"))
        ).steps
        assert mark.marks.told == told


def test_a_rotation_after_a_deployment_names_it_as_its_requester():
    fired = replace(PROD, deployed=at(day=9), id="d-1")
    plan = decide(observed(fired), TARGET, at(day=9) + hours(2))
    publish = next(step for step in plan.steps if isinstance(step, Publish))
    assert (plan.reason, publish.requester) == (Reason.DEPLOYED, Requester("d-1", "deployment", "deployment to prod"))
    assert publish.awaited is None


def test_a_rotation_at_the_latest_time_has_no_requester():
    plan = decide(observed(PROD), TARGET, at(day=20))
    publish = next(step for step in plan.steps if isinstance(step, Publish))
    assert (plan.reason, publish.requester) == (Reason.DUE, Requester())


def test_a_person_who_requests_is_named_instead_of_a_deployment():
    fired = replace(PROD, deployed=at(day=9), id="d-1")
    situation = Situation(observed(fired), TARGET, at(day=10), request_about(RequestKind.ROTATE))
    assert situation.next_requester == Requester("d-1", "pipeline", "release 7")


def test_an_armed_version_is_not_rotated_before_its_deployment():
    assert decide(observed(AwaitedDeployment("prod")), TARGET, at(day=20)).reason is Reason.NOTHING_DUE
    assert decide(observed(PROD), TARGET, at(day=20) - timedelta(seconds=1)).reason is Reason.NOTHING_DUE


def test_waiting_for_a_deployment_never_delays_a_rotation():
    assert decide(observed(replace(PROD, latest=at(day=90))), TARGET, at(day=30)).reason is Reason.DUE


def test_healing_keeps_waiting_for_the_deployment():
    for recorded in (marks(awaited=PROD, told=TOLD), overlapping(awaited=PROD, told=TOLD)):
        plan = decide(an_observation(a_publication(recorded), key1="X"), TARGET, at(day=1))
        publish = next(step for step in plan.steps if isinstance(step, Publish))
        assert (publish.awaited, publish.told.awaited) == (PROD, True)


def test_healing_keeps_the_requester_of_the_version():
    requester = Requester("r-1", "ann", "audit")
    for recorded in (marks(requester=requester), overlapping(requester=requester)):
        plan = decide(an_observation(a_publication(recorded), key1="X"), TARGET, at(day=1))
        assert next(step for step in plan.steps if isinstance(step, Publish)).requester == requester
