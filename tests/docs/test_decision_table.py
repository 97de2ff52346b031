"""docs/decision-table.md is what the code decides: the order of the policies, and the reasons that each can give."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab.simulation.builders import (
    a_publication,
    a_target,
    an_observation,
    mark,
    marks,
    nothing_published,
    reports_leak,
)
from lab.simulation.dates import START, at, days, hours
from shared.decide.plan import Reason
from shared.decide.policies import POLICIES
from shared.decide.situation import Situation
from shared.domain.model import Adopt, ForeignVersion, Observation, Target
from shared.domain.orders import Hold, Orders, Trial
from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    Follow,
    HoldRequest,
    LeakRequest,
    LiftHoldRequest,
    Request,
)
from tests.decide import test_policies, test_request_policies, test_trials
from tests.docs.test_docs import ROOT

PAGE = (ROOT / "docs" / "decision-table.md").read_text()
QUIET, NOTHING, TARGET = an_observation(a_publication()), nothing_published(), a_target()
FREEZE = Hold(at(day=60), "change freeze", "anna", START, "h-1")
ASKED = HoldRequest(until=at(day=60), reason="change freeze", by="anna", id="h-1")
FOLLOWS = AwaitedDeployment("production", deployed=START, id="d-1", then=Follow.TRIAL, length=hours(4))
AFTER = an_observation(a_publication(marks(awaited=FOLLOWS)))
RUNS = Trial("t-1", "anna", "", START, days(2), begun=START, off=START)
ARMED = AwaitedDeployment("production")
# What no table of tests/decide shows: what was observed, of which target, and for which request, a day after START.
MORE: list[tuple[Observation, Target, Request | None]] = [
    (QUIET, TARGET, ASKED),
    (replace(QUIET, orders=Orders(hold=FREEZE)), TARGET, LiftHoldRequest(id="h-2")),
    (QUIET, TARGET, LiftHoldRequest(id="h-2")),
    (QUIET, TARGET, LeakRequest(key=None, fingerprint=mark("Z"), id="l-1")),
    (NOTHING, a_target(alone=False), reports_leak()),
    (NOTHING, a_target(alone=False), LeakRequest(values=frozenset({mark("Z")}), id="l-1")),
    (replace(NOTHING, orders=Orders(hold=FREEZE)), a_target(adopt=Adopt.ROTATE), None),
    (replace(QUIET, lost=marks()), TARGET, None),
    (replace(QUIET, foreign=ForeignVersion(mark("X"), again=False)), TARGET, None),
    (AFTER, TARGET, None),
    (replace(AFTER, orders=Orders(known=("d-1",))), TARGET, None),
    (an_observation(a_publication(marks(awaited=ARMED))), TARGET, ArmRequest(id="a-1", deployment=ARMED)),
    (replace(QUIET, takes_identity=False), TARGET, ArmRequest(id="a-1", deployment=replace(FOLLOWS, deployed=None))),
    (
        an_observation(a_publication(), key_auth=False, keys={}, orders=Orders(RUNS, known=("l-1",))),
        TARGET,
        reports_leak(request_id="l-1"),
    ),
]


def rows() -> dict[str, set[str]]:
    """Return the reasons of each policy, in the order of the page."""
    found = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    return {policy: set(re.findall(r"`([\w-]+)`", reasons)) for policy, reasons in found}


def situations() -> Iterator[Situation]:
    """Yield the situations of the tables of tests/decide, and those of MORE."""
    for module in (test_policies, test_request_policies, test_trials):
        yield from (Situation(row.seen, row.target, row.now, row.request) for row in module.TABLE)
    yield from (Situation(seen, target, at(day=1), request) for seen, target, request in MORE)


def decided(situation: Situation) -> tuple[str, str]:
    """Return the policy that decides, and its reason."""
    return next((policy.__name__, plan.reason.value) for policy in POLICIES if (plan := policy(situation)) is not None)


def test_the_policies_stand_in_the_order_in_which_they_are_asked() -> None:
    assert list(rows()) == [policy.__name__ for policy in POLICIES]


def test_every_reason_stands_in_a_row_and_no_other_word() -> None:
    assert set.union(*rows().values()) == {reason.value for reason in Reason} - {Reason.BRAKE.value}


@pytest.mark.parametrize("policy", [policy.__name__ for policy in POLICIES])
def test_a_row_has_the_reasons_that_its_policy_gives_and_no_other(policy: str) -> None:
    given = {reason for by, reason in map(decided, situations()) if by == policy}
    assert given == rows()[policy]
