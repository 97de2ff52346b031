"""What a new version carries on from the one before it: promises, answered requests, and words still owed.

A version that is written forgets everything that is not carried on. What is lost here is a promise to somebody: an
end that was announced and comes anew, a leak that is treated like any other key, a request that rotates twice.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
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
from shared.decide.plan import Reason
from shared.decide.policies import decide
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
    """The one version that the plan writes."""
    return one(Publish, decide(seen, target, now, request).steps)


def carried(publish: Publish) -> Publish:
    """What this page is about: the facts of a version without who asked for it."""
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


def drifted(noted: Marks, **seen: Any) -> Observation:
    """Somebody regenerated the live key, whose slot holds X now."""
    return an_observation(a_publication(noted), key1="X", **seen)


# Healing while the previous key is promised.


def test_healing_carries_on_the_previous_key_its_end_and_what_was_told_of_deadlines():
    seen = drifted(overlapping(told=EVERYTHING_TOLD))
    assert carried(written(seen, at(day=1))) == Publish(
        KEY1,
        Origin.HEALED,
        previous=mark("B"),
        until=UNTIL,
        told=Told(retirement=ToldDeadline(UNTIL), sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_healed_version_has_words_of_its_own_to_say_and_a_rotation_date_of_its_own():
    told = written(drifted(overlapping(told=EVERYTHING_TOLD)), at(day=1)).told
    assert not told.origin
    assert told.rotation is None


def test_healing_keeps_in_mind_that_the_previous_key_leaked():
    assert written(drifted(overlapping(leaked=True)), at(day=1)).leaked
    assert not written(drifted(overlapping()), at(day=1)).leaked


def test_a_version_that_drifted_before_it_was_announced_is_owed_a_word_all_the_same():
    seen = drifted(overlapping(told=replace(EVERYTHING_TOLD, origin=False)))
    assert written(seen, at(day=1)).told.carried_over == (OLDER, ROTATED)


@pytest.mark.parametrize(
    ("origin", "happened"),
    [(Origin.ADOPTED, Happened.ADOPTED), (Origin.ROTATED, Happened.ROTATED), (Origin.HEALED, Happened.HEALED)],
)
def test_how_the_unannounced_version_came_to_be_is_remembered(origin: Origin, happened: Happened):
    seen = drifted(marks(origin=origin, told=Told()))
    assert written(seen, at(day=9)).told.carried_over == (CarriedOver(happened, KEY1, mark("A"), START),)


# Healing when the previous key has ended.


def test_healing_after_the_retirement_carries_on_the_spare_and_the_sunset_alone():
    seen = drifted(marks(told=replace(EVERYTHING_TOLD, retirement=None)))
    assert carried(written(seen, at(day=9))) == Publish(
        KEY1, Origin.HEALED, spare=mark("B"), told=Told(sunset=SUNSET, carried_over=(OLDER,))
    )


@pytest.mark.parametrize("fresh", [True, False])
def test_healing_does_not_forget_that_a_rotation_was_cut_off_nor_invents_one(fresh: bool):
    assert written(drifted(marks(fresh=fresh)), at(day=9)).fresh is fresh


def test_a_cut_off_rotation_goes_on_after_healing_instead_of_regenerating_the_spare_again():
    seen = drifted(marks(fresh=True))
    publish = written(seen, at(day=31))
    healed = marks(live=mark("X"), origin=Origin.HEALED, spare=publish.spare, fresh=publish.fresh)
    plan = decide(an_observation(a_publication(healed), key1="X"), a_target(), at(day=61))
    assert plan.reason is Reason.RESUMED


def test_where_both_keys_were_regenerated_the_other_may_be_in_unknown_hands_and_its_old_values_end_is_owed():
    seen = drifted(overlapping(told=EVERYTHING_TOLD), key2="N")
    assert carried(written(seen, at(day=1))) == Publish(
        KEY1,
        Origin.HEALED,
        previous=mark("N"),
        overlap=days(30),
        told=Told(sunset=SUNSET, carried_over=(OLDER, CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=1)))),
    )


def test_a_spare_that_somebody_else_regenerated_after_the_retirement_is_promised_a_period_too():
    publish = written(drifted(marks(), key2="N"), at(day=9))
    assert (publish.previous, publish.overlap, publish.spare) == (mark("N"), days(30), None)


def test_a_key_that_leaked_and_was_regenerated_by_hand_is_a_leaked_one_no_more():
    assert not written(drifted(overlapping(leaked=True), key2="N"), at(day=1)).leaked


@pytest.mark.parametrize("noted", [marks(), overlapping(), overlapping(told=EVERYTHING_TOLD)])
def test_healing_remembers_when_the_keys_last_changed_places(noted: Marks):
    assert written(drifted(noted), at(day=9)).rotated == START
    again = replace(noted, origin=Origin.HEALED, since=at(day=1), rotated=START)
    assert written(drifted(again), at(day=9)).rotated == START
    adopted = replace(noted, origin=Origin.ADOPTED)
    assert written(drifted(adopted), at(day=9)).rotated is None


def test_healing_without_marks_publishes_what_the_named_slot_holds_and_counts_the_other_as_in_use():
    tutorial = replace(a_publication(), marks=None, value=mark("X"))
    assert carried(written(an_observation(tutorial), START)) == Publish(
        KEY1, Origin.HEALED, previous=mark("B"), overlap=days(30)
    )


# Rotating.


def test_a_rotation_carries_on_the_sunset_and_what_is_owed_and_begins_everything_else_anew():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert carried(written(seen, at(day=30))) == Publish(
        KEY2,
        Origin.ROTATED,
        previous=mark("A"),
        overlap=days(3),
        told=Told(sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_rotation_that_ends_the_previous_key_owes_a_word_about_it_after_all_older_ones():
    noted = overlapping(until=at(day=30), told=replace(end_announced(at(day=30)), origin=False, carried_over=(OLDER,)))
    seen = an_observation(a_publication(noted))
    ended = CarriedOver(Happened.ENDED, KEY2, mark("B"), at(day=30))
    assert written(seen, at(day=30)).told.carried_over == (OLDER, ROTATED, ended)


def test_a_sunset_that_was_taken_back_is_not_carried_on():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert written(seen, at(day=30), target=a_target()).told.sunset is None


def test_a_sunset_that_had_come_and_was_undone_by_switching_keys_on_again_is_not_carried_on():
    seen = an_observation(a_publication(marks(told=replace(EVERYTHING_TOLD, key_auth_off=True))))
    told = written(seen, at(day=30)).told
    assert (told.sunset, told.key_auth_off) == (None, False)


# Leaks.


def test_a_leaked_live_key_becomes_a_previous_key_that_is_marked_as_leaked_and_promised_the_wait_alone():
    seen = an_observation(a_publication(marks(told=EVERYTHING_TOLD)))
    assert carried(written(seen, at(day=9), reports_leak(wait=minutes(5)))) == Publish(
        KEY2,
        Origin.ROTATED,
        previous=mark("A"),
        overlap=minutes(5),
        leaked=True,
        told=Told(sunset=SUNSET, carried_over=(OLDER,)),
    )


def test_a_leak_without_a_wait_waits_for_nothing():
    plan = decide(an_observation(a_publication()), a_target(), at(day=9), reports_leak())
    assert plan.reason is Reason.LEAKED
    assert not any(isinstance(step, Wait) for step in plan.steps)


def test_a_leak_of_the_previous_key_writes_no_version_at_all():
    seen = an_observation(a_publication(overlapping()))
    plan = decide(seen, a_target(), at(day=1), reports_leak(LeakedKey.PREVIOUS))
    assert not any(isinstance(step, Publish) for step in plan.steps)


# Adopting.


def test_an_adoption_publishes_key_1_and_promises_key_2_a_period_since_it_may_be_in_unknown_hands():
    assert carried(written(nothing_published(), START)) == Publish(KEY1, Origin.ADOPTED, mark("B"), days(30))


def test_a_strict_adoption_publishes_a_fresh_key_2_and_promises_key_1_one_overlap():
    target = a_target(adopt=Adopt.ROTATE)
    assert carried(written(nothing_published(), START, target=target)) == Publish(
        KEY2, Origin.ADOPTED, mark("A"), days(3)
    )


@pytest.mark.parametrize(("key", "live", "spare"), [("A", KEY1, "B"), ("B", KEY2, "A")])
def test_an_adoption_in_place_marks_the_value_that_is_there_from_the_day_it_was_made(key: str, live, spare: str):
    by_hand = replace(a_publication(), marks=None, provider=None, slot=None, value=mark(key), created=at(day=4))
    plan = decide(an_observation(by_hand), a_target(), at(day=9))
    noted = Marks(mark(key), Origin.ADOPTED, since=at(day=4), previous=mark(spare), until=at(day=34))
    assert plan.steps == (Mark(live, noted),)
