"""The control surface changes and shows the world over HTTP, and shows keys only on request."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from lab.emulator import Account, fingerprint
from lab.emulator.seed import TOPIC, VAULT
from lab.emulator.serve import Azure

Control = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def control(azure: Azure, session: aiohttp.ClientSession) -> Control:
    async def send(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with session.request(method, azure.control_url + path, json=body) as answer:
            return answer.status, await answer.json()

    return send


@pytest.fixture
def account(azure: Azure) -> Account:
    return azure.world.accounts.named("account-001")


async def test_control_sets_advances_freezes_and_resumes_the_clock(azure: Azure, control: Control) -> None:
    await control("POST", "/clock", {"set": "2030-01-01T00:00:00+00:00", "frozen": True})
    await control("POST", "/clock", {"advance": 86400})
    _, shown = await control("GET", "/clock")
    assert (shown["utc"][:10], shown["frozen"], azure.world.clock.now()) == ("2030-01-02", True, shown["now"])
    _, shown = await control("POST", "/clock", {"frozen": False})
    assert not shown["frozen"]
    assert azure.world.clock.now() >= shown["now"]


async def test_control_adds_lists_and_removes_fault_rules(azure: Azure, control: Control) -> None:
    _, rule = await control("POST", "/faults", {"operation": "arm.*", "effect": "status", "status": 503, "times": 2})
    await control("POST", "/faults", {"operation": "kv.*", "effect": "drop_after"})
    status, left = await control("DELETE", f"/faults/{rule['id']}")
    assert status == 200
    assert [one["operation"] for one in left["faults"]] == ["kv.*"]
    assert (await control("DELETE", f"/faults/{rule['id']}"))[0] == 404
    await control("DELETE", "/faults")
    assert azure.world.faults.rules == []


@pytest.mark.parametrize(
    "rule",
    [
        {"effect": "status"},
        {"operation": "arm.*", "effect": "explode"},
        {"operation": "arm.*", "effect": "hook"},
        {"operation": "arm.*", "effect": "status", "colour": "red"},
        {"operation": "arm.*", "effect": "signal"},
        [],
    ],
)
async def test_an_invalid_fault_rule_is_refused_with_the_reason(azure: Azure, control: Control, rule: Any) -> None:
    status, body = await control("POST", "/faults", rule)
    assert status == 400
    assert body["error"]
    assert azure.world.faults.rules == []


async def test_control_regenerates_a_key_and_shows_only_its_fingerprint(account: Account, control: Control) -> None:
    before = account.keys["key2"].value
    _, answer = await control("POST", "/accounts/regenerate", {"account": account.id, "key": "key2"})
    assert account.keys["key2"].value != before
    assert answer["key2"] == fingerprint(account.keys["key2"].value)
    assert account.keys["key2"].value not in str(answer)


async def test_control_sets_tags_local_auth_network_rules_and_lag_of_an_account(
    azure: Azure, account: Account, control: Control
) -> None:
    name = {"account": "account-001"}
    await control("POST", "/accounts/tags", {**name, "tags": {"a": "b"}})
    await control("POST", "/accounts/local-auth", {**name, "disabled": True})
    await control("POST", "/accounts/network", {**name, "networkAcls": {"defaultAction": "Deny"}})
    await control("POST", "/accounts/network", {**name, "publicNetworkAccess": "Disabled"})
    await control("POST", "/accounts/lag", {**name, "new_after": 5, "flapping": 0.5})
    await control("POST", "/accounts/lag", {"old_for": 7})
    assert (account.tags, account.disable_local_auth, account.public_network_access) == ({"a": "b"}, True, "Disabled")
    assert account.network_acls == {"defaultAction": "Deny"}
    assert (account.lag.new_after, account.lag.flapping, account.lag.old_for) == (5, 0.5, 7)
    assert azure.world.accounts.named("account-002").lag.old_for == 7


async def test_control_adds_accounts_and_identities_to_a_running_world(azure: Azure, control: Control) -> None:
    await control("POST", "/accounts", {"name": "late", "tags": {"a": "b"}})
    assert azure.world.accounts.named("late").tags == {"a": "b"}
    _, made = await control("POST", "/identities", {"name": "reader"})
    assert azure.world.directory.by_client_id(made["client_id"]) is azure.world.directory.identities["reader"]


async def test_control_revokes_assigns_and_defines_roles(azure: Azure, control: Control) -> None:
    app = azure.world.app
    role = app.assignments[0][0]
    assert await control("POST", "/roles/revoke", {}) == (200, {"revoked": 1})
    assert app.assignments == []
    await control("POST", "/roles/assign", {"role": role})
    assert app.assignments == [(role, "/")]
    assert await control("POST", "/roles/assign", {"role": role, "scope": "/late", "late": True}) == (
        200,
        {"assignments": [[role, "/"]]},
    )
    assert app.on_their_way == [(role, "/late")]
    assert await control("POST", "/roles/arrive", {"role": role}) == (200, {"arrived": 1})
    assert app.assignments == [(role, "/"), (role, "/late")]
    assert await control("POST", "/roles/arrive", {}) == (200, {"arrived": 0})
    definition = {"properties": {"roleName": "Shipped", "permissions": [{"actions": ["a/read"]}]}}
    await control("POST", "/roles/define", {"definitions": [definition], "scope": "/subscriptions/s"})
    assert app.assignments == [("Shipped", "/subscriptions/s")]


async def test_control_starts_and_ends_outages_of_topics_vaults_and_services(azure: Azure, control: Control) -> None:
    world = azure.world
    for outage, closed, up in ((503, True, False), (None, False, True)):
        await control("POST", "/topics/outage", {"topic": TOPIC, "status": outage})
        await control("POST", "/vaults/firewall", {"vault": VAULT, "closed": closed})
        await control("POST", "/services", {"service": "kv", "up": up})
        await control("POST", "/throttling", {"on": closed})
        assert (world.topics[TOPIC].outage, world.vaults[VAULT].firewall_closed) == (outage, closed)
        assert (world.down, world.limits.on) == (set() if up else {"kv"}, closed)


async def test_control_adds_an_event_subscription_whose_deliveries_work_or_fail(azure: Azure, control: Control) -> None:
    topic = azure.world.topics[TOPIC]
    for broken in (True, False):
        await control("POST", "/topics/subscribe", {"topic": TOPIC, "name": "ours", "broken": broken})
        topic.publish([{"id": "1", "source": "s", "type": "t", "specversion": "1.0"}])
        assert [worked for _, worked in topic.subscribers[-1].deliveries] == [not broken]


async def test_control_locks_disables_and_closes_what_refuses_everybody(azure: Azure, control: Control) -> None:
    world, vault = azure.world, azure.world.vaults[VAULT]
    account = world.accounts.named("account-001")
    await control("POST", "/accounts/state", {"account": "account-001", "state": "Moving"})
    await control("POST", "/locks", {"scope": account.id, "locked": True})
    await control("POST", "/subscriptions", {"subscription": world.subscription, "disabled": True})
    await control("POST", "/vaults/access", {"vault": VAULT, "private": True, "policies": {"somebody": ["get"]}})
    assert (account.state, world.restrictions.locked, world.restrictions.disabled) == (
        "Moving", {account.id}, {world.subscription},
    )  # fmt: skip
    assert (vault.private_only, vault.policies) == (True, {"somebody": {"get"}})
    await control("POST", "/locks", {"scope": account.id, "locked": False})
    await control("POST", "/subscriptions", {"subscription": world.subscription, "disabled": False})
    await control("POST", "/vaults/access", {"vault": VAULT, "private": False, "policies": None})
    assert (world.restrictions.locked, world.restrictions.disabled) == (set(), set())
    assert (vault.private_only, vault.policies) == (False, None)


async def test_control_makes_issued_tokens_invalid(azure: Azure, control: Control) -> None:
    token, _ = azure.world.directory.token(azure.world.app, "https://vault.azure.net")
    assert azure.world.directory.read(token, ["https://vault.azure.net"]) is azure.world.app
    await control("POST", "/tokens/expire")
    assert azure.world.directory.read(token, ["https://vault.azure.net"]) is None


async def test_control_shows_the_journal_events_and_key_uses_after_a_given_number(
    azure: Azure, account: Account, control: Control, session: aiohttp.ClientSession
) -> None:
    world, key = azure.world, account.keys["key1"].value
    world.topics[TOPIC].publish([{"id": str(n), "source": "/s", "type": "t", "specversion": "1.0"} for n in range(3)])
    async with session.get(
        f"{world.endpoint(account)}openai/models?api-version=2024-10-21", headers={"api-key": key}
    ) as answer:
        assert answer.status == 200
    _, journal = await control("GET", "/journal?since=0")
    assert [(one["operation"], one["effect"]) for one in journal["entries"]] == [("aoai.models", True)]
    assert (await control("GET", "/journal?since=1"))[1] == {"entries": []}
    _, events = await control("GET", f"/events?since=1&topic={TOPIC}")
    assert [one["event"]["id"] for one in events["events"]] == ["1", "2"]
    _, uses = await control("GET", f"/keys/uses?account=account-001&fingerprint={fingerprint(key)}")
    assert [(one["accepted"], one["account"]) for one in uses["uses"]] == [(True, account.id)]
    assert (await control("GET", "/keys/uses?account=account-002"))[1] == {"uses": []}


async def test_the_state_shows_fingerprints_and_reveals_values_only_on_request(
    azure: Azure, account: Account, control: Control
) -> None:
    azure.world.vaults[VAULT].set_secret("chat", "the secret value")
    key = account.keys["key1"].value
    _, shown = await control("GET", "/state")
    _, revealed = await control("GET", "/state?reveal=1")
    assert shown["accounts"][0]["keys"]["key1"]["fingerprint"] == fingerprint(key)
    assert [value in str(shown) for value in (key, "the secret value")] == [False, False]
    assert [value in str(revealed) for value in (key, "the secret value")] == [True, True]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/accounts/tags", {"account": "absent", "tags": {}}, 404),
        ("/accounts/tags", {"tags": {}}, 404),
        ("/accounts/regenerate", {"account": "account-001", "key": "Key1"}, 400),
        ("/accounts/local-auth", {"account": "account-001", "disabled": "yes"}, 400),
        ("/accounts/lag", {"account": "account-001", "soon": 1}, 400),
        ("/services", {"service": "moon", "up": False}, 400),
        ("/accounts/state", {"account": "account-001", "state": "Gone"}, 400),
        ("/locks", {"scope": "/subscriptions/s", "locked": "yes"}, 400),
        ("/subscriptions", {"disabled": True}, 404),
        ("/vaults/access", {"vault": VAULT, "policies": {"somebody": "get"}}, 400),
        ("/clock", {"set": "yesterday"}, 400),
        ("/roles/assign", {"role": "none"}, 404),
    ],
)
async def test_an_invalid_change_is_refused_with_the_reason(
    control: Control, path: str, body: Any, status: int
) -> None:
    answered, reason = await control("POST", path, body)
    assert answered == status
    assert reason["error"]
