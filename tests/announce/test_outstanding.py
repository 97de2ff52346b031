"""Which announcements are outstanding."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_situation,
    a_target,
    an_account_id,
    an_observation,
    end_announced,
    mark,
    marks,
    nothing_published,
    overlapping,
)
from lab.simulation.dates import SENDING, START, at, days
from shared.announce.acknowledged import acknowledged
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.announce.outstanding import outstanding
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, SecretState
from shared.domain.requests import Requester
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from tests.support.announcing import ENDED, ENDING, OFF, ROTATED, SECOND, TARGET, UNTIL, WITHDRAWN

FACTS = [
    ("a fresh version and the end of the key before it", a_situation(overlapping(told=Told()), at(day=1)), [
        replace(ROTATED, previous_until=UNTIL),
        Announcement(Kind.RETIREMENT_ANNOUNCED, TARGET, KEY2, mark("B"), deadline=UNTIL),
    ]),
    ("a version that could not be proven", a_situation(marks(told=Told(), unproven=True), at(day=1)), [
        replace(ROTATED, unproven=True),
    ]),
    ("a version whose previous key has ended", a_situation(overlapping(told=Told()), at(day=1), key2="N"), [
        ROTATED, ENDED,
    ]),
    ("a rotation ahead", a_situation(marks(), at(day=16)), [
        Announcement(Kind.ROTATION_ANNOUNCED, TARGET, KEY1, mark("A"), deadline=at(day=30), lead=days(14)),
    ]),
    ("a sunset ahead", a_situation(marks(), START, ENDING), [
        Announcement(Kind.SUNSET_ANNOUNCED, ENDING, deadline=at(day=200)),
    ]),
    ("an announcement that was carried over",
     a_situation(marks(told=Told(True,
         carried_over=(CarriedOver(Happened.HEALED, KEY2, mark("C"), at(day=1)),))), at(day=5)),
     [Announcement(Kind.DRIFT_HEALED, TARGET, KEY2, mark("C"), happened_at=at(day=1))]),
    ("the end of key authentication", Situation(OFF, TARGET, at(day=1)), [
        Announcement(Kind.KEY_AUTH_DISABLED, TARGET, occasion=f"{mark('A')} 0"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "announcements"), [row[1:] for row in FACTS], ids=[row[0] for row in FACTS])
def test_outstanding_returns_exactly_these_announcements(situation: Situation, announcements: list[Announcement]):
    assert list(outstanding(situation)) == announcements


def test_an_unannounced_version_is_announced_after_the_end_of_keys_without_promising_the_previous_key():
    unannounced = replace(WITHDRAWN, marks=overlapping(told=Told()))
    announcements = outstanding(Situation(replace(OFF, publication=unannounced), TARGET, at(day=1)))
    assert [one.kind for one in announcements] == [Kind.KEY_ROTATED, Kind.KEY_AUTH_DISABLED]
    assert announcements[0].previous_until is None


def test_switching_keys_off_a_second_time_is_a_second_event():
    off = Situation(OFF, TARGET, at(day=1))
    (first,) = outstanding(off)
    on_again = an_observation(a_publication(acknowledged(off, [first])))
    seen_on = acknowledged(Situation(on_again, TARGET, at(day=2)))
    assert acknowledged(Situation(replace(on_again, publication=a_publication(seen_on)), TARGET, at(day=3))) == seen_on
    again = replace(OFF, publication=replace(WITHDRAWN, marks=seen_on))
    (second,) = outstanding(Situation(again, TARGET, at(day=4)))
    assert second.kind is first.kind is Kind.KEY_AUTH_DISABLED
    assert second.id != first.id


def test_a_change_of_the_version_does_not_make_the_end_of_keys_a_second_event():
    touched = replace(OFF, publication=replace(WITHDRAWN, version="v2", state=SecretState.ACTIVE, value=mark("A")))
    first, second = (outstanding(Situation(seen, TARGET, at(day=10)))[0].id for seen in (OFF, touched))
    assert first == second


NOTHING = [
    ("nothing is published", nothing_published()),
    ("nothing is published and keys are off", nothing_published(key_auth=False, keys={})),
    ("our tags are absent", an_observation(a_publication(marks=None))),
    ("the version is disabled", an_observation(a_publication(marks(told=Told()), state=SecretState.DISABLED))),
    ("the value is neither key", an_observation(a_publication(marks(told=Told())), key1="X")),
    ("the marks are about another value", an_observation(a_publication(marks(told=Told()), value=mark("B")))),
    ("keys are off on an account that the secret does not belong to",
     replace(OFF, publication=replace(WITHDRAWN, provider=str(an_account_id("other"))))),
]  # fmt: skip


@pytest.mark.parametrize("seen", [row[1] for row in NOTHING], ids=[row[0] for row in NOTHING])
def test_nothing_is_outstanding_in_this_situation(seen):
    assert outstanding(Situation(seen, TARGET, at(day=40))) == ()


def kinds(situation: Situation) -> list[str]:
    return [announcement.kind.removeprefix("KeyRotation.") for announcement in outstanding(situation)]


OUTSTANDING = [
    ("nothing to announce", marks(), at(day=5), {}, []),
    ("a version that was not announced", marks(told=Told()), at(day=5), {}, ["KeyRotated"]),
    ("an adopted version", marks(origin=Origin.ADOPTED, told=Told()), at(day=5), {}, ["KeyAdopted"]),
    ("a healed version", marks(origin=Origin.HEALED, told=Told()), at(day=5), {}, ["DriftHealed"]),
    ("fourteen days before", marks(), at(day=16), {}, ["RotationAnnounced"]),
    ("an overlap just begun", overlapping(), START, {}, ["RetirementAnnounced"]),
    ("an overlap that was announced", overlapping(told=end_announced(UNTIL)), START, {}, []),
    ("the last day of an overlap", overlapping(told=end_announced(UNTIL)), at(day=2), {}, ["RetirementAnnounced"]),
    ("a previous key that has ended", overlapping(), at(day=1), {"key2": "N"}, ["KeyRetired"]),
    ("a leaked previous key has no warnings", overlapping(leaked=True), at(day=1), {}, []),
    ("carried over announcements come first",
     marks(told=Told(carried_over=(CarriedOver(Happened.ENDED, KEY2, mark("C"), START),))), at(day=1), {},
     ["KeyRetired", "KeyRotated"]),
    ("a drifted target announces nothing until it is healed", marks(told=Told()), at(day=1), {"key1": "X"}, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "now", "seen", "expected"), [row[1:] for row in OUTSTANDING], ids=[row[0] for row in OUTSTANDING]
)
def test_outstanding_returns_these_kinds_in_this_order(recorded, now: datetime, seen: dict, expected: list[str]):
    assert kinds(a_situation(recorded, now, **seen)) == expected


def test_a_sunset_is_announced_as_soon_as_it_is_known():
    assert kinds(a_situation(marks(), START, a_target(sunset=at(day=200)))) == ["SunsetAnnounced"]


def test_the_end_of_key_authentication_is_announced_once():
    withdrawn = a_publication(state=SecretState.DISABLED, value=None)
    off = an_observation(withdrawn, key_auth=False, keys={})
    now = Situation(off, a_target(), at(day=1))
    assert kinds(now) == ["KeyAuthDisabled"]
    told = replace(off, publication=replace(withdrawn, marks=acknowledged(now, outstanding(now))))
    assert kinds(Situation(told, a_target(), at(day=1))) == []


def test_carried_over_announcements_are_kept_if_keys_are_switched_off_during_an_outage():
    carried = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    withdrawn = a_publication(marks(told=Told(carried_over=(carried,))), state=SecretState.DISABLED, value=None)
    now = Situation(an_observation(withdrawn, key_auth=False, keys={}), a_target(), at(day=1))
    assert kinds(now) == ["KeyRetired", "KeyRotated", "KeyAuthDisabled"]


# Lead times.


def leads(recorded: Marks, now: datetime, target: Target = TARGET) -> list[timedelta | None]:
    return [one.lead for one in outstanding(a_situation(recorded, now, target))]


@pytest.mark.parametrize(("overlap", "lead"), [(days(7), days(7)), (days(7) - SECOND, None)])
def test_a_retirement_is_announced_only_at_lead_times_that_fit_into_the_overlap(overlap: timedelta, lead):
    assert leads(overlapping(until=START + overlap), START) == [lead]


@pytest.mark.parametrize(
    ("now", "lead_times"), [(at(day=16) - SENDING, [days(14)]), (at(day=16) - SENDING - SECOND, [])]
)
def test_a_warning_is_sent_earlier_by_the_time_that_sending_may_take(now: datetime, lead_times: list[timedelta]):
    assert leads(marks(), now) == lead_times


DEADLINES = [
    ("rotation", marks(), TARGET, at(day=30), "rotation"),
    ("end of the previous key", overlapping(until=at(day=30)), a_target(period=days(90)), at(day=30), "retirement"),
    ("sunset", marks(), a_target(sunset=at(day=30), period=days(90)), at(day=30), "sunset"),
]


@pytest.mark.parametrize(
    ("recorded", "target", "deadline", "name"), [row[1:] for row in DEADLINES], ids=[row[0] for row in DEADLINES]
)
def test_an_announced_deadline_is_announced_again_only_at_its_next_lead_time(recorded, target, deadline, name: str):
    recorded = replace(recorded, told=replace(Told(origin=True), **{name: ToldDeadline(deadline, days(14))}))
    assert leads(recorded, deadline - days(7) - SECOND, target) == []
    assert leads(recorded, deadline - days(7), target) == [days(7)]


UNANNOUNCED = [
    ("end of the previous key", DEADLINES[1][1], DEADLINES[1][2]),
    ("sunset", DEADLINES[2][1], DEADLINES[2][2]),
]


@pytest.mark.parametrize(("recorded", "target"), [row[1:] for row in UNANNOUNCED], ids=[row[0] for row in UNANNOUNCED])
def test_a_lead_time_that_comes_during_the_first_announcement_is_not_announced_separately(recorded, target):
    assert leads(recorded, at(day=16) - SENDING, target) == [days(14)]
    assert leads(recorded, at(day=16) - SENDING - SECOND, target) == [None]


def test_a_sunset_that_was_announced_for_later_is_not_delayed_by_each_observation():
    told = Told(origin=True, sunset=ToldDeadline(at(day=21), days(1)))
    situation = a_situation(marks(told=told), at(day=20), a_target(sunset=at(day=20), period=days(90)))
    assert outstanding(situation) == ()


def test_the_announcement_of_a_healed_version_has_no_requester():
    recorded = marks(origin=Origin.HEALED, requester=Requester("r-1", "ada", "drill"), told=Told())
    (sentence,) = [one for one in outstanding(a_situation(recorded, at(day=1))) if one.kind is Kind.DRIFT_HEALED]
    assert sentence.requester == Requester()


def test_the_event_of_a_rotation_carries_the_requester_and_the_reason():
    (announcement,) = outstanding(
        a_situation(marks(requester=Requester("r-1", "ann", "audit"), told=Told()), at(day=1))
    )
    data = announcement.wire(START)["data"]
    assert isinstance(data, dict)
    assert (data["requestedBy"], data["requestReason"]) == ("ann", "audit")
    (announcement,) = outstanding(a_situation(marks(told=Told()), at(day=1)))
    assert not {"requestedBy", "requestReason", "afterDeploymentTo"} & set(announcement.wire(START)["data"])
