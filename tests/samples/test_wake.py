"""The listener wakes programs: its real code against the emulated Azure, and against a Kubernetes API over TLS."""

import asyncio
import base64
import importlib.util
import json
import logging
import re
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import trustme
from aiohttp import web
from azure.identity import ManagedIdentityCredential

from lab.emulator import holdings as held
from lab.emulator.directory import Identity, Role
from lab.emulator.resources import ShownResource
from lab.emulator.serve import Azure, running, running_in_thread
from lab.emulator.world import World
from lab.funchost.host import FunctionHost
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.keys import Fingerprint, KeySlot
from tests.samples.test_listener import NOW, SAMPLE, TARGET, deliver

WAKERS = json.loads((SAMPLE / "wakers.json").read_text())
OLD, NEW = "the old key, made up here", "the new key, made up here"
ROTATED, ID = "KeyRotation.KeyRotated", "a" * 32
LONG_AGO = {"target": "chat", "happenedAt": "2026-11-22T12:00:00Z"}


def wake() -> ModuleType:
    """Return the module of the sample."""
    spec = importlib.util.spec_from_file_location("samples_listener_wake", SAMPLE / "wake.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


WAKE = wake()


def world_with_copies() -> World:
    """A world in which an app and a gateway hold the old key, and the vault has another one."""
    world = World()
    vault = world.add_vault("keys")
    old = vault.set_secret("chat-key", OLD)
    vault.set_secret("chat-key", NEW)
    site = ShownResource("chat-app", "Microsoft.Web/sites", world.subscription)
    world.resources.add(site)
    world.holdings.put(site.id, held.Reference("AZURE_OPENAI_API_KEY", "keys", "chat-key", active=old.version))
    gateway = ShownResource("gateway", "Microsoft.ApiManagement/service", world.subscription)
    world.resources.add(gateway)
    address = "https://keys.vault.azure.net/secrets/chat-key"
    world.holdings.put(gateway.id, held.NamedValue("azure-openai-key", OLD, address=address))
    world.directory.add(Identity("team"))
    return world


def ids(world: World) -> tuple[str, str]:
    """Return the ids of the app and of the named value."""
    site, gateway = world.resources.shown
    return site.id, f"{gateway.id}/namedValues/azure-openai-key"


def may(world: World, *rights: tuple[str, str]) -> None:
    """Give the team's identity exactly these roles of the sample, each on one scope."""
    world.directory.revoke("team")
    for name, scope in rights:
        world.directory.define(Role(name, tuple(WAKERS[name]["actions"])))
        world.directory.assign("team", name, scope)


def entries(world: World) -> list[dict[str, str]]:
    """Return the setting of the listener that names both."""
    site, value = ids(world)
    return [{"kind": "app-service-reference", "id": site}, {"kind": "api-management", "id": value, "target": "chat"}]


def held_now(world: World) -> tuple[str, str]:
    """Return the version that the app uses, and the key that the gateway holds."""
    site, value = ids(world)
    [reference] = world.holdings.of(site, held.Reference)
    [named] = world.holdings.of(value.rpartition("/namedValues/")[0], held.NamedValue)
    return reference.active, named.value


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    """The emulated Azure, seen from a listener whose identity has both roles."""
    world = world_with_copies()
    site, value = ids(world)
    may(world, ("site", site), ("namedValue", value))
    with running_in_thread(world) as served:
        _point_named_values_at_the_served_vault(world)
        for name in ("AZURE_RESOURCE_MANAGER_ENDPOINT", "SSL_CERT_FILE", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            monkeypatch.setenv(name, served.settings[name])
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", served.settings["SSL_CERT_FILE"])
        monkeypatch.setenv("WAKE", json.dumps(entries(world)))
        yield served


def _point_named_values_at_the_served_vault(world: World) -> None:
    gateway = ids(world)[1].rpartition("/namedValues/")[0]
    [named] = world.holdings.of(gateway, held.NamedValue)
    address = f"{world.vaults['keys'].url}/secrets/chat-key"
    world.holdings.swap(gateway, named, held.NamedValue(named.name, named.value, address=address))


@pytest.fixture
def team(azure: Azure) -> Iterator[Callable[[str], str]]:
    """What gives tokens of the team's managed identity."""
    with ManagedIdentityCredential(client_id=azure.world.directory.identities["team"].client_id) as credential:
        yield lambda scope: credential.get_token(scope).token


type Team = Callable[[str], str]


def test_an_app_and_a_gateway_have_the_new_key_after_a_rotation(azure: Azure, team: Team, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    newest = azure.world.vaults["keys"].get_secret("chat-key").version
    assert held_now(azure.world) != (newest, NEW)
    WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    assert held_now(azure.world) == (newest, NEW)
    assert (
        "woke app-service-reference chat-app for chat: refreshed (200); AZURE_OPENAI_API_KEY is Resolved" in caplog.text
    )
    assert "woke api-management azure-openai-key for chat: accepted (202); last fetch: Success at" in caplog.text
    assert OLD not in caplog.text
    assert NEW not in caplog.text


def test_waking_twice_changes_nothing_more(azure: Azure, team: Team) -> None:
    WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    after = held_now(azure.world)
    WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    assert held_now(azure.world) == after


@pytest.mark.parametrize(
    "kind", ["KeyRotation.KeyRetired", "KeyRotation.RotationAnnounced", "KeyRotation.SunsetAnnounced"]
)
def test_an_event_that_publishes_no_key_wakes_nothing(azure: Azure, team: Team, kind: str) -> None:
    before = held_now(azure.world)
    WAKE.wake_all(kind, ID, LONG_AGO, team)
    assert held_now(azure.world) == before


def test_another_target_wakes_only_what_names_no_target(azure: Azure, team: Team) -> None:
    WAKE.wake_all(ROTATED, ID, {**LONG_AGO, "target": "search"}, team)
    active, value = held_now(azure.world)
    assert active == azure.world.vaults["keys"].get_secret("chat-key").version
    assert value == OLD


@pytest.mark.parametrize("lost", ["site", "namedValue"])
def test_what_may_not_be_woken_is_named_and_the_rest_is_woken(azure: Azure, team: Team, caplog: Any, lost: str) -> None:
    scopes = dict(zip(("site", "namedValue"), ids(azure.world), strict=True))
    may(azure.world, *((name, scope) for name, scope in scopes.items() if name != lost))
    with pytest.raises(WAKE.NotWoken, match="chat-app" if lost == "site" else "azure-openai-key"):
        WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    newest = azure.world.vaults["keys"].get_secret("chat-key").version
    woken = held_now(azure.world)
    assert (woken[0] == newest, woken[1] == NEW) == ((False, True) if lost == "site" else (True, False))
    right = "Microsoft.Web/sites/config/write" if lost == "site" else "namedValues/refreshSecret/action"
    assert f"did not wake {'app-service-reference' if lost == 'site' else 'api-management'}" in caplog.text
    assert right in caplog.text


def test_a_role_of_the_listener_reads_no_setting_and_no_key() -> None:
    for waker in WAKERS.values():
        role = Role("it", tuple(waker["actions"]))
        for action in (
            "Microsoft.Web/sites/config/list/action",
            "Microsoft.Web/sites/restart/action",
            "Microsoft.ApiManagement/service/namedValues/listValue/action",
            "Microsoft.ApiManagement/service/namedValues/write",
            "Microsoft.CognitiveServices/accounts/listKeys/action",
        ):
            assert not role.allows(action, data=False)


def test_a_reference_that_the_app_cannot_follow_is_in_the_log(azure: Azure, team: Team, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    site = ids(azure.world)[0]
    azure.world.holdings.put(site, held.Reference("OTHER", "keys", "no-such-secret"))
    WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    assert "OTHER is SecretNotFound" in caplog.text


def test_a_slot_of_an_app_is_woken_by_itself(
    azure: Azure, team: Team, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slot = ShownResource("chat-app/staging", "Microsoft.Web/sites/slots", azure.world.subscription)
    azure.world.resources.add(slot)
    azure.world.holdings.put(slot.id, held.Reference("KEY", "keys", "chat-key"))
    monkeypatch.setenv("WAKE", json.dumps([{"kind": "app-service-reference", "id": slot.id}]))
    WAKE.wake_all(ROTATED, ID, LONG_AGO, team)
    [reference] = azure.world.holdings.of(slot.id, held.Reference)
    assert reference.active == azure.world.vaults["keys"].get_secret("chat-key").version
    assert "woke app-service-reference staging for chat" in caplog.text


# --- the setting ---

SITE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/chat-app"
CLUSTER = {"server": "https://cluster:443", "certificate": "QUJD", "namespace": "chat", "deployment": "chat-app"}
INVALID = [
    ("{", r"^WAKE is not JSON"),
    ("{}", r"^WAKE is not a list"),
    ("[1]", r"^WAKE\[0\] is not an object of texts"),
    ('[{"kind": "sdk"}]', r"^WAKE\[0\]\.kind: sdk cannot be woken: it reads the secret itself"),
    ('[{"kind": "container-apps"}]', r"a restart of a revision fetches nothing"),
    ('[{"kind": "spring"}]', r"^WAKE\[0\]\.kind is 'spring', and none of app-service-reference, "),
    (
        json.dumps([{"kind": "app-service-reference"}]),
        r"^WAKE\[0\] \(app-service-reference\) needs id, and has nothing",
    ),
    (json.dumps([{"kind": "api-management", "id": SITE}]), r"^WAKE\[0\]\.id \(api-management\) does not have the form"),
    (json.dumps([{"kind": "app-service-reference", "id": f"{SITE}/../x"}]), r"^WAKE\[0\]\.id "),
    (json.dumps([{"kind": "aks-csi-env", **CLUSTER, "server": "http://cluster"}]), r"^WAKE\[0\]\.server "),
    (json.dumps([{"kind": "aks-csi-env", **CLUSTER, "deployment": "a/b"}]), r"^WAKE\[0\]\.deployment "),
]


@pytest.mark.parametrize(("setting", "complaint"), INVALID)
def test_an_invalid_setting_is_refused_by_name(setting: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        WAKE.consumers(setting)


def test_without_the_setting_nothing_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAKE", raising=False)
    WAKE.wake_all(ROTATED, ID, LONG_AGO, lambda scope: pytest.fail(f"a token for {scope} was asked for"))


def test_the_example_in_the_sample_is_valid() -> None:
    example = re.search(r"WAKE='(.*?)'", WAKE.__doc__ or "", re.DOTALL)
    assert example
    setting = example[1].replace("<resource id of a site or slot>", SITE).replace("<cluster>", "cluster")
    value = SITE.replace("Microsoft.Web/sites", "Microsoft.ApiManagement/service") + "/namedValues/key"
    setting = setting.replace("<resource id of a named value>", value).replace("<base64>", "QUJD")
    assert [one.kind for one in WAKE.consumers(setting)] == ["app-service-reference", "api-management", "aks-csi-env"]


# --- a Kubernetes API ---


class Cluster:
    """A Kubernetes API with one deployment. It counts restarts as Kubernetes does: when the pod template changes."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.annotations: dict[str, str] = {}
        self.generation = 1
        self.asked: list[tuple[str, str, str]] = []
        self.status = 200

    async def patch(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers["Authorization"], request.headers["Content-Type"]))
        if self.status != 200:
            return web.json_response({"message": 'deployments.apps "chat-app" is forbidden'}, status=self.status)
        wanted = (await request.json())["spec"]["template"]["metadata"]["annotations"]
        self.generation += wanted.items() > self.annotations.items() or not wanted.items() <= self.annotations.items()
        self.annotations.update(wanted)
        return web.json_response({"metadata": {"generation": self.generation}})


@pytest.fixture
async def cluster() -> AsyncIterator[tuple[Cluster, dict[str, str]]]:
    """The cluster, and the entry of the setting that names its deployment."""
    one = Cluster()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    one.authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_patch("/apis/apps/v1/namespaces/chat/deployments/chat-app", one.patch)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    certificate = base64.b64encode(one.authority.cert_pem.bytes()).decode()
    server = f"https://127.0.0.1:{runner.addresses[0][1]}"
    yield one, {"kind": "aks-csi-env", **CLUSTER, "server": server, "certificate": certificate}
    await runner.cleanup()


async def woken(entry: dict[str, str], monkeypatch: pytest.MonkeyPatch, event: str = ID, **data: str) -> None:
    """Wake one deployment for an event, with a token that names its scope."""
    monkeypatch.setenv("WAKE", json.dumps([entry]))
    await asyncio.to_thread(WAKE.wake_all, ROTATED, event, {**LONG_AGO, **data}, lambda scope: f"token for {scope}")


async def test_a_deployment_restarts_once_for_an_event(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, entry = cluster
    await woken(entry, monkeypatch)
    await woken(entry, monkeypatch)
    assert one.generation == 2
    await woken(entry, monkeypatch, "b" * 32)
    assert one.generation == 3
    path, token, content = one.asked[0]
    assert path == "/apis/apps/v1/namespaces/chat/deployments/chat-app"
    assert token == "Bearer token for 6dae42f8-4368-4678-94ff-3c3e57ed2ba3/.default"
    assert content == "application/merge-patch+json"


async def test_a_deployment_is_not_restarted_before_the_mount_can_be_new(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    one, entry = cluster
    now = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    with pytest.raises(WAKE.NotWoken):
        await woken(entry, monkeypatch, happenedAt=now)
    assert one.asked == []
    assert "too early by 1" in caplog.text  # between 100 and 199 seconds


async def test_a_refusal_of_the_cluster_is_in_the_log(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    one, entry = cluster
    one.status = 403
    with pytest.raises(WAKE.NotWoken, match="aks-csi-env chat-app"):
        await woken(entry, monkeypatch)
    assert 'PATCH was refused: 403 {"message": "deployments.apps' in caplog.text


async def test_a_cluster_with_another_certificate_gets_no_token(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one, entry = cluster
    other = base64.b64encode(trustme.CA().cert_pem.bytes()).decode()
    with pytest.raises(WAKE.NotWoken):
        await woken({**entry, "certificate": other}, monkeypatch)
    assert one.asked == []


async def test_a_certificate_that_is_none_is_named_and_the_rest_is_woken(
    cluster: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    one, entry = cluster
    wrong = {**entry, "certificate": base64.b64encode(b"\xff").decode(), "deployment": "other"}
    monkeypatch.setenv("WAKE", json.dumps([wrong, entry]))
    with pytest.raises(WAKE.NotWoken, match=r"^aks-csi-env other:"):
        await asyncio.to_thread(WAKE.wake_all, ROTATED, ID, LONG_AGO, str)
    assert "did not wake aks-csi-env other for chat" in caplog.text
    assert one.generation == 2


@pytest.mark.parametrize(("body", "read"), [(b"", {}), (b"<html>", {}), (b"[1]", {}), (b'{"a": 1}', {"a": 1})])
def test_an_answer_that_is_no_json_object_counts_as_empty(body: bytes, read: dict[str, int]) -> None:
    assert WAKE._json(body) == read


async def test_a_redirection_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/other")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("AZURE_RESOURCE_MANAGER_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}")
    with pytest.raises(WAKE.NotWoken):
        await woken({"kind": "app-service-reference", "id": SITE}, monkeypatch)
    await runner.cleanup()
    assert asked == [f"{SITE}/config/configreferences/appsettings/refresh"]


# --- in the host ---


async def test_event_grid_wakes_through_the_function_with_the_identity_of_the_listener() -> None:
    world = world_with_copies()
    site, value = ids(world)
    may(world, ("site", site), ("namedValue", value))
    event = Announcement(Kind.KEY_ROTATED, TARGET, KeySlot.KEY2, Fingerprint.of("b"), happened_at=NOW)
    async with running(world) as azure:
        _point_named_values_at_the_served_vault(world)
        client_id = world.directory.identities["team"].client_id
        settings = {**azure.settings, "AZURE_CLIENT_ID": client_id, "WAKE": json.dumps(entries(world))}
        async with FunctionHost(SAMPLE, settings=settings) as host:
            assert await deliver(host, event, function="on_rotation") in (200, 202)
            assert held_now(world)[1] == NEW
            may(world, ("site", site))
            assert await deliver(host, event, function="on_rotation") == 500
