"""The dates of a target: computed in one place, so that nobody can name another one (P11)."""

from datetime import datetime

import pytest

from lab.simulation.builders import a_publication, a_target, an_observation, mark, marks, overlapping
from lab.simulation.dates import START, at, days
from shared.announce.deadlines import DeadlineKind, deadlines
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.schedule import schedule_of
from shared.decide.situation import Situation
from shared.domain.model import Observation, Target
from shared.domain.publication import Origin, SecretState
from shared.domain.window import Window
from shared.turns.report import Row

OFFICE = Window.parse("Mon-Fri 09:00-16:00 Europe/Berlin")
SATURDAY = at(day=-25)  # 30 days after it, on day 5, is a Saturday, too
CASES = [
    ("a window that is closed when the period ends", marks(since=SATURDAY), a_target(window=OFFICE), START),
    ("an adopted key whose other key is promised a period", overlapping(
        origin=Origin.ADOPTED, until=START + days(30)), a_target(), at(day=29, hour=20)),
    ("a previous key whose end is late", overlapping(until=at(day=40)), a_target(), at(day=20)),
    ("an ordinary version", marks(), a_target(), at(day=1)),
]  # fmt: skip


@pytest.mark.parametrize(("noted", "target", "now"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_survey_sentence_calendar_and_announcement_name_the_same_date(noted, target: Target, now: datetime):
    seen = an_observation(a_publication(noted))
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
    assert schedule_of(situation) is None
    assert list(deadlines(situation)) == []
    assert "due" not in Row(situation.target, None, situation).data()


def test_a_previous_key_that_leaked_has_no_announced_end():
    situation = Situation(an_observation(a_publication(overlapping(leaked=True))), a_target(), START)
    schedule = schedule_of(situation)
    assert schedule is not None
    assert schedule.retirement is None


def test_a_previous_key_that_was_regenerated_already_has_no_end():
    situation = Situation(an_observation(a_publication(overlapping(previous=mark("C")))), a_target(), START)
    schedule = schedule_of(situation)
    assert schedule is not None
    assert schedule.retirement is None
