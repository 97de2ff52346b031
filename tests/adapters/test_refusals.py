"""Refusals of the emulated Azure over HTTP: the error says who must act, quotes Azure, and holds no key."""

from collections.abc import Callable

import pytest

from lab.emulator.world import World
from shared.domain.causes import Cause
from shared.domain.errors import FixConfiguration, RotationError, TryLater
from shared.domain.keys import KeySlot
from shared.domain.model import Adopt
from shared.domain.requests import LeakRequest
from tests.support.real_parts import Parts, Spoiled
from tests.support.vault_publications import latest, publish, raised, vault_of


def lock(world: World) -> None:
    world.restrictions.locked.add(f"/subscriptions/{world.subscription}/resourceGroups/EMULATED")


def disable(world: World) -> None:
    world.restrictions.disabled.add(world.subscription)


def deny(world: World) -> None:
    world.restrictions.denied.add((f"/subscriptions/{world.subscription}", "*/action"))


WAYS: list[tuple[Callable[[World], None], Cause, str]] = [
    (lock, Cause.LOCKED, "409 ScopeLocked: The scope '"),
    (disable, Cause.SUBSCRIPTION_DISABLED, "409 ReadOnlyDisabledSubscription: The subscription '"),
    (deny, Cause.DENY_ASSIGNMENT, "403 DenyAssignmentAuthorizationFailed: The client '"),
]


@pytest.mark.parametrize(("refuse", "cause", "quoted"), WAYS, ids=lambda one: getattr(one, "__name__", ""))
async def test_what_refuses_everybody_is_named_with_what_a_person_must_do(
    parts: Parts, refuse: Callable[[World], None], cause: Cause, quoted: str
) -> None:
    refuse(parts.azure.world)
    account = parts.target().account
    for call in (parts.accounts.list_keys(account), parts.accounts.regenerate(account, KeySlot.KEY1)):
        error = await raised(call)
        assert (type(error), error.cause) == (FixConfiguration, cause)
        assert quoted in error.what
        assert error.of_owner
        assert not error.resolves_itself
    assert (await parts.accounts.read(account)).id.name == account.name  # reading stays possible


async def test_a_locked_target_goes_on_by_itself_once_the_lock_is_away(parts: Parts) -> None:
    target = parts.target()
    assert (await parts.rotation.turn(target)).reason == "adopt"
    lock(parts.azure.world)
    told = await parts.rotation.turn(target, LeakRequest(by="pat"))
    assert told.reason == "FixConfiguration"
    assert "take the read-only lock away" in str(told.next_step)
    parts.azure.world.restrictions.locked.clear()
    assert (await parts.rotation.turn(target, LeakRequest(by="pat"))).reason == "leaked"


STATES = [
    ("Accepted", TryLater), ("Creating", TryLater), ("Moving", TryLater), ("ResolvingDNS", TryLater),
    ("Deleting", FixConfiguration), ("Failed", FixConfiguration),
]  # fmt: skip


@pytest.mark.parametrize(("state", "kind"), STATES)
async def test_an_account_that_is_not_ready_is_named_with_its_state(
    parts: Parts, state: str, kind: type[RotationError]
) -> None:
    parts.account().state = state
    account = parts.target().account
    error = await raised(parts.accounts.list_keys(account))
    assert type(error) is kind
    assert f"400 AccountProvisioningStateInvalid: Account {account} in state {state}" in error.what
    assert error.resolves_itself is (kind is TryLater)
    assert (await parts.accounts.read(account)).state == state


@pytest.mark.parametrize(("state", "kind"), STATES)
async def test_an_account_without_an_endpoint_is_named_with_its_state(
    parts: Parts, state: str, kind: type[RotationError]
) -> None:
    parts.account().state = state
    parts.account().properties = {"endpoint": ""}
    error = await raised(parts.accounts.read(parts.target().account))
    assert type(error) is kind
    assert f"Azure names its state {state}" in error.what


async def test_a_change_that_azure_begins_and_does_not_finish_keeps_azure_s_reason(
    parts: Parts, spoiled: Spoiled
) -> None:
    account = parts.target().account
    failed = {"id": str(account), "properties": {"provisioningState": "Failed"}}
    reason = {"error": {"code": "InternalServerError", "message": "The update could not be completed."}}
    spoiled.body("arm.updateAccount", failed | reason)
    error = await raised(parts.accounts.disable_key_auth(account))
    assert "ended as Failed: 200 InternalServerError: The update could not be completed" in error.what
    spoiled.body("arm.updateAccount", failed)
    error = await raised(parts.accounts.disable_key_auth(account))
    assert type(error) is FixConfiguration
    assert "Azure names its state Failed" in error.what


@pytest.mark.parametrize("kind", ["SpeechServices", "TextAnalytics", "CognitiveServices", "FormRecognizer"])
async def test_an_account_of_another_kind_is_refused_before_anything_is_regenerated(parts: Parts, kind: str) -> None:
    parts.account().kind = kind
    told = await parts.rotation.turn(parts.target(adopt=Adopt.ROTATE))
    assert told.reason == "FixConfiguration"
    assert f"its kind is {kind}" in told.why
    assert not {"arm.listKeys", "arm.regenerateKey", "kv.setSecret"} & set(parts.names())


@pytest.mark.parametrize("kind", ["OpenAI", "AIServices", "aiservices"])
async def test_an_account_that_serves_openai_is_adopted(parts: Parts, kind: str) -> None:
    parts.account().kind = kind
    assert (await parts.rotation.turn(parts.target())).reason == "adopt"


async def test_a_vault_for_private_endpoints_asks_for_the_network_and_no_role(parts: Parts) -> None:
    vault_of(parts).private_only = True
    error = await raised(parts.vault.latest(parts.target()))
    assert (type(error), error.cause) == (FixConfiguration, Cause.PRIVATE_ONLY)
    assert "let the function's network reach the vault" in error.next_step


@pytest.mark.parametrize("held", [None, {"list", "delete"}])
async def test_a_vault_of_access_policies_asks_for_one_and_no_role(parts: Parts, held: set[str] | None) -> None:
    await publish(parts)
    app = parts.azure.world.app.object_id
    vault_of(parts).policies = {"somebody else": {"get"}} | ({app: held} if held else {})
    error = await raised(parts.vault.latest(parts.target()))
    assert (type(error), error.cause) == (FixConfiguration, Cause.ACCESS_POLICY)
    assert "az keyvault set-policy" in error.next_step
    vault_of(parts).policies = {app: {"get", "list", "set"}}
    assert (await latest(parts)).value


async def test_an_unknown_code_is_quoted_in_bounds_and_without_what_looks_like_a_key(parts: Parts) -> None:
    key = parts.account().keys["key1"].value
    parts.azure.world.faults.add(
        "arm.listKeys", "status", status=403, code="SomethingNew", message=f"no: {key} " + "and more " * 400
    )
    error = await raised(parts.accounts.list_keys(parts.target().account))
    assert "403 SomethingNew: no: (left out)" in error.what
    assert error.what.endswith("The code SomethingNew is unknown to this app.")
    assert key not in error.what
    assert len(error.what) < 800
    assert "look up that code" in error.next_step
