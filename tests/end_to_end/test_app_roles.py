"""Who may do what: app roles if the platform authenticates callers, function keys if it does not."""

import base64
import json
from collections.abc import AsyncIterator

import pytest

from lab.funchost.host import FunctionHost
from shared.web.callers import Role
from tests.end_to_end.calls import Answer, Doors, events, regenerations
from tests.end_to_end.conftest import a_host, published, tick

READER, OPERATOR = Role.READER, Role.OPERATOR
SEEING = [("GET", one) for one in ("targets", "targets/chat", "deadlines", "deadlines.ics", "openapi.json")]
ACTING = [
    ("POST", "targets/chat/rotate", {"dry_run": True}),
    ("POST", "targets/chat/leak", {"key": "live", "dry_run": True}),
    ("PUT", "targets/chat/deployment", {"environment": "production"}),
    ("DELETE", "targets/chat/deployment", None),
    ("POST", "rotate", {"targets": ["chat"], "dry_run": True}),
    ("POST", "deployments", {"environment": "production", "dry_run": True}),
]
EVERY = [*((method, path, None) for method, path in SEEING), *ACTING]
doors_and_bodies = pytest.mark.parametrize(("method", "path", "body"), EVERY, ids=lambda one: str(one))


def principal(*roles: str, name: str = "ada@contoso.com") -> str:
    """Return the header that App Service authentication writes about a caller who is signed in."""
    claims = [{"typ": "preferred_username", "val": name}, *({"typ": "roles", "val": role} for role in roles)]
    whole = {"auth_typ": "aad", "claims": claims, "name_typ": "preferred_username", "role_typ": "roles"}
    return base64.b64encode(json.dumps(whole).encode()).decode()


