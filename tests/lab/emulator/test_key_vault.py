"""Key Vault secrets, called with the released client."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from lab.emulator.seed import VAULT
from lab.emulator.serve import Azure
from lab.emulator.vaults import Vault
from tests.lab.emulator.clients import Clients


@pytest.fixture
def vault(azure: Azure) -> Vault:
    return azure.world.vaults[VAULT]


async def test_a_secret_keeps_every_property_that_was_set(clients: Clients) -> None:
    kv = await clients.secrets()
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = await kv.set_secret("chat", "s3cret", tags={"slot": "1"}, content_type="text/plain", expires_on=expires)
    found = await kv.get_secret("chat")
    assert (found.value, found.id) == ("s3cret", made.id)
    assert found.properties.tags == {"slot": "1"}
    assert found.properties.content_type == "text/plain"
    assert found.properties.expires_on == expires
    assert found.properties.enabled


async def test_every_set_creates_a_version_and_the_newest_is_the_latest(clients: Clients) -> None:
    kv = await clients.secrets()
    versions = [(await kv.set_secret("chat", "same")).properties.version for _ in range(3)]
    assert len(set(versions)) == 3
    assert (await kv.get_secret("chat")).properties.version == versions[-1]
    assert (await kv.get_secret("chat", versions[0])).properties.version == versions[0]
    listed = [one.version async for one in kv.list_properties_of_secret_versions("chat")]
    assert sorted(listed) == sorted(versions)


async def test_secrets_are_listed_25_to_a_page(vault: Vault, clients: Clients) -> None:
    for number in range(60):
        vault.set_secret(f"secret-{number:02}", "v", tags={"n": str(number)})
    kv = await clients.secrets()
    pages = [[one async for one in page] async for page in kv.list_properties_of_secrets().by_page()]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert [one.tags["n"] for page in pages for one in page] == [str(number) for number in range(60)]


async def test_an_update_replaces_all_tags_and_keeps_the_version(clients: Clients) -> None:
    kv = await clients.secrets()
    made = await kv.set_secret("chat", "v", tags={"a": "1", "b": "2"})
    for version in (made.properties.version, ""):
        changed = await kv.update_secret_properties("chat", version, tags={"c": version or "latest"})
        assert changed.version == made.properties.version
        assert (await kv.get_secret("chat")).properties.tags == {"c": version or "latest"}


async def test_a_disabled_latest_version_cannot_be_read_and_no_older_one_replaces_it(clients: Clients) -> None:
    kv = await clients.secrets()
    old = await kv.set_secret("chat", "old")
    new = await kv.set_secret("chat", "new")
    await kv.update_secret_properties("chat", new.properties.version, enabled=False)
    with pytest.raises(HttpResponseError, match="not allowed on a disabled secret") as refused:
        await kv.get_secret("chat")
    assert (refused.value.status_code, refused.value.error.innererror["code"]) == (403, "SecretDisabled")
    assert (await kv.get_secret("chat", old.properties.version)).value == "old"


async def test_an_expired_secret_can_still_be_read(clients: Clients) -> None:
    kv = await clients.secrets()
    await kv.set_secret("chat", "v", expires_on=datetime.now(UTC) - timedelta(days=1))
    assert (await kv.get_secret("chat")).value == "v"


async def test_a_deleted_secret_cannot_be_set_until_it_is_recovered(vault: Vault, clients: Clients) -> None:
    kv = await clients.secrets()
    await kv.set_secret("chat", "v")
    await kv.delete_secret("chat")
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        await kv.get_secret("chat")
    with pytest.raises(ResourceExistsError, match="deleted but recoverable") as refused:
        await kv.set_secret("chat", "w")
    assert refused.value.error.innererror["code"] == "ObjectIsDeletedButRecoverable"
    assert (await kv.get_deleted_secret("chat")).name == "chat"
    assert [one.name async for one in kv.list_deleted_secrets()] == ["chat"]
    await kv.recover_deleted_secret("chat")
    assert (await kv.get_secret("chat")).value == "v"
    assert vault.deleted == {}


@pytest.mark.parametrize("protected", [True, False])
async def test_a_vault_with_purge_protection_refuses_to_purge(vault: Vault, clients: Clients, protected: bool) -> None:
    vault.purge_protected = protected
    kv = await clients.secrets()
    await kv.set_secret("chat", "v")
    await kv.delete_secret("chat")
    if protected:
        with pytest.raises(HttpResponseError) as refused:
            await kv.purge_deleted_secret("chat")
        assert refused.value.status_code == 403
    else:
        await kv.purge_deleted_secret("chat")
        await kv.set_secret("chat", "again")
    assert ("chat" in vault.deleted) is protected


@pytest.mark.parametrize(
    "oversized",
    [
        {"value": "x" * (25 * 1024 + 1)},
        {"tags": {str(number): "v" for number in range(16)}},
        {"tags": {"name": "v" * 257}},
        {"tags": {"n" * 257: "v"}},
        {"content_type": "c" * 256},
    ],
    ids=["value over 25 KB", "16 tags", "tag value of 257", "tag name of 257", "content type of 256"],
)
async def test_a_secret_over_a_size_limit_is_refused(
    vault: Vault, clients: Clients, oversized: dict[str, object]
) -> None:
    kv = await clients.secrets()
    with pytest.raises(HttpResponseError, match="BadParameter"):
        await kv.set_secret("chat", **{"value": "v", **oversized})
    assert vault.secrets == {}


async def test_a_secret_at_every_size_limit_is_accepted(clients: Clients) -> None:
    kv = await clients.secrets()
    tags = {f"{number:0256}": "v" * 256 for number in range(15)}
    await kv.set_secret("n" * 127, "x" * 25 * 1024, tags=tags, content_type="c" * 255)
    assert (await kv.get_secret("n" * 127)).properties.tags == tags


@pytest.mark.parametrize("name", ["under_score", "n" * 128, "dot.ted"])
async def test_an_invalid_secret_name_is_refused(clients: Clients, name: str) -> None:
    kv = await clients.secrets()
    with pytest.raises(HttpResponseError) as refused:
        await kv.set_secret(name, "v")
    assert refused.value.status_code == 400


@pytest.mark.parametrize("action", ["setSecret", "getSecret", "readMetadata"])
async def test_the_refusal_of_a_caller_without_the_role_names_the_action(
    azure: Azure, clients: Clients, action: str
) -> None:
    kv = await clients.secrets()
    azure.world.directory.revoke("app")
    attempts: dict[str, Callable[[], Awaitable[object]]] = {
        "setSecret": lambda: kv.set_secret("chat", "v"),
        "getSecret": lambda: kv.get_secret("chat"),
        "readMetadata": lambda: anext(kv.list_properties_of_secrets()),
    }
    with pytest.raises(HttpResponseError, match=f"secrets/{action}/action") as refused:
        await attempts[action]()
    assert (refused.value.status_code, refused.value.error.innererror["code"]) == (403, "ForbiddenByRbac")


async def test_a_write_only_role_can_set_and_list_secrets_but_not_read_them(azure: Azure, clients: Clients) -> None:
    names = ("setSecret/action", "readMetadata/action", "update/action")
    actions = [f"Microsoft.KeyVault/vaults/secrets/{name}" for name in names]
    azure.world.give_roles("app", [{"roleName": "Writer", "permissions": [{"dataActions": actions}]}])
    kv = await clients.secrets()
    await kv.set_secret("chat", "v")
    assert [one.name async for one in kv.list_properties_of_secrets()] == ["chat"]
    with pytest.raises(HttpResponseError, match="getSecret"):
        await kv.get_secret("chat")


async def test_a_closed_firewall_refuses_every_caller(vault: Vault, clients: Clients) -> None:
    vault.firewall_closed = True
    kv = await clients.secrets()
    with pytest.raises(HttpResponseError) as refused:
        await kv.set_secret("chat", "v")
    assert refused.value.error.innererror["code"] == "ForbiddenByFirewall"


async def test_new_versions_are_limited_to_300_in_ten_seconds_and_lists_are_not(
    azure: Azure, vault: Vault, clients: Clients
) -> None:
    azure.world.clock.freeze()
    azure.world.limits.on = True
    for _ in range(300):
        assert azure.world.limits.vault(vault.id, creates=True) == 0
    kv = await clients.secrets(retry_total=0)
    with pytest.raises(HttpResponseError) as refused:
        await kv.set_secret("chat", "v")
    assert (refused.value.status_code, refused.value.response.headers["Retry-After"]) == (429, "10")
    assert [one async for one in kv.list_properties_of_secrets()] == []
    azure.world.clock.advance(10)
    await kv.set_secret("chat", "v")


async def test_a_set_whose_answer_is_lost_leaves_two_versions(azure: Azure, vault: Vault, clients: Clients) -> None:
    azure.world.faults.add("kv.setSecret", "drop_after")
    kv = await clients.secrets(retry_backoff_factor=0)
    await kv.set_secret("chat", "v")
    assert len(vault.secrets["chat"].versions) == 2


async def test_a_second_vault_has_its_own_port_and_secrets(azure: Azure, session: aiohttp.ClientSession) -> None:
    url = await azure.serve_vault(azure.world.add_vault("second"))
    assert url != azure.settings["ROTATION_VAULT_URL"]
    async with session.get(f"{url}/secrets?api-version=2026-04-01") as answer:
        assert answer.status == 401
