"""Whether a target began with a fresh key, read from the version that adopted it."""

from dataclasses import replace

import pytest

from lab.simulation.builders import KEY1, KEY2, a_publication, a_target, marks, overlapping
from lab.simulation.dates import START, days
from shared.decide.adoption import began_fresh
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt, Target
from shared.domain.publication import Marks, Origin, Publication

STRICT = a_target(adopt=Adopt.ROTATE)
UNTIL = START + days(3)


def adopted(recorded: Marks, slot: KeySlot = KEY2) -> Publication:
    return replace(a_publication(replace(recorded, origin=Origin.ADOPTED)), slot=slot)


CASES = [
    ("key 2 is published and key 1 works for the overlap", adopted(overlapping(until=UNTIL)), STRICT, True),
    ("key 1 works for less than the overlap", adopted(overlapping(until=UNTIL - days(1))), STRICT, True),
    ("the other key has ended", adopted(marks()), STRICT, True),
    ("key 1 is published", adopted(overlapping(until=UNTIL), KEY1), STRICT, False),
    ("adopted by hand: the other key works for longer", adopted(overlapping(until=UNTIL + days(1))), STRICT, False),
    ("a target with adopt: publish", adopted(overlapping(until=UNTIL)), a_target(), False),
    ("a version made by a rotation", replace(a_publication(overlapping(until=UNTIL)), slot=KEY2), STRICT, False),
    ("a version without marks", replace(a_publication(), marks=None, slot=KEY2), STRICT, False),
]


@pytest.mark.parametrize(("seen", "target", "fresh"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_began_fresh_is_true_only_after_a_strict_adoption(seen: Publication, target: Target, fresh: bool):
    assert began_fresh(seen, target) is fresh
