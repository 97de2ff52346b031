"""What is recorded after Event Grid accepted an announcement, and which announcements count as accepted in time."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings

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
)
from lab.simulation.dates import SENDING, START, at, days, hours
from shared.announce.acknowledged import accepted_in_time, acknowledged
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.announce.outstanding import outstanding
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Origin
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from tests.support import strategies as some
from tests.support.announcing import ENDED, ENDING, OFF, ROTATED, SECOND, TARGET, UNTIL


def kinds(situation: Situation) -> list[str]:
    return [announcement.kind.removeprefix("KeyRotation.") for announcement in outstanding(situation)]


SLOW = UNTIL - days(1) + SECOND
END = Announcement(Kind.RETIREMENT_ANNOUNCED, TARGET, KEY2, mark("B"), deadline=UNTIL)
KEYS_END = Announcement(Kind.SUNSET_ANNOUNCED, ENDING, deadline=UNTIL)
TOLD_SUNSET = Told(origin=True, sunset=ToldDeadline(UNTIL))
IN_TIME = [
    ("an end that was accepted exactly the notice before", overlapping(), END, UNTIL - days(1), True),
    ("an end that was accepted a second later", overlapping(), END, SLOW, False),
    ("an end that was announced before", overlapping(told=end_announced(UNTIL)), END, SLOW, True),
    ("an end that was announced for another time", overlapping(told=end_announced(UNTIL + SECOND)), END, SLOW, False),
    ("an end of which only the sunset was announced", overlapping(told=TOLD_SUNSET), END, SLOW, False),
    ("a sunset that was accepted exactly the notice before", marks(), KEYS_END, UNTIL - days(1), True),
    ("a sunset that was accepted a second later", marks(), KEYS_END, SLOW, False),
    ("a sunset that was announced before", marks(told=TOLD_SUNSET), KEYS_END, SLOW, True),
    ("a sunset of which only the end was announced", overlapping(told=end_announced(UNTIL)), KEYS_END, SLOW, False),
    ("a rotation, which ends nothing", marks(), replace(END, kind=Kind.ROTATION_ANNOUNCED), SLOW, True),
    ("something that has happened", marks(), ROTATED, SLOW, True),
]


@pytest.mark.parametrize(
    ("recorded", "announcement", "now", "kept"), [row[1:] for row in IN_TIME], ids=[row[0] for row in IN_TIME]
)
def test_an_end_counts_as_announced_only_if_it_was_accepted_in_time(
    recorded, announcement: Announcement, now: datetime, kept: bool
):
    assert accepted_in_time(a_situation(recorded, UNTIL - days(2), ENDING), announcement, now) is kept


def test_an_announced_end_removes_the_previous_key_and_records_the_new_spare():
    before = overlapping(leaked=True, fresh=True, told=end_announced(UNTIL))
    retired = replace(a_situation(before, at(day=1), key2="N"), retired=mark("N"))
    recorded = acknowledged(retired, [ENDED])
    assert recorded == replace(before, previous=None, until=None, leaked=False, spare=mark("N"), fresh=False)


def test_a_spare_regenerated_by_hand_or_by_an_interrupted_turn_counts_as_fresh():
    seen = a_situation(overlapping(), at(day=1), key2="N")
    assert acknowledged(seen, [ENDED]).fresh
    assert acknowledged(replace(seen, retired=mark("M")), [ENDED]).fresh


def test_the_announced_end_of_another_value_does_not_change_the_previous_key():
    situation = a_situation(overlapping(), at(day=1))
    assert acknowledged(situation, [replace(ENDED, value=mark("C"))]) == overlapping()


def test_the_announcement_of_another_version_does_not_count_for_this_one():
    situation = a_situation(marks(told=Told()), at(day=1))
    assert not acknowledged(situation, [replace(ROTATED, value=mark("C"))]).told.origin
    assert not acknowledged(situation, [replace(ROTATED, kind=Kind.KEY_ADOPTED)]).told.origin
    assert acknowledged(situation, [ROTATED]).told.origin


@pytest.mark.parametrize("origin", list(Origin))
def test_each_origin_is_acknowledged_by_its_own_kind_of_event(origin: Origin):
    situation = a_situation(marks(origin=origin, told=Told()), at(day=1))
    assert acknowledged(situation, outstanding(situation)).told == Told(origin=True)


OTHERS = [
    CarriedOver(Happened.ROTATED, KEY2, mark("C"), START),
    CarriedOver(Happened.ENDED, KEY1, mark("C"), START),
    CarriedOver(Happened.ENDED, KEY2, mark("D"), START),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_carried_over_announcement_is_removed_only_by_its_own_event(other: CarriedOver):
    delivered = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    situation = a_situation(marks(told=Told(True, carried_over=(delivered, other))), at(day=1))
    assert acknowledged(situation, [replace(ENDED, value=mark("C"))]).told.carried_over == (other,)


TOLD = [
    (Kind.ROTATION_ANNOUNCED, Told(origin=True, rotation=ToldDeadline(UNTIL, days(1)))),
    (Kind.RETIREMENT_ANNOUNCED, Told(origin=True, retirement=ToldDeadline(UNTIL, days(1)))),
    (Kind.SUNSET_ANNOUNCED, Told(origin=True, sunset=ToldDeadline(UNTIL, days(1)))),
]


@pytest.mark.parametrize(("kind", "told"), TOLD)
def test_an_accepted_deadline_is_recorded_with_its_lead_time(kind: Kind, told: Told):
    announcement = Announcement(kind, ENDING, deadline=UNTIL, lead=days(1))
    assert acknowledged(a_situation(marks(), at(day=1), ENDING), [announcement]).told == told


def test_the_announced_end_of_keys_is_recorded_without_other_changes():
    assert acknowledged(Situation(OFF, TARGET, at(day=1)), outstanding(Situation(OFF, TARGET, at(day=1)))) == marks(
        told=Told(origin=True, key_auth_off=True)
    )


def test_acknowledged_raises_lookup_error_without_marks():
    with pytest.raises(LookupError, match="chat: the publication is not marked"):
        acknowledged(Situation(an_observation(a_publication(marks=None)), TARGET, START))
    with pytest.raises(LookupError, match="chat: nothing is published"):
        acknowledged(Situation(nothing_published(), TARGET, START + hours(1)))


@pytest.mark.parametrize(
    "kind", [Kind.ROTATION_FAILED, Kind.KEY_ROTATED, Kind.KEY_AUTH_DISABLED, Kind.KEY_AUTH_ENABLED]
)
def test_other_kinds_are_never_recorded_as_an_announced_sunset(kind: Kind):
    """If another kind with a deadline counted as an announced sunset, keys would end unannounced (P3)."""
    situation = Situation(an_observation(a_publication()), a_target(sunset=at(day=90)), START)
    announcement = Announcement(kind, situation.target, deadline=at(day=90))
    assert acknowledged(situation, [announcement]).told.sunset is None


# Acknowledging is the reverse of listing what is outstanding.


@settings(max_examples=200, deadline=None)
@given(some.observations(), some.targets, some.moments)
def test_nothing_is_outstanding_after_everything_was_acknowledged(seen: Observation, target: Target, now):
    before = Situation(seen, target, now)
    announcements = outstanding(before)
    if not announcements:
        return
    assert seen.publication is not None
    recorded = acknowledged(before, announcements)
    after = replace(seen, publication=replace(seen.publication, marks=recorded))
    assert outstanding(Situation(after, target, now)) == ()


@settings(max_examples=100, deadline=None)
@given(some.observations(), some.targets, some.moments)
def test_no_two_outstanding_announcements_have_the_same_id(seen: Observation, target: Target, now):
    ids = [announcement.id for announcement in outstanding(Situation(seen, target, now))]
    assert len(set(ids)) == len(ids)


def test_an_outage_of_weeks_loses_no_announcement_and_repeats_none():
    """After forty days without Event Grid, everything that happened is announced once."""
    recorded = overlapping(told=Told())
    during = [kinds(a_situation(recorded, at(day=day))) for day in range(1, 40)]
    assert all("KeyRotated" in announcements and "RetirementAnnounced" in announcements for announcements in during)
    after = a_situation(recorded, at(day=40))
    announcements = outstanding(after)
    assert len({one.id for one in announcements}) == len(announcements)
    end = next(one for one in announcements if one.kind is Kind.RETIREMENT_ANNOUNCED)
    assert end.deadline == at(day=41) + SENDING
    assert outstanding(a_situation(acknowledged(after, announcements), at(day=40))) == ()


@pytest.mark.parametrize("part", [0, 1])
def test_acknowledging_one_announcement_leaves_the_other_outstanding(part: int):
    before = a_situation(overlapping(told=Told()), at(day=1))
    announcements = outstanding(before)
    assert len(announcements) == 2
    rest = outstanding(a_situation(acknowledged(before, [announcements[part]]), at(day=1)))
    assert rest == (announcements[1 - part],)


def test_an_acknowledged_announcement_is_read_back_from_its_tag():
    recorded = acknowledged(
        a_situation(overlapping(told=Told()), at(day=1)), outstanding(a_situation(overlapping(told=Told()), at(day=1)))
    )
    assert Told.read(recorded.told.text()) == Told(origin=True, retirement=ToldDeadline(UNTIL))
    assert {slot.value for slot in KeySlot} == {"key1", "key2"}
    assert recorded.since.tzinfo is UTC
