"""Requests that come late, twice or after something else mean the keys of their own time and are carried out once."""

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
    wants_rotation,
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
END_KEY_2 = ["watch the leaked key2", "regenerate key2", "watch the leaked key2"]
LIVE, PREVIOUS, BOTH = LeakedKey
WENT_LIVE = AwaitedDeployment("prod", deployed=at(day=1), id="d-1")


def steps(seen: Observation, now, request: Request | None = None, target=TARGET) -> tuple[Reason, list[str]]:
    plan = decide(seen, target, now, request)
    return plan.reason, [str(step) for step in plan.steps]


def ended(value: Fingerprint, moment: datetime) -> CarriedOver:
    return CarriedOver(Happened.ENDED, KEY2, value, moment)


def overlap(**facts: object) -> Observation:
    return an_observation(a_publication(overlapping(**facts)))


# A leak that was reported before the last rotation.


@pytest.mark.parametrize("key", LeakedKey)
def test_a_late_report_of_a_key_that_has_ended_ends_no_other_key(key: LeakedKey):
    quiet = an_observation(a_publication(marks()))
    assert steps(quiet, at(day=1), reports_leak(key, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])


def test_a_late_report_of_the_previous_key_does_not_end_the_key_that_is_previous_now():
    assert steps(overlap(), at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])
    assert steps(overlap(), at(day=1), reports_leak(PREVIOUS, requested_at=at(day=1))) == (Reason.LEAKED, END_KEY_2)


@pytest.mark.parametrize("key", [LIVE, BOTH])
def test_a_late_report_of_the_live_key_ends_the_key_that_is_previous_now(key: LeakedKey):
    assert steps(overlap(), at(day=1), reports_leak(key, requested_at=EARLIER)) == (Reason.LEAKED, END_KEY_2)


