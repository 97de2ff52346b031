"""What a new version carries over from the one before it: promises, answered requests, outstanding announcements.

A new version keeps nothing that is not carried over. What is lost here breaks a promise: an announced end is announced
again, a leaked key is treated like any other, a request rotates twice.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_situation,
    a_target,
    an_observation,
    end_announced,
    mark,
    marks,
    nothing_published,
    overlapping,
    reports_leak,
)
from lab.simulation.dates import START, at, days, minutes
from shared.decide.carried_over import end_of_previous_key, outstanding_before, outstanding_with_end, valid_told
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.decide.steps import Mark, Publish, Step, Wait
from shared.domain.model import Adopt, Observation, Target
from shared.domain.publication import Marks, Origin
from shared.domain.requests import LeakedKey, Request
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline

UNTIL = START + days(3)
SUNSET = ToldDeadline(at(day=200))
ENDING = a_target(sunset=at(day=200))
ROTATED = CarriedOver(Happened.ROTATED, KEY1, mark("A"), START)
OLDER = CarriedOver(Happened.ENDED, KEY2, mark("C"), START - days(2))
EVERYTHING_TOLD = Told(
    origin=True,
    rotation=ToldDeadline(at(day=30), days(7)),
    retirement=ToldDeadline(UNTIL),
    sunset=SUNSET,
    carried_over=(OLDER,),
)


def written(seen: Observation, now: datetime, request: Request | None = None, target: Target = ENDING) -> Publish:
    """Return the only version that the plan writes."""
    return one(Publish, decide(seen, target, now, request).steps)


def without_requester(publish: Publish) -> Publish:
    """Return the version without its requester."""
    return Publish(
        publish.slot,
        publish.origin,
        publish.previous,
        publish.overlap,
        publish.until,
        publish.leaked,
        publish.spare,
        publish.fresh,
        told=publish.told,
    )


def one[S: Step](kind: type[S], steps: tuple[Step, ...]) -> S:
    (found,) = (step for step in steps if isinstance(step, kind))
    return found


def drifted(recorded: Marks, **seen: Any) -> Observation:
    """Return an observation after a person regenerated the live key: its slot holds X."""
    return an_observation(a_publication(recorded), key1="X", **seen)


# Healing while the previous key is promised.


def test_healing_carries_over_the_previous_key_its_end_and_the_announced_deadlines():
    seen = drifted(overlapping(told=EVERYTHING_TOLD))
    assert without_requester(written(seen, at(day=1))) == Publish(
        KEY1,
        Origin.HEALED,
        previous=mark("B"),
        until=UNTIL,
        told=Told(retirement=ToldDeadline(UNTIL), sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_healed_version_is_announced_and_has_its_own_rotation_date():
    told = written(drifted(overlapping(told=EVERYTHING_TOLD)), at(day=1)).told
    assert not told.origin
    assert told.rotation is None


def test_healing_carries_over_that_the_previous_key_leaked():
    assert written(drifted(overlapping(leaked=True)), at(day=1)).leaked
    assert not written(drifted(overlapping()), at(day=1)).leaked


def test_healing_carries_over_the_announcement_of_the_version_that_drifted():
    seen = drifted(overlapping(told=replace(EVERYTHING_TOLD, origin=False)))
    assert written(seen, at(day=1)).told.carried_over == (OLDER, ROTATED)


@pytest.mark.parametrize(
    ("origin", "happened"),
    [(Origin.ADOPTED, Happened.ADOPTED), (Origin.ROTATED, Happened.ROTATED), (Origin.HEALED, Happened.HEALED)],
)
def test_healing_carries_over_how_an_unannounced_version_was_made(origin: Origin, happened: Happened):
    seen = drifted(marks(origin=origin, told=Told()))
    assert written(seen, at(day=9)).told.carried_over == (CarriedOver(happened, KEY1, mark("A"), START),)


# Healing when the previous key has ended.


def test_healing_after_the_retirement_carries_over_the_spare_and_the_sunset():
    seen = drifted(marks(told=replace(EVERYTHING_TOLD, retirement=None)))
    assert without_requester(written(seen, at(day=9))) == Publish(
        KEY1, Origin.HEALED, spare=mark("B"), told=Told(sunset=SUNSET, carried_over=(OLDER,))
    )


@pytest.mark.parametrize("fresh", [True, False])
def test_healing_carries_over_whether_a_rotation_was_interrupted(fresh: bool):
    assert written(drifted(marks(fresh=fresh)), at(day=9)).fresh is fresh


def test_an_interrupted_rotation_resumes_after_healing_without_another_regeneration():
    seen = drifted(marks(fresh=True))
    publish = written(seen, at(day=31))
    healed = marks(live=mark("X"), origin=Origin.HEALED, spare=publish.spare, fresh=publish.fresh)
    plan = decide(an_observation(a_publication(healed), key1="X"), a_target(), at(day=61))
    assert plan.reason is Reason.RESUMED


def test_if_both_keys_were_regenerated_the_other_is_promised_a_period_and_its_old_end_is_outstanding():
    seen = drifted(overlapping(told=EVERYTHING_TOLD), key2="N")
    assert without_requester(written(seen, at(day=1))) == Publish(
        KEY1,
        Origin.HEALED,
        previous=mark("N"),
        overlap=days(30),
        told=Told(sunset=SUNSET, carried_over=(OLDER, CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=1)))),
    )


def test_a_spare_regenerated_by_hand_after_the_retirement_is_promised_a_period():
    publish = written(drifted(marks(), key2="N"), at(day=9))
    assert (publish.previous, publish.overlap, publish.spare) == (mark("N"), days(30), None)


def test_a_leaked_key_that_was_regenerated_by_hand_no_longer_counts_as_leaked():
    assert not written(drifted(overlapping(leaked=True), key2="N"), at(day=1)).leaked


@pytest.mark.parametrize("recorded", [marks(), overlapping(), overlapping(told=EVERYTHING_TOLD)])
def test_healing_records_when_the_keys_last_changed_places(recorded: Marks):
    assert written(drifted(recorded), at(day=9)).rotated == START
    again = replace(recorded, origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert written(drifted(again), at(day=9)).rotated == START
    adopted = replace(recorded, origin=Origin.ADOPTED)
    assert written(drifted(adopted), at(day=9)).rotated is None


# Rotating.


def test_a_rotation_carries_over_only_the_sunset_and_outstanding_announcements():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert without_requester(written(seen, at(day=30))) == Publish(
        KEY2,
        Origin.ROTATED,
        previous=mark("A"),
        overlap=days(3),
        told=Told(sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_rotation_that_ends_the_previous_key_carries_over_that_end_after_older_ones():
    recorded = overlapping(
        until=at(day=30), told=replace(end_announced(at(day=30)), origin=False, carried_over=(OLDER,))
    )
    seen = an_observation(a_publication(recorded))
    ended = CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=30))
    assert written(seen, at(day=30)).told.carried_over == (OLDER, ROTATED, ended)


def test_a_removed_sunset_is_not_carried_over():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert written(seen, at(day=30), target=a_target()).told.sunset is None


def test_a_sunset_is_not_carried_over_after_keys_were_switched_on_again():
    seen = an_observation(a_publication(marks(told=replace(EVERYTHING_TOLD, key_auth_off=True))))
    [step] = decide(seen, a_target(), at(day=30)).steps
    assert isinstance(step, Mark)
    told = step.marks.told
    assert (told.sunset, told.key_auth_off, told.ends) == (None, False, 1)
    assert [one.happened for one in told.carried_over][-1] is Happened.KEYS_BACK


# Leaks.


def test_a_leaked_live_key_becomes_a_leaked_previous_key_that_works_only_for_the_wait():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert without_requester(written(seen, at(day=9), reports_leak(wait=minutes(5)))) == Publish(
        KEY2,
        Origin.ROTATED,
        previous=mark("A"),
        overlap=minutes(5),
        leaked=True,
        told=Told(sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_leak_without_a_wait_has_no_wait_step():
    plan = decide(an_observation(a_publication()), a_target(), at(day=9), reports_leak())
    assert plan.reason is Reason.LEAKED
    assert not any(isinstance(step, Wait) for step in plan.steps)


def test_a_leak_of_the_previous_key_writes_no_version():
    seen = an_observation(a_publication(overlapping()))
    plan = decide(seen, a_target(), at(day=1), reports_leak(LeakedKey.PREVIOUS))
    assert not any(isinstance(step, Publish) for step in plan.steps)


# Adopting.


def test_an_adoption_publishes_key_1_and_promises_key_2_a_period():
    assert without_requester(written(nothing_published(), START)) == Publish(KEY1, Origin.ADOPTED, mark("B"), days(30))


def test_a_strict_adoption_publishes_a_fresh_key_2_and_promises_key_1_one_overlap():
    target = a_target(adopt=Adopt.ROTATE)
    assert without_requester(written(nothing_published(), START, target=target)) == Publish(
        KEY2, Origin.ADOPTED, mark("A"), days(3)
    )


@pytest.mark.parametrize(("key", "live", "spare"), [("A", KEY1, "B"), ("B", KEY2, "A")])
def test_an_adoption_in_place_marks_the_existing_version_from_its_creation_date(key: str, live, spare: str):
    by_hand = replace(a_publication(), marks=None, provider=None, slot=None, value=mark(key), created=at(day=4))
    plan = decide(an_observation(by_hand), a_target(), at(day=9))
    recorded = Marks(mark(key), Origin.ADOPTED, since=at(day=4), previous=mark(spare), until=at(day=34), copied=True)
    assert plan.steps == (Mark(live, recorded),)


# Which accepted announcements still hold.


TOLD_SUNSET = Told(origin=True, rotation=ToldDeadline(at(day=30)), sunset=ToldDeadline(at(day=90)))
OVER = replace(TOLD_SUNSET, key_auth_off=True)
SUNSET_TARGET = a_target(sunset=at(day=90))
HOLDS = [
    ("a sunset that is still agreed", TOLD_SUNSET, SUNSET_TARGET, True, TOLD_SUNSET),
    ("a sunset that was removed", TOLD_SUNSET, a_target(), True, replace(TOLD_SUNSET, sunset=None)),
    (
        "a sunset that came, and keys were switched on again",
        OVER,
        SUNSET_TARGET,
        True,
        replace(TOLD_SUNSET, sunset=None, ends=1),
    ),
    ("a sunset that came", OVER, SUNSET_TARGET, False, OVER),
    ("a sunset that came and was removed afterwards", OVER, a_target(), False, OVER),
]


@pytest.mark.parametrize(
    ("told", "target", "key_auth", "valid"), [row[1:] for row in HOLDS], ids=[row[0] for row in HOLDS]
)
def test_valid_told_returns_what_still_holds(told: Told, target: Target, key_auth: bool, valid: Told):
    seen = an_observation(a_publication(marks(told=told)), key_auth=key_auth)
    assert valid_told(Situation(seen, target, START)) == valid


def test_valid_told_is_empty_without_marks():
    unpublished, unmarked = (
        Situation(nothing_published(), a_target(), START),
        Situation(an_observation(a_publication(marks=None)), a_target(), START),
    )
    assert valid_told(unpublished) == valid_told(unmarked) == Told()


# Announcements that are still outstanding.


def test_the_current_version_leaves_older_announcements_and_its_own_outstanding():
    recorded = marks(told=Told(origin=False, carried_over=(OLDER,)))
    assert outstanding_before(a_situation(recorded, at(day=1))) == (OLDER, ROTATED)


def test_a_version_that_was_announced_leaves_only_older_announcements_outstanding():
    assert outstanding_before(a_situation(marks(told=EVERYTHING_TOLD), at(day=1))) == (OLDER,)


def test_the_end_of_the_previous_key_is_added_after_everything_else():
    situation = a_situation(overlapping(told=EVERYTHING_TOLD), at(day=1))
    ended = CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=1))
    assert end_of_previous_key(situation) == (ended,)
    assert outstanding_with_end(situation) == (OLDER, ended)


def test_without_a_previous_key_no_end_is_outstanding():
    assert end_of_previous_key(a_situation(marks(), at(day=1))) == ()
