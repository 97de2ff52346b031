"""The questions that every policy asks of what was seen, and their answers."""

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
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import SENDING, START, at, days
from shared.decide import schedule
from shared.decide.carried_over import valid_told
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, SecretState
from shared.domain.told import Told, ToldDeadline
from shared.domain.window import Window

UNTIL = START + days(3)
TARGET, OFFICE = a_target(), a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
SECOND = timedelta(seconds=1)


def seeing(seen: Observation, now: datetime = START) -> Situation:
    return Situation(seen, TARGET, now)


# Which slot is live.


@pytest.mark.parametrize(
    ("value", "slot", "live"), [("A", KEY2, KEY1), ("B", KEY1, KEY2), ("X", KEY2, KEY2), ("X", None, KEY1)]
)
def test_the_value_says_which_slot_is_live_and_only_without_it_the_tag(value: str, slot, live):
    situation = seeing(an_observation(a_publication(value=mark(value), slot=slot)))
    assert situation.live is live
    assert situation.spare is live.other


# Whose it is.


def test_a_secret_is_ours_when_it_names_our_account_in_whatever_letters():
    assert seeing(an_observation(a_publication(provider=str(an_account_id()).upper()))).is_ours
    assert not seeing(an_observation(a_publication(provider=str(an_account_id("other"))))).is_ours
    assert not seeing(an_observation(a_publication(provider=None))).is_ours
    assert not seeing(nothing_published()).is_ours


def test_only_a_version_that_can_be_read_is_published():
    assert seeing(an_observation(a_publication())).is_published
    assert not seeing(an_observation(a_publication(state=SecretState.DISABLED))).is_published
    assert not seeing(nothing_published()).is_published


TRUE = [
    ("a previous key alone", a_publication(overlapping()), True),
    ("a spare alone", a_publication(), True),
    ("both", a_publication(overlapping(spare=mark("S"))), True),
    ("neither", a_publication(marks(spare=None)), False),
    ("no marks", a_publication(marks=None), False),
    ("marks of another value", a_publication(marks(live=mark("C")), value=mark("A")), False),
    ("the tag of the other slot", a_publication(slot=KEY2), False),
    ("no account", a_publication(provider=None), False),
]


@pytest.mark.parametrize(("publication", "true"), [row[1:] for row in TRUE], ids=[row[0] for row in TRUE])
def test_marks_are_true_when_they_fit_the_value_the_slot_and_the_account(publication, true: bool):
    assert seeing(an_observation(publication)).is_marked_truly is true


@pytest.mark.parametrize("facts", [{"slot": KEY2}, {"provider": None}, {"value": mark("B")}])
def test_marks_that_do_not_fit_are_written_anew(facts: dict[str, object]):
    assert decide(an_observation(a_publication(**facts)), TARGET, START).reason is Reason.ADOPT_IN_PLACE


# What the other slot holds.

SPARE = [
    ("the previous key", overlapping(), "B", (True, False)),
    ("a value that came after the previous key", overlapping(spare=mark("S")), "N", (False, True)),
    ("the value that was noted when the previous key went", marks(), "B", (False, False)),
    ("another one than noted", marks(), "N", (False, True)),
    ("the value that was noted for a rotation that was cut off", marks(fresh=True), "B", (False, True)),
    ("the previous key, whatever else is noted", overlapping(fresh=True), "B", (True, False)),
]


@pytest.mark.parametrize(("noted", "holds", "answers"), [row[1:] for row in SPARE], ids=[row[0] for row in SPARE])
def test_the_spare_is_in_use_or_fresh_or_idle(noted: Marks, holds: str, answers: tuple[bool, bool]):
    situation = a_situation(noted, START, key2=holds)
    assert (situation.spare_in_use, situation.spare_is_fresh) == answers


def test_without_marks_the_spare_is_not_known_to_be_in_use():
    assert not seeing(an_observation(a_publication(marks=None))).spare_in_use


# How long the previous key is promised.

RUNS = [
    ("a second before the end", overlapping(), UNTIL - SECOND, True),
    ("at the end", overlapping(), UNTIL, False),
    ("no end is known", overlapping(until=None), START, False),
    ("the previous key has ended early", overlapping(previous=mark("C")), START, False),
]


@pytest.mark.parametrize(("noted", "now", "runs"), [row[1:] for row in RUNS], ids=[row[0] for row in RUNS])
def test_the_overlap_runs_until_its_very_end(noted: Marks, now: datetime, runs: bool):
    assert a_situation(noted, now).overlap_runs is runs


