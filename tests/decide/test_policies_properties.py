"""What holds for every plan, whatever is seen, also what never happens."""

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


def _facts(wanted):
    return MORE(given(some.observations(), some.targets, some.moments, some.requests)(wanted))


@_facts
def test_deciding_never_raises_and_gives_the_same_plan_for_the_same_facts(
    seen: Observation, target: Target, now, request
):
    assert decide(seen, target, now, request) == decide(seen, target, now, request)


@_facts
def test_the_published_slot_is_only_regenerated_after_the_other_was_published_for_a_leak(
    seen: Observation, target: Target, now, request: Request | None
):
    plan = decide(seen, target, now, request)
    for position, step in enumerate(plan.steps):
        if isinstance(step, Regenerate) and step.slot is seen.live and seen.publication is not None:
            published = [one.slot for one in plan.steps[:position] if isinstance(one, Publish)]
            assert plan.reason is Reason.LEAKED
            assert published == [step.slot.other]


@_facts
def test_a_spare_in_use_is_not_regenerated_before_its_overlap_ends_nor_unannounced_unless_it_leaked(
    seen: Observation, target: Target, now, request
):
    plan, at = decide(seen, target, now, request), Situation(seen, target, now, request)
    if plan.reason in (Reason.LEAKED, Reason.ADOPT) or at.seen.publication is None or at.seen.live is None:
        return
    ends = any(isinstance(step, Regenerate) and step.slot is at.spare for step in plan.steps)
    if ends and at.spare_in_use and not at.marks.leaked:
        assert at.marks.until is not None
        assert at.marks.told.retirement is not None
        assert at.marks.until <= at.marks.told.retirement.deadline <= now


@_facts
def test_a_key_is_published_right_after_the_same_slot_was_proven(seen: Observation, target: Target, now, request):
    steps = decide(seen, target, now, request).steps
    for before, step in pairwise((None, *steps)):
        if isinstance(step, Publish):
            assert isinstance(before, Prove)
            assert before.slot is step.slot


@_facts
def test_at_most_one_version_is_written_by_a_plan(seen: Observation, target: Target, now, request):
    steps = decide(seen, target, now, request).steps
    assert sum(isinstance(step, Publish | Mark) for step in steps) <= 1


@_facts
def test_where_a_person_must_look_or_something_is_held_back_nothing_is_done(
    seen: Observation, target: Target, now, request
):
    plan = decide(seen, target, now, request)
    if plan.reason is Reason.PERSON_MUST_LOOK or plan.is_held:
        assert plan.steps == ()


@_facts
def test_keys_are_switched_off_only_at_an_announced_sunset_that_has_come(
    seen: Observation, target: Target, now, request
):
    steps = decide(seen, target, now, request).steps
    if DisableKeyAuth() in steps:
        assert target.sunset is not None
        assert seen.publication is not None
        told = seen.publication.told.sunset
        assert told is not None
        assert target.sunset <= told.deadline <= now
        assert steps[-1] == Withdraw()


@_facts
def test_nothing_foreign_is_ever_written_over(seen: Observation, target: Target, now, request):
    plan = decide(seen, target, now, request)
    publication = seen.publication
    if publication is not None and publication.provider and not target.account.same_as(publication.provider):
        assert plan.steps == ()


@_facts
def test_scheduled_work_happens_inside_the_window(seen: Observation, target: Target, now, request):
    plan, window = decide(seen, target, now, request), target.cadence.window
    if request is None and window and plan.reason in (Reason.DUE, Reason.RESUMED, Reason.SUNSET):
        assert window.open_at(now)


@_facts
def test_what_is_owed_can_always_be_said(seen: Observation, target: Target, now, request):
    for announcement in outstanding(Situation(seen, target, now, request)):
        assert announcement.wire(now)["id"] == announcement.id
