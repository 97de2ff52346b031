"""Steps print as short instructions."""

from datetime import timedelta

import pytest

from lab.simulation.builders import KEY1, KEY2, marks
from shared.decide.steps import DisableKeyAuth, Mark, Prove, Publish, Regenerate, Wait, Watch, Withdraw
from shared.domain.publication import Origin

STEPS = [
    (Regenerate(KEY1), "regenerate key1"),
    (Prove(KEY2), "prove key2"),
    (Publish(KEY2, Origin.HEALED), "publish key2 (healed)"),
    (Mark(KEY1, marks()), "mark the current version as key1"),
    (Watch(KEY2), "watch the leaked key2"),
    (Wait(timedelta(minutes=5)), "wait 300 s"),
    (DisableKeyAuth(), "disable key authentication"),
    (Withdraw(), "withdraw the publication"),
]


@pytest.mark.parametrize(("step", "text"), STEPS)
def test_a_step_prints_as_an_instruction(step: object, text: str):
    assert str(step) == text