ALLOWED = [
    ("announced", overlapping(told=end_announced(UNTIL)), True),
    ("not announced", overlapping(), False),
    ("leaked", overlapping(leaked=True), True),
    ("ended by somebody else", overlapping(previous=mark("C")), True),
    ("promised without an end", overlapping(until=None), True),
]


@pytest.mark.parametrize(("noted", "allowed"), [row[1:] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_the_previous_key_may_go_when_that_was_announced_or_when_there_is_nothing_to_announce(noted, allowed: bool):
    assert schedule.retirement_is_announced(a_situation(noted, UNTIL)) is allowed


@pytest.mark.parametrize(
    ("noted", "reason"), [(overlapping(), Reason.OVERLAP_RUNS), (overlapping(leaked=True), Reason.REQUESTED)]
)
def test_a_request_waits_for_a_promised_key_and_for_none_that_leaked(noted: Marks, reason: Reason):
    seen = an_observation(a_publication(noted))
    assert decide(seen, TARGET, at(day=1), wants_rotation()).reason is reason


# When the next rotation can be.

EXPECTED = [
    ("a period after the last one", marks(), TARGET, at(day=30)),
    ("when the window opens after that", marks(since=at(day=3)), OFFICE, at(day=35, hour=7)),
    ("not before the previous key ends", overlapping(until=at(day=40)), TARGET, at(day=40)),
    ("not before its end that was announced for later", overlapping(told=end_announced(at(day=50))), TARGET,
     at(day=30)),
    ("whenever due, where the previous key leaked", overlapping(until=at(day=40), leaked=True), TARGET, at(day=30)),
    ("whenever due, where it has ended already", overlapping(previous=mark("C"), until=at(day=40)), TARGET, at(day=30)),
    ("whenever due, where no end is known", overlapping(until=None), TARGET, at(day=30)),
]  # fmt: skip


@pytest.mark.parametrize(("noted", "target", "moment"), [row[1:] for row in EXPECTED], ids=[row[0] for row in EXPECTED])
def test_the_next_rotation_is_expected(noted: Marks, target: Target, moment: datetime):
    assert schedule.rotation(a_situation(noted, at(day=1), target)) == moment


def test_an_unannounced_end_puts_the_rotation_off_by_its_notice():
    late = a_situation(overlapping(), at(day=30))
    assert schedule.rotation(late) == at(day=31) + SENDING


# What was asked for.


def test_a_request_is_answered_by_the_version_that_names_it_and_by_no_other():
    answered = an_observation(a_publication(marks(request="r-1")))
    nameless = an_observation(a_publication())
    assert Situation(answered, TARGET, START, wants_rotation("r-1")).is_answered
    assert not Situation(answered, TARGET, START, wants_rotation("r-2")).is_answered
    assert not Situation(nameless, TARGET, START, wants_rotation(None)).is_answered
    assert not Situation(answered, TARGET, START).is_answered
    assert not Situation(an_observation(a_publication(marks=None)), TARGET, START, wants_rotation("r-1")).is_answered


def test_what_is_asked_for_is_one_thing_and_not_another():
    rotation, leak = wants_rotation(), reports_leak()
    asked = [
        Situation(an_observation(a_publication()), TARGET, START, request).is_requested(wanted.kind)
        for request in (rotation, leak, None)
        for wanted in (rotation, leak)
    ]
    assert asked == [True, False, False, True, False, False]


# What was told and still stands.

SUNSET = Told(origin=True, rotation=ToldDeadline(at(day=30)), sunset=ToldDeadline(at(day=90)))
OVER = replace(SUNSET, key_auth_off=True)
ENDING = a_target(sunset=at(day=90))
STANDS = [
    ("a sunset that is still agreed", SUNSET, ENDING, True, SUNSET),
    ("a sunset that was taken back", SUNSET, TARGET, True, replace(SUNSET, sunset=None)),
    ("a sunset that came, and keys were switched on again", OVER, ENDING, True, replace(SUNSET, sunset=None, ends=1)),
    ("a sunset that came", OVER, ENDING, False, OVER),
    ("a sunset that came and was taken back afterwards", OVER, TARGET, False, OVER),
]


@pytest.mark.parametrize(
    ("told", "target", "key_auth", "stands"), [row[1:] for row in STANDS], ids=[row[0] for row in STANDS]
)
def test_of_what_was_told_stands(told: Told, target: Target, key_auth: bool, stands: Told):
    seen = an_observation(a_publication(marks(told=told)), key_auth=key_auth)
    assert valid_told(Situation(seen, target, START)) == stands


def test_of_what_is_not_published_nothing_was_told():
    nothing, bare = seeing(nothing_published()), seeing(an_observation(a_publication(marks=None)))
    assert valid_told(nothing) == valid_told(bare) == Told()
