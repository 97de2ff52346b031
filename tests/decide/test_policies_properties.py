"""What holds for every plan, whatever was observed."""

from itertools import pairwise

from hypothesis import given, settings

from shared.announce.outstanding import outstanding
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Withdraw
from shared.domain.model import Observation, Target
from shared.domain.requests import Request
from tests.support import strategies as some

MORE = settings(max_examples=150, deadline=None)


def for_any_facts(test):
    return MORE(given(some.observations(), some.targets, some.moments, some.requests)(test))


@for_any_facts
def test_decide_never_raises_and_returns_equal_plans_for_equal_facts(seen: Observation, target: Target, now, request):
    assert decide(seen, target, now, request) == decide(seen, target, now, request)


@for_any_facts
def test_the_live_slot_is_regenerated_only_for_a_leak_after_the_other_was_published(
    seen: Observation, target: Target, now, request: Request | None
):
    plan = decide(seen, target, now, request)
    for position, step in enumerate(plan.steps):
        if isinstance(step, Regenerate) and step.slot is seen.live and seen.publication is not None:
            published = [one.slot for one in plan.steps[:position] if isinstance(one, Publish)]
            assert plan.reason is Reason.LEAKED
            assert published == [step.slot.other]


@for_any_facts
def test_a_spare_in_use_is_regenerated_only_after_its_announced_end_unless_it_leaked(
    seen: Observation, target: Target, now, request
):
    plan, situation = decide(seen, target, now, request), Situation(seen, target, now, request)
    if (
        plan.reason in (Reason.LEAKED, Reason.ADOPT)
        or situation.seen.publication is None
        or situation.seen.live is None
    ):
        return
    ends = any(isinstance(step, Regenerate) and step.slot is situation.spare for step in plan.steps)
    if ends and situation.spare_in_use and not situation.marks.leaked:
        assert situation.marks.until is not None
        assert situation.marks.told.retirement is not None
        assert situation.marks.until <= situation.marks.told.retirement.deadline <= now


@for_any_facts
def test_a_key_is_published_only_right_after_it_was_proven(seen: Observation, target: Target, now, request):
    steps = decide(seen, target, now, request).steps
    for before, step in pairwise((None, *steps)):
        if isinstance(step, Publish):
            assert isinstance(before, Prove)
            assert before.slot is step.slot


@for_any_facts
def test_a_plan_writes_at_most_one_version(seen: Observation, target: Target, now, request):
    steps = decide(seen, target, now, request).steps
    assert sum(isinstance(step, Publish | Mark) for step in steps) <= 1


@for_any_facts
def test_a_plan_that_is_held_or_needs_a_person_has_no_steps(seen: Observation, target: Target, now, request):
    plan = decide(seen, target, now, request)
    if plan.reason is Reason.PERSON_MUST_LOOK or plan.is_held:
        assert plan.steps == ()


@for_any_facts
def test_keys_are_switched_off_only_when_an_announced_sunset_has_come(seen: Observation, target: Target, now, request):
    steps = decide(seen, target, now, request).steps
    if DisableKeyAuth() in steps:
        assert target.sunset is not None
        assert seen.publication is not None
        told = seen.publication.told.sunset
        assert told is not None
        assert target.sunset <= told.deadline <= now
        assert steps[-1] == Withdraw()


@for_any_facts
def test_the_secret_of_another_account_is_never_changed(seen: Observation, target: Target, now, request):
    plan = decide(seen, target, now, request)
    publication = seen.publication
    if publication is not None and publication.provider and not target.account.same_as(publication.provider):
        assert plan.steps == ()


@for_any_facts
def test_scheduled_work_happens_only_inside_the_window(seen: Observation, target: Target, now, request):
    plan, window = decide(seen, target, now, request), target.cadence.window
    if request is None and window and plan.reason in (Reason.DUE, Reason.RESUMED, Reason.SUNSET):
        assert window.open_at(now)


@for_any_facts
def test_every_outstanding_announcement_can_be_written_as_an_event(seen: Observation, target: Target, now, request):
    for announcement in outstanding(Situation(seen, target, now, request)):
        assert announcement.wire(now)["id"] == announcement.id
