"""A wish that comes late, twice or after something else: it means the keys of its own time, and is done once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_target,
    an_observation,
    mark,
    marks,
    overlapping,
    reports_leak,
)
from lab.simulation.dates import START, at, days
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish
from shared.domain.keys import Fingerprint
from shared.domain.model import Observation
from shared.domain.publication import Origin
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    DeploymentRequest,
    LeakedKey,
    Request,
    Requester,
    RotateRequest,
)
from shared.domain.told import CarriedOver, Happened, Told
from shared.domain.window import Window
from shared.web.bodies import Arm, Deployment, Leak, Rotate

TARGET = a_target()
OFFICE = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
SATURDAY = at(day=33, hour=12)
EARLIER = START - days(1)
GONE_2 = ["watch the leaked key2", "regenerate key2", "watch the leaked key2"]
LIVE, PREVIOUS, BOTH = LeakedKey
FIRED = AwaitedDeployment("prod", deployed=at(day=1), id="d-1")


def steps(seen: Observation, now, request: Request | None = None, target=TARGET) -> tuple[Reason, list[str]]:
    plan = decide(seen, target, now, request)
    return plan.reason, [str(step) for step in plan.steps]


def carried(value: Fingerprint, moment: datetime) -> CarriedOver:
    return CarriedOver(Happened.ENDED, KEY2, value, moment)


def overlap(**facts: object) -> Observation:
    return an_observation(a_publication(overlapping(**facts)))


# A leak that was reported before the last rotation.


@pytest.mark.parametrize("key", LeakedKey)
def test_after_the_leaked_key_has_gone_a_late_report_ends_no_other(key: LeakedKey):
    quiet = an_observation(a_publication(marks()))
    assert steps(quiet, at(day=1), reports_leak(key, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])


def test_a_late_report_of_the_previous_key_does_not_mean_the_one_that_is_previous_now():
    assert steps(overlap(), at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])
    assert steps(overlap(), at(day=1), reports_leak(PREVIOUS, requested_at=at(day=1))) == (Reason.LEAKED, GONE_2)


@pytest.mark.parametrize("key", [LIVE, BOTH])
def test_a_late_report_of_the_live_key_means_the_one_that_is_previous_now(key: LeakedKey):
    assert steps(overlap(), at(day=1), reports_leak(key, requested_at=EARLIER)) == (Reason.LEAKED, GONE_2)


def test_a_late_report_is_as_late_after_the_version_was_healed():
    healed = overlap(origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert steps(healed, at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])
    assert steps(healed, at(day=1), reports_leak(LIVE, requested_at=EARLIER)) == (Reason.LEAKED, GONE_2)
    assert steps(healed, at(day=1), reports_leak(PREVIOUS, requested_at=START)) == (Reason.LEAKED, GONE_2)


def test_a_version_that_only_healed_or_adopted_is_no_rotation_that_a_report_could_be_late_for():
    for origin in (Origin.HEALED, Origin.ADOPTED):
        assert steps(overlap(origin=origin), at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (
            Reason.LEAKED,
            GONE_2,
        )


# A leak that was cut off after its fresh key was published.


def test_a_leaked_key_waits_for_no_window_although_a_rotation_is_due():
    for armed in (None, FIRED):
        seen = overlap(leaked=True, until=START, awaited=armed)
        assert steps(seen, SATURDAY, target=OFFICE) == (Reason.LEAKED, GONE_2)
        assert not decide(seen, OFFICE, SATURDAY).is_scheduled


def test_the_same_report_again_goes_on_with_what_is_left_of_its_wait():
    seen = overlap(leaked=True, until=START + timedelta(seconds=60), request="l-1")
    assert steps(seen, START + timedelta(seconds=20), reports_leak()) == (Reason.LEAKED, ["wait 40 s", *GONE_2])
    assert steps(seen, START + timedelta(seconds=60), reports_leak()) == (Reason.LEAKED, GONE_2)


# Late rotations and deployments.


def test_a_rotation_asked_for_before_the_last_one_is_that_one():
    late = RotateRequest(reason="drill", id="r-1", requested_at=EARLIER)
    assert steps(an_observation(a_publication()), at(day=1), late) == (Reason.ALREADY_DONE, [])


def test_a_late_report_of_the_other_key_means_the_live_one_where_a_rotation_has_published_it_as_it_was():
    resumed = overlap(resumed=True)
    late = reports_leak(PREVIOUS, requested_at=EARLIER)
    assert decide(resumed, TARGET, at(day=1), late) == decide(resumed, TARGET, at(day=1), reports_leak(LIVE))
    healed = overlap(origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert steps(healed, at(day=1), late) == (Reason.ALREADY_DONE, [])


@pytest.mark.parametrize("fresh", [True, False])
def test_a_version_says_whether_its_key_was_made_for_it(fresh: bool):
    seen = an_observation(a_publication(marks(fresh=fresh)))
    for request in (None, reports_leak(LIVE)):
        publish = next(s for s in decide(seen, TARGET, at(day=30), request).steps if isinstance(s, Publish))
        assert publish.resumed is fresh
    publish = next(s for s in decide(seen, TARGET, at(day=30), reports_leak(BOTH)).steps if isinstance(s, Publish))
    assert not publish.resumed


def test_a_key_that_waits_to_be_published_ends_when_it_leaks():
    waiting = an_observation(a_publication(marks(fresh=True)))
    plan = decide(waiting, TARGET, at(day=1), reports_leak(PREVIOUS))
    noted = Mark(KEY1, replace(overlapping(until=at(day=1), leaked=True), told=Told(origin=True)))
    assert plan.reason is Reason.LEAKED
    assert plan.steps[0] == noted, "whoever holds it is told of its end, even if this turn is cut off"
    assert list(map(str, plan.steps[1:])) == GONE_2
    assert plan.why == "Key 2 was to be published next and was reported as leaked. It ends."
    quiet = an_observation(a_publication(marks()))
    assert steps(quiet, at(day=1), reports_leak(PREVIOUS)) == (Reason.ALREADY_DONE, [])


def test_the_end_of_the_key_before_is_told_as_well_when_what_came_after_it_leaks():
    seen = an_observation(a_publication(overlapping()), key2="N")
    step = decide(seen, TARGET, at(day=1), reports_leak(PREVIOUS)).steps[0]
    assert isinstance(step, Mark)
    assert (step.marks.previous, step.marks.told.carried_over) == (mark("N"), (carried(mark("B"), at(day=1)),))


@pytest.mark.parametrize(("fresh", "ended"), [(True, [mark("B")]), (False, [])])
def test_when_both_leaked_the_end_of_a_key_that_waited_to_be_published_is_told(fresh: bool, ended: list[Fingerprint]):
    seen = an_observation(a_publication(marks(fresh=fresh)))
    publish = next(s for s in decide(seen, TARGET, at(day=1), reports_leak(BOTH)).steps if isinstance(s, Publish))
    assert publish.told.carried_over == tuple(carried(one, at(day=1)) for one in ended)


def test_a_deployment_before_this_version_was_published_does_not_replace_it():
    seen = an_observation(a_publication(marks(awaited=AwaitedDeployment("prod"))))
    late = DeploymentRequest(id="d-9", deployment=AwaitedDeployment("prod", deployed=EARLIER))
    assert steps(seen, at(day=1), late) == (Reason.ALREADY_DONE, [])
    assert (
        steps(seen, at(day=1), replace(late, deployment=AwaitedDeployment("prod", deployed=at(day=1))))[0]
        is Reason.DEPLOYED
    )
    healed = marks(awaited=AwaitedDeployment("prod"), origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert steps(an_observation(a_publication(healed)), at(day=1), late) == (Reason.ALREADY_DONE, [])
    adopted = marks(awaited=AwaitedDeployment("prod"), origin=Origin.ADOPTED)
    assert steps(an_observation(a_publication(adopted)), at(day=1), late)[0] is Reason.DEPLOYED


def test_arming_in_the_same_words_again_does_not_forget_a_deployment_that_was_heard_of():
    seen = an_observation(a_publication(marks(awaited=FIRED)))
    again = ArmRequest(id="a-2", deployment=AwaitedDeployment("prod"))
    assert steps(seen, at(day=1) - days(0.5), again) == (Reason.ALREADY_DONE, [])


# The same id again.


def test_the_ids_of_the_last_versions_are_known():
    asked = Requester("b" * 32).after(Requester("a" * 32, earlier=("00000001", "00000002", "00000003", "00000004")))
    assert asked.earlier == ("aaaaaaaa", "00000001", "00000002", "00000003")
    assert Requester.read(asked.text()) == asked
    assert all(asked.knows(one) for one in ("a" * 32, "b" * 32))
    assert not asked.knows("c" * 32)


def test_a_request_that_made_the_version_before_rotates_nothing_again():
    seen = an_observation(a_publication(marks(requester=Requester("r-2", earlier=("r-1",)))))
    assert steps(seen, at(day=9), RotateRequest(reason="drill", id="r-1")) == (Reason.ALREADY_DONE, [])


def test_a_new_version_remembers_who_asked_for_the_ones_before():
    seen = an_observation(a_publication(marks(requester=Requester("a" * 32))))
    publish = next(s for s in decide(seen, TARGET, at(day=30)).steps if isinstance(s, Publish))
    assert publish.requester == Requester(earlier=("aaaaaaaa",))
    assert Situation(seen, TARGET, at(day=30)).next_requester == publish.requester


def test_one_key_under_another_wish_is_another_request():
    now = at(day=1)
    ids = {
        Rotate().request("k", "x").id,
        *(Leak(key=key).request("k", "x").id for key in LeakedKey),
        Arm(environment="prod").request("k", "x").id,
        Deployment(environment="prod").request("k", "x", now).id,
        Deployment(environment="test").request("k", "x", now).id,
    }
    assert len(ids) == 7
    assert Deployment(environment="Prod").request("k", "x", now).id in ids
