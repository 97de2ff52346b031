"""Why a plan is what it is: the policies in their order, what each says of this target, and which one decided.

It is for people. It asks the policies of `POLICIES` and decides nothing itself, so it cannot disagree with a turn
(P11).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shared.decide import policies, schedule
from shared.decide.holds import hold_requested
from shared.decide.leaked_keys import leaked_elsewhere, mistaken
from shared.decide.plan import Plan
from shared.decide.request_policies import armed, deployed, leaked
from shared.decide.situation import Situation
from shared.decide.trials import (
    after_a_trial,
    running_trial,
    trial,
    trial_after_deployment,
    trial_requested,
    what_holds_a_trial,
)
from shared.domain.publication import SecretState
from shared.domain.readiness import CANNOT
from shared.domain.relative import away, exact, length_in_words
from shared.domain.requests import Follow, LeakRequest

ALL_KEYS_END, NEW_KEY, PREVIOUS_ENDS = "The end of all keys", "A new key", "The end of the previous key"
A_TRIAL = "A trial"

_FOLLOWS = {
    Follow.ROTATE: "A new key comes",
    Follow.END: "A new key comes and both old values end",
    Follow.TRIAL: "A trial without keys is planned",
    Follow.SUNSET: "All keys end",
}

type Policy = Callable[[Situation], Plan | None]


class RuleAnswer(StrEnum):
    """What came of asking a rule."""

    PASSED = "passed"
    DECIDED = "decided"
    NOT_ASKED = "not asked"


@dataclass(frozen=True)
class Considered:
    """One rule, and what it says of a target.

    title: What the rule is about, in a few words.
    says: How it stands for this target, as a sentence. The reason of the plan if this rule decided.
    answer: Whether it decided, was passed, or was not asked because an earlier one decided.
    """

    title: str
    says: str
    answer: RuleAnswer


@dataclass(frozen=True)
class Rule:
    """One or more policies as people know them.

    title: What they are about.
    policies: The policies, in their order.
    describe: How it stands with them where none of them decides.
    quiet: Whether it is left out where it does not decide and nothing is ordered about the target.
    """

    title: str
    policies: tuple[Policy, ...]
    describe: Callable[[Situation], str]
    quiet: bool = False


def explain(situation: Situation) -> list[Considered]:
    """Return the rules in the order in which they are asked, with the one that decides marked."""
    considered: list[Considered] = []
    decided = False
    for rule in RULES:
        plan = None if decided else _asked(rule, situation)
        answer = RuleAnswer.NOT_ASKED if decided else RuleAnswer.DECIDED if plan else RuleAnswer.PASSED
        decided = decided or plan is not None
        if rule.quiet and plan is None and situation.seen.orders.are_empty:
            continue
        if rule.policies != _REPORTS or isinstance(situation.request, LeakRequest):
            considered.append(Considered(rule.title, plan.why if plan else _described(rule, situation), answer))
    return considered


def _asked(rule: Rule, situation: Situation) -> Plan | None:
    return next((plan for policy in rule.policies if (plan := policy(situation)) is not None), None)


def _described(rule: Rule, situation: Situation) -> str:
    """Return how it stands. What an unpublished or unmarked target does not have is said to be unknown."""
    try:
        return rule.describe(situation)
    except LookupError:
        return "Not known before its key is published."


def _hold(situation: Situation) -> str:
    hold = situation.hold
    return f"{hold.means}." if hold else "No hold is on."


def _trial_runs(situation: Situation) -> str:
    return "No trial runs." if situation.seen.orders.open_trial is None else "A trial runs."


def _after_a_trial(situation: Situation) -> str:
    ended = situation.trial.ended if situation.trial else None
    return f"The last trial ended on {exact(ended)}." if ended else "No trial has ended."


def _planned(situation: Situation) -> str:
    starts, planned = schedule.trial(situation), situation.trial
    if starts is None or planned is None:
        return "No trial is planned."
    holds = what_holds_a_trial(situation)
    if holds is not None:
        return holds.why
    length = length_in_words(planned.length)
    return f"Keys are switched off for {length} {away(starts, situation.now)}, on {exact(starts)}."


def _keys_are_on(situation: Situation) -> str:
    return "The account accepts keys." if situation.seen.key_auth else "The account accepts no keys."


def _report(_: Situation) -> str:
    return "The reported key is a key of this account."


def _secret(situation: Situation) -> str:
    publication, live = situation.seen.publication, situation.seen.live
    if publication is None:
        return "Nothing is published yet."
    if publication.state is not SecretState.ACTIVE:
        return f"The secret is {publication.state}."
    return f"The secret is this app's and holds {live.words}." if live else "The secret is this app's."


def _drift(situation: Situation) -> str:
    if not situation.seen.key_auth or situation.seen.publication is None:
        return "No key is published."
    return (
        "The key in the vault is the account's key." if situation.seen.live else "The key in the vault does not work."
    )


def _leak(situation: Situation) -> str:
    return "A key was reported as leaked." if situation.marks.leaked else "No leak is reported."


def _waits(situation: Situation) -> str:
    awaited = situation.awaited
    if awaited is None:
        return "No deployment is awaited."
    soak = f", and {length_in_words(awaited.soak)} after it" if awaited.soak else ""
    latest = f", at the latest on {exact(awaited.latest)}" if awaited.latest else ""
    return f"{_FOLLOWS[awaited.then]} after the next deployment to {awaited.environment}{soak}{latest}."


def _deployment(situation: Situation) -> str:
    awaited = situation.awaited
    done = awaited.deployed if awaited else None
    return f"The deployment was reported on {exact(done)}." if done else "No deployment was reported."


def _sunset(situation: Situation) -> str:
    agreed = situation.agreed_sunset
    if agreed is None:
        return "No date is agreed on which all keys end."
    holds = policies.what_holds_a_sunset(situation) if situation.now >= agreed else None
    if holds is not None:
        return holds.why
    ends = schedule.sunset(situation) or agreed
    if not situation.seen.takes_identity:
        return f"All keys should end on {exact(agreed)}, but the account {CANNOT.says}."
    held = f" It waits for its announcement; agreed was {exact(agreed)}." if ends > agreed else ""
    return f"All keys end {away(ends, situation.now)}, on {exact(ends)}.{held}"


def _rotation(situation: Situation) -> str:
    due, starts = schedule.due(situation), schedule.rotation(situation)
    window = situation.target.cadence.window
    why = f" It is due on {exact(due)}" if starts != due else ""
    why += f", and waits for the window {window}." if why and window else "." if why else ""
    return f"A new key comes {away(starts, situation.now)}, on {exact(starts)}.{why}"


def _retirement(situation: Situation) -> str:
    ends = schedule.retirement(situation)
    if ends is None:
        return "No previous key works." if not situation.spare_in_use else "The previous key leaked and ends at once."
    return f"{situation.spare.words.capitalize()} stops working {away(ends, situation.now)}, on {exact(ends)}."


def _nothing(_: Situation) -> str:
    return "Something is to be done."


_REPORTS: tuple[Policy, ...] = (mistaken, leaked_elsewhere)
RULES = (
    Rule("Requests for a hold", (hold_requested,), _hold, quiet=True),
    Rule("A trial that runs", (running_trial,), _trial_runs, quiet=True),
    Rule("Keys on the account", (policies.finished,), _keys_are_on),
    Rule("The reported key", _REPORTS, _report),
    Rule(
        "The secret",
        (
            policies.a_person_must_look,
            policies.keys_are_back,
            policies.unpublished,
            policies.unmarked,
            policies.overwritten,
        ),
        _secret,
    ),
    Rule("The key in the vault", (policies.drifted,), _drift),
    Rule("Leaks", (leaked,), _leak),
    Rule("After a trial", (after_a_trial,), _after_a_trial, quiet=True),
    Rule("Waiting for a deployment", (armed,), _waits),
    Rule("Reported deployments", (deployed,), _deployment),
    Rule("Requests for a trial", (trial_requested, trial_after_deployment), _planned, quiet=True),
    Rule("On hold", (policies.held,), _hold, quiet=True),
    Rule(ALL_KEYS_END, (policies.sunset,), _sunset),
    Rule(A_TRIAL, (trial,), _planned, quiet=True),
    Rule(NEW_KEY, (policies.rotation,), _rotation),
    Rule(PREVIOUS_ENDS, (policies.retirement,), _retirement),
    Rule("Nothing else", (policies.nothing,), _nothing),
)
