"""Holds: rotations, ends of keys, trials and sunsets wait, leaks do not, and everything ends by itself."""

from dataclasses import replace
from datetime import datetime

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_observation,
    end_announced,
    mark,
    marks,
    nothing_published,
    overlapping,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days
from shared.announce.acknowledged import acknowledged
from shared.announce.kinds import Kind
from shared.announce.outstanding import outstanding
from shared.decide import schedule
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import KeepOrders
from shared.domain.model import Adopt, Observation, Target
from shared.domain.orders import Hold, Orders
from shared.domain.requests import HoldRequest, LiftHoldRequest, RotateRequest
from shared.domain.told import Told, ToldDeadline

FREEZE = Hold(at(day=60), "change freeze", "anna", at(day=20), "h-1")
ASKED = HoldRequest(until=at(day=60), reason="change freeze", by="anna", id="h-1")
LIFTED = LiftHoldRequest(by="ben", id="h-2")
ENDING = a_target(sunset=at(day=35))


def held(seen: Observation, hold: Hold = FREEZE) -> Observation:
    """Return the observation of a target on hold."""
    return replace(seen, orders=Orders(hold=hold))


DUE = an_observation(a_publication())
OVER = an_observation(a_publication(overlapping(told=end_announced(START + days(3)))))
SUNSET = an_observation(a_publication(marks(told=Told(origin=True, sunset=ToldDeadline(at(day=35))))))
FIRST = nothing_published()


@pytest.mark.parametrize(
    ("seen", "target", "free"),
    [
        (DUE, a_target(), Reason.DUE),
        (OVER, a_target(), Reason.OVERLAP_OVER),
        (SUNSET, ENDING, Reason.SUNSET),
        (FIRST, a_target(adopt=Adopt.ROTATE), Reason.ADOPT),
    ],
    ids=["a rotation", "the end of the previous key", "the end of all keys", "a fresh start"],
)
def test_what_is_due_waits_until_the_hold_ends_and_happens_then(seen: Observation, target: Target, free: Reason):
    day = at(day=5) if free is Reason.OVERLAP_OVER else at(day=36)
    assert decide(seen, target, day).reason is free
    plan = decide(held(seen), target, day)
    assert (plan.reason, plan.steps, plan.held_until) == (Reason.ON_HOLD, (), at(day=60))
    after = decide(held(seen, replace(FREEZE, until=day)), target, day)
    assert after.reason is free


def test_a_rotation_that_a_person_asks_for_waits_as_well():
    plan = decide(held(DUE), a_target(), at(day=25), wants_rotation())
    assert (plan.reason, plan.held_until) == (Reason.ON_HOLD, at(day=60))
    assert "change freeze" in plan.why


def test_the_end_of_the_other_key_waits_as_well():
    request = RotateRequest(id="r-1", end_other=True)
    assert decide(held(OVER), a_target(), START + days(1), request).reason is Reason.ON_HOLD


def test_a_leak_does_not_wait():
    assert decide(held(DUE), a_target(), at(day=25), reports_leak()).reason is Reason.LEAKED
    leaked = an_observation(a_publication(overlapping(leaked=True, until=START)))
    assert decide(held(leaked), a_target(), at(day=25)).reason is Reason.LEAKED


def test_repair_does_not_wait():
    assert decide(held(an_observation(a_publication(), key1="X")), a_target(), at(day=25)).reason is Reason.DRIFT
    assert decide(held(FIRST), a_target(), at(day=25)).reason is Reason.ADOPT


def test_a_hold_is_noted_with_who_and_why_and_once():
    plan = decide(DUE, a_target(), at(day=20), ASKED)
    assert plan.reason is Reason.HOLD_SET
    [step] = plan.steps
    assert isinstance(step, KeepOrders)
    assert step.orders == Orders(hold=FREEZE, known=("h-1",))
    again = decide(replace(DUE, orders=step.orders), a_target(), at(day=21), ASKED)
    assert (again.reason, again.steps) == (Reason.ALREADY_DONE, ())


def test_a_hold_can_be_moved_and_lifted():
    moved = decide(held(DUE), a_target(), at(day=30), replace(ASKED, id="h-3", until=at(day=45)))
    assert moved.reason is Reason.HOLD_SET
    lifted = decide(held(DUE), a_target(), at(day=31), LIFTED)
    assert lifted.reason is Reason.HOLD_LIFTED
    [step] = lifted.steps
    assert isinstance(step, KeepOrders)
    assert step.orders.hold_at(at(day=31)) is None
    assert decide(DUE, a_target(), at(day=31), LIFTED).reason is Reason.ALREADY_DONE


def test_a_repeated_request_does_not_put_a_lifted_hold_back():
    seen = replace(DUE, orders=Orders(known=("h-1", "h-2")))
    assert decide(seen, a_target(), at(day=25), ASKED).steps == ()


@pytest.mark.parametrize("now", [at(day=21), at(day=59)])
def test_the_dates_of_a_held_target_are_after_the_hold(now: datetime):
    dates = schedule.schedule_of(Situation(held(SUNSET), ENDING, now))
    assert dates is not None
    assert dates.rotation >= at(day=60)
    assert dates.sunset is not None
    assert dates.sunset >= at(day=60)


def test_an_announced_rotation_that_is_put_on_hold_is_withdrawn_once():
    told = Told(origin=True, rotation=ToldDeadline(at(day=30), days(7)))
    situation = Situation(held(an_observation(a_publication(marks(told=told)))), a_target(), at(day=24))
    [withdrawn] = outstanding(situation)
    assert (withdrawn.kind, withdrawn.deadline, withdrawn.value) == (Kind.DEADLINE_WITHDRAWN, at(day=30), mark("A"))
    assert "hold" in (withdrawn.reason or "")
    assert withdrawn.requester.by == "anna"
    kept = acknowledged(situation, [withdrawn])
    assert kept.told.rotation is None
    after = replace(situation, seen=held(an_observation(a_publication(kept))))
    assert outstanding(after) == ()


def test_an_announced_end_that_is_put_on_hold_is_announced_for_its_new_day():
    situation = Situation(held(OVER), a_target(), at(day=21))
    [announced] = [one for one in outstanding(situation) if one.kind is Kind.RETIREMENT_ANNOUNCED]
    assert announced.deadline is not None
    assert announced.deadline >= at(day=60)


def test_a_rotation_that_ends_the_other_key_does_not_wait_for_its_overlap_and_says_so():
    promised = an_observation(a_publication(overlapping()))
    assert decide(promised, a_target(), START + days(1), wants_rotation()).reason is Reason.OVERLAP_RUNS
    plan = decide(promised, a_target(), START + days(1), RotateRequest(id="r-1", by="anna", end_other=True))
    assert plan.reason is Reason.REQUESTED
    assert str(plan.steps[0]) == "regenerate key2"
    assert f"fingerprint {promised.keys[promised.live.other]}" in plan.why  # type: ignore[union-attr]
