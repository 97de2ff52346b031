"""Bodies that begin valid and become wrong: no service answers with 500, and nothing of a wrong type is stored."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.emulator.accounts import Account
from lab.emulator.directory import EVERYTHING
from lab.emulator.faults import Rule
from lab.emulator.seed import TOPIC, VAULT, sample_world
from lab.emulator.serve import Azure, running_in_thread
from lab.emulator.surfaces.account_changes import changes, network_rules
from lab.emulator.surfaces.logs import _TEXT
from lab.emulator.topics import invalid_because
from lab.emulator.typed import check
from lab.emulator.vaults import SecretVersion
from lab.emulator.world import World

SUBNET = {"id": "/subscriptions/s/subnets/app", "ignoreMissingVnetServiceEndpoint": True}
RULES = {"defaultAction": "Allow", "bypass": "None", "ipRules": [{"value": "1.2.3.4"}], "virtualNetworkRules": [SUBNET]}
SECRET = {"value": "v", "tags": {"a": "b"}, "contentType": "text", "attributes": {"enabled": True, "exp": 1, "nbf": 1}}
EVENT = {"id": "1", "source": "/s", "type": "t", "specversion": "1.0", "subject": "x", "data": {"a": 1}}
ROLE = {"roleName": "R", "permissions": [{"actions": ["*"], "dataActions": []}]}
UPDATE = {
    "tags": {"a": "b"},
    "sku": {"name": "S0", "capacity": 1},
    "properties": {"disableLocalAuth": False, "publicNetworkAccess": "Enabled", "networkAcls": RULES},
}
QUERY = _TEXT.replace("ACCOUNT", '| where _ResourceId =~ "/subscriptions/s"').replace("SECONDS", "3600").strip()


@dataclass(frozen=True)
class Door:
    """One operation that takes a JSON body.

    service: The service, as in `Azure.urls`, or kv.
    method: The HTTP method.
    path: The path and query. `{account}` and `{workspace}` stand for ids.
    body: A valid body.
    kind: The content type.
    """

    service: str
    method: str
    path: str
    body: Any
    kind: str = "application/json"

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path.partition('?')[0].replace('{account}', '')}"


TAGS = "{account}/providers/Microsoft.Resources/tags/default?api-version=2024-11-01"
BATCH = "application/cloudevents-batch+json"
NAME = {"account": "account-001"}
CHAT = {"messages": [{}], "model": "gpt-4o-mini", "stream": False}
DOORS = [
    Door("kv", "PUT", "/secrets/chat?api-version=2026-04-01", SECRET),
    Door("kv", "PATCH", "/secrets/chat?api-version=7.4", SECRET),
    Door("arm", "PATCH", "{account}?api-version=2025-09-01", UPDATE),
    Door("arm", "POST", "{account}/regenerateKey?api-version=2025-09-01", {"keyName": "Key1"}),
    Door("arm", "PATCH", TAGS, {"operation": "Merge", "properties": {"tags": {"a": "b"}}}),
    Door("eg", "POST", f"/{TOPIC}/api/events?api-version=2018-01-01", [EVENT], BATCH),
    Door("aoai", "POST", "/account-001/openai/v1/chat/completions", CHAT),
    Door("logs", "POST", "/v1/workspaces/{workspace}/query", {"query": QUERY, "timespan": "P7D", "workspaces": []}),
    Door("control", "POST", "/clock", {"set": 1e9, "advance": 5, "frozen": False}),
    Door("control", "POST", "/faults", {"operation": "none", "effect": "delay", "seconds": 0, "times": 1}),
    Door("control", "POST", "/accounts", {"name": "late", "tags": {"a": "b"}, "network_acls": RULES, "key1": "k"}),
    Door("control", "POST", "/accounts/regenerate", {**NAME, "key": "key1"}),
    Door("control", "POST", "/accounts/lag", {**NAME, "new_after": 0}),
    Door("control", "POST", "/accounts/tags", {**NAME, "tags": {"a": "b"}}),
    Door("control", "POST", "/accounts/local-auth", {**NAME, "disabled": None}),
    Door("control", "POST", "/accounts/network", {**NAME, "publicNetworkAccess": "Enabled", "networkAcls": RULES}),
    Door("control", "POST", "/vaults/firewall", {"vault": VAULT, "closed": False}),
    Door("control", "POST", "/vaults/access", {"vault": VAULT, "private": False, "policies": None}),
    Door("control", "POST", "/accounts/state", {**NAME, "state": "Succeeded"}),
    Door("control", "POST", "/locks", {"scope": "/subscriptions/another", "locked": True}),
    Door("control", "POST", "/subscriptions", {"subscription": "another", "disabled": True}),
    Door("control", "POST", "/topics/outage", {"topic": TOPIC, "status": None}),
    Door("control", "POST", "/topics/subscribe", {"topic": TOPIC, "name": "team", "broken": False}),
    Door("control", "POST", "/roles/revoke", {"identity": "app", "role": "none", "scope": "/"}),
    Door("control", "POST", "/roles/assign", {"identity": "app", "role": EVERYTHING.name, "scope": "/"}),
    Door("control", "POST", "/roles/define", {"definitions": [ROLE], "identity": "app", "scope": "/"}),
    Door("control", "POST", "/identities", {"name": "other", "roles": [EVERYTHING.name], "scope": "/"}),
    Door("control", "POST", "/throttling", {"on": False, "asks": "date"}),
    Door("control", "POST", "/throttling/always", {"subscription": "another", "seconds": 5}),
    Door("control", "POST", "/throttling/always", {"vault": VAULT, "seconds": 0}),
    Door(
        "control",
        "POST",
        "/throttling/others",
        {"subscription": "s", "kind": "reads", "perSecond": 1},
    ),
    Door("control", "POST", "/throttling/others", {"vault": VAULT, "perSecond": 0}),
    Door("control", "POST", "/services", {"service": "kv", "up": True}),
]
AUDIENCES = {
    "kv": "https://vault.azure.net",
    "arm": "https://management.azure.com",
    "eg": "https://eventgrid.azure.net",
    "aoai": "https://cognitiveservices.azure.com",
    "logs": "https://api.loganalytics.io",
}

numbers = st.integers() | st.integers(min_value=10**18, max_value=10**40) | st.floats(allow_nan=False)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=20) | st.sampled_from(["soon", "no", "Deny", "\ud800"])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def places(body: Any) -> list[list[Any]]:
    """Return the path of every value in a body, the body itself first."""
    found: list[list[Any]] = [[]]
    if isinstance(body, dict | list):
        for key, inner in body.items() if isinstance(body, dict) else enumerate(body):
            found += [[key, *rest] for rest in places(inner)]
    return found


@st.composite
def changed(draw: st.DrawFn, body: Any) -> Any:
    """Return a body in which one to three values are replaced by any other, or one more member is added."""
    body = deepcopy(body)
    for _ in range(draw(st.integers(1, 3))):
        path, value = draw(st.sampled_from(places(body))), draw(values)
        if not path:
            return value if draw(st.booleans()) else body
        holder = body
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
    return body


@pytest.fixture(scope="module")
def azure() -> Iterator[Azure]:
    with running_in_thread(sample_world(2)) as served:
        yield served


def restored(world: World) -> None:
    """Undo what a body may have done to the conditions under which the next request is served."""
    world.faults.clear()
    world.down.clear()
    world.clock.resume()
    world.clock.offset = 0.0
    world.limits.on = False
    world.limits.shut.clear()
    world.directory.identities["app"].assignments = [(EVERYTHING.name, "/")]
    for topic in world.topics.values():
        topic.outage = None
        topic.accepted.clear()
    for vault in world.vaults.values():
        vault.firewall_closed = False
        vault.deleted.clear()
        vault.secrets.clear()
        vault.set_secret("chat", "v")
    for account in [one for one in world.accounts if not one.name.startswith("account-")]:
        world.accounts.remove(account.id)
    fresh = Account("account-001")
    kept = ("tags", "sku", "network_acls", "public_network_access", "disable_local_auth", "lag")
    world.accounts.update(world.accounts.named("account-001").id, {name: vars(fresh)[name] for name in kept})


def sent(azure: Azure, door: Door, body: bytes) -> int:
    """Send a body with a valid token and return the status of the answer."""
    world, headers = azure.world, {"Content-Type": door.kind}
    if door.service in AUDIENCES:
        headers["Authorization"] = f"Bearer {world.directory.token(world.app, AUDIENCES[door.service])[0]}"
    if door.service == "aoai":
        headers = {**headers, "api-key": world.accounts.named("account-001").keys["key1"].value}
    base = world.vaults[VAULT].url if door.service == "kv" else azure.urls[door.service]
    path = door.path.format(account=world.accounts.named("account-001").id, workspace=world.workspace.id)
    request = urllib.request.Request(base + path, data=body, headers=headers, method=door.method)
    context: ssl.SSLContext | None = azure.ssl_context if base.startswith("https") else None
    try:
        with urllib.request.urlopen(request, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def assert_types(world: World) -> None:
    """Check the type of everything that a body can have set."""
    for account in world.accounts:
        check(
            Account, {name: vars(account)[name] for name in ("name", "kind", "location", "tags", "disable_local_auth")}
        )
        check(Account, {"subscription": account.subscription, "resource_group": account.resource_group})
        changes({"sku": account.sku, "properties": {"publicNetworkAccess": account.public_network_access}})
        if account.network_acls is not None:
            network_rules(account.network_acls)
        assert all(isinstance(key.value, str) for key in account.keys.values())
        assert all(isinstance(number, float) for number in vars(account.lag).values())
    for vault in world.vaults.values():
        for secret in vault.secrets.values():
            for version in secret.versions:
                check(SecretVersion, vars(version))
    for topic in world.topics.values():
        assert [event for event in topic.events if invalid_because(event)] == []
        assert isinstance(topic.outage, int | None)
    for rule in world.faults.rules:
        check(Rule, rule.to_json())
    for identity in world.directory.identities.values():
        assert all(isinstance(part, str) for pair in identity.assignments for part in pair)
    assert all(isinstance(action, str) for role in world.directory.roles.values() for action in role.actions)


FUZZED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_valid_body_is_accepted(azure: Azure, door: Door) -> None:
    restored(azure.world)
    assert sent(azure, door, json.dumps(door.body).encode()) == 200
    assert_types(azure.world)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_a_body_with_wrong_values_is_never_answered_with_500_and_never_stored(azure: Azure, door: Door) -> None:
    @FUZZED
    @given(changed(door.body))
    def fuzzed(body: Any) -> None:
        restored(azure.world)
        status = sent(azure, door, json.dumps(body).encode())
        assert status < 500 or status == 501, (status, body)
        assert_types(azure.world)
        with urllib.request.urlopen(f"{azure.control_url}/state") as state:
            assert state.status == 200

    fuzzed()


@pytest.mark.parametrize("door", DOORS, ids=str)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"a": NaN}',
        b'"\\ud800"',
        b"\xff\xfe",
        b"null",
        b"9" * 5000,
        b'{"value": "\\ud800"}',
    ],
)
def test_a_body_that_is_not_json_is_never_answered_with_500(azure: Azure, door: Door, body: bytes) -> None:
    restored(azure.world)
    status = sent(azure, door, body)
    assert status < 500 or status == 501
    assert_types(azure.world)
