"""The explanation of a plan names the rules in their order, and the one that decided is the one that `decide` chose."""

from itertools import chain

from hypothesis import given, settings

from shared.decide.explained import RULES, RuleAnswer, explain
from shared.decide.policies import POLICIES, decide
from shared.decide.situation import Situation
from shared.domain.model import Observation, Target
from tests.support import strategies as some


def test_the_rules_ask_all_policies_in_their_order() -> None:
    assert tuple(chain.from_iterable(rule.policies for rule in RULES)) == POLICIES


@settings(max_examples=300, deadline=None)
@given(some.observations(), some.targets, some.moments, some.requests)
def test_the_rule_that_decided_says_what_the_plan_says(seen: Observation, target: Target, now, request) -> None:
    considered, plan = explain(Situation(seen, target, now, request)), decide(seen, target, now, request)
    decided = [one for one in considered if one.answer is RuleAnswer.DECIDED]
    assert len(decided) <= 1
    if decided:
        assert decided[0].says == plan.why
    before = [one.answer for one in considered[: considered.index(decided[0])]] if decided else []
    after = [one.answer for one in considered[considered.index(decided[0]) + 1 :]] if decided else []
    assert set(before) <= {RuleAnswer.PASSED}
    assert set(after) <= {RuleAnswer.NOT_ASKED}


@settings(max_examples=300, deadline=None)
@given(some.observations(), some.targets, some.moments)
def test_without_a_request_every_plan_names_the_rule_that_decided(seen: Observation, target: Target, now) -> None:
    assert sum(one.answer is RuleAnswer.DECIDED for one in explain(Situation(seen, target, now))) == 1
