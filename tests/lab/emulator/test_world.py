"""The world in plain Python, without server and event loop."""

from datetime import UTC, datetime

import pytest

from lab.emulator import AzureError, Identity, Role, World
from lab.emulator.clock import Clock
from lab.emulator.limits import Limits

ACTION = "Microsoft.CognitiveServices/accounts/listKeys/action"


def test_a_world_gets_an_account_a_vault_and_a_new_key_in_three_lines() -> None:
    world = World()
    account = world.accounts.add("chat")
    vault = world.add_vault("keys")
    keys = world.accounts.regenerate(account.id, "key2")
    vault.set_secret("chat", keys["key2"], expires=datetime(2030, 1, 1, tzinfo=UTC))
    assert vault.get_secret("chat").value == account.keys["key2"].value
    assert world.accounts.key_accepted(account, keys["key2"])
    assert world.accounts[account.id.upper()] is account


def test_the_data_plane_checks_a_key_without_a_network_and_records_it() -> None:
    world = World()
    account = world.accounts.add("chat")
    old = account.keys["key1"].value
    world.data_plane.present(account, old)
    world.accounts.regenerate(account.id, "key1")
    with pytest.raises(AzureError) as refused:
        world.data_plane.present(account, old)
    assert refused.value.status == 401
    world.accounts.update(account.id, {"network_acls": {"defaultAction": "Deny", "ipRules": [{"value": "10.0.0.1"}]}})
    world.data_plane.present(account, account.keys["key1"].value, address="10.0.0.1")
    with pytest.raises(AzureError, match="Firewall rules"):
        world.data_plane.present(account, account.keys["key1"].value, address="10.0.0.2")
    assert [use.accepted for use in world.accounts.uses] == [True, False, True]


def test_a_running_clock_continues_from_the_set_time_and_a_frozen_one_does_not() -> None:
    clock = Clock()
    clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.utcnow().year == 2030
    first = clock.now()
    clock.freeze()
    frozen_at = clock.now()
    assert clock.now() == frozen_at >= first
    clock.advance(60)
    assert clock.now() == frozen_at + 60
    clock.resume()
    assert clock.now() >= frozen_at + 60


def test_a_name_that_two_accounts_share_finds_neither() -> None:
    world = World()
    world.accounts.add("twin", resource_group="a")
    world.accounts.add("twin", resource_group="b", subdomain="twin-b")
    with pytest.raises(KeyError, match="2 accounts"):
        world.accounts.named("twin")


def test_a_removed_account_cannot_be_found_by_id_or_subdomain() -> None:
    world = World()
    account = world.accounts.add("chat")
    world.accounts.remove(account.id)
    assert world.accounts.by_subdomain("chat") is None
    with pytest.raises(AzureError, match="ResourceNotFound"):
        world.accounts.list_keys(account.id)


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ({"actions": [ACTION]}, True),
        ({"actions": ["microsoft.cognitiveservices/ACCOUNTS/*"]}, True),
        ({"actions": ["*"], "notActions": [ACTION]}, False),
        ({"actions": ["*/read"]}, False),
        ({"dataActions": ["*"]}, False),
        ({}, False),
    ],
)
def test_a_role_allows_its_actions_except_its_not_actions(role: dict[str, list[str]], allowed: bool) -> None:
    made = Role.from_definition({"properties": {"roleName": "r", "permissions": [role]}})
    assert made.allows(ACTION, data=False) is allowed


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("/", True),
        ("/subscriptions/S", True),
        ("/subscriptions/s/x", True),
        ("/subscriptions/s2", False),
        ("/sub", False),
    ],
)
def test_an_assignment_applies_within_its_scope(scope: str, allowed: bool) -> None:
    directory = World().directory
    directory.define(Role("keys", actions=(ACTION,)))
    identity = directory.add(Identity("one"), "keys", scope=scope)
    assert directory.allows(identity, ACTION, "/subscriptions/s/x") is allowed


def test_revoking_one_role_leaves_the_other() -> None:
    directory = World().directory
    directory.define(Role("a", actions=("a/read",)), Role("b", actions=("b/read",)))
    identity = directory.add(Identity("one"), "a", "b")
    assert directory.revoke("one", "a") == 1
    assert [directory.allows(identity, action, "/x") for action in ("a/read", "b/read")] == [False, True]


def test_limits_are_off_by_default_and_separate_for_each_principal() -> None:
    clock = Clock()
    clock.freeze(1000)
    limits = Limits(clock)
    assert sum(limits.arm("s", "one", "writes") for _ in range(1000)) == 0
    limits.on = True
    assert [limits.arm("s", "one", "writes") for _ in range(201)].count(0) == 200
    assert limits.arm("s", "two", "writes") == limits.arm("s", "one", "reads") == 0
    clock.advance(1)
    assert [limits.arm("s", "one", "writes") for _ in range(11)].count(0) == 10


def test_a_refused_call_does_not_count_against_a_window() -> None:
    clock = Clock()
    clock.freeze(1000)
    limits = Limits(clock)
    limits.on = True
    assert [limits.inference("a") for _ in range(60)].count(0) == 30
    clock.advance(1)
    assert limits.inference("a") == 0


def test_ten_thousand_accounts_are_found_by_subscription_and_id() -> None:
    world = World()
    for number in range(10_000):
        world.accounts.add(f"a{number}", subscription=f"s{number % 10}", key1="1", key2="2")
    assert len(world.accounts.in_subscription("S3")) == 1000
    assert len(world.accounts) == 10_000


def test_a_vault_with_late_reads_shows_and_lists_for_a_while_what_was_there_before() -> None:
    world = World()
    world.clock.freeze(datetime(2026, 1, 1, tzinfo=UTC))
    vault = world.add_vault("keys")
    vault.set_secret("chat", "old")
    vault.read_lag = 60.0
    vault.set_secret("chat", "new")
    vault.set_secret("search", "first")
    assert (vault.get_secret("chat").value, [one.value for one in vault.list_secrets()]) == ("old", ["old"])
    world.clock.advance(60)
    assert (vault.get_secret("chat").value, [one.value for one in vault.list_secrets()]) == ("new", ["new", "first"])
