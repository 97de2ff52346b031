"""HTTP answers: statuses and problem details (RFC 9457)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.decide.plan import Reason
from shared.domain import errors
from shared.domain.errors import RotationError
from shared.domain.model import AccountId, Target
from shared.domain.requests import Follow
from shared.fleet.deployments import Following
from shared.turns.report import Outcome, Result, failure
from shared.web.openapi import openapi_document
from shared.web.responses import PROBLEM, Reply, deployment_data, of_error, of_outcome

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TARGET = Target("chat", AccountId("0" * 36, "g", "chat"), "https://v.vault.azure.net", "chat-key")
STATUSES = {
    "TryLater": 503,
    "Throttled": 503,
    "LeaseHeld": 409,
    "LeaseLost": 503,
    "OutOfTime": 202,
    "FixConfiguration": 503,
    "SignInNotEnforced": 503,
    "GrantRole": 502,
    "PersonMustLook": 409,
    "ProofFailed": 202,
    "ProofImpossible": 502,
    "UnexpectedAnswer": 502,
    "UnknownTarget": 404,
    "DisputedName": 409,
    "DisputedSecret": 409,
    "ConfirmFirst": 409,
    "LimitReached": 429,
    "OutOfScope": 403,
    "RotationError": 503,
}
FAMILY = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and kind.__module__ == errors.__name__
}


def is_problem(reply: Reply) -> dict[str, Any]:
    """Return the body of a problem-details answer, after checking that it is complete and agrees with its status."""
    body: dict[str, Any] = json.loads(reply.body.encode())
    assert reply.kind == PROBLEM
    assert body["status"] == reply.status
    assert body["title"]
    assert body["detail"]
    return body


def test_every_error_class_has_a_status() -> None:
    assert FAMILY.keys() == STATUSES.keys()


@pytest.mark.parametrize("name", STATUSES)
def test_an_error_becomes_problem_details_with_its_thing_and_next_step(name: str) -> None:
    error: RotationError = FAMILY[name]("chat", "something happened.")
    reply = of_error(error)
    assert reply.status == STATUSES[name]
    assert is_problem(reply) == {
        "title": name,
        "status": STATUSES[name],
        "detail": "chat: something happened.",
        "nextStep": error.next_step,
    }


@pytest.mark.parametrize("name", sorted(set(STATUSES) - {"RotationError"}))
def test_a_failed_turn_has_the_status_of_its_error(name: str) -> None:
    reply = of_outcome(failure("chat", FAMILY[name]("chat", "something happened.")), NOW)
    assert reply.status == STATUSES[name]
    if reply.status != 202:
        body = is_problem(reply)
        assert body["target"] == "chat"
        assert body["nextStep"]


def test_a_turn_that_still_proves_a_key_is_answered_202_with_a_location() -> None:
    reply = of_outcome(failure("chat", errors.ProofFailed("chat", "not accepted yet.")), NOW)
    assert (reply.status, reply.kind, reply.headers) == (202, "application/json", {"Location": "/api/targets/chat"})


@pytest.mark.parametrize("result", [Result.DONE, Result.NOTHING, Result.PLANNED])
def test_a_finished_turn_is_answered_200(result: Result) -> None:
    reply = of_outcome(Outcome("chat", result, Reason.DUE, "It was due."), NOW)
    assert (reply.status, reply.kind) == (200, "application/json")
    assert json.loads(reply.body)["result"] == result.value


@pytest.mark.parametrize(
    ("until", "wait"),
    [
        (NOW + timedelta(hours=1), "3600"),
        (NOW + timedelta(seconds=0.5), "1"),
        (NOW - timedelta(days=1), "1"),
        (None, None),
    ],
)
def test_a_turn_that_is_held_back_is_answered_409_with_the_time(until: datetime | None, wait: str | None) -> None:
    reply = of_outcome(Outcome("chat", Result.HELD, Reason.OVERLAP_RUNS, "Not yet.", held_until=until), NOW)
    assert reply.status == 409
    assert reply.headers.get("Retry-After") == wait
    assert is_problem(reply).get("heldUntil") == (until.isoformat() if until else None)


def test_a_busy_target_is_answered_409_with_retry_after() -> None:
    reply = of_outcome(failure("chat", errors.LeaseHeld("chat", "another turn holds this target.")), NOW)
    assert (reply.status, reply.headers) == (409, {"Retry-After": "15"})
    assert is_problem(reply)["title"] == "LeaseHeld"


def test_a_deployment_that_no_target_waits_for_is_answered_with_how_to_arm_one() -> None:
    said = deployment_data("staging", [], [])
    assert said["why"] == "No target waits for a deployment to staging."
    for way in ("PUT /api/targets/{name}/deployment", "python -m cli arm", "key-rotation-after-deployment"):
        assert way in said["nextStep"]


def test_the_answer_speaks_only_of_targets_that_could_be_read() -> None:
    said = deployment_data("staging", [], [errors.TryLater("https://dark.vault.azure.net", "slow.")])
    assert said["why"] == "No target that could be read waits for a deployment to staging."


def test_a_deployment_that_a_target_waits_for_is_answered_without_explanation() -> None:
    assert deployment_data("production", ["chat"], []) == {
        "environment": "production",
        "targets": ["chat"],
        "problems": [],
    }


def test_openapi_describes_every_field_of_the_answer_to_a_deployment() -> None:
    described = openapi_document()["components"]["schemas"]["Heard"]["properties"]
    rotates = Following("chat", Follow.ROTATE, "Key 1 is due to be replaced.")
    said = set(deployment_data("staging", [], [])) | set(deployment_data("staging", ["chat"], [], None, [rotates]))
    assert said == set(described)
