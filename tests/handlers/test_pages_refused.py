"""Who may not see a page is sent to sign in, back to what was asked for, and is told nothing else."""

import pytest

from shared.handlers.http import Incoming, serve
from shared.version import VERSION
from shared.web.routes import ROUTES
from shared.web.sign_in import ENFORCED
from tests.support.signed_in import signed_in


@pytest.fixture(autouse=True)
def callers_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENFORCED, "true")
    monkeypatch.setenv("WEBSITE_SITE_NAME", "func-keys")


@pytest.mark.parametrize(
    ("route", "asked", "back"),
    [
        ("status", Incoming(query={"owner": "chat-team", "code": "A-FUNCTION-KEY"}), "%2Fapi%2Fstatus%3Fowner%3D"),
        ("way_out_page", Incoming(query={"stage": "ready"}), "%2Fapi%2Fstatus%2Fway-out%3Fstage%3Dready"),
        ("readers_page", Incoming(query={"target": "chat"}), "%2Fapi%2Fstatus%2Freaders%3Ftarget%3Dchat"),
        ("copies_page", Incoming(query={"target": "chat"}), "%2Fapi%2Fstatus%2Fcopies%3Ftarget%3Dchat"),
        ("target_page", Incoming("GET", "chat", query={"code": "A-FUNCTION-KEY"}), "%2Fapi%2Fstatus%2Ftargets%2Fchat"),
        ("act_page", Incoming("GET", "chat", act="leak"), "%2Fapi%2Fstatus%2Ftargets%2Fchat%2Fleak"),
    ],
)
async def test_who_is_not_signed_in_comes_back_to_what_was_asked_for(route: str, asked: Incoming, back: str) -> None:
    reply = await serve(ROUTES[route], asked)
    assert reply.status == 401
    assert f"/.auth/login/aad?post_login_redirect_uri={back}" in reply.body
    assert "A-FUNCTION-KEY" not in reply.body
    assert VERSION not in reply.body
    assert "func-keys" not in reply.body


async def test_who_has_no_role_is_told_which_one_is_missing_and_nothing_of_the_app() -> None:
    reply = await serve(ROUTES["status"], Incoming(headers=signed_in()))
    assert reply.status == 403
    assert "Rotation.Reader" in reply.body
    assert VERSION not in reply.body


@pytest.mark.parametrize("route", ["readers_page", "copies_page"])
@pytest.mark.parametrize("role", ["Rotation.Reader", "Rotation.Operator", "Rotation.Deployer"])
async def test_no_other_role_opens_the_views_for_auditors(route: str, role: str) -> None:
    reply = await serve(ROUTES[route], Incoming(headers=signed_in(role), query={"target": "chat"}))
    assert reply.status == 403
    assert "The role Rotation.Auditor is missing" in reply.body


@pytest.mark.parametrize("route", ["readers_page", "copies_page"])
async def test_a_function_key_does_not_open_them_and_there_is_nothing_to_sign_in_to(
    route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENFORCED, "false")
    reply = await serve(ROUTES[route], Incoming())
    assert reply.status == 403
    assert "It cannot be had with a function key" in reply.body
    assert "/.auth/" not in reply.body
