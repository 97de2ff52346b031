"""The managed identity endpoint and its tokens."""

import time
from typing import Any

import aiohttp
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import ManagedIdentityCredential

from lab.emulator import Identity
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients

ARM = "https://management.azure.com"


async def test_a_token_names_its_audience_and_principal(azure: Azure, clients: Clients) -> None:
    claims = jwt.decode(await clients.token(ARM), options={"verify_signature": False})
    assert claims["aud"] == ARM
    assert claims["oid"] == azure.world.app.object_id
    assert claims["appid"] == azure.settings["AZURE_CLIENT_ID"]
    assert time.time() < claims["exp"] <= time.time() + azure.world.directory.token_seconds


async def test_expires_on_is_a_string_of_seconds(azure: Azure, session: aiohttp.ClientSession) -> None:
    query = {"api-version": "2019-08-01", "resource": ARM}
    headers = {"X-IDENTITY-HEADER": azure.settings["IDENTITY_HEADER"]}
    async with session.get(azure.settings["IDENTITY_ENDPOINT"], params=query, headers=headers) as answer:
        body = await answer.json()
    assert isinstance(body["expires_on"], str)
    assert int(body["expires_on"]) > time.time()


async def test_an_unknown_client_id_gets_no_token(azure: Azure, session: aiohttp.ClientSession) -> None:
    transport: Any = AioHttpTransport(session=session, session_owner=False)
    async with ManagedIdentityCredential(client_id="unknown", transport=transport) as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token(f"{ARM}/.default")
    assert azure.world.journal.count("identity.token", effect=True) == 0


async def test_an_app_with_several_identities_and_none_of_its_own_must_name_one(
    azure: Azure, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.world.directory.must_choose = True
    monkeypatch.setenv("AZURE_CLIENT_ID", azure.world.app.client_id)  # this credential does not read it
    transport: Any = AioHttpTransport(session=session, session_owner=False)
    async with ManagedIdentityCredential(transport=transport) as credential:
        with pytest.raises(ClientAuthenticationError, match="Unable to load the proper Managed Identity"):
            await credential.get_token(f"{ARM}/.default")
    async with ManagedIdentityCredential(client_id=azure.world.app.client_id, transport=transport) as credential:
        assert (await credential.get_token(f"{ARM}/.default")).token


async def test_a_second_identity_gets_its_own_token(azure: Azure, session: aiohttp.ClientSession) -> None:
    other = azure.world.directory.add(Identity("reader"))
    transport: Any = AioHttpTransport(session=session, session_owner=False)
    async with ManagedIdentityCredential(client_id=other.client_id, transport=transport) as credential:
        token = (await credential.get_token(f"{ARM}/.default")).token
    assert azure.world.directory.read(token, [ARM]) is other


def changed(token: str) -> str:
    head, body, signature = token.split(".")
    return ".".join((head, body, ("A" if signature[0] != "A" else "B") + signature[1:]))


@pytest.mark.parametrize("flaw", ["audience", "signature", "expired", "withdrawn", "nonsense"])
async def test_arm_refuses_an_invalid_token(azure: Azure, session: aiohttp.ClientSession, flaw: str) -> None:
    directory, app = azure.world.directory, azure.world.app
    token = directory.token(app, "https://vault.azure.net" if flaw == "audience" else ARM)[0]
    if flaw == "signature":
        token = changed(token)
    if flaw == "expired":
        token = directory.token(app, ARM, seconds=-1)[0]
    if flaw == "withdrawn":
        directory.expire_tokens()
    if flaw == "nonsense":
        token = "a.b.c"
    url = f"{azure.urls['arm']}/subscriptions/{azure.world.subscription}"
    url += "/providers/Microsoft.CognitiveServices/accounts?api-version=2025-09-01"
    async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (401, "InvalidAuthenticationToken")


async def test_tokens_stay_valid_when_the_world_clock_moves(azure: Azure, clients: Clients) -> None:
    arm = await clients.management()
    await arm.accounts.get("emulated", "account-001")
    azure.world.clock.advance(40 * 24 * 3600)
    assert (await arm.accounts.get("emulated", "account-001")).name == "account-001"
