"""Who asked, and which deployment is waited for: as values, as tags on a version, and as decisions."""

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
    reports_leak,
)
from lab.simulation.dates import START, at, days, hours
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish
from shared.domain.model import Observation, Target
from shared.domain.requests import (
    AwaitedDeployment,
    LeakedKey,
    Request,
    Requester,
    RequestKind,
)
from shared.domain.told import Told

TARGET = a_target()
PROD = AwaitedDeployment("prod", soak=hours(2), latest=at(day=20))
ALWAYS = a_target(after_deployment=AwaitedDeployment("prod"))
QUIET = an_observation(a_publication())


def asks(kind: RequestKind, deployment: AwaitedDeployment | None = None, id_: str | None = "d-1") -> Request:
    return about_deployments(kind, deployment, reason="release 7", by="pipeline", id=id_)


def seeing(armed: AwaitedDeployment | None, told: Told | None = None, **facts: object) -> Observation:
    return an_observation(a_publication(marks(awaited=armed, told=told or Told(origin=True), **facts)))


def noted(plan: Plan) -> AwaitedDeployment | None:
    (mark,) = plan.steps
    assert isinstance(mark, Mark)
    assert mark.slot is KEY1
    return mark.marks.awaited


DECIDED = [
    ("somebody arms", QUIET, TARGET, asks(RequestKind.ARM, PROD), Reason.ARMED,
     "Key 1 is replaced after the next deployment to prod.", PROD),
    ("somebody arms for another environment", seeing(AwaitedDeployment("test")), TARGET, asks(RequestKind.ARM, PROD), Reason.ARMED,
     "Key 1 is replaced after the next deployment to prod.", PROD),
    ("somebody arms again for the same", seeing(PROD), TARGET, asks(RequestKind.ARM, PROD), Reason.ALREADY_DONE,
     "Key 1 is replaced after the next deployment to prod.", None),
    ("somebody disarms", seeing(PROD), TARGET, asks(RequestKind.DISARM), Reason.DISARMED,
     "Key 1 does not wait for a deployment any more.", None),
    ("somebody disarms what was not armed", QUIET, TARGET, asks(RequestKind.DISARM), Reason.ALREADY_DONE,
     "No request to wait for a deployment is recorded.", None),
    ("somebody disarms what always is", QUIET, ALWAYS, asks(RequestKind.DISARM), Reason.ALREADY_DONE,
     "No request to wait for a deployment is recorded. The target's own setting, after_deployment, still applies.", None),
    ("the deployment goes live", seeing(PROD), TARGET, asks(RequestKind.DEPLOYED, AwaitedDeployment("PROD", deployed=at(day=9))),
     Reason.DEPLOYED, "The deployment to prod went live. Key 1 is due to be replaced PT2H after it.",
     replace(PROD, deployed=at(day=9), id="d-1")),
    ("it goes live and nobody says when", seeing(PROD), TARGET, asks(RequestKind.DEPLOYED, AwaitedDeployment("prod")),
     Reason.DEPLOYED, "The deployment to prod went live. Key 1 is due to be replaced PT2H after it.",
     replace(PROD, deployed=at(day=10), id="d-1")),
    ("it goes live where it always is waited for", QUIET, ALWAYS, asks(RequestKind.DEPLOYED, AwaitedDeployment("prod")),
     Reason.DEPLOYED, "The deployment to prod went live. Key 1 is due to be replaced.",
     AwaitedDeployment("prod", deployed=at(day=10), id="d-1")),
    ("it goes live a second time", seeing(replace(PROD, deployed=at(day=9))), TARGET,
     asks(RequestKind.DEPLOYED, AwaitedDeployment("prod")), Reason.ALREADY_DONE, "A deployment to prod was already reported.", None),
    ("it goes live elsewhere", seeing(PROD), TARGET, asks(RequestKind.DEPLOYED, AwaitedDeployment("test")), Reason.NOT_ARMED,
     "Key 1 does not wait for a deployment to test.", None),
    ("another goes live elsewhere after this one did", seeing(replace(PROD, deployed=at(day=9))), TARGET,
     asks(RequestKind.DEPLOYED, AwaitedDeployment("test")), Reason.NOT_ARMED, "Key 1 does not wait for a deployment to test.", None),
    ("it goes live and nobody waits", QUIET, TARGET, asks(RequestKind.DEPLOYED, AwaitedDeployment("prod")), Reason.NOT_ARMED,
     "Key 1 does not wait for a deployment to prod.", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("seen", "target", "wish", "reason", "why", "armed"), [row[1:] for row in DECIDED], ids=[row[0] for row in DECIDED]
)
def test_a_wish_about_deployments_is_decided(seen, target: Target, wish: Request, reason: Reason, why: str, armed):
    plan = decide(seen, target, at(day=10), wish)
    assert (plan.reason, plan.why) == (reason, why)
    assert bool(plan.steps) is (reason in (Reason.ARMED, Reason.DISARMED, Reason.DEPLOYED))
    if plan.steps:
        assert noted(plan) == armed


def test_the_deployment_that_made_a_version_is_known_to_it_when_its_news_come_again():
    asked = asks(RequestKind.DEPLOYED, AwaitedDeployment("prod"), "d-7")
    plan = decide(seeing(PROD, request="d-7"), TARGET, at(day=10), asked)
    assert (plan.reason, plan.why) == (Reason.ALREADY_DONE, "A deployment to prod was already reported.")


TOLD = Told(origin=True, awaited=True)


def test_an_announcement_that_a_deployment_is_waited_for_counts_for_that_wish_alone():
    """A deployment that went live ends the wait that was announced; another wish is another announcement."""
    for wish, counts in ((asks(RequestKind.ARM, AwaitedDeployment("test")), False), (asks(RequestKind.DISARM), False)):
        (mark,) = decide(seeing(PROD, TOLD), TARGET, at(day=9), wish).steps
        assert mark.marks.told.awaited is counts
    for told in (TOLD, Told(origin=True)):
        (mark,) = decide(
            seeing(PROD, told), TARGET, at(day=9), asks(RequestKind.DEPLOYED, AwaitedDeployment("prod"))
        ).steps
        assert mark.marks.told == told


def test_a_rotation_after_a_deployment_says_which_one_asked_for_it():
    fired = replace(PROD, deployed=at(day=9), id="d-1")
    plan = decide(seeing(fired), TARGET, at(day=9) + hours(2))
    publish = next(step for step in plan.steps if isinstance(step, Publish))
    assert (plan.reason, publish.requester) == (Reason.DEPLOYED, Requester("d-1", "deployment", "deployment to prod"))
    assert publish.awaited is None


def test_a_rotation_at_the_latest_moment_was_asked_for_by_nobody():
    plan = decide(seeing(PROD), TARGET, at(day=20))
    publish = next(step for step in plan.steps if isinstance(step, Publish))
    assert (plan.reason, publish.requester) == (Reason.DUE, Requester())


def test_a_person_who_asks_is_named_before_any_deployment():
    fired = replace(PROD, deployed=at(day=9), id="d-1")
    situation = Situation(seeing(fired), TARGET, at(day=10), asks(RequestKind.ROTATE))
    assert situation.next_requester == Requester("d-1", "pipeline", "release 7")


def test_an_armed_version_is_not_rotated_before_its_deployment():
    assert decide(seeing(AwaitedDeployment("prod")), TARGET, at(day=20)).reason is Reason.NOTHING_DUE
    assert decide(seeing(PROD), TARGET, at(day=20) - timedelta(seconds=1)).reason is Reason.NOTHING_DUE


def test_waiting_for_a_deployment_never_puts_a_rotation_off():
    assert decide(seeing(replace(PROD, latest=at(day=90))), TARGET, at(day=30)).reason is Reason.DUE


def test_healing_keeps_waiting_for_the_deployment():
    for noted_ in (marks(awaited=PROD, told=TOLD), overlapping(awaited=PROD, told=TOLD)):
        plan = decide(an_observation(a_publication(noted_), key1="X"), TARGET, at(day=1))
        publish = next(step for step in plan.steps if isinstance(step, Publish))
        assert (publish.awaited, publish.told.awaited) == (PROD, True)


def test_healing_keeps_who_asked_for_the_version():
    asked = Requester("r-1", "ann", "audit")
    for noted_ in (marks(requester=asked), overlapping(requester=asked)):
        plan = decide(an_observation(a_publication(noted_), key1="X"), TARGET, at(day=1))
        assert next(step for step in plan.steps if isinstance(step, Publish)).requester == asked


# A leak of both keys is watched to its end.

WATCHED = [
    (LeakedKey.LIVE, ["watch the leaked key1", "regenerate key1", "watch the leaked key1"]),
    (LeakedKey.BOTH, ["watch the leaked key1", "regenerate key1", "watch the leaked key1", "watch the leaked key2"]),
]


@pytest.mark.parametrize(("key", "last"), WATCHED)
def test_every_value_that_leaked_is_watched_until_it_is_gone(key: LeakedKey, last: list[str]):
    steps = [str(step) for step in decide(QUIET, TARGET, at(day=1), reports_leak(key)).steps]
    assert steps == ["regenerate key2", "prove key2", "publish key2 (rotated)", *last]


def test_a_leaked_version_says_who_reported_it():
    plan = decide(QUIET, TARGET, START + days(1), reports_leak())
    publish = next(step for step in plan.steps if isinstance(step, Publish))
    assert publish.requester == Requester("l-1", "tester", "found in a repository")
