"""Request bodies are read, or refused with the name of the invalid field."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.requests import (
    ArmRequest,
    AwaitedDeployment,
    LeakedKey,
    LeakRequest,
    Request,
    RequestKind,
    RotateRequest,
)
from shared.settings.target_fields import after_deployment
from shared.turns.message import Message
from shared.web.bodies import MOST_BODY, Arm, BadRequest, Body, Deployment, Leak, Rotate, request_id, scoped
from shared.web.many import RotateMany
from shared.web.orders_bodies import LiftHold, PlanTrial, SetHold, StopTrial

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


JSON = {"content-type": "application/json"}


def _headers(body: bytes, given: dict[str, str]) -> dict[str, str]:
    """Return the headers with `-` for `_`. A body is declared as JSON unless they say otherwise."""
    return (JSON if body else {}) | {name.replace("_", "-"): text for name, text in given.items()}


def ask(body: bytes = b"", **headers: str) -> tuple[Request, bool]:
    given = _headers(body, headers)
    read = Rotate.read(body, given)
    return read.request(request_id(given, "an-invocation"), "somebody"), read.dry_run


def refused(body: bytes, kind: type[Body] = Rotate, **headers: str) -> BadRequest:
    given = _headers(body, headers)

    def read() -> object:
        return kind.read(body, given), request_id(given, "an-invocation")

    with pytest.raises(BadRequest) as caught:
        read()
    assert 400 <= caught.value.status < 500
    return caught.value


def test_an_empty_body_requests_a_rotation() -> None:
    for body in (b"", b"  \n", b"{}"):
        assert ask(body) == (RotateRequest(id=scoped("an-invocation", RequestKind.ROTATE), by="somebody"), False)


def test_a_body_with_all_fields_is_read() -> None:
    body = json.dumps({"reason": "quarterly drill, ünicode", "dry_run": True}).encode()
    mark = scoped(hashlib.sha256(b"again").hexdigest()[:32], RequestKind.ROTATE)
    asked = ask(body, content_type="application/json; charset=utf-8", idempotency_key="again")
    assert asked == (RotateRequest(reason="quarterly drill, ünicode", by="somebody", id=mark), True)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff\xff", 400, "not JSON"),
        (b"[" * 16_000, 422, "Expected `object`"),
        (b"[]", 422, "Expected `object`"),
        (b'"rotate"', 422, "Expected `object`"),
        (b'{"force": true}', 422, "unknown field `force`"),
        (b'{"reason": 7}', 422, "$.reason"),
        (b'{"reason": null}', 422, "$.reason"),
        (json.dumps({"reason": "r" * 201}).encode(), 422, "$.reason"),
        (b'{"dry_run": "yes"}', 422, "$.dry_run"),
        (b'{"dry_run": 1}', 422, "$.dry_run"),
        (b" " * (MOST_BODY + 1), 413, str(MOST_BODY)),
    ],
)
def test_an_invalid_body_is_refused_and_the_field_is_named(body: bytes, status: int, said: str) -> None:
    problem = refused(body)
    assert problem.status == status
    assert said in problem.detail


@pytest.mark.parametrize("kind", ["", " ", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_body_that_is_not_declared_as_json_is_refused(kind: str) -> None:
    assert refused(b"reason=x", content_type=kind).status == 415
    assert refused(b"{}", content_type=kind).status == 415


def test_a_request_without_a_body_needs_no_type() -> None:
    for kind in (
        "",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ):  # some clients send one
        assert ask(b"", content_type=kind)[1] is False


def test_a_too_long_idempotency_key_is_refused() -> None:
    assert "Idempotency-Key" in refused(b"", idempotency_key="k" * 256).detail


def test_a_reason_with_several_lines_becomes_one_line() -> None:
    assert ask(b'{"reason": "two\\nlines\\u2028and more"}')[0].reason == "two lines and more"


@pytest.mark.parametrize("key", ["0123456789abcdef" * 2, "Ab3" * 28])
def test_a_key_in_the_reason_is_left_out(key: str) -> None:
    body = json.dumps({"key": "live", "reason": f"found {key} in a log"}).encode()
    assert Leak.read(body, JSON).request("r", "x").reason == "found (left out) in a log"


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (Leak, b"{}", "`key`"),
        (Leak, b'{"key": "third"}', "third"),
        (Leak, b'{"key": "live", "wait": "PT3M"}', "$.wait"),
        (Leak, b'{"key": "live", "wait": "PT0S"}', "$.wait"),
        (RotateMany, b"{}", "`targets`"),
        (RotateMany, b'{"targets": []}', "$.targets"),
        (RotateMany, b'{"targets": "some"}', "some"),
        (RotateMany, b'{"targets": ["a/b"]}', "$.targets"),
        (RotateMany, b'{"targets": "all", "select": {"all": true}}', "not both"),
        (RotateMany, b'{"targets": "all", "kind": "leak", "key": "live"}', "need `select`"),
        (RotateMany, b'{"targets": "all", "confirm": "2 targets"}', "need `select`"),
        (RotateMany, b'{"select": {}}', "$.select"),
        (RotateMany, b'{"select": {"all": true, "owner": "a"}}', "Give `all`, or one or more"),
        (RotateMany, b'{"select": {"all": false}}', "Give `all`, or one or more"),
        (RotateMany, b'{"select": {"team": "a"}}', "team"),
        (RotateMany, b'{"select": {"rest_of": "../leaks"}}', "$.select.rest_of"),
        (RotateMany, b'{"select": {"names": ["a/b"]}}', "$.select.names"),
        (RotateMany, b'{"select": {"all": true}, "kind": "leak"}', "a leak needs it"),
        (RotateMany, b'{"select": {"all": true}, "key": "live"}', "a rotation has none"),
        (Arm, b"{}", "`environment`"),
        (Arm, b'{"environment": "prod uction"}', "$.environment"),
        (Arm, b'{"environment": "production\\n"}', "$.environment"),
        (Arm, b'{"environment": "production", "soak": "P31D"}', "$.soak"),
        (Arm, b'{"environment": "production", "soak": "P1M"}', "$.soak"),
        (Arm, b'{"environment": "production", "soak": "P30DT1S"}', "$.soak"),
        (Arm, b'{"environment": "production", "soak": "P0D"}', "$.soak"),
        (Arm, b'{"environment": "production", "soak": ""}', "$.soak"),
        (Arm, b'{"environment": "production", "soak": 7}', "$.soak"),
        (Arm, b'{"environment": "production", "latest": "tomorrow"}', "$.latest"),
        (Arm, b'{"environment": "production", "latest": "2026-12-01T00:00:00"}', "$.latest"),
        (Arm, b'{"environment": "production", "then": "leak"}', "$.then"),
        (Arm, b'{"environment": "production", "then": "trial", "duration": "P8D"}', "$.duration"),
        (Arm, b'{"environment": "production", "duration": "PT4H"}', "$.duration"),
        (Rotate, b'{"endOtherKey": "yes"}', "$.endOtherKey"),
        (Rotate, b'{"end_other_key": true}', "end_other_key"),
        (PlanTrial, b'{"duration": "PT14M"}', "$.duration"),
        (PlanTrial, b'{"start": "soon"}', "$.start"),
        (PlanTrial, b'{"until": "2027-01-31T18:00:00Z"}', "until"),
        (StopTrial, b'{"despiteLeak": 1}', "$.despiteLeak"),
        (StopTrial, b'{"confirm": "chat"}', "confirm"),
        (SetHold, b'{"reason": "a freeze"}', "`until`"),
        (SetHold, b'{"until": "2027-01-31T18:00:00Z"}', "`reason`"),
        (SetHold, b'{"until": "2027-01-31T18:00:00Z", "reason": " "}', "$.reason"),
        (LiftHold, b'{"until": "2027-01-31T18:00:00Z"}', "until"),
        (Deployment, b'{"environment": ""}', "$.environment"),
        (Deployment, b'{"environment": "production", "targets": []}', "targets"),
    ],
)
def test_every_route_names_the_invalid_field(kind: type[Body], body: bytes, said: str) -> None:
    assert said in refused(body, kind).detail


@pytest.mark.parametrize(
    ("kind", "body", "wanted"),
    [
        (Leak, b'{"key": "live", "wait": "PT3M"}', "at most two minutes, PT2M"),
        (RotateMany, b'{"targets": ["a/b"]}', "letters, digits and dashes"),
        (RotateMany, b'{"targets": "some"}', "or `all`"),
        (Arm, b'{"environment": "prod uction"}', "letters, digits, dots, dashes and underscores"),
        (Arm, b'{"environment": "production", "soak": "2x"}', "such as P1D, PT2H or P1DT12H, or in short"),
        (Arm, b'{"environment": "production", "latest": "tomorrow"}', "such as 2027-01-31T18:00:00Z"),
        (Arm, b'{"environment": "production", "latest": "2026-12-01T00:00:00"}', "date, time and zone"),
        (Deployment, b'{"environment": ""}', "a letter or digit first"),
    ],
)
def test_the_expected_form_is_explained_without_a_regular_expression(
    kind: type[Body], body: bytes, wanted: str
) -> None:
    said = refused(body, kind).detail
    assert wanted in said
    for sign in ("regex", "^", "[A-Z", "]{"):
        assert sign not in said


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        (Arm, {"environment": "production"}, "soak"),
        (Arm, {"environment": "production", "then": "trial"}, "duration"),
        (Leak, {"key": "live"}, "wait"),
        (PlanTrial, {}, "duration"),
    ],
)
def test_every_example_in_a_refusal_is_accepted(kind: type[Body], given: dict, field: str) -> None:
    said = refused(json.dumps(given | {field: "2x"}).encode(), kind).detail
    examples = re.findall(r"\bP[0-9A-Z]+\b", said)
    assert len(examples) > 1
    for one in examples:
        assert getattr(kind.read(json.dumps(given | {field: one}).encode(), JSON), field) == one


@pytest.mark.parametrize("field", ["key", "value"])
def test_a_key_pasted_in_the_wrong_place_is_not_repeated(field: str) -> None:
    pasted = "0123456789abcdef" * 2
    body = {pasted: "live"} if field == "key" else {"key": pasted}
    said = refused(json.dumps({"key": "live"} | body).encode(), Leak).detail
    assert pasted not in said
    assert "(left out)" in said


def test_an_arm_request_is_read_with_soak_time_and_latest_time() -> None:
    body = b'{"environment": "Production", "soak": "PT2H", "latest": "2026-12-01T00:00:00+01:00", "reason": "agreed"}'
    request = Arm.read(body, JSON).request("r", "somebody")
    assert isinstance(request, ArmRequest)
    assert request.deployment == AwaitedDeployment(
        "Production", timedelta(hours=2), datetime(2026, 11, 30, 23, tzinfo=UTC)
    )


@pytest.mark.parametrize("soak", ["P1DT12H", "P4W", "PT720H", "PT43200M", "PT90S", "P1.5D", "PT36H", "P30D"])
def test_http_accepts_every_soak_time_that_a_tag_accepts(soak: str) -> None:
    by_tag = after_deployment(f"production {soak}")
    request = Arm.read(json.dumps({"environment": "production", "soak": soak}).encode(), JSON).request("r", "somebody")
    assert isinstance(request, ArmRequest)
    assert request.deployment == by_tag


@pytest.mark.parametrize("soak", ["P31D", "P30DT1S", "P1M", "P1Y", "P0D", "-P1D", "PT", "2x", "31d", "x" * 300])
def test_http_refuses_every_soak_time_that_a_tag_refuses(soak: str) -> None:
    with pytest.raises(ValueError):
        after_deployment(f"production {soak}")
    body = json.dumps({"environment": "production", "soak": soak}).encode()
    assert refused(body, Arm).status == 422


def test_a_latest_time_in_the_far_future_is_ignored() -> None:
    assert Arm.read(b'{"environment": "p", "latest": "9999-12-31T23:59:59Z"}', JSON).request(
        "r", "x"
    ).deployment == AwaitedDeployment("p")


def test_a_leak_request_is_read_with_its_wait() -> None:
    request = Leak.read(b'{"key": "both", "wait": "PT90S"}', JSON).request("r", "somebody")
    assert isinstance(request, LeakRequest)
    assert (request.key, request.wait) == (LeakedKey.BOTH, timedelta(seconds=90))


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
def test_any_request_is_either_read_or_refused(body: bytes, kind: str, key: str) -> None:
    try:
        asked, dry_run = ask(body, content_type=kind, idempotency_key=key)
    except BadRequest as bad:
        refusal = bad
    else:
        assert asked.reason.isprintable()
        assert dry_run in (True, False)
        assert asked.id != key or not key
        assert Message("chat", NOW, request=asked).text().encode()
        return
    assert 400 <= refusal.status < 500
    assert refusal.title
    assert refusal.detail.encode()
