"""What follows a deployment: a trial, the end of all keys, or the end of both values that the keys have now."""

from dataclasses import replace
from datetime import datetime

from lab.simulation.builders import a_publication, a_target, an_observation, end_announced, marks, overlapping
from lab.simulation.dates import at, days, hours, minutes
from shared.decide import schedule
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import KeepOrders
from shared.domain.model import Observation
from shared.domain.orders import Hold, Orders
from shared.domain.publication import Origin
from shared.domain.requests import AwaitedDeployment, Follow
from shared.domain.window import Window

NOBODY = "The topic has no event subscription, so announcements reach nobody."


def waiting(then: Follow, deployed: datetime | None = None, **facts: object) -> Observation:
    """Return an observation of a version that waits for a deployment to production."""
    length = hours(2) if then is Follow.TRIAL else None
    awaited = AwaitedDeployment(
        "production", days(1), deployed=deployed, id="d-1" if deployed else None, then=then, length=length
    )
    return an_observation(a_publication(marks(awaited=awaited, **facts)))


def test_a_deployment_after_which_a_trial_was_agreed_plans_it_for_the_end_of_the_soak_time():
    plan = decide(waiting(Follow.TRIAL, deployed=at(day=3)), a_target(), at(day=3))
    assert plan.reason is Reason.TRIAL_PLANNED
    step = plan.steps[0]
    assert isinstance(step, KeepOrders)
    assert step.orders.trial is not None
    assert (step.orders.trial.starts, step.orders.trial.length) == (at(day=4), hours(2))
    assert str(plan.steps[1]) == "mark the current version as key1"


def test_a_trial_after_a_deployment_is_planned_once():
    seen = replace(waiting(Follow.TRIAL, deployed=at(day=3)), orders=Orders(known=("d-1",)))
    plan = decide(seen, a_target(), at(day=3))
    assert plan.reason is Reason.ALREADY_DONE
    assert [str(step) for step in plan.steps] == ["mark the current version as key1"]


def test_a_deployment_after_which_all_keys_end_sets_their_date_and_makes_no_rotation_due():
    seen = waiting(Follow.SUNSET, deployed=at(day=3))
    situation = Situation(seen, a_target(), at(day=3))
    assert situation.agreed_sunset == at(day=4)
    assert decide(seen, a_target(), at(day=4, hour=12)).reason is Reason.NOTHING_DUE


def test_end_publishes_one_overlap_before_the_soak_time_is_over_and_ends_the_other_key_with_it():
    awaited = AwaitedDeployment("production", days(5), deployed=at(day=3), id="d-1", then=Follow.END)
    seen = an_observation(a_publication(overlapping(awaited=awaited, until=at(day=30))))
    assert decide(seen, a_target(), at(day=4)).reason is Reason.NOTHING_DUE
    plan = decide(seen, a_target(), at(day=5))
    assert plan.reason is Reason.DEPLOYED
    assert [str(step) for step in plan.steps] == ["regenerate key2", "prove key2", "publish key2 (rotated)"]
    publish = plan.steps[2]
    assert (publish.until, publish.agreed) == (at(day=8), True)  # type: ignore[union-attr]
    assert "ends with that" in plan.why


def test_rotate_after_a_deployment_waits_for_a_key_that_is_promised_and_end_does_not():
    for then, reason in ((Follow.ROTATE, Reason.OVERLAP_RUNS), (Follow.END, Reason.DEPLOYED)):
        awaited = AwaitedDeployment("production", hours(0), deployed=at(day=3), id="d-1", then=then)
        seen = an_observation(a_publication(overlapping(awaited=awaited, until=at(day=30))))
        assert decide(seen, a_target(), at(day=3)).reason is reason


def test_an_agreed_end_comes_at_its_moment_without_notice_listener_or_window():
    agreed = overlapping(until=at(day=5), agreed=True)
    seen = replace(an_observation(a_publication(agreed)), unheard=NOBODY)
    target = a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
    assert decide(seen, target, at(day=5, hour=8) - minutes(1)).reason in (Reason.OVERLAP_RUNS, Reason.NOTHING_DUE)
    plan = decide(seen, target, at(day=5, hour=22))
    assert (plan.reason, [str(step) for step in plan.steps]) == (Reason.OVERLAP_OVER, ["regenerate key2"])


def test_an_end_that_nobody_agreed_to_still_needs_its_notice():
    seen = an_observation(a_publication(overlapping(until=at(day=5))))
    assert decide(seen, a_target(), at(day=5, hour=22)).steps == ()
    told = an_observation(a_publication(overlapping(until=at(day=5), told=end_announced(at(day=5)))))
    assert decide(told, a_target(), at(day=5, hour=22)).reason is Reason.OVERLAP_OVER


def test_the_end_of_both_values_is_dated_after_a_hold_and_after_the_overlap_of_a_key_that_the_vault_held():
    awaited = AwaitedDeployment("production", days(1), deployed=at(day=3), id="d-1", then=Follow.END)
    first = an_observation(a_publication(overlapping(awaited=awaited, origin=Origin.ADOPTED, since=at(day=0))))
    assert schedule.both_ended(Situation(first, a_target(), at(day=3))) == at(day=4)
    held = replace(first, orders=Orders(hold=Hold(at(day=9), "freeze", "anna", at(day=1), "h-1")))
    assert schedule.both_ended(Situation(held, a_target(), at(day=3))) == at(day=10)
    rotated = an_observation(a_publication(overlapping(awaited=awaited, origin=Origin.ROTATED, since=at(day=3))))
    assert schedule.both_ended(Situation(rotated, a_target(), at(day=3))) == at(day=7)
