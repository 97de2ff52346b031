"""P14: every act and every refused attempt has one line in the log: who, where, what, and with what result."""

import json
from typing import Any

import pytest

from lab.simulation.builders import an_account_id
from shared.handlers import http
from shared.handlers.act_lines import MOST_CALLERS, RefusedCallers, act_line
from shared.handlers.http import Incoming, serve
from shared.web.callers import Caller, Role
from shared.web.responses import Reply, problem
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.support.signed_in import signed_in

ADA = Caller("ada@contoso.com", frozenset(Role), "oid-1", "app-1")
LEAK = ROUTES["leak"]


def read(line: str) -> dict[str, Any]:
    assert line.startswith("act: ")
    assert len(line.splitlines()) == 1
    facts: dict[str, Any] = json.loads(line.removeprefix("act: "))
    return facts


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [read(one.getMessage()) for one in caplog.records if one.getMessage().startswith("act: ")]


@pytest.fixture
def enforced(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """The app with App Service authentication on, without settings, and with nobody refused so far."""
    monkeypatch.setenv(ENFORCED, "true")
    monkeypatch.setattr(http, "REFUSALS", RefusedCallers())
    caplog.set_level("INFO")


def test_a_line_names_the_caller_by_name_and_ids_and_the_result() -> None:
    reply = Reply(200, {"target": "chat", "result": "done", "reason": "leaked", "done": ["..."]})
    assert read(act_line(LEAK, "POST", "chat", ADA, reply)) == {
        "route": "leak",
        "method": "POST",
        "who": "ada@contoso.com",
        "objectId": "oid-1",
        "applicationId": "app-1",
        "target": "chat",
        "status": 200,
        "result": "done",
        "reason": "leaked",
        "times": 1,
    }


def test_a_line_of_an_act_on_several_targets_names_them_and_their_accounts() -> None:
    reply = Reply(202, {"targets": ["chat", "search"], "accounts": ["/1", "/2"], "problems": []})
    facts = read(act_line(ROUTES["rotate_many"], "POST", "", ADA, reply))
    assert (facts["targets"], facts["accounts"], facts["count"]) == (["chat", "search"], ["/1", "/2"], 2)


def test_a_line_of_an_act_on_the_whole_fleet_fits_into_a_row_of_the_log() -> None:
    """Azure Monitor cuts a message after 32,768 characters, and nothing could read what is left."""
    account = str(an_account_id()).replace("chat", "a" * 64)
    reply = Reply(202, {"targets": ["a" * 64] * 9000, "accounts": [account] * 9000, "problems": []})
    line = act_line(ROUTES["rotate_many"], "POST", "", ADA, reply)
    assert read(line)["count"] == 9000
    assert len(line) < 32768


def test_no_text_of_a_caller_forges_a_line_or_shows_a_key() -> None:
    forger = Caller('x", "result": "done', frozenset())
    line = act_line(
        LEAK, "POST", 'chat\nact: {"who": "somebody"} \u2028' + "0123456789abcdef" * 2, forger, problem(403, "T", "d")
    )
    facts = read(line)
    assert (facts["who"], "result" in facts) == (forger.name, False)
    assert "0123456789abcdef0123456789abcdef" not in line


@pytest.mark.usefixtures("enforced")
async def test_an_act_that_fails_has_a_line_too(caplog: pytest.LogCaptureFixture) -> None:
    wrong = {**signed_in(Role.OPERATOR), "content-type": "application/json"}
    for body in (b'{"key": "live"}', b'{"key": "none"}', b"{"):
        await serve(LEAK, Incoming("POST", "chat", body, wrong, "i"))
    facts = lines(caplog)
    assert [one["status"] for one in facts] == [503, 422, 400]
    assert {(one["who"], one["objectId"], one["target"]) for one in facts} == {("ada@contoso.com", "oid-1", "chat")}


@pytest.mark.parametrize(
    ("route", "body", "wanted"),
    [
        ("rotate", {"endOtherKey": True}, {"endOtherKey": True}),
        ("arm", {"environment": "p", "then": "trial"}, {"then": "trial", "duration": "PT4H"}),
        ("arm", {"environment": "p", "then": "end", "dry_run": True}, {"then": "end", "dryRun": True}),
        ("trial", {"duration": "P1D", "despiteCopies": True}, {"duration": "P1D", "despiteCopies": True}),
        ("hold", {"until": "2027-01-31T18:00:00+01:00", "reason": "x"}, {"until": "2027-01-31T17:00:00+00:00"}),
    ],
)
@pytest.mark.usefixtures("enforced")
async def test_a_line_says_what_the_body_asked_for_also_if_nothing_could_be_done(
    caplog: pytest.LogCaptureFixture, route: str, body: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """The app has no settings here, so every request fails."""
    method = "POST" if route == "rotate" else "PUT"
    headers = {**signed_in(Role.OPERATOR), "content-type": "application/json"}
    await serve(ROUTES[route], Incoming(method, "chat", json.dumps(body).encode(), headers, "i"))
    [line] = lines(caplog)
    assert (line["route"], line["status"], line["title"]) == (route, 503, "FixConfiguration")
    assert {name: line[name] for name in wanted} == wanted


@pytest.mark.usefixtures("enforced")
async def test_a_trial_is_ended_despite_a_leak_on_record(caplog: pytest.LogCaptureFixture) -> None:
    headers = {**signed_in(Role.OPERATOR), "content-type": "application/json"}
    await serve(ROUTES["trial"], Incoming("DELETE", "chat", b'{"despiteLeak": true}', headers, "i"))
    [line] = lines(caplog)
    assert (line["route"], line["method"], line["despiteLeak"]) == ("trial", "DELETE", True)


@pytest.mark.parametrize("route", ["trial", "hold"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("role", [Role.READER, Role.DEPLOYER, Role.AUDITOR])
@pytest.mark.usefixtures("enforced")
async def test_nobody_but_an_operator_plans_a_trial_or_a_hold_or_ends_one(
    caplog: pytest.LogCaptureFixture, route: str, method: str, role: Role
) -> None:
    reply = await serve(ROUTES[route], Incoming(method, "chat", b"", signed_in(role), "i"))
    assert (reply.status, lines(caplog)[0]["title"]) == (403, "RoleMissing")
    crossing = {**signed_in(Role.OPERATOR), "sec-fetch-site": "cross-site"}
    assert (await serve(ROUTES[route], Incoming(method, "chat", b"", crossing, "i"))).status == 403


def test_a_line_names_the_key_that_ended_before_its_time() -> None:
    early = "key 1 with fingerprint 0011223344556677, promised to work until 2027-01-01T00:00:00+00:00"
    reply = Reply(200, {"target": "chat", "result": "done", "reason": "requested", "endedEarly": [early]})
    assert read(act_line(ROUTES["rotate"], "POST", "chat", ADA, reply))["endedEarly"] == [early]


@pytest.mark.usefixtures("enforced")
async def test_refused_attempts_have_a_line_and_repetitions_within_the_minute_have_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(5):
        await serve(LEAK, Incoming("POST", "chat", b"", signed_in(Role.READER), "i"))
        await serve(LEAK, Incoming("POST", "chat", b"", {}, "i"))
        await serve(ROUTES["targets"], Incoming("GET", "", b"", signed_in(), "i"))
    facts = [(one["route"], one["status"], one["who"], one.get("objectId"), one["title"]) for one in lines(caplog)]
    assert facts == [
        ("leak", 403, "ada@contoso.com", "oid-1", "RoleMissing"),
        ("leak", 401, "nobody known", None, "NotSignedIn"),
        ("targets", 403, "ada@contoso.com", "oid-1", "RoleMissing"),
    ]


@pytest.mark.usefixtures("enforced")
async def test_another_name_with_the_same_object_id_is_the_same_caller(caplog: pytest.LogCaptureFixture) -> None:
    for name in ("ada@contoso.com", "ada.married@contoso.com"):
        await serve(LEAK, Incoming("POST", "chat", b"", signed_in(name=name), "i"))
    assert len(lines(caplog)) == 1


@pytest.mark.usefixtures("enforced")
async def test_seeing_leaves_no_line(caplog: pytest.LogCaptureFixture) -> None:
    assert (await serve(ROUTES["openapi"], Incoming("GET", "", b"", signed_in(Role.READER), "i"))).status == 200
    await serve(ROUTES["health"], Incoming())
    assert lines(caplog) == []


def test_the_line_after_a_minute_counts_what_was_left_out() -> None:
    refusals = RefusedCallers()
    assert [refusals.count("ada", "leak", now) for now in (0, 1, 59, 60, 61, 130)] == [1, 0, 0, 3, 0, 2]


def test_a_caller_who_tries_again_and_again_has_a_line_before_the_minute_is_over() -> None:
    refusals = RefusedCallers()
    said = [(at, times) for at in range(1000) if (times := refusals.count("ada", "leak", at / 100))]
    assert said == [(0, 1), (10, 10), (110, 100)]
    assert refusals.count("ada", "leak", 70.0) == 890
    assert [refusals.count("ada", "leak", 70.1) for _ in range(10)] == [0] * 9 + [10]


def test_each_caller_and_each_route_is_counted_apart() -> None:
    refusals = RefusedCallers()
    assert [refusals.count(who, route, 0) for who, route in (("a", "leak"), ("b", "leak"), ("a", "rotate"))] == [
        1,
        1,
        1,
    ]


def test_the_memory_of_refused_callers_is_bounded() -> None:
    refusals = RefusedCallers()
    for number in range(MOST_CALLERS + 10):
        refusals.count(str(number), "leak", float(number) / 100)
    assert len(refusals.seen) == MOST_CALLERS
    assert refusals.count("0", "leak", 10.1) == 1


@pytest.mark.usefixtures("enforced")
async def test_an_act_that_ends_with_an_error_in_this_app_has_a_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Reply:
        raise LookupError("a mistake")

    monkeypatch.setitem(http.HANDLERS, next(iter(LEAK.operations.values())), broken)
    with pytest.raises(LookupError):
        await serve(LEAK, Incoming("POST", "chat", b"", signed_in(Role.OPERATOR), "i"))
    assert [(one["target"], one["status"]) for one in lines(caplog)] == [("chat", 500)]


@pytest.mark.usefixtures("enforced")
async def test_an_attempt_by_account_names_the_account(caplog: pytest.LogCaptureFixture) -> None:
    account = str(an_account_id())
    await serve(LEAK, Incoming("POST", "-", b"", signed_in(Role.READER), "i", account))
    assert [one["target"] for one in lines(caplog)] == [account]
