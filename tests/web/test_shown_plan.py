"""The digest of a shown plan: the same for the same plan, and another one as soon as anything is different."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import (
    a_publication,
    a_situation,
    a_target,
    an_account_id,
    marks,
    overlapping,
    reports_leak,
    wants_rotation,
)
from lab.simulation.dates import at, minutes
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.requests import ArmRequest, AwaitedDeployment, LeakedKey, Request
from shared.turns.report import Row
from shared.web.shown_plan import UNSEEN, digest

ROTATE, LEAK = wants_rotation(), reports_leak()
PRODUCTION = ArmRequest(deployment=AwaitedDeployment("production"))


def shown(request: Request = ROTATE, situation: Situation | None = None) -> str:
    situation = situation or quiet()
    plan = decide(situation.seen, situation.target, situation.now, request)
    return digest(Row(situation.target, plan, situation), request)


def quiet(**seen: object) -> Situation:
    return a_situation(marks(), at(day=10), **seen)


def test_time_alone_and_the_words_of_the_reason_change_nothing() -> None:
    later = replace(quiet(), now=quiet().now + minutes(20))
    assert shown(situation=later) == shown() == shown(wants_rotation("another"))
    assert shown(replace(ROTATE, reason="another", by="somebody")) == shown()
    assert len(shown()) == 64


def published_anew() -> Situation:
    return replace(quiet(), seen=replace(quiet().seen, publication=a_publication(version="v2")))


CHANGED = {
    "the other key was regenerated": quiet(key2="C"),
    "the live key was regenerated": quiet(key1="C"),
    "the same key was published anew": published_anew(),
    "an overlap runs": a_situation(overlapping(), at(day=1)),
    "keys are switched off": quiet(key_auth=False),
    "it is another account": replace(quiet(), target=a_target(account=an_account_id("search"))),
}


@pytest.mark.parametrize("what", CHANGED)
def test_another_situation_is_another_plan(what: str) -> None:
    for request in (ROTATE, LEAK):
        assert shown(request, CHANGED[what]) != shown(request)


def test_another_wish_is_another_plan() -> None:
    asked = [
        ROTATE,
        LEAK,
        reports_leak(LeakedKey.PREVIOUS),
        reports_leak(LeakedKey.BOTH),
        reports_leak(wait=timedelta(seconds=30)),
        PRODUCTION,
        ArmRequest(deployment=AwaitedDeployment("staging")),
        ArmRequest(deployment=AwaitedDeployment("production", soak=timedelta(hours=1))),
    ]
    assert len({shown(one) for one in asked}) == len(asked)


def test_without_a_plan_there_is_no_digest() -> None:
    assert digest(None, LEAK) == digest(Row(a_target()), LEAK) == UNSEEN
