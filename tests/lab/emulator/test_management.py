"""Azure Resource Manager, called with the released management client."""

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.cognitiveservices.models import RegenerateKeyParameters

from lab.emulator import World, fingerprint
from lab.emulator.serve import Azure
from lab.emulator.surfaces.account_shape import render
from tests.lab.emulator.clients import Clients

GROUP, NAME = "emulated", "account-001"


def account_of(azure: Azure) -> Any:
    return azure.world.accounts.named(NAME)


async def test_an_account_has_two_keys_of_84_characters(azure: Azure, clients: Clients) -> None:
    arm = await clients.management()
    keys = await arm.accounts.list_keys(GROUP, NAME)
    assert len(keys.key1) == len(keys.key2) == 84
    assert keys.key1 != keys.key2
    assert azure.world.accounts.list_keys(account_of(azure).id) == {"key1": keys.key1, "key2": keys.key2}


@pytest.mark.parametrize(("name", "changed", "kept"), [("Key1", "key1", "key2"), ("Key2", "key2", "key1")])
async def test_regenerating_one_key_leaves_the_other_unchanged(
    clients: Clients, name: str, changed: str, kept: str
) -> None:
    arm = await clients.management()
    before = (await arm.accounts.list_keys(GROUP, NAME)).as_dict()
    answered = (await arm.accounts.regenerate_key(GROUP, NAME, name)).as_dict()
    assert answered == (await arm.accounts.list_keys(GROUP, NAME)).as_dict()
    assert answered[kept] == before[kept]
    assert answered[changed] != before[changed]


@pytest.mark.parametrize("name", ["key1", "KEY1", "Key3", "", RegenerateKeyParameters(key_name="Key1")])
async def test_an_unknown_key_name_regenerates_nothing(azure: Azure, clients: Clients, name: Any) -> None:
    arm = await clients.management()
    before = azure.world.accounts.list_keys(account_of(azure).id)
    if isinstance(name, RegenerateKeyParameters):
        name = str(name)
    with pytest.raises(HttpResponseError) as refused:
        await arm.accounts.regenerate_key(GROUP, NAME, name)
    assert refused.value.status_code == 400
    assert azure.world.accounts.list_keys(account_of(azure).id) == before


async def test_accounts_are_listed_in_pages(azure: Azure, clients: Clients) -> None:
    azure.world.arm_page = 3
    for number in range(5):
        azure.world.accounts.add(f"more-{number}", resource_group="other")
    arm = await clients.management()
    everything = [one.name async for one in arm.accounts.list()]
    assert len(everything) == len(set(everything)) == 7
    assert [one.name async for one in arm.accounts.list_by_resource_group("OTHER")] == everything[2:]
    assert azure.world.journal.count("arm.listAccounts") == 3


async def test_account_names_are_compared_without_regard_to_case(clients: Clients) -> None:
    arm = await clients.management()
    assert (await arm.accounts.get("EMULATED", "Account-001")).name == NAME


async def test_an_update_changes_tags_and_local_auth_immediately(azure: Azure, clients: Clients) -> None:
    arm = await clients.management()
    before = await arm.accounts.get(GROUP, NAME)
    assert before.properties.disable_local_auth is None
    change = {"tags": {"a": "b"}, "properties": {"disableLocalAuth": True}}
    poller = await arm.accounts.begin_update(GROUP, NAME, change)
    after = await poller.result()
    assert after.tags == {"a": "b"}
    assert after.properties.disable_local_auth is True
    assert after.etag != before.etag
    assert azure.world.accounts.keys_disabled(account_of(azure))


def test_an_account_has_the_properties_of_a_recorded_one(observed: dict[str, Any]) -> None:
    shape = observed["account_shape_2025"]["body"]
    ours = render(World().accounts.add("bare", subdomain=None), "https://westeurope.invalid/")
    assert set(shape) - set(ours) == {"identity"}
    assert set(shape["properties"]) == set(ours["properties"])


async def test_a_property_that_is_not_imitated_is_refused_by_name(clients: Clients) -> None:
    arm = await clients.management()
    with pytest.raises(HttpResponseError, match="does not imitate changing encryption"):
        await arm.accounts.begin_update(GROUP, NAME, {"properties": {"encryption": {}}})


async def test_an_unknown_account_is_not_found(clients: Clients) -> None:
    arm = await clients.management()
    with pytest.raises(ResourceNotFoundError, match="accounts/absent"):
        await arm.accounts.list_keys(GROUP, "absent")


async def test_an_api_version_that_is_not_imitated_is_refused(clients: Clients) -> None:
    arm = await clients.management(api_version="2021-04-30")
    with pytest.raises(HttpResponseError) as refused:
        await arm.accounts.get(GROUP, NAME)
    assert refused.value.error.code == "InvalidApiVersionParameter"


async def test_the_403_without_the_role_names_the_action(azure: Azure, clients: Clients) -> None:
    arm = await clients.management()
    azure.world.directory.revoke("app")
    with pytest.raises(HttpResponseError, match="regenerateKey/action") as refused:
        await arm.accounts.regenerate_key(GROUP, NAME, "Key1")
    assert refused.value.status_code == 403


async def test_a_role_on_one_account_does_not_allow_another(azure: Azure, clients: Clients) -> None:
    azure.world.directory.revoke("app")
    definition = {"roleName": "Keys", "permissions": [{"actions": ["Microsoft.CognitiveServices/accounts/*"]}]}
    azure.world.give_roles("app", [definition], scope=account_of(azure).id)
    arm = await clients.management()
    assert (await arm.accounts.get(GROUP, NAME)).name == NAME
    with pytest.raises(HttpResponseError) as refused:
        await arm.accounts.get(GROUP, "account-002")
    assert refused.value.status_code == 403


async def test_writes_beyond_the_bucket_are_throttled_until_the_bucket_refills(azure: Azure, clients: Clients) -> None:
    world = azure.world
    world.clock.freeze()
    world.limits.on = True
    arm = await clients.management(retry_total=0)
    for _ in range(200):
        await arm.accounts.list_keys(GROUP, NAME)
    with pytest.raises(HttpResponseError) as refused:
        await arm.accounts.regenerate_key(GROUP, NAME, "Key1")
    assert (refused.value.status_code, refused.value.response.headers["Retry-After"]) == (429, "1")
    await arm.accounts.get(GROUP, NAME)
    world.clock.advance(0.1)
    await arm.accounts.list_keys(GROUP, NAME)


async def test_the_journal_shows_that_the_sdk_repeats_a_regenerate(azure: Azure, clients: Clients) -> None:
    azure.world.faults.add("arm.regenerateKey", "status", status=503, when="after", times=2)
    arm = await clients.management(retry_backoff_factor=0)
    before = azure.world.accounts.list_keys(account_of(azure).id)
    answered = await arm.accounts.regenerate_key(GROUP, NAME, "Key2")
    entries = list(azure.world.journal.find("arm.regenerateKey"))
    assert [(one.status, one.effect) for one in entries] == [(503, True), (503, True), (200, True)]
    assert len({one.request_id for one in entries}) == 1
    assert answered.key1 == before["key1"]
    assert fingerprint(answered.key2) != fingerprint(before["key2"])
