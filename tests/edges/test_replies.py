"""What HTTP callers get: statuses, problem details (RFC 9457), and requests refused by the field's name."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import errors
from shared.errors import RotationError
from shared.messages import Message
from shared.model import AccountId, Request, Target
from shared.replies import MOST_BODY, PROBLEM, BadRequest, Reply, of_error, of_outcome, of_row, of_survey, read_rotate
from shared.report import Outcome, Result, Row, failure

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
TARGET = Target("chat", AccountId("0" * 36, "g", "chat"), "https://v.vault.azure.net", "chat-key")
STATUSES = {
    "TryLater": 503,
    "LeaseHeld": 409,
    "LeaseLost": 503,
    "FixConfiguration": 503,
    "GrantRole": 502,
    "PersonMustLook": 409,
    "ProofFailed": 202,
    "ProofImpossible": 502,
    "UnexpectedAnswer": 502,
    "UnknownTarget": 404,
    "RotationError": 503,
}
FAMILY = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and kind.__module__ == errors.__name__
}


def is_problem(reply: Reply) -> dict[str, Any]:
    """A problem-details body that says what happened and agrees with its own status."""
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
def test_a_turn_that_failed_has_the_same_status_as_its_error(name: str) -> None:
    reply = of_outcome(failure("chat", FAMILY[name]("chat", "something happened.")), NOW)
    assert reply.status == STATUSES[name]
    if reply.status != 202:
        body = is_problem(reply)
        assert body["target"] == "chat"
        assert body["nextStep"]


def test_a_turn_still_proving_is_accepted_and_says_where_to_look() -> None:
    reply = of_outcome(failure("chat", errors.ProofFailed("chat", "not accepted yet.")), NOW)
    assert (reply.status, reply.kind, reply.headers) == (202, "application/json", {"Location": "/api/targets/chat"})


@pytest.mark.parametrize("result", [Result.DONE, Result.NOTHING, Result.PLANNED])
def test_a_turn_that_came_to_its_end_is_answered_200(result: Result) -> None:
    reply = of_outcome(Outcome("chat", result, "due", "It was due."), NOW)
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
def test_a_turn_that_is_held_back_says_until_when(until: datetime | None, wait: str | None) -> None:
    reply = of_outcome(Outcome("chat", Result.HELD, "overlap-runs", "Not yet.", held_until=until), NOW)
    assert reply.status == 409
    assert reply.headers.get("Retry-After") == wait
    assert is_problem(reply).get("heldUntil") == (until.isoformat() if until else None)


def test_a_target_that_somebody_else_holds_is_worth_asking_for_again_soon() -> None:
    reply = of_outcome(failure("chat", errors.LeaseHeld("chat", "another turn holds this target.")), NOW)
    assert (reply.status, reply.headers) == (409, {"Retry-After": "15"})
    assert is_problem(reply)["title"] == "LeaseHeld"


def test_a_survey_shows_what_failed_beside_what_did_not() -> None:
    bad = errors.GrantRole("chat", "not allowed.")
    reply = of_survey([Row(TARGET, error=bad), Row(TARGET)], [errors.FixConfiguration("account x", "bad tag.")])
    body = json.loads(reply.body)
    assert reply.status == 200
    assert body["targets"][0]["error"] == "GrantRole"
    assert body["problems"] == [
        {"error": "FixConfiguration", "thing": "account x", "why": "bad tag.", "nextStep": "correct it and call again"}
    ]


def test_one_target_that_could_not_be_looked_at_is_a_problem() -> None:
    assert is_problem(of_row(Row(TARGET, error=errors.TryLater("chat", "slow."))))["title"] == "TryLater"


def ask(body: bytes = b"", **headers: str) -> tuple[Request, bool]:
    return read_rotate(body, {name.replace("_", "-"): text for name, text in headers.items()})


def refused(body: bytes, **headers: str) -> dict[str, Any]:
    with pytest.raises(BadRequest) as caught:
        ask(body, **headers)
    assert 400 <= caught.value.reply.status < 500
    return is_problem(caught.value.reply)


def test_an_empty_body_asks_to_rotate() -> None:
    for body in (b"", b"  \n", b"{}"):
        assert ask(body) == (Request(), False)


def test_a_whole_body_is_read() -> None:
    body = json.dumps({"reason": "quarterly drill, ünicode", "dry_run": True}).encode()
    mark = hashlib.sha256(b"again").hexdigest()[:32]
    asked = ask(body, content_type="application/json; charset=utf-8", idempotency_key="again")
    assert asked == (Request(reason="quarterly drill, ünicode", id=mark), True)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xff", 400, "not JSON"),
        (b"[" * 16_000, 400, "not JSON"),
        (b"[]", 422, "not an object"),
        (b'"rotate"', 422, "not an object"),
        (b'{"force": true}', 422, "force: not a field"),
        (b'{"reason": 7}', 422, "reason: "),
        (b'{"reason": null}', 422, "reason: "),
        (json.dumps({"reason": "r" * 201}).encode(), 422, "reason: "),
        (b'{"reason": "two\\nlines"}', 422, "reason: "),
        (b'{"dry_run": "yes"}', 422, "dry_run: "),
        (b'{"dry_run": 1}', 422, "dry_run: "),
        (b" " * (MOST_BODY + 1), 413, str(MOST_BODY)),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_by_the_fields_name(body: bytes, status: int, said: str) -> None:
    problem = refused(body)
    assert problem["status"] == status
    assert said in problem["detail"]


def test_a_body_of_another_kind_is_refused() -> None:
    assert refused(b"reason=x", content_type="application/x-www-form-urlencoded")["status"] == 415


def test_an_idempotency_key_beyond_reason_is_refused() -> None:
    assert "Idempotency-Key" in refused(b"", idempotency_key="k" * 256)["detail"]


def test_an_unknown_field_is_named_in_words_that_can_be_sent() -> None:
    assert "not a field" in refused(b'{"\\ud800": 1}')["detail"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=250),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.dictionaries(st.sampled_from(["reason", "dry_run"]) | st.text(max_size=6), anything, max_size=3)
bodies = (
    st.binary(max_size=60)
    | anything.map(lambda one: json.dumps(one).encode())
    | fields.map(lambda one: json.dumps(one).encode())
)


@settings(derandomize=True, max_examples=300)
@given(bodies, st.sampled_from(["", "application/json", "text/plain"]) | st.text(max_size=30), st.text(max_size=300))
def test_any_request_is_read_or_refused_and_nothing_else(body: bytes, kind: str, key: str) -> None:
    try:
        asked = ask(body, content_type=kind, idempotency_key=key)
    except BadRequest as bad:
        reply = bad.reply
    else:
        reply = Reply(422, {"title": "-", "status": 422, "detail": "-"}, PROBLEM)
        assert asked[0].reason.isprintable()
        assert asked[1] in (True, False)
        assert not key or asked[0].id not in (None, key)
        assert Message("chat", NOW, request=asked[0]).text().encode()
    assert 400 <= reply.status < 500
    is_problem(reply)