def test_a_late_report_is_recognised_after_the_version_was_healed():
    healed = overlap(origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert steps(healed, at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (Reason.ALREADY_DONE, [])
    assert steps(healed, at(day=1), reports_leak(LIVE, requested_at=EARLIER)) == (Reason.LEAKED, END_KEY_2)
    assert steps(healed, at(day=1), reports_leak(PREVIOUS, requested_at=START)) == (Reason.LEAKED, END_KEY_2)


def test_healing_or_adopting_does_not_make_an_earlier_report_late():
    for origin in (Origin.HEALED, Origin.ADOPTED):
        assert steps(overlap(origin=origin), at(day=1), reports_leak(PREVIOUS, requested_at=EARLIER)) == (
            Reason.LEAKED,
            END_KEY_2,
        )


# A leak whose turn was interrupted after the fresh key was published.


def test_a_leaked_key_ends_outside_the_window_even_if_a_rotation_is_due():
    for armed in (None, WENT_LIVE):
        seen = overlap(leaked=True, until=START, awaited=armed)
        assert steps(seen, SATURDAY, target=OFFICE) == (Reason.LEAKED, END_KEY_2)
        assert not decide(seen, OFFICE, SATURDAY).is_scheduled


def test_a_repeated_report_continues_with_the_rest_of_its_wait():
    seen = overlap(leaked=True, until=START + timedelta(seconds=60), request="l-1")
    assert steps(seen, START + timedelta(seconds=20), reports_leak()) == (Reason.LEAKED, ["wait 40 s", *END_KEY_2])
    assert steps(seen, START + timedelta(seconds=60), reports_leak()) == (Reason.LEAKED, END_KEY_2)


# Late rotations and deployments.


def test_a_rotation_requested_before_the_last_rotation_is_already_done():
    late = RotateRequest(reason="drill", id="r-1", requested_at=EARLIER)
    assert steps(an_observation(a_publication()), at(day=1), late) == (Reason.ALREADY_DONE, [])


def test_a_late_report_of_the_previous_key_means_the_live_key_if_a_rotation_published_it_unchanged():
    resumed = overlap(resumed=True)
    late = reports_leak(PREVIOUS, requested_at=EARLIER)
    live_key_leaked = decide(resumed, TARGET, at(day=1), reports_leak(LIVE))
    assert decide(resumed, TARGET, at(day=1), late).steps == live_key_leaked.steps
    healed = overlap(origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert steps(healed, at(day=1), late) == (Reason.ALREADY_DONE, [])


@pytest.mark.parametrize("fresh", [True, False])
def test_a_version_records_whether_its_key_was_regenerated_for_it(fresh: bool):
    seen = an_observation(a_publication(marks(fresh=fresh)))
    for request in (None, reports_leak(LIVE)):
        publish = next(s for s in decide(seen, TARGET, at(day=30), request).steps if isinstance(s, Publish))
        assert publish.resumed is fresh
    publish = next(s for s in decide(seen, TARGET, at(day=30), reports_leak(BOTH)).steps if isinstance(s, Publish))
    assert not publish.resumed


def test_a_fresh_spare_ends_if_it_leaks_before_it_is_published():
    waiting = an_observation(a_publication(marks(fresh=True)))
    plan = decide(waiting, TARGET, at(day=1), reports_leak(PREVIOUS))
    expected = Mark(KEY1, replace(overlapping(until=at(day=1), leaked=True), told=Told(origin=True)))
    assert plan.reason is Reason.LEAKED
    assert plan.steps[0] == expected, "its end is announced even if this turn is interrupted"
    assert list(map(str, plan.steps[1:])) == END_KEY_2
    assert plan.why == "Key 2 was to be published next and was reported as leaked. It ends."
    quiet = an_observation(a_publication(marks()))
    assert steps(quiet, at(day=1), reports_leak(PREVIOUS)) == (Reason.ALREADY_DONE, [])


def test_the_end_of_the_old_previous_key_is_announced_too_if_its_successor_leaks():
    seen = an_observation(a_publication(overlapping()), key2="N")
    step = decide(seen, TARGET, at(day=1), reports_leak(PREVIOUS)).steps[0]
    assert isinstance(step, Mark)
    assert (step.marks.previous, step.marks.told.carried_over) == (mark("N"), (ended(mark("B"), at(day=1)),))


@pytest.mark.parametrize(("fresh", "values"), [(True, [mark("B")]), (False, [])])
def test_if_both_keys_leaked_the_end_of_a_fresh_spare_is_announced(fresh: bool, values: list[Fingerprint]):
    seen = an_observation(a_publication(marks(fresh=fresh)))
    publish = next(s for s in decide(seen, TARGET, at(day=1), reports_leak(BOTH)).steps if isinstance(s, Publish))
    assert publish.told.carried_over == tuple(ended(one, at(day=1)) for one in values)


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


def test_arming_again_for_the_same_deployment_keeps_the_reported_deployment():
    seen = an_observation(a_publication(marks(awaited=WENT_LIVE)))
    again = ArmRequest(id="a-2", deployment=AwaitedDeployment("prod"))
    assert steps(seen, at(day=1) - days(0.5), again) == (Reason.ALREADY_DONE, [])


def test_a_request_made_at_the_time_of_a_publication_is_not_late():
    assert decide(
        an_observation(a_publication()), TARGET, at(day=1), replace(wants_rotation(), requested_at=START)
    ).steps


# A request with the same id again.


def test_a_request_that_made_the_version_before_does_not_rotate_again():
    seen = an_observation(a_publication(marks(requester=Requester("r-2", earlier=("r-1",)))))
    assert steps(seen, at(day=9), RotateRequest(reason="drill", id="r-1")) == (Reason.ALREADY_DONE, [])


def test_a_new_version_records_the_ids_of_earlier_requests():
    seen = an_observation(a_publication(marks(requester=Requester("a" * 32))))
    publish = next(s for s in decide(seen, TARGET, at(day=30)).steps if isinstance(s, Publish))
    assert publish.requester == Requester(earlier=("aaaaaaaa",))
    assert Situation(seen, TARGET, at(day=30)).next_requester == publish.requester


def test_one_idempotency_key_gives_different_requests_different_ids():
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
