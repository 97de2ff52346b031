"""A plan says whether it is held, whether it answers a request, and whether its work can also come later."""

from datetime import datetime

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_observation,
    end_announced,
    nothing_published,
    overlapping,
    wants_rotation,
)
from lab.simulation.dates import START, at
from shared.decide.plan import Plan, Reason, held_by_the_brake
from shared.decide.policies import decide
from shared.domain.model import Observation

QUIET = an_observation(a_publication())


PRINTED = [
    (QUIET, at(day=9), "nothing-due: Key 1 is live. The next rotation is due on 2026-04-01 09:00:00 UTC. [no steps]"),
    (QUIET, at(day=30), "due: Key 1 has been live since 2026-03-02 09:00 UTC. Key 2 replaces it."
     " [regenerate key2, prove key2, publish key2 (rotated)]"),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "now", "text"), PRINTED)
def test_a_plan_prints_its_reason_sentence_and_steps(seen: Observation, now: datetime, text: str):
    assert str(decide(seen, a_target(), now)) == text


SCHEDULED = [
    ("an adoption", decide(nothing_published(), a_target(), START), True),
    ("a rotation that is due", decide(an_observation(a_publication()), a_target(), at(day=30)), True),
    ("a retirement", decide(an_observation(a_publication(overlapping(told=end_announced(at(day=3))))), a_target(),
     at(day=3)), True),
    ("a requested rotation",
     decide(an_observation(a_publication()), a_target(), at(day=9), wants_rotation()), False),
    ("healing", decide(an_observation(a_publication(), key1="X"), a_target(), at(day=9)), False),
    ("nothing to do", decide(an_observation(a_publication()), a_target(), at(day=9)), False),
    ("due, without steps", Plan(Reason.DUE, "because"), False),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "scheduled"), [row[1:] for row in SCHEDULED], ids=[row[0] for row in SCHEDULED])
def test_only_a_plan_that_begins_work_on_schedule_is_scheduled(plan: Plan, scheduled: bool):
    assert plan.is_scheduled is scheduled


def test_a_plan_held_by_the_brake_has_no_steps():
    held = held_by_the_brake(decide(an_observation(a_publication()), a_target(), at(day=30)), 3)
    assert (held.reason, held.steps, held.is_held) == (Reason.BRAKE, (), True)
