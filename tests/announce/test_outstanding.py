"""What is owed, fact by fact, and what is noted once it was accepted."""

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
    mark,
    marks,
    nothing_published,
    overlapping,
    told_of_the_end,
)
from lab.simulation.dates import SENDING, START, at, days, hours
from shared.announce.announcements import Announcement, Kind
from shared.announce.outstanding import accepted_in_time, acknowledged, outstanding
from shared.decide.situation import Situation
from shared.domain.model import Target
from shared.domain.publication import Marks, Origin, SecretState
from shared.domain.requests import Requester
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline

SECOND = timedelta(seconds=1)
TARGET, ENDING = a_target(), a_target(sunset=at(day=200))
UNTIL = START + days(3)
ENDED = Announcement(Kind.KEY_RETIRED, TARGET, KEY2, mark("B"))
ROTATED = Announcement(Kind.KEY_ROTATED, TARGET, KEY1, mark("A"), happened_at=START)
WITHDRAWN = a_publication(state=SecretState.DISABLED, value=None)
OFF = an_observation(WITHDRAWN, key_auth=False, keys={})

FACTS = [
    ("a fresh version and the end of the key before it", a_situation(overlapping(told=Told()), at(day=1)), [
        replace(ROTATED, previous_until=UNTIL),
        Announcement(Kind.RETIREMENT_ANNOUNCED, TARGET, KEY2, mark("B"), deadline=UNTIL),
    ]),
    ("a version that could not be proven", a_situation(marks(told=Told(), unproven=True), at(day=1)), [
        replace(ROTATED, unproven=True),
    ]),
    ("a version of which the key before it has ended", a_situation(overlapping(told=Told()), at(day=1), key2="N"), [
        ROTATED, ENDED,
    ]),
    ("a rotation ahead", a_situation(marks(), at(day=16)), [
        Announcement(Kind.ROTATION_ANNOUNCED, TARGET, KEY1, mark("A"), deadline=at(day=30), lead=days(14)),
    ]),
    ("a sunset ahead", a_situation(marks(), START, ENDING), [
        Announcement(Kind.SUNSET_ANNOUNCED, ENDING, deadline=at(day=200)),
    ]),
    ("a debt", a_situation(marks(told=Told(True, carried_over=(CarriedOver(Happened.HEALED, KEY2, mark("C"), at(day=1)),))),
     at(day=5)), [Announcement(Kind.DRIFT_HEALED, TARGET, KEY2, mark("C"), happened_at=at(day=1))]),
    ("the end of key authentication", Situation(OFF, TARGET, at(day=1)), [
        Announcement(Kind.KEY_AUTH_DISABLED, TARGET, occasion=f"{mark('A')} 0"),
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "said"), [row[1:] for row in FACTS], ids=[row[0] for row in FACTS])
def test_what_is_owed_says_exactly_this(situation: Situation, said: list[Announcement]):
    assert list(outstanding(situation)) == said


def test_a_version_that_was_never_announced_is_announced_after_keys_have_ended_without_a_promise_that_nobody_keeps():
    unannounced = replace(WITHDRAWN, marks=overlapping(told=Told()))
    said = outstanding(Situation(replace(OFF, publication=unannounced), TARGET, at(day=1)))
    assert [one.kind for one in said] == [Kind.KEY_ROTATED, Kind.KEY_AUTH_DISABLED]
    assert said[0].previous_until is None


def test_keys_that_end_a_second_time_are_a_second_event():
    off = Situation(OFF, TARGET, at(day=1))
    (first,) = outstanding(off)
    on_again = an_observation(a_publication(acknowledged(off, [first])))
    seen_on = acknowledged(Situation(on_again, TARGET, at(day=2)))
    assert acknowledged(Situation(replace(on_again, publication=a_publication(seen_on)), TARGET, at(day=3))) == seen_on
    again = replace(OFF, publication=replace(WITHDRAWN, marks=seen_on))
    (second,) = outstanding(Situation(again, TARGET, at(day=4)))
    assert second.kind is first.kind is Kind.KEY_AUTH_DISABLED
    assert second.id != first.id


def test_one_end_of_keys_stays_one_event_whoever_touches_the_version_before_that_was_noted():
    touched = replace(OFF, publication=replace(WITHDRAWN, version="v2", state=SecretState.ACTIVE, value=mark("A")))
    first, second = (outstanding(Situation(seen, TARGET, at(day=10)))[0].id for seen in (OFF, touched))
    assert first == second


SILENT = [
    ("nothing is published", nothing_published()),
    ("nothing is published and keys are off", nothing_published(key_auth=False, keys={})),
    ("our tags are absent", an_observation(a_publication(marks=None))),
    ("the version is disabled", an_observation(a_publication(marks(told=Told()), state=SecretState.DISABLED))),
    ("the value is neither key", an_observation(a_publication(marks(told=Told())), key1="X")),
    ("the marks are about another value", an_observation(a_publication(marks(told=Told()), value=mark("B")))),
    ("keys are off on an account that the secret does not belong to",
     replace(OFF, publication=replace(WITHDRAWN, provider=str(an_account_id("other"))))),
]  # fmt: skip


@pytest.mark.parametrize("seen", [row[1] for row in SILENT], ids=[row[0] for row in SILENT])
def test_nothing_is_said_where(seen):
    assert outstanding(Situation(seen, TARGET, at(day=40))) == ()


# Leads.


def leads(noted: Marks, now: datetime, target: Target = TARGET) -> list[timedelta | None]:
    return [one.lead for one in outstanding(a_situation(noted, now, target))]


@pytest.mark.parametrize(("overlap", "lead"), [(days(7), days(7)), (days(7) - SECOND, None)])
def test_an_end_is_announced_with_the_leads_that_the_overlap_has_room_for(overlap: timedelta, lead):
    assert leads(overlapping(until=START + overlap), START) == [lead]


@pytest.mark.parametrize(("now", "said"), [(at(day=16) - SENDING, [days(14)]), (at(day=16) - SENDING - SECOND, [])])
def test_a_warning_goes_out_as_early_as_its_sending_may_take(now: datetime, said: list[timedelta]):
    assert leads(marks(), now) == said


DEADLINES = [
    ("rotation", marks(), TARGET, at(day=30), "rotation"),
    ("end of the previous key", overlapping(until=at(day=30)), a_target(period=days(90)), at(day=30), "retirement"),
    ("sunset", marks(), a_target(sunset=at(day=30), period=days(90)), at(day=30), "sunset"),
]


@pytest.mark.parametrize(
    ("noted", "target", "deadline", "name"), [row[1:] for row in DEADLINES], ids=[row[0] for row in DEADLINES]
)
def test_a_deadline_that_was_told_is_told_again_at_its_next_lead_and_not_before(noted, target, deadline, name: str):
    noted = replace(noted, told=replace(Told(origin=True), **{name: ToldDeadline(deadline, days(14))}))
    assert leads(noted, deadline - days(7) - SECOND, target) == []
    assert leads(noted, deadline - days(7), target) == [days(7)]


UNTOLD = [("end of the previous key", DEADLINES[1][1], DEADLINES[1][2]), ("sunset", DEADLINES[2][1], DEADLINES[2][2])]


@pytest.mark.parametrize(("noted", "target"), [row[1:] for row in UNTOLD], ids=[row[0] for row in UNTOLD])
def test_the_first_word_about_an_end_and_a_lead_that_comes_while_it_is_sent_are_one_announcement(noted, target):
    assert leads(noted, at(day=16) - SENDING, target) == [days(14)]
    assert leads(noted, at(day=16) - SENDING - SECOND, target) == [None]


def test_a_sunset_that_was_announced_for_later_is_not_put_off_again_by_every_look():
    told = Told(origin=True, sunset=ToldDeadline(at(day=21), days(1)))
    situation = a_situation(marks(told=told), at(day=20), a_target(sunset=at(day=20), period=days(90)))
    assert outstanding(situation) == ()


# Kept in time.

SLOW = UNTIL - days(1) + SECOND
END = Announcement(Kind.RETIREMENT_ANNOUNCED, TARGET, KEY2, mark("B"), deadline=UNTIL)
KEYS_END = Announcement(Kind.SUNSET_ANNOUNCED, ENDING, deadline=UNTIL)
TOLD_SUNSET = Told(origin=True, sunset=ToldDeadline(UNTIL))
KEPT = [
    ("an end that was accepted exactly the notice ahead", overlapping(), END, UNTIL - days(1), True),
    ("an end that was accepted a second later", overlapping(), END, SLOW, False),
    ("an end that was told before", overlapping(told=told_of_the_end(UNTIL)), END, SLOW, True),
    ("an end that was told for another moment", overlapping(told=told_of_the_end(UNTIL + SECOND)), END, SLOW, False),
    ("an end of which only the sunset was told", overlapping(told=TOLD_SUNSET), END, SLOW, False),
    ("a sunset that was accepted exactly the notice ahead", marks(), KEYS_END, UNTIL - days(1), True),
    ("a sunset that was accepted a second later", marks(), KEYS_END, SLOW, False),
    ("a sunset that was told before", marks(told=TOLD_SUNSET), KEYS_END, SLOW, True),
    ("a sunset of which only the end was told", overlapping(told=told_of_the_end(UNTIL)), KEYS_END, SLOW, False),
    ("a rotation, which ends nothing", marks(), replace(END, kind=Kind.ROTATION_ANNOUNCED), SLOW, True),
    ("something that has happened", marks(), ROTATED, SLOW, True),
]


@pytest.mark.parametrize(("noted", "said", "now", "kept"), [row[1:] for row in KEPT], ids=[row[0] for row in KEPT])
def test_an_end_counts_as_announced_when_it_was_accepted_in_time(noted, said: Announcement, now: datetime, kept: bool):
    assert accepted_in_time(a_situation(noted, UNTIL - days(2), ENDING), said, now) is kept


# Noted.


def test_an_end_that_was_said_leaves_the_new_spare_behind_and_no_promise():
    before = overlapping(leaked=True, fresh=True, told=told_of_the_end(UNTIL))
    retired = replace(a_situation(before, at(day=1), key2="N"), retired=mark("N"))
    noted = acknowledged(retired, [ENDED])
    assert noted == replace(before, previous=None, until=None, leaked=False, spare=mark("N"), fresh=False)


def test_a_spare_that_somebody_else_regenerated_or_a_turn_that_was_cut_off_is_to_be_published_before_it_ends():
    seen = a_situation(overlapping(), at(day=1), key2="N")
    assert acknowledged(seen, [ENDED]).fresh
    assert acknowledged(replace(seen, retired=mark("M")), [ENDED]).fresh


def test_the_end_of_another_value_changes_nothing_about_the_previous_key():
    situation = a_situation(overlapping(), at(day=1))
    assert acknowledged(situation, [replace(ENDED, value=mark("C"))]) == overlapping()


def test_a_word_about_another_version_does_not_count_for_this_one():
    situation = a_situation(marks(told=Told()), at(day=1))
    assert not acknowledged(situation, [replace(ROTATED, value=mark("C"))]).told.origin
    assert not acknowledged(situation, [replace(ROTATED, kind=Kind.KEY_ADOPTED)]).told.origin
    assert acknowledged(situation, [ROTATED]).told.origin


@pytest.mark.parametrize("origin", list(Origin))
def test_each_kind_of_version_is_settled_by_its_own_word(origin: Origin):
    situation = a_situation(marks(origin=origin, told=Told()), at(day=1))
    assert acknowledged(situation, outstanding(situation)).told == Told(origin=True)


OTHERS = [
    CarriedOver(Happened.ROTATED, KEY2, mark("C"), START),
    CarriedOver(Happened.ENDED, KEY1, mark("C"), START),
    CarriedOver(Happened.ENDED, KEY2, mark("D"), START),
]


@pytest.mark.parametrize("other", OTHERS, ids=str)
def test_a_debt_is_paid_by_its_own_word_and_by_no_other(other: CarriedOver):
    paid = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    situation = a_situation(marks(told=Told(True, carried_over=(paid, other))), at(day=1))
    assert acknowledged(situation, [replace(ENDED, value=mark("C"))]).told.carried_over == (other,)


TOLD = [
    (Kind.ROTATION_ANNOUNCED, Told(origin=True, rotation=ToldDeadline(UNTIL, days(1)))),
    (Kind.RETIREMENT_ANNOUNCED, Told(origin=True, retirement=ToldDeadline(UNTIL, days(1)))),
    (Kind.SUNSET_ANNOUNCED, Told(origin=True, sunset=ToldDeadline(UNTIL, days(1)))),
]


@pytest.mark.parametrize(("kind", "told"), TOLD)
def test_a_deadline_that_was_accepted_is_noted_with_its_lead(kind: Kind, told: Told):
    said = Announcement(kind, ENDING, deadline=UNTIL, lead=days(1))
    assert acknowledged(a_situation(marks(), at(day=1), ENDING), [said]).told == told


def test_the_end_of_keys_is_noted_beside_everything_else():
    assert acknowledged(Situation(OFF, TARGET, at(day=1)), outstanding(Situation(OFF, TARGET, at(day=1)))) == marks(
        told=Told(origin=True, key_auth_off=True)
    )


def test_where_no_marks_are_there_is_nothing_to_note_on():
    with pytest.raises(LookupError, match="chat: the publication is not marked"):
        acknowledged(Situation(an_observation(a_publication(marks=None)), TARGET, START))
    with pytest.raises(LookupError, match="chat: nothing is published"):
        acknowledged(Situation(nothing_published(), TARGET, START + hours(1)))


@pytest.mark.parametrize("kind", [Kind.ROTATION_FAILED, Kind.KEY_ROTATED, Kind.KEY_AUTH_DISABLED])
def test_a_kind_that_names_no_end_is_never_recorded_as_the_end_of_keys(kind: Kind):
    """A further kind with a deadline must not count as an announced sunset: keys would end unannounced (P3)."""
    situation = Situation(an_observation(a_publication()), a_target(sunset=at(day=90)), START)
    announcement = Announcement(kind, situation.target, deadline=at(day=90))
    assert acknowledged(situation, [announcement]).told.sunset is None


def test_the_announcement_of_a_healed_version_has_no_requester():
    recorded = marks(origin=Origin.HEALED, requester=Requester("r-1", "ada", "drill"), told=Told())
    (sentence,) = [one for one in outstanding(a_situation(recorded, at(day=1))) if one.kind is Kind.DRIFT_HEALED]
    assert sentence.requester == Requester()