class Signed:
    """Calls the routes as the platform hands requests on: with the header about the caller, without a function key."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def ask(self, method: str, path: str, body: object = None, by: str | None = None, **more: str) -> Answer:
        headers = {"X_MS_CLIENT_PRINCIPAL": by} if by is not None else {}
        return await self.doors.ask(method, path, body, key=False, **headers, **more)


@pytest.fixture
async def enforced(azure) -> AsyncIterator[FunctionHost]:
    """The app with App Service authentication on."""
    async with a_host(azure, WEBSITE_AUTH_ENABLED="True") as started:
        yield started


@pytest.fixture
def signed(enforced, http) -> Signed:
    return Signed(Doors(enforced, http))


async def test_an_unnamed_caller_is_refused_if_the_platform_authenticates(signed) -> None:
    for method, path, body in EVERY:
        for by in (None, "", "not base64", base64.b64encode(b"[]").decode()):
            told = await signed.ask(method, path, body, by)
            assert (told.status, told.data["title"]) == (401, "NotSignedIn"), (method, path)
    health = await signed.ask("GET", "health")
    assert (health.status, health.data) == (200, {"status": "running"})


async def test_a_function_key_alone_is_refused_if_the_platform_authenticates(signed) -> None:
    assert (await signed.doors.get("targets")).status == 401


async def test_a_caller_without_a_role_can_neither_see_nor_act(signed, azure) -> None:
    for method, path, body in EVERY:
        for roles in ((), ("Rotation.Admin", "rotation.reader")):
            told = await signed.ask(method, path, body, principal(*roles))
            assert (told.status, told.data["title"]) == (403, "RoleMissing"), (method, path)
    assert not list(azure.world.journal.find("arm.*"))


async def test_a_reader_sees_everything_and_cannot_act(signed, azure) -> None:
    for method, path in SEEING:
        assert (await signed.ask(method, path, None, principal(READER))).status == 200, path
    for method, path, body in ACTING:
        told = await signed.ask(method, path, body, principal(READER))
        assert (told.status, OPERATOR in told.data["detail"]) == (403, True), path
    assert "chat-key" not in azure.world.vaults["keys"].secrets


async def test_an_operator_acts_and_cannot_see(signed, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    for method, path, body in ACTING:
        assert (await signed.ask(method, path, body, principal(OPERATOR))).status == 200, path
    for method, path in SEEING:
        told = await signed.ask(method, path, None, principal(OPERATOR))
        assert (told.status, READER in told.data["detail"]) == (403, True), path


async def test_a_deployer_only_reports_deployments(signed, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    for method, path, body in EVERY:
        told = await signed.ask(method, path, body, principal(Role.DEPLOYER))
        assert told.status == (200 if path == "deployments" else 403), path


async def test_a_caller_with_both_roles_sees_and_acts(signed, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    for method, path, body in EVERY:
        assert (await signed.ask(method, path, body, principal(READER, OPERATOR))).status == 200, path


async def test_without_platform_authentication_a_function_key_is_needed_and_no_header_replaces_it(
    host, azure, http
) -> None:
    """Every caller could have sent that header, so it gives no access, takes none away, and names nobody."""
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    doors = Doors(host, http)
    for method, path, body in EVERY:
        told = await doors.ask(method, path, body, key=False, X_MS_CLIENT_PRINCIPAL=principal(READER, OPERATOR))
        assert told.status == 401, path
    assert not list(azure.world.journal.find("arm.*"))
    told = await doors.post("targets/chat/rotate", {"reason": "why not"}, X_MS_CLIENT_PRINCIPAL=principal(READER))
    assert (told.status, told.data["requestedBy"]) == (200, "a function key")


async def test_report_event_survey_and_tag_show_the_requester_and_the_reason(signed, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    both, body = principal(READER, OPERATOR), {"reason": "somebody\nleft & took it"}
    told = await signed.ask("POST", "targets/chat/rotate", body, both)
    (event,) = events(azure, "chat", "KeyRotated")
    row = (await signed.ask("GET", "targets/chat", None, both)).data
    for where in (told.data, event, row):
        assert (where["requestedBy"], where["requestReason"]) == ("ada@contoso.com", "somebody left & took it")
    tag = azure.world.vaults["keys"].get_secret("chat-key").tags["key-rotation-request"]
    assert tag.endswith(" ada@contoso.com somebody left & took it")


async def test_each_event_of_a_bulk_rotation_names_the_requester(signed, azure) -> None:
    for name in ("chat", "search"):
        published(azure, azure.world.accounts.named(name), days_ago=10)
    body = {"targets": ["chat", "search"], "reason": "ticket 17"}
    told = await signed.ask("POST", "rotate", body, principal(OPERATOR, name="ops@contoso.com"))
    assert (told.status, told.data["targets"]) == (202, ["chat", "search"])
    await signed.doors.host.idle()
    for name in ("chat", "search"):
        (event,) = events(azure, name, "KeyRotated")
        assert (event["requestedBy"], event["requestReason"]) == ("ops@contoso.com", "ticket 17")


async def test_a_scheduled_rotation_names_no_requester(host, azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    await tick(host)
    (event,) = events(azure, "chat", "KeyRotated")
    assert not {"requestedBy", "requestReason"} & set(event)
    assert "key-rotation-request" not in azure.world.vaults["keys"].get_secret("chat-key").tags


async def test_only_a_reader_is_told_the_known_names_for_an_unknown_target(signed) -> None:
    for method, path, body in (("POST", "targets/nobody/rotate", None), ("POST", "rotate", {"targets": ["nobody"]})):
        blind = await signed.ask(method, path, body, principal(OPERATOR))
        assert (blind.status, blind.data["title"], "known" in blind.data) == (404, "UnknownTarget", False)
        seeing = await signed.ask(method, path, body, principal(READER, OPERATOR))
        assert (seeing.status, seeing.data["known"]) == (404, ["chat", "search"])
    assert (await signed.ask("GET", "targets/nobody", None, principal(READER))).data["known"] == ["chat", "search"]


async def test_a_target_with_an_invalid_tag_is_refused_without_naming_other_targets(signed, azure) -> None:
    azure.world.accounts.named("chat").tags = {"key-rotation": "on", "key-rotation-period": "soon"}
    both = principal(READER, OPERATOR)
    (listed,) = (await signed.ask("GET", "targets", None, both)).data["problems"]
    for method, path, by in (("GET", "targets/chat", both), ("POST", "targets/chat/rotate", principal(OPERATOR))):
        told = await signed.ask(method, path, None, by)
        assert (told.status, told.data["title"]) == (503, listed["error"]) == (503, "FixConfiguration")
        assert told.data["detail"] == f"{listed['thing']}: {listed['why']}"
        assert "search" not in str(told.data)


async def test_a_pipeline_without_the_reader_role_is_told_the_kind_of_problem_only(signed, azure) -> None:
    azure.world.accounts.named("search").tags = {"key-rotation": "on", "key-rotation-period": "soon"}
    body = {"environment": "production", "dry_run": True}
    (seen,) = (await signed.ask("POST", "deployments", body, principal(READER, OPERATOR))).data["problems"]
    (unseen,) = (await signed.ask("POST", "deployments", body, principal(OPERATOR))).data["problems"]
    assert seen["error"] == unseen["error"] == "FixConfiguration"
    assert "search" in seen["thing"]
    assert "search" not in str(unseen)
    assert READER in unseen["nextStep"]


@doors_and_bodies
async def test_a_wrong_method_is_answered_with_the_allowed_ones(host, azure, http, method, path, body) -> None:
    allowed = {one for one, another, _ in EVERY if another == path}
    doors = Doors(host, http)
    for wrong in {"GET", "POST", "PUT", "DELETE", "PATCH"} - allowed:
        told = await doors.ask(wrong, path, body)
        assert (told.status, told.data["title"]) == (405, "MethodNotAllowed")
        assert set(told.headers["Allow"].split(", ")) == allowed
    assert not list(azure.world.journal.find("arm.*"))


BAD = [
    (b"{", "application/json", 400, "NotJson"),
    (b"\xff\xfe", "application/json", 400, "NotJson"),
    (b"[1]", "application/json", 422, "BadField"),
    (b'{"nonsense": 1}', "application/json", 422, "BadField"),
    (b'{"reason": 7}', "application/json", 422, "BadField"),
    (b'{"reason": "' + b"y" * 201 + b'"}', "application/json; charset=utf-8", 422, "BadField"),
    (b"reason=x", "application/x-www-form-urlencoded", 415, "NotJson"),
    (b'{"reason": "' + b"x" * 20_000 + b'"}', "application/json", 413, "BodyTooLarge"),
]


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, body in ACTING if body])
async def test_every_route_refuses_a_body_that_cannot_be_read(host, azure, http, method, path) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    doors = Doors(host, http)
    for body, kind, status, title in BAD:
        told = await doors.ask(method, path, body, content_type=kind)
        assert (told.status, told.data["title"]) == (status, title), body[:40]
        assert told.headers["Content-Type"].startswith("application/problem+json")
    await host.idle()
    assert regenerations(azure) == 0
    assert not host.activity.finished_of("turn")


WRONG_FIELDS = [
    ("PUT", "targets/chat/deployment", {"environment": ""}, "environment"),
    ("PUT", "targets/chat/deployment", {"environment": "pro duction"}, "environment"),
    ("PUT", "targets/chat/deployment", {"environment": "p", "soak": "P31D"}, "soak"),
    ("PUT", "targets/chat/deployment", {"environment": "p", "latest": "2027-01-31T00:00:00"}, "latest"),
    ("PUT", "targets/chat/deployment", {"reason": "no environment"}, "environment"),
    ("POST", "targets/chat/leak", {"key": "key1"}, "key"),
    ("POST", "targets/chat/leak", {}, "key"),
    ("POST", "targets/chat/leak", {"key": "live", "wait": "PT3M"}, "wait"),
    ("POST", "rotate", {"targets": []}, "targets"),
    ("POST", "rotate", {"targets": "some"}, "targets"),
    ("POST", "rotate", {"targets": ["a/b"]}, "targets"),
    ("POST", "deployments", {"environment": "production", "soak": "PT1H"}, "soak"),
    ("POST", "deployments", {}, "environment"),
]


async def test_an_invalid_field_is_named(host, azure, http) -> None:
    doors = Doors(host, http)
    for method, path, body, names in WRONG_FIELDS:
        told = await doors.ask(method, path, body)
        assert (told.status, names in told.data["detail"]) == (422, True), (path, body, told.data)
    long = await doors.post("deployments", {"environment": "production"}, Idempotency_Key="k" * 256)
    assert (long.status, "Idempotency-Key" in long.data["detail"]) == (422, True)
    assert not list(azure.world.journal.find("arm.*"))
