"""An operator who is limited to scopes acts on the accounts within, on no other one, and on none by a trick (S4)."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.emulator.accounts import SUBSCRIPTION
from lab.emulator.serve import Azure
from shared.domain.model import AccountId
from shared.fleet.rotation import Rotation
from shared.handlers import http, one_turn
from shared.handlers.act_lines import RefusedCallers
from shared.handlers.http import Incoming, serve
from shared.settings.operators import SETTING
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.support.real_parts import Parts, parts_over

ADA, BOB, TOOL = (f"{one * 8}-0000-0000-0000-00000000000{one}" for one in "abc")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
ON = {"key-rotation": "on"}
OPERATOR = (Role.OPERATOR,)
BOTH = (Role.OPERATOR, Role.READER)
UNTIL = (datetime.now(UTC) + timedelta(days=2)).isoformat()
ACTS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("rotate", "POST", {}),
    ("rotate", "POST", {"dry_run": True}),
    ("leak", "POST", {"key": "live"}),
    ("leak", "POST", {"key": "live", "dry_run": True}),
    ("arm", "PUT", {"environment": "production"}),
    ("arm", "DELETE", None),
    ("arm", "PUT", {"environment": "production", "then": "sunset", "dry_run": True}),
    ("rotate", "POST", {"endOtherKey": True, "dry_run": True}),
    ("trial", "PUT", {"dry_run": True}),
    ("trial", "DELETE", None),
    ("hold", "PUT", {"until": UNTIL, "reason": "a freeze"}),
    ("hold", "DELETE", None),
]


@pytest.fixture
async def app(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """The app with the target `ours` in group `rg` and `theirs` in `rg2`; Ada is limited to `rg`."""
    for name, group in (("ours", "rg"), ("theirs", "rg2")):
        azure.world.accounts.add(name, resource_group=group, tags=dict(ON))
    async with parts_over(azure) as made:

        async def rotation() -> Rotation:
            return made.rotation

        for module in (http, one_turn):
            monkeypatch.setattr(module, "rotation", rotation)
        monkeypatch.setattr(http, "REFUSALS", RefusedCallers())
        monkeypatch.setenv(ENFORCED, "true")
        monkeypatch.setenv(SETTING, f"{ADA}={GROUP}")
        yield made


def described(who: str, roles: tuple[str, ...], tool: str = "") -> dict[str, str]:
    claims = [
        ("preferred_username", "ada@contoso.com"),
        ("oid", who),
        ("azp", tool),
        *(("roles", one) for one in roles),
    ]
    listed = [{"typ": kind, "val": value} for kind, value in claims if value]
    whole = json.dumps({"auth_typ": "aad", "claims": listed, "role_typ": "roles"})
    return {"x-ms-client-principal": base64.b64encode(whole.encode()).decode()}


async def ask(
    name: str,
    route: str = "rotate",
    method: str = "POST",
    body: dict[str, Any] | None = None,
    *,
    who: str = ADA,
    roles: tuple[str, ...] = OPERATOR,
    account: str = "",
    tool: str = "",
) -> tuple[int, dict[str, Any], Reply]:
    sent = b"" if body is None else json.dumps(body).encode()
    headers = {**described(who, roles, tool), **({"content-type": "application/json"} if sent else {})}
    reply = await serve(ROUTES[route], Incoming(method, name, sent, headers, "call", account))
    return reply.status, json.loads(reply.body), reply


def id_of(app: Parts, name: str) -> str:
    return str(AccountId.parse(app.azure.world.accounts.named(name).id))


def changed(app: Parts) -> list[str]:
    """Return the calls that changed an account, a secret, a note or the queue."""
    changing = {"arm.regenerateKey", "kv.setSecret", "kv.updateSecret", "queue.put", "blob.put"}
    return [one for one in app.names() if one in changing]


@pytest.mark.parametrize(("route", "method", "body"), ACTS)
async def test_every_act_on_an_account_outside_is_refused_and_changes_nothing(
    app: Parts, route: str, method: str, body: dict[str, Any] | None
) -> None:
    theirs = id_of(app, "theirs")
    for name, account in (
        ("theirs", ""),
        ("-", theirs),
        ("-", theirs.upper().replace("SUBSCRIPTIONS", "subscriptions")),
    ):
        status, told, reply = await ask(name, route, method, body, account=account)
        assert (status, told["title"], reply.queued) == (403, "OutOfScope", ())
        assert not {"accounts", "scopes"} & set(told)
    assert changed(app) == []


@pytest.mark.parametrize(("route", "method", "body"), ACTS)
async def test_every_act_on_an_account_within_is_let_in(
    app: Parts, route: str, method: str, body: dict[str, Any] | None
) -> None:
    for name, account in (("ours", ""), ("-", id_of(app, "ours"))):
        status, told, _ = await ask(name, route, method, body, account=account)
        assert status in (200, 202, 409), told
        assert told.get("title") != "OutOfScope"


async def test_a_name_tells_a_limited_caller_without_the_readers_role_no_account(app: Parts) -> None:
    _, told, _ = await ask("theirs")
    assert "rg2" not in json.dumps(told)
    assert GROUP not in json.dumps(told)


async def test_a_reader_is_told_the_account_and_the_scopes(app: Parts) -> None:
    _, told, _ = await ask("theirs", roles=BOTH)
    assert (told["accounts"], told["scopes"]) == ([id_of(app, "theirs")], [GROUP])
    assert "ask an operator of that account" in told["nextStep"]


async def test_the_refusal_has_a_line_on_record_with_who_and_which_account(
    app: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    await ask("theirs", "leak", body={"key": "live"})
    lines = [one.getMessage() for one in caplog.records if one.getMessage().startswith("act: ")]
    (facts,) = (json.loads(one.removeprefix("act: ")) for one in lines)
    assert (facts["route"], facts["objectId"], facts["target"]) == ("leak", ADA, "theirs")
    assert (facts["status"], facts["title"], facts["accounts"]) == (403, "OutOfScope", [id_of(app, "theirs")])


async def test_an_operator_who_is_not_named_acts_everywhere_unless_all_others_are_limited(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = {"dry_run": True}
    assert (await ask("theirs", body=dry, who=BOB))[0] != 403
    monkeypatch.setenv(SETTING, f"{ADA}=/,*=none")
    assert (await ask("theirs", body=dry, who=BOB))[1]["title"] == "OutOfScope"
    assert (await ask("theirs", body=dry, who=ADA))[0] != 403


async def test_the_object_id_counts_before_the_program_that_a_person_uses(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, f"{ADA}={GROUP},{TOOL}={GROUP}2")
    dry = {"dry_run": True}
    asked = [(name, who) for who in (ADA, BOB) for name in ("ours", "theirs")]
    refused = [(await ask(name, body=dry, who=who, tool=TOOL))[0] == 403 for name, who in asked]
    assert refused == [False, True, True, False]


async def test_an_owner_gives_no_right(app: Parts) -> None:
    app.azure.world.accounts.named("theirs").tags["key-rotation-owner"] = "ada@contoso.com"
    assert (await ask("theirs"))[0] == 403


async def test_a_name_that_two_accounts_have_is_disputed_before_any_scope_is_asked(app: Parts) -> None:
    app.azure.world.accounts.add("ours", resource_group="rg2", subdomain="another", tags=dict(ON))
    status, told, _ = await ask("ours", "leak", body={"key": "live"})
    assert (status, told["title"]) == (409, "DisputedName")
    assert changed(app) == []


async def test_a_request_for_many_is_refused_with_the_names_outside(app: Parts) -> None:
    body = {"targets": ["ours", "theirs"]}
    status, told, reply = await ask("", "rotate_many", body=body)
    assert (status, told["title"], reply.queued) == (403, "OutOfScope", ())
    assert told["detail"].startswith("theirs: ")
    assert (await ask("", "rotate_many", body={"targets": ["ours"]}))[0] == 202


async def test_all_are_those_within_and_the_answer_says_that_some_are_left_out(app: Parts) -> None:
    status, told, reply = await ask("", "rotate_many", body={"targets": "all"}, roles=BOTH)
    assert (status, told["targets"], [one.target for one in reply.queued]) == (202, ["ours"], ["ours"])
    assert [(one["error"], one["thing"]) for one in told["problems"]] == [("OutOfScope", "the fleet")]
    status, told, _ = await ask("", "rotate_many", body={"targets": "all"}, roles=BOTH, who=BOB)
    assert (told["targets"], told["problems"]) == (["ours", "theirs"], [])


async def both_wait_for_production(app: Parts) -> None:
    for name in ("ours", "theirs"):
        await ask(name, who=BOB)
        told = await ask(name, "arm", "PUT", {"environment": "production"}, who=BOB)
        assert told[0] == 200, told


async def test_a_limited_operator_reports_a_deployment_for_the_accounts_within(app: Parts) -> None:
    await both_wait_for_production(app)
    status, told, reply = await ask("", "deployments", body={"environment": "production"})
    assert (status, told["targets"], [one.target for one in reply.queued]) == (202, ["ours"], ["ours"])
    assert "theirs" not in json.dumps(told)
    assert [one["error"] for one in told["problems"]] == ["OutOfScope"]


async def test_where_all_that_wait_are_outside_the_answer_does_not_say_that_none_waits(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    await both_wait_for_production(app)
    monkeypatch.setenv(SETTING, f"{ADA}=none")
    status, told, reply = await ask("", "deployments", body={"environment": "production"})
    assert (status, told["targets"], reply.queued) == (200, [], ())
    assert told["why"] == "No target within the scopes of this caller waits for a deployment to production."


async def test_a_deployer_is_not_limited(app: Parts) -> None:
    await both_wait_for_production(app)
    roles = (Role.DEPLOYER,)
    status, told, _ = await ask("", "deployments", body={"environment": "production"}, roles=roles)
    assert (status, told["targets"]) == (202, ["ours", "theirs"])


def listing_fails(app: Parts) -> None:
    app.azure.world.faults.add("arm.listAccounts", "status", times=0, status=503)


async def test_a_leak_by_a_name_that_cannot_be_looked_up_is_put_on_record_for_callers_without_a_limit_only(
    app: Parts,
) -> None:
    listing_fails(app)
    status, told, reply = await ask("theirs", "leak", body={"key": "live"})
    assert (status, reply.queued) == (503, ())
    assert told["nextStep"].startswith("report the leak by the account's resource id, which puts it on record")
    assert changed(app) == []
    status, told, reply = await ask("theirs", "leak", body={"key": "live"}, who=BOB)
    assert (status, [one.target for one in reply.queued]) == (202, ["theirs"])


async def test_a_leak_by_resource_id_within_is_put_on_record_although_azure_does_not_answer(app: Parts) -> None:
    app.azure.world.faults.add("arm.getAccount", "status", times=0, status=503)
    ours, theirs = id_of(app, "ours"), id_of(app, "theirs")
    status, _, reply = await ask("-", "leak", body={"key": "live"}, account=ours)
    assert (status, [str(one.account) for one in reply.queued]) == (202, [ours])
    status, told, reply = await ask("-", "leak", body={"key": "live"}, account=theirs)
    assert (status, told["title"], reply.queued) == (403, "OutOfScope", ())


async def test_the_limit_counts_although_another_setting_is_invalid(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the app's own settings, which are none
    monkeypatch.setenv(ENFORCED, "true")
    monkeypatch.setenv(SETTING, f"{ADA}={GROUP}")
    for name, account, expected in (
        ("theirs", "", 503),
        ("-", id_of(app, "theirs"), 403),
        ("-", id_of(app, "ours"), 503),
    ):
        status, _, reply = await ask(name, "leak", body={"key": "live"}, account=account)
        assert (status, bool(reply.queued)) == (expected, account == id_of(app, "ours"))


async def test_nobody_acts_while_the_setting_itself_is_invalid_and_everybody_sees(
    app: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, f"{ADA}=rg")
    for who in (ADA, BOB):
        status, told, reply = await ask("ours", "leak", body={"key": "live"}, who=who)
        assert (status, reply.queued) == (503, ())
        assert SETTING in told["detail"]
    assert (await ask("ours", "target", "GET", roles=(Role.READER,)))[0] == 200
