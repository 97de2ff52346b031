"""Function keys in the local host: which functions a key opens, and what limits on operators mean with one (S4)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from lab.funchost.host import FunctionHost
from shared.settings.operators import SETTING
from shared.web.callers import Role
from shared.web.routes import ROUTES
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import a_host, published
from tests.end_to_end.test_app_roles import principal

GUARDED = {
    name: (method, route.path.replace("{name}", "chat").replace("{id}", "0" * 32).replace("{act}", "rotate"))
    for name, route in ROUTES.items()
    if route.role is not None
    for method in list(route.operations)[:1]
}
FOR_AUDITORS = [name for name, route in ROUTES.items() if route.role == Role.AUDITOR]
BODIES = {
    "rotate": {"dry_run": True},
    "leak": {"key": "live", "dry_run": True},
    "arm": {"environment": "production"},
    "trial": {"dry_run": True},
    "hold": {"until": (datetime.now(UTC) + timedelta(days=30)).isoformat(), "reason": "freeze", "dry_run": True},
    "rotate_many": {"targets": ["chat"], "dry_run": True},
    "deployments": {"environment": "production", "dry_run": True},
}


async def opened_with(doors: Doors, key: str) -> set[str]:
    """Return the functions that a key opens."""
    found = set()
    for name, (method, path) in GUARDED.items():
        told = await doors.ask(method, path, BODIES.get(name), key=False, x_functions_key=key)
        # No request for many has that id, and no function key makes its holder an auditor.
        opened = {"rotation": 404, **dict.fromkeys(FOR_AUDITORS, 403)}.get(name, 200)
        assert told.status in (opened, 401), (name, told)
        found |= {name} if told.status == opened else set()
    return found


async def made(host: FunctionHost, doors: Doors, function: str) -> str:
    """Make a key of one function, as the page on operations does, and return its value."""
    url, admin = f"{host.url}/admin/functions/{function}/keys/pipeline", {"x-functions-key": host.keys.master}
    async with doors.http.post(url, headers=admin) as answer:
        value: str = (await answer.json())["value"]
        return value


@pytest.fixture
async def doors(host, azure, http) -> Doors:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    return Doors(host, http)


async def test_a_key_of_one_function_opens_that_function_and_no_other(host, doors) -> None:
    for name in GUARDED:
        assert await opened_with(doors, await made(host, doors, name)) == {name}


async def test_the_address_of_a_calendar_holds_a_key_that_opens_nothing_else(host, doors) -> None:
    key = await made(host, doors, "deadlines_ics")
    for path, expected in (("deadlines.ics", 200), ("deadlines", 401), ("targets", 401)):
        assert (await doors.ask("GET", f"{path}?code={key}", key=False)).status == expected


async def test_the_hosts_key_and_the_master_key_open_every_function(host, doors) -> None:
    for key in (host.keys.default, host.keys.master):
        assert await opened_with(doors, key) == set(GUARDED)


async def test_an_unknown_key_and_the_key_of_the_event_webhook_open_none(host, doors) -> None:
    for key in ("", "wrong", host.keys.eventgrid):
        assert await opened_with(doors, key) == set()


def group_of(azure, name: str) -> str:
    whole: str = azure.world.accounts.named(name).id
    return whole.partition("/providers/")[0]


@pytest.fixture
async def limited(azure) -> AsyncIterator[FunctionHost]:
    """The app with function keys, whose holders may act on the group of `chat` only. `other` is in another group."""
    azure.world.accounts.add("other", resource_group="elsewhere", subdomain="o", tags={"key-rotation": "on"})
    async with a_host(azure, **{SETTING: f"*={group_of(azure, 'chat')}"}) as started:
        yield started


async def test_what_is_said_of_all_operators_counts_for_whoever_holds_a_function_key(limited, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    doors = Doors(limited, http)
    assert (await doors.post("targets/chat/rotate", {"dry_run": True})).status == 200
    for path, body in (("targets/other/leak", {"key": "live"}), ("rotate", {"targets": ["chat", "other"]})):
        told = await doors.post(path, body)
        assert (told.status, told.data["title"]) == (403, "OutOfScope")
    waiting = await doors.post("deployments", {"environment": "production", "dry_run": True})
    assert waiting.status == 200
    assert (await doors.get("targets/other")).status == 200
    assert not list(azure.world.journal.find("arm.regenerateKey"))


async def test_with_function_keys_no_single_operator_can_be_named(azure, http) -> None:
    ada = "aaaaaaaa-0000-0000-0000-00000000000a"
    async with a_host(azure, **{SETTING: f"{ada}={group_of(azure, 'chat')}"}) as host:
        doors = Doors(host, http)
        told = await doors.post("targets/chat/rotate")
        assert (told.status, told.data["title"]) == (503, "FixConfiguration")
        assert "a function key does not say who holds it" in told.data["detail"]
        health = await doors.ask("GET", "health", key=False)
        assert (health.status, health.data["invalidSettings"]) == (503, [SETTING])
    assert not list(azure.world.journal.find("arm.*"))


async def test_where_callers_sign_in_a_function_key_passes_no_limit(azure, http) -> None:
    """Whoever holds a function key and is not signed in gets no answer; who is signed in is limited with it, too."""
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    settings = {"WEBSITE_AUTH_ENABLED": "True", "ROTATION_SIGN_IN": "required", SETTING: "*=none"}
    async with a_host(azure, **settings) as host:
        doors = Doors(host, http)
        assert (await doors.post("targets/chat/rotate")).status == 401
        told = await doors.post("targets/chat/rotate", X_MS_CLIENT_PRINCIPAL=principal(Role.OPERATOR))
        assert (told.status, told.data["title"]) == (403, "OutOfScope")
