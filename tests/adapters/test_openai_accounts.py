"""Accounts through Azure Resource Manager: one regenerate is one request, and each failure raises the right error."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from lab.emulator.serve import Azure
from shared.domain.errors import (
    FixConfiguration,
    GrantRole,
    PersonMustLook,
    RotationError,
    Throttled,
    TryLater,
    UnexpectedAnswer,
)
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId
from shared.ports import KeyAuthIsOff
from tests.support import key_search
from tests.support.listings import all_of
from tests.support.real_parts import Parts, Spoiled, everything_logged, parts_over

KEY1, KEY2 = KeySlot.KEY1, KeySlot.KEY2
Call = Callable[[Parts], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "arm.getAccount": lambda parts: parts.accounts.read(parts.target().account),
    "arm.listAccounts": lambda parts: listed(parts),
    "arm.listKeys": lambda parts: parts.accounts.list_keys(parts.target().account),
    "arm.regenerateKey": lambda parts: parts.accounts.regenerate(parts.target().account, KEY2),
    "arm.updateAccount": lambda parts: parts.accounts.disable_key_auth(parts.target().account),
}
WITH_KEYS = ("arm.listKeys", "arm.regenerateKey")


async def listed(parts: Parts) -> list[Any]:
    return await all_of(partial(parts.accounts.tagged, parts.azure.world.subscription))


def values(parts: Parts) -> dict[str, str]:
    return {slot: key.value for slot, key in parts.account().keys.items()}


async def raised(call: Awaitable[Any]) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await call
    return caught.value


async def test_an_account_is_read_with_its_endpoint_and_tags(parts: Parts) -> None:
    parts.account().tags = {"Key-Rotation": "on", "Team": "Chat"}
    account = await parts.accounts.read(parts.target().account)
    assert str(account.id) == parts.account().id
    assert account.endpoint == parts.azure.world.endpoint(parts.account())
    assert account.key_auth
    assert account.tags == {"key-rotation": "on", "team": "Chat"}


@pytest.mark.parametrize(("disabled", "key_auth"), [(None, True), (False, True), (True, False)])
async def test_keys_are_off_only_if_the_account_says_so(parts: Parts, disabled: bool | None, key_auth: bool) -> None:
    parts.account().disable_local_auth = disabled
    assert (await parts.accounts.read(parts.target().account)).key_auth is key_auth


async def test_an_endpoint_without_its_last_slash_gets_one(parts: Parts) -> None:
    parts.account().endpoint = "https://chat.openai.azure.com"
    assert (await parts.accounts.read(parts.target().account)).endpoint == "https://chat.openai.azure.com/"


@pytest.mark.parametrize("endpoint", [None, "", "http://chat.openai.azure.com/", 7])
async def test_an_account_without_an_https_endpoint_raises_unexpected_answer(parts: Parts, endpoint: object) -> None:
    parts.account().properties = {"endpoint": endpoint}
    error = await raised(parts.accounts.read(parts.target().account))
    assert type(error) is UnexpectedAnswer
    assert error.thing == parts.account().id


@pytest.mark.parametrize(
    "endpoint", ["https://evil.example/", "https://169.254.169.254/", "https://me:word@127.0.0.1/"]
)
async def test_an_endpoint_outside_of_azure_s_domains_needs_a_person(parts: Parts, endpoint: str) -> None:
    parts.account().properties = {"endpoint": endpoint}
    error = await raised(parts.accounts.read(parts.target().account))
    assert type(error) is PersonMustLook
    assert error.thing == parts.account().id
    assert error.what.startswith(f"Azure names the endpoint {endpoint}. ")


async def test_both_keys_are_listed_and_masked(parts: Parts) -> None:
    keys = await parts.accounts.list_keys(parts.target().account)
    assert {slot: key.reveal() for slot, key in keys.items()} == values(parts)
    assert "ApiKey(****)" in repr(keys)


@pytest.mark.parametrize("slot", [KEY1, KEY2])
async def test_regenerating_replaces_one_key_and_returns_both(parts: Parts, slot: KeySlot) -> None:
    before = values(parts)
    keys = await parts.accounts.regenerate(parts.target().account, slot)
    assert {one: key.reveal() for one, key in keys.items()} == values(parts)
    assert [one for one in KeySlot if keys[one].reveal() != before[one]] == [slot]


FAILURES = [
    {"effect": "status", "status": 500},
    {"effect": "status", "status": 503},
    {"effect": "status", "status": 504},
    {"effect": "status", "status": 429, "retry_after": 1},
    {"effect": "status", "status": 500, "when": "after"},
    {"effect": "status", "status": 409, "code": "RequestConflict"},
    {"effect": "drop_before"},
    {"effect": "drop_after"},
]


@pytest.mark.parametrize("fault", FAILURES, ids=lambda one: "-".join(str(part) for part in one.values()))
async def test_regenerating_is_requested_once_whatever_azure_answers(parts: Parts, fault: dict[str, Any]) -> None:
    parts.azure.world.faults.add("arm.regenerateKey", times=0, **fault)
    error = await raised(parts.accounts.regenerate(parts.target().account, KEY2))
    assert type(error) is (Throttled if fault.get("status") == 429 else TryLater)
    assert error.thing == parts.account().id
    assert error.what.startswith("could not regenerate key 2: ")
    assert parts.azure.world.journal.count("arm.regenerateKey") == 1


async def test_regenerating_is_not_repeated_when_a_kept_connection_breaks(parts: Parts) -> None:
    await parts.accounts.regenerate(parts.target().account, KEY2)
    parts.azure.world.faults.add("arm.regenerateKey", "drop_after", times=0)
    assert type(await raised(parts.accounts.regenerate(parts.target().account, KEY2))) is TryLater
    assert parts.azure.world.journal.count("arm.regenerateKey") == 2


@pytest.mark.parametrize("operation", ["arm.getAccount", "arm.listKeys", "arm.listAccounts"])
async def test_reading_calls_are_repeated_after_a_503(parts: Parts, operation: str) -> None:
    parts.azure.world.faults.add(operation, "status", status=503, times=2)
    await CALLS[operation](parts)
    assert parts.azure.world.journal.count(operation) == 3


async def test_listing_keys_that_are_switched_off_raises_key_auth_is_off(parts: Parts) -> None:
    parts.account().disable_local_auth = True
    with pytest.raises(KeyAuthIsOff):
        await parts.accounts.list_keys(parts.target().account)


async def test_another_400_does_not_look_like_keys_switched_off(parts: Parts) -> None:
    parts.azure.world.faults.add("arm.listKeys", "status", status=400, code="BadRequest", message="Something else.")
    assert type(await raised(CALLS["arm.listKeys"](parts))) is FixConfiguration


async def test_key_authentication_is_switched_off(parts: Parts) -> None:
    await parts.accounts.disable_key_auth(parts.target().account)
    assert parts.account().disable_local_auth is True


REFUSALS = [
    ({"status": 400, "code": "BadRequest"}, FixConfiguration),
    ({"status": 401, "code": "InvalidAuthenticationToken"}, GrantRole),
    ({"status": 403, "code": "AuthorizationFailed"}, GrantRole),
    ({"status": 403, "code": "RequestDisallowedByPolicy"}, FixConfiguration),
    ({"status": 404, "code": "ResourceNotFound"}, FixConfiguration),
    ({"status": 404, "code": "SubscriptionNotFound"}, FixConfiguration),
    ({"status": 409, "code": "AnotherOperationInProgress"}, TryLater),
    ({"status": 429, "code": "SubscriptionRequestsThrottled"}, Throttled),
    ({"status": 500, "code": "InternalServerError"}, TryLater),
    ({"status": 502, "code": "BadGateway"}, TryLater),
    ({"status": 503, "code": "ServiceUnavailable"}, TryLater),
]


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=lambda one: one["code"] if isinstance(one, dict) else "")
async def test_a_refusal_raises_the_error_that_says_who_must_act(
    parts: Parts, operation: str, fault: dict[str, Any], kind: type[RotationError]
) -> None:
    parts.azure.world.faults.add(operation, "status", times=0, message="First line.\nSecond line.", **fault)
    error = await raised(CALLS[operation](parts))
    assert type(error) is kind
    assert error.thing.lower() in (parts.account().id.lower(), f"subscription {parts.azure.world.subscription}")
    assert f"{fault['status']} {fault['code']}: First line" in error.what
    assert "Second line" not in error.what
    assert error.next_step


async def test_a_deleted_account_is_named(parts: Parts) -> None:
    gone = AccountId(parts.azure.world.subscription, "emulated", "gone")
    error = await raised(parts.accounts.list_keys(gone))
    assert type(error) is FixConfiguration
    assert error.thing == str(gone)
    assert "404 ResourceNotFound" in error.what


async def test_a_missing_role_raises_grant_role(parts: Parts) -> None:
    parts.azure.world.directory.revoke("app")
    error = await raised(CALLS["arm.regenerateKey"](parts))
    assert type(error) is GrantRole
    assert "AuthorizationFailed" in error.what
    assert values(parts) == values(parts)


@pytest.mark.parametrize("operation", CALLS)
async def test_a_missing_answer_raises_try_later(parts: Parts, operation: str) -> None:
    parts.azure.world.down.add("arm")
    error = await raised(CALLS[operation](parts))
    assert type(error) is TryLater
    assert "no answer came" in error.what


async def test_an_unreachable_resource_manager_raises_try_later(azure: Azure) -> None:
    async with parts_over(azure, AZURE_RESOURCE_MANAGER_ENDPOINT="https://127.0.0.1:9") as parts:
        assert type(await raised(CALLS["arm.getAccount"](parts))) is TryLater


NO_TWO_KEYS = [
    {},
    {"key1": "one-key-and-no-other"},
    {"key1": "one-key-and-no-other", "key2": None},
    {"key1": "", "key2": "one-key-and-no-other"},
    {"key1": "the-very-same-key", "key2": "the-very-same-key"},
    {"keys": [{"keyName": "key1", "value": "a-key-in-another-shape"}]},
    {"error": {"code": "Odd", "message": "200 with an error"}},
]
NO_ANSWERS = [b"", b"null", b"[]", b"7", b'"text"', b"{", b"\xff\xfe", b"<html>busy</html>"]


@pytest.mark.parametrize("operation", WITH_KEYS)
@pytest.mark.parametrize("body", NO_TWO_KEYS, ids=str)
async def test_an_answer_without_two_different_keys_raises_unexpected_answer(
    parts: Parts, spoiled: Spoiled, operation: str, body: dict[str, Any]
) -> None:
    spoiled.body(operation, body)
    error = await raised(CALLS[operation](parts))
    assert type(error) is UnexpectedAnswer
    assert error.thing == parts.account().id
    shown = key_search.attached(error)
    assert not any(text in shown for text in ("no-other", "same-key", "another-shape"))


@pytest.mark.parametrize("operation", ["arm.getAccount", "arm.listAccounts", *WITH_KEYS])
@pytest.mark.parametrize("body", NO_ANSWERS, ids=str)
async def test_an_unreadable_answer_raises_unexpected_answer(
    parts: Parts, spoiled: Spoiled, operation: str, body: bytes
) -> None:
    spoiled.body(operation, body)
    assert type(await raised(CALLS[operation](parts))) is UnexpectedAnswer


@pytest.mark.parametrize("operation", WITH_KEYS)
async def test_a_truncated_answer_does_not_show_a_key(parts: Parts, operation: str) -> None:
    with everything_logged() as tape:
        parts.azure.world.faults.add(operation, "malformed")
        error = await raised(CALLS[operation](parts))
    assert type(error) is UnexpectedAnswer
    assert not key_search.found(values(parts).values(), key_search.attached(error) + tape.text)
    assert tape.lines


@pytest.mark.parametrize("status", [202, 500])
@pytest.mark.parametrize("operation", WITH_KEYS)
async def test_an_answer_with_an_unknown_status_does_not_show_a_key(
    parts: Parts, spoiled: Spoiled, operation: str, status: int
) -> None:
    """An attached cause shows the body in its text, and this body holds two keys."""
    for _ in range(3):
        spoiled.body(operation, {"key1": "planted-key-number-one", "key2": "planted-key-number-two"}, status)
    error = await raised(CALLS[operation](parts))
    assert not key_search.found(["planted-key-number-one", "planted-key-number-two"], key_search.attached(error))


async def test_tagged_accounts_of_all_pages_are_listed_and_others_are_not(parts: Parts) -> None:
    world = parts.azure.world
    world.arm_page = 2
    for number in range(5):
        world.accounts.add(f"tagged-{number}", tags={"Key-Rotation": "off" if number else "on"})
    found = await listed(parts)
    assert [one.id.name for one in found] == [f"tagged-{number}" for number in range(5)]
    assert world.journal.count("arm.listAccounts") == 4


async def test_a_page_that_cannot_be_listed_names_the_subscription(parts: Parts) -> None:
    parts.azure.world.arm_page = 1
    parts.azure.world.faults.add("arm.listAccounts", "status", status=500, skip=1, times=0)
    error = await raised(listed(parts))
    assert type(error) is TryLater
    assert error.thing == f"subscription {parts.azure.world.subscription}"


@pytest.mark.parametrize(
    ("facts", "is_open"),
    [
        ({}, True),
        ({"public_network_access": "Disabled"}, False),
        ({"network_acls": {"defaultAction": "Deny", "ipRules": [{"value": "192.0.2.1"}]}}, False),
        ({"network_acls": {"defaultAction": "Allow"}}, True),
    ],
    ids=str,
)
async def test_a_listing_tells_whether_an_account_takes_calls_from_any_address(
    parts: Parts, facts: dict[str, Any], is_open: bool
) -> None:
    account = parts.account()
    account.tags = {"key-rotation": "on"}
    for name, value in facts.items():
        setattr(account, name, value)
    page = await parts.accounts.tagged(AccountId.parse(account.id).subscription)
    assert [one.open for one in page.entries if one.id.same_as(account.id)] == [is_open]
