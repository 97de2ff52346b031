"""Who may ask for many targets, see how far it has come, and stop it (S4, P14)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from lab.simulation.builders import GROUP, an_account_id
from shared.domain.acts import Limits
from shared.handlers import http
from shared.handlers.act_lines import RefusedCallers
from shared.settings.operators import SETTING
from shared.web.callers import Role
from shared.web.responses import Reply
from shared.web.sign_in import ENFORCED
from tests.support.many_site import ManySite, a_many_site
from tests.support.signed_in import signed_in

ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
CHAT = str(an_account_id("chat"))
NAMES = {"select": {"names": ["chat", "chat-2"]}, "confirm": "2 targets"}
ALL = {"select": {"all": True}, "confirm": "2 targets"}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> ManySite:
    monkeypatch.setenv(ENFORCED, "true")
    monkeypatch.setattr(http, "REFUSALS", RefusedCallers())
    return a_many_site(monkeypatch, 2)


def calls_as(site: ManySite, who: str, *roles: Role) -> None:
    site.headers = signed_in(*roles, object_id=who)


async def answer(site: ManySite, body: object, key: str = "k") -> tuple[int, dict[str, Any]]:
    reply = await site.post(body, key)
    assert reply is not None
    return reply.status, json.loads(reply.body)


async def test_only_names_may_be_selected_without_the_readers_role(site: ManySite) -> None:
    calls_as(site, ADA, Role.OPERATOR)
    for select in ({"all": True}, {"group": GROUP}, {"owner": "nobody"}, {"rest_of": "0" * 32}):
        assert (await answer(site, {"select": select}))[1]["title"] == "RoleMissing"
    status, said = await answer(site, NAMES)
    assert (status, said["problems"]) == (202, [])


async def test_a_reader_sees_a_request_and_only_an_operator_stops_it(site: ManySite) -> None:
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    id_ = (await answer(site, ALL))[1]["id"]
    statuses: list[tuple[str, int]] = []
    for role, method in ((Role.READER, "GET"), (Role.READER, "DELETE"), (Role.OPERATOR, "GET"), (Role.DEPLOYER, "GET")):
        calls_as(site, BOB, role)
        reply = await site.call("rotation", method, id_)
        assert reply is not None
        statuses.append((method, reply.status))
    assert statuses == [("GET", 200), ("DELETE", 403), ("GET", 403), ("GET", 403)]
    calls_as(site, BOB, Role.OPERATOR)
    stopped = await site.call("rotation", "DELETE", id_)
    assert stopped is not None
    assert stopped.status == 200


async def test_a_limited_operator_rotates_and_stops_only_what_is_within_reach(
    site: ManySite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, f"{ADA}={CHAT}")
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    assert (await answer(site, NAMES))[0] == 403
    status, said = await answer(site, {"select": {"all": True}})
    assert (status, said["targets"]) == (202, ["chat"])
    assert [one["error"] for one in said["problems"]] == ["OutOfScope"]
    calls_as(site, BOB, Role.OPERATOR, Role.READER)
    id_ = (await answer(site, ALL))[1]["id"]
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    refused = await site.call("rotation", "DELETE", id_)
    assert refused is not None
    assert (refused.status, json.loads(refused.body)["title"]) == (403, "OutOfScope")
    assert (await site.status(id_))["state"] == "running"


async def test_the_same_key_of_another_caller_is_another_request(site: ManySite) -> None:
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    first = (await answer(site, ALL))[1]["id"]
    calls_as(site, BOB, Role.OPERATOR, Role.READER)
    assert (await answer(site, ALL))[1]["id"] != first


async def test_beginning_and_stopping_are_on_record_with_the_id(
    site: ManySite, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    id_ = (await answer(site, ALL))[1]["id"]
    await site.call("rotation", "DELETE", id_)
    lines = [json.loads(one.getMessage()[5:]) for one in caplog.records if one.getMessage().startswith("act: ")]
    assert [(one["route"], one["method"], one["id"], one["objectId"]) for one in lines] == [
        ("rotate_many", "POST", id_, ADA),
        ("rotation", "DELETE", id_, ADA),
    ]
    assert lines[0]["count"] == 2


async def test_a_request_for_many_counts_once_and_a_repetition_does_not(site: ManySite) -> None:
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    site.stage.settings = replace(site.stage.settings, limits=Limits(1, 2))
    statuses = [(await answer(site, ALL, key))[0] for key in ("one", "one", "two", "three")]
    assert statuses == [202, 202, 202, 429]
    site.queue.clear()


@pytest.mark.parametrize("id_", ["../leaks", "", "0" * 32, "x" * 300, "a/b"])
async def test_an_unknown_id_is_not_found(site: ManySite, id_: str) -> None:
    calls_as(site, ADA, Role.OPERATOR, Role.READER)
    for method in ("GET", "DELETE"):
        reply: Reply | None = await site.call("rotation", method, id_)
        assert reply is not None
        assert reply.status == 404
