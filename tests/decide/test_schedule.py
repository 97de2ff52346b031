"""The dates of a target. They are computed in one place, so that every part of the app names the same ones (P11)."""

from datetime import datetime

import pytest

from lab.simulation.builders import (
    a_publication,
    a_situation,
    a_target,
    an_observation,
    end_announced,
    mark,
    marks,
    overlapping,
)
from lab.simulation.dates import SENDING, START, at, days
from shared.announce.deadlines import DeadlineKind, deadlines
from shared.announce.outstanding import outstanding
from shared.decide import schedule
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.model import Observation, Target
from shared.domain.publication import Marks, Origin, SecretState
from shared.domain.told import Told, ToldDeadline
from shared.domain.window import Window
from shared.turns.report import Row

OFFICE = Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin")
UNTIL = START + days(3)
SATURDAY = at(day=-25)  # 30 days after it, on day 5, is a Saturday, too
CASES = [
    ("a window that is closed when the period ends", marks(since=SATURDAY), a_target(window=OFFICE), START),
    ("an adopted key whose other key is promised a period", overlapping(
        origin=Origin.ADOPTED, until=START + days(30)), a_target(), at(day=29, hour=20)),
    ("a previous key that ends after the period", overlapping(until=at(day=40)), a_target(), at(day=20)),
    ("an ordinary version", marks(), a_target(), at(day=1)),
]  # fmt: skip


@pytest.mark.parametrize(("recorded", "target", "now"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_survey_sentence_calendar_and_announcement_name_the_same_date(recorded, target: Target, now: datetime):
    seen = an_observation(a_publication(recorded))
    situation = Situation(seen, target, now)
    plan = decide(seen, target, now)
    rotation = next(one.falls_at for one in deadlines(situation) if one.what is DeadlineKind.ROTATION)
    assert Row(target, plan, situation).data()["due"] == rotation.isoformat()
    assert f"due on {rotation:%Y-%m-%d %H:%M:%S} UTC" in plan.why
    announced = [one.deadline for one in outstanding(situation) if one.kind == "KeyRotation.RotationAnnounced"]
    assert announced in ([], [rotation])


@pytest.mark.parametrize(
    "seen",
    [
        an_observation(a_publication(), key_auth=False),
        an_observation(a_publication(state=SecretState.DISABLED)),
        an_observation(a_publication(marks=None)),
        an_observation(None),
    ],
    ids=["keys are off", "the version is disabled", "the version has no marks", "nothing is published"],
)
def test_a_target_that_cannot_rotate_has_no_date_anywhere(seen: Observation):
    situation = Situation(seen, a_target(), START)
    assert schedule.schedule_of(situation) is None
    assert list(deadlines(situation)) == []
    assert "due" not in Row(situation.target, None, situation).data()


def test_a_previous_key_that_leaked_has_no_announced_end():
    situation = Situation(an_observation(a_publication(overlapping(leaked=True))), a_target(), START)
    dates = schedule.schedule_of(situation)
    assert dates is not None
    assert dates.retirement is None


def test_a_previous_key_that_was_regenerated_already_has_no_end():
    situation = Situation(an_observation(a_publication(overlapping(previous=mark("C")))), a_target(), START)
    dates = schedule.schedule_of(situation)
    assert dates is not None
    assert dates.retirement is None


ALLOWED = [
    ("announced", overlapping(told=end_announced(UNTIL)), True),
    ("not announced", overlapping(), False),
    ("leaked", overlapping(leaked=True), True),
    ("already ended by hand", overlapping(previous=mark("C")), True),
    ("promised without an end", overlapping(until=None), True),
]


@pytest.mark.parametrize(("recorded", "allowed"), [row[1:] for row in ALLOWED], ids=[row[0] for row in ALLOWED])
def test_the_previous_key_may_end_if_that_was_announced_or_needs_no_announcement(recorded, allowed: bool):
    assert schedule.retirement_is_announced(a_situation(recorded, UNTIL)) is allowed


EXPECTED = [
    ("a period after the last one", marks(), a_target(), at(day=30)),
    ("when the window opens after the period", marks(since=at(day=3)), a_target(window=OFFICE), at(day=35, hour=7)),
    ("not before the previous key ends", overlapping(until=at(day=40)), a_target(), at(day=40)),
    ("an end announced for later does not delay it if the key can end sooner",
     overlapping(told=end_announced(at(day=50))), a_target(),
     at(day=30)),
    ("when due, if the previous key leaked", overlapping(until=at(day=40), leaked=True), a_target(), at(day=30)),
    ("when due, if the previous key has already ended", overlapping(previous=mark("C"), until=at(day=40)), a_target(),
     at(day=30)),
    ("when due, if no end is known", overlapping(until=None), a_target(), at(day=30)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "target", "moment"), [row[1:] for row in EXPECTED], ids=[row[0] for row in EXPECTED]
)
def test_rotation_returns_the_date_of_the_next_rotation(recorded: Marks, target: Target, moment: datetime):
    assert schedule.rotation(a_situation(recorded, at(day=1), target)) == moment


def test_an_unannounced_end_delays_the_rotation_by_the_notice():
    late = a_situation(overlapping(), at(day=30))
    assert schedule.rotation(late) == at(day=31) + SENDING


def test_retirement_returns_the_end_of_the_overlap():
    assert schedule.retirement(a_situation(overlapping(), START)) == UNTIL


def test_sunset_returns_the_agreed_date():
    assert schedule.sunset(a_situation(marks(), START, a_target(sunset=at(day=90)))) == at(day=90)


def test_a_sunset_that_was_agreed_too_late_moves_by_the_notice():
    assert schedule.sunset(a_situation(marks(), START, a_target(sunset=START))) == at(day=1) + SENDING


def test_sunset_returns_none_without_an_agreed_date():
    assert schedule.sunset(a_situation(marks(), START)) is None


def test_an_announced_sunset_counts_no_longer_after_keys_were_switched_on_again():
    told = Told(origin=True, key_auth_off=True, sunset=ToldDeadline(at(day=20)))
    situation = a_situation(marks(told=told), at(day=20), a_target(sunset=at(day=20)))
    assert schedule.sunset(situation) == at(day=21) + SENDING
