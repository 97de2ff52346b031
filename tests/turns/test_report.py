"""Reports: outcomes of turns and rows of surveys, as data and as sentences."""

from dataclasses import replace

import pytest

from lab.simulation.builders import KEY1, a_publication, a_situation, a_target, an_observation, mark, marks, overlapping
from lab.simulation.dates import START, at, days, hours
from shared.announce.outstanding import outstanding
from shared.decide.plan import Plan, Reason
from shared.decide.policies import decide
from shared.domain.errors import LeaseHeld, RotationError, TryLater
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import Told
from shared.turns.proof import Ending
from shared.turns.report import Outcome, Result, Row, failure, result_of

TARGET = a_target()
BARE = Outcome("chat", Result.NOTHING, Reason.NOTHING_DUE, "Key 1 is live.")
FULL = Outcome(
    "chat",
    Result.DONE,
    Reason.LEAKED,
    "A leak was reported.",
    done=("regenerate key2", "prove key2"),
    announced=("KeyRotation.KeyRotated",),
    outstanding=("KeyRotation.KeyRetired",),
    unproven=("proof was impossible: 403",),
    dropped=("key2 ended",),
    endings=(Ending(KEY1, START, START + hours(1), "401"),),
    requester=Requester("r-1", "ann", "audit"),
    untold="announcements: 503.",
    held_until=at(day=3),
    next_step="nothing",
)


def test_the_data_of_an_outcome_leaves_out_empty_fields():
    assert BARE.data() == {
        "target": "chat",
        "result": "nothing-to-do",
        "reason": "nothing-due",
        "why": "Key 1 is live.",
        "done": [],
    }


def test_the_data_of_an_outcome_holds_every_field_that_is_not_empty():
    assert FULL.data() == {
        "target": "chat",
        "result": "done",
        "reason": "leaked",
        "why": "A leak was reported.",
        "done": ["regenerate key2", "prove key2"],
        "announced": ["KeyRotation.KeyRotated"],
        "announcementsOwed": ["KeyRotation.KeyRetired"],
        "unproven": ["proof was impossible: 403"],
        "forgotten": ["key2 ended"],
        "leakedKeys": [
            {
                "key": "key1",
                "lastAccepted": "2026-03-02T09:00:00+00:00",
                "refusedFrom": "2026-03-02T10:00:00+00:00",
                "lastAnswer": "401",
            }
        ],
        "announcingFailed": "announcements: 503.",
        "requestedBy": "ann",
        "requestReason": "audit",
        "heldUntil": "2026-03-05T09:00:00+00:00",
        "nextStep": "nothing",
    }


@pytest.mark.parametrize(
    ("ending", "parts"),
    [
        (Ending(KEY1, START, START + hours(1), "401"), ("T09:00:00+00:00", "T10:00:00+00:00")),
        (Ending(KEY1, detail="no answer"), ("never", "no answer")),
    ],
    ids=["accepted and then refused", "never accepted and not seen refused"],
)
def test_an_outcome_prints_how_a_leaked_key_ended(ending: Ending, parts: tuple[str, str]):
    text = str(replace(BARE, endings=(ending,)))
    assert "key1" in text
    assert all(part in text for part in parts)


def test_an_outcome_prints_what_was_done_and_what_is_still_to_do():
    text = str(FULL)
    assert text.startswith("chat: done (leaked). A leak was reported.")
    for part in (*FULL.done, *FULL.outstanding, *FULL.unproven, FULL.untold, FULL.next_step):
        assert part in text


@pytest.mark.parametrize(
    ("plan", "result"),
    [
        (decide(an_observation(a_publication()), TARGET, at(day=30)), Result.DONE),
        (decide(an_observation(a_publication(overlapping(until=at(day=31)))), TARGET, at(day=30)), Result.HELD),
        (decide(an_observation(a_publication()), TARGET, at(day=1)), Result.NOTHING),
    ],
    ids=["a plan with steps", "a plan that is held", "a plan without steps"],
)
def test_the_result_follows_from_the_plan(plan: Plan, result: Result):
    assert result_of(plan) is result


@pytest.mark.parametrize(
    ("error", "result", "why"),
    [
        (TryLater("chat", "no answer came."), Result.FAILED, "no answer came."),
        (TryLater("the vault", "no answer came."), Result.FAILED, "the vault: no answer came."),
        (LeaseHeld("chat", "another turn holds this target."), Result.BUSY, "another turn holds this target."),
    ],
    ids=["about the target", "about another thing", "another turn holds the lease"],
)
def test_an_error_becomes_an_outcome_with_its_reason_and_next_step(error: RotationError, result: Result, why: str):
    outcome = failure("chat", error, ["prove key2"])
    assert (outcome.result, outcome.reason, outcome.why) == (result, error.code, why)
    assert (outcome.done, outcome.next_step) == (("prove key2",), error.next_step)


# Rows.


def test_a_row_of_a_target_that_could_not_be_observed_names_the_error():
    data = Row(a_target(owner="team-chat"), error=TryLater("chat", "no answer came.")).data()
    assert data == {
        "target": "chat",
        "account": str(TARGET.account),
        "secret": TARGET.secret_url,
        "owner": "team-chat",
        "error": "TryLater",
        "why": "no answer came.",
        "nextStep": TryLater.next_step,
    }


def test_a_row_shows_the_plan_the_dates_and_the_outstanding_announcements():
    situation = a_situation(overlapping(until=at(day=31), told=Told()), at(day=30))
    plan = decide(situation.seen, TARGET, situation.now)
    data = Row(TARGET, plan, situation, outstanding(situation), presumed=True).data()
    assert (data["reason"], data["steps"], data["heldUntil"]) == (Reason.OVERLAP_RUNS, [], at(day=31).isoformat())
    assert (data["live"], data["fingerprint"], data["liveSince"]) == (KEY1, mark("A"), START.isoformat())
    assert data["previousKeyWorksUntil"] == at(day=31).isoformat()
    assert data["announcementsOwed"][0] == "KeyRotation.KeyRotated"
    assert data["presumed"] is True


@pytest.mark.parametrize(
    ("awaited", "shown"),
    [
        (AwaitedDeployment("prod"), {"environment": "prod"}),
        (
            AwaitedDeployment("prod", hours(2), at(day=20), at(day=1)),
            {
                "environment": "prod",
                "soak": "PT2H",
                "latest": at(day=20).isoformat(),
                "deployed": at(day=1).isoformat(),
            },
        ),
    ],
    ids=["only the environment", "every field"],
)
def test_a_row_shows_the_awaited_deployment(awaited: AwaitedDeployment, shown: dict[str, str]):
    situation = a_situation(marks(awaited=awaited), START + days(1))
    assert Row(TARGET, situation=situation).data()["waitsFor"] == shown
