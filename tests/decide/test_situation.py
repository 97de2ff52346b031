"""The questions that every policy asks about what was observed, and their answers."""

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
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import START, at, days
from shared.decide.plan import Reason
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.model import Observation
from shared.domain.publication import Marks, SecretState
from shared.domain.requests import AwaitedDeployment
from shared.domain.window import Window

UNTIL = START + days(3)
TARGET, OFFICE = a_target(), a_target(window=Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin"))
SECOND = timedelta(seconds=1)


def situation_of(seen: Observation, now: datetime = START) -> Situation:
    return Situation(seen, TARGET, now)


# Which slot is live.


@pytest.mark.parametrize(
    ("value", "slot", "live"), [("A", KEY2, KEY1), ("B", KEY1, KEY2), ("X", KEY2, KEY2), ("X", None, KEY1)]
)
def test_the_published_value_says_which_slot_is_live_and_the_tag_counts_only_if_it_is_neither(value: str, slot, live):
    situation = situation_of(an_observation(a_publication(value=mark(value), slot=slot)))
    assert situation.live is live
    assert situation.spare is live.other


# Which account it belongs to.


def test_a_secret_is_ours_if_its_tag_names_our_account_in_any_case():
    assert situation_of(an_observation(a_publication(provider=str(an_account_id()).upper()))).is_ours
    assert not situation_of(an_observation(a_publication(provider=str(an_account_id("other"))))).is_ours
    assert not situation_of(an_observation(a_publication(provider=None))).is_ours
    assert not situation_of(nothing_published()).is_ours


def test_only_an_enabled_version_counts_as_published():
    assert situation_of(an_observation(a_publication())).is_published
    assert not situation_of(an_observation(a_publication(state=SecretState.DISABLED))).is_published
    assert not situation_of(nothing_published()).is_published


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
def test_marks_are_true_if_they_fit_the_value_the_slot_and_the_account(publication, true: bool):
    assert situation_of(an_observation(publication)).is_marked_truly is true


@pytest.mark.parametrize("facts", [{"slot": KEY2}, {"provider": None}, {"value": mark("B")}])
def test_marks_that_do_not_fit_are_written_again(facts: dict[str, object]):
    assert decide(an_observation(a_publication(**facts)), TARGET, START).reason is Reason.ADOPT_IN_PLACE


# What the other slot holds.

SPARE = [
    ("the previous key", overlapping(), "B", (True, False)),
    ("a value that came after the previous key", overlapping(spare=mark("S")), "N", (False, True)),
    ("the value that was recorded when the previous key ended", marks(), "B", (False, False)),
    ("a value that was not recorded", marks(), "N", (False, True)),
    ("the value that was recorded by an interrupted rotation", marks(fresh=True), "B", (False, True)),
    ("the previous key, whatever else is recorded", overlapping(fresh=True), "B", (True, False)),
]


@pytest.mark.parametrize(("recorded", "holds", "answers"), [row[1:] for row in SPARE], ids=[row[0] for row in SPARE])
def test_the_spare_is_in_use_or_fresh_or_neither(recorded: Marks, holds: str, answers: tuple[bool, bool]):
    situation = a_situation(recorded, START, key2=holds)
    assert (situation.spare_in_use, situation.spare_is_fresh) == answers


def test_without_marks_the_spare_does_not_count_as_in_use():
    assert not situation_of(an_observation(a_publication(marks=None))).spare_in_use


# How long the previous key is promised to work.

RUNS = [
    ("one second before the end", overlapping(), UNTIL - SECOND, True),
    ("at the end", overlapping(), UNTIL, False),
    ("no end is known", overlapping(until=None), START, False),
    ("the previous key has ended early", overlapping(previous=mark("C")), START, False),
]


@pytest.mark.parametrize(("recorded", "now", "runs"), [row[1:] for row in RUNS], ids=[row[0] for row in RUNS])
def test_the_overlap_runs_until_its_end(recorded: Marks, now: datetime, runs: bool):
    assert a_situation(recorded, now).overlap_runs is runs


@pytest.mark.parametrize(
    ("recorded", "reason"), [(overlapping(), Reason.OVERLAP_RUNS), (overlapping(leaked=True), Reason.REQUESTED)]
)
def test_a_request_waits_for_a_promised_key_but_not_for_a_leaked_one(recorded: Marks, reason: Reason):
    seen = an_observation(a_publication(recorded))
    assert decide(seen, TARGET, at(day=1), wants_rotation()).reason is reason


# What was requested.


def test_a_request_is_answered_only_by_a_version_that_names_it():
    answered = an_observation(a_publication(marks(request="r-1")))
    nameless = an_observation(a_publication())
    assert Situation(answered, TARGET, START, wants_rotation("r-1")).is_answered
    assert not Situation(answered, TARGET, START, wants_rotation("r-2")).is_answered
    assert not Situation(nameless, TARGET, START, wants_rotation(None)).is_answered
    assert not Situation(answered, TARGET, START).is_answered
    assert not Situation(an_observation(a_publication(marks=None)), TARGET, START, wants_rotation("r-1")).is_answered


def test_is_requested_is_true_only_for_the_kind_of_the_request():
    rotation, leak = wants_rotation(), reports_leak()
    requested = [
        Situation(an_observation(a_publication()), TARGET, START, request).is_requested(wanted.kind)
        for request in (rotation, leak, None)
        for wanted in (rotation, leak)
    ]
    assert requested == [True, False, False, True, False, False]


def test_a_target_that_always_waits_for_a_deployment_waits_before_its_version_is_marked():
    deployment = AwaitedDeployment("prod")
    situation = Situation(
        an_observation(replace(a_publication(), marks=None)), a_target(after_deployment=deployment), START
    )
    assert situation.awaited == deployment
