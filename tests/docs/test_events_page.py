"""The page about events: its example subscription delivers whatever concerns somebody's calls."""

import re

from shared.announce.kinds import Affected, Kind
from tests.docs.test_docs import ROOT

EXAMPLE = (ROOT / "docs" / "events.md").read_text().partition("## An example subscription")[2]


def test_the_example_subscription_takes_every_event_that_concerns_somebodys_calls() -> None:
    taken = set(re.findall(r"^ +'(KeyRotation\.\w+)'$", EXAMPLE, re.MULTILINE))
    assert taken <= {str(kind) for kind in Kind}
    assert {str(kind) for kind in Kind if kind.words.affected is not Affected.NOBODY} <= taken
    assert {Kind.TRIAL_ENDED, Kind.DEADLINE_WITHDRAWN} <= taken  # what became of an announced end
