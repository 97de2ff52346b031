"""The app's identity: the managed identity in Azure, chosen by its client id, with few requests for tokens."""

import ssl
from typing import Any

import pytest
from azure.identity.aio import ChainedTokenCredential, ManagedIdentityCredential

from lab.emulator.directory import Identity
from lab.emulator.serve import Azure
from shared.adapters.connections import Connections
from shared.adapters.identity import open_credential
from shared.domain.errors import GrantRole
from shared.turns.report import Result
from tests.support.real_parts import Parts, parts_over

IN_AZURE = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT", "WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME")


@pytest.mark.parametrize("name", IN_AZURE)
async def test_the_managed_identity_is_used_in_azure(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for other in IN_AZURE:
        monkeypatch.delenv(other, raising=False)
    connections = Connections()
    credential: Any = open_credential(None, {name: "something"}, connections)
    assert type(credential) is ManagedIdentityCredential
    await credential.close()
    assert not connections.shared.closed, "other clients still use it"
    await connections.close()


async def test_a_developer_s_sign_in_is_used_outside_azure() -> None:
    connections = Connections()
    credential: Any = open_credential("a-client", {"PATH": "/bin", "IDENTITY_ENDPOINT": ""}, connections)
    assert type(credential) is ChainedTokenCredential
    assert [type(one).__name__ for one in credential.credentials] == [
        "AzureCliCredential",
        "AzureDeveloperCliCredential",
    ]
    await credential.close()
    await connections.close()


async def test_the_client_id_chooses_the_identity(azure: Azure) -> None:
    azure.world.directory.add(Identity("second"), "Azure OpenAI key rotator")
    second = azure.world.directory.identities["second"].client_id
    async with parts_over(azure, AZURE_CLIENT_ID=second) as parts:
        await parts.accounts.read(parts.target().account)
        assert {one.caller for one in parts.calls()} == {"second"}


async def test_the_system_assigned_identity_is_used_without_a_client_id(azure: Azure) -> None:
    async with parts_over(azure, AZURE_CLIENT_ID="") as parts:
        await parts.accounts.read(parts.target().account)
        assert {one.caller for one in parts.calls()} == {"app"}


async def test_an_unknown_client_id_raises_grant_role_that_names_the_setting(azure: Azure) -> None:
    async with parts_over(azure, AZURE_CLIENT_ID="00000000-0000-4000-8000-00000000dead") as parts:
        with pytest.raises(GrantRole) as caught:
            await parts.accounts.read(parts.target().account)
    assert caught.value.thing == parts.account().id
    assert "AZURE_CLIENT_ID" in caught.value.next_step


async def test_all_turns_share_one_token_for_each_service(parts: Parts) -> None:
    for number in (1, 2, 1, 2):
        assert (await parts.rotation.turn(parts.target(number))).result in (Result.DONE, Result.NOTHING)
    resources = [one.target for one in parts.azure.world.journal.find("identity.token")]
    assert sorted(resources) == sorted(
        {parts.azure.urls["arm"], "https://vault.azure.net", "https://eventgrid.azure.net"}
    )


async def test_an_expired_token_raises_grant_role(parts: Parts) -> None:
    await parts.accounts.read(parts.target().account)
    parts.azure.world.directory.expire_tokens()
    with pytest.raises(GrantRole):
        await parts.accounts.read(parts.target().account)


async def test_the_error_of_a_refusal_does_not_show_the_token(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []
    token = parts.azure.world.directory.token

    def noting(*arguments: Any) -> Any:
        made = token(*arguments)
        given.append(made[0])
        return made

    monkeypatch.setattr(parts.azure.world.directory, "token", noting)
    parts.azure.world.directory.revoke("app")
    with pytest.raises(GrantRole) as caught:
        await parts.accounts.read(parts.target().account)
    assert given
    assert not any(part in f"{caught.value}{caught.value.__cause__}" for part in given[0].split("."))


async def test_certificates_and_host_names_are_checked(parts: Parts) -> None:
    context = parts.connections.shared.connector._ssl
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
