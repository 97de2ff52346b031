"""The storage account: what depends on time, who may use it, and what it does not imitate.

What Azurite can do too is in `test_storage_conformance.py`.
"""

import uuid
from typing import Any

import aiohttp
import pytest
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from lab.emulator import AzureError, World
from lab.emulator.leases import Lease
from lab.emulator.serve import Azure
from lab.emulator.surfaces.storage import ACCOUNT, ACCOUNT_KEY
from tests.lab.emulator.clients import Clients

KEY = AzureNamedKeyCredential(ACCOUNT, ACCOUNT_KEY)


def code_of(refused: pytest.ExceptionInfo[AzureError]) -> str:
    return refused.value.code


@pytest.fixture
def lease() -> Lease:
    held = Lease()
    held.acquire(1000, 15, "mine")
    return held


def test_a_lease_expires_exactly_after_its_duration(lease: Lease) -> None:
    assert [lease.state(moment) for moment in (1000, 1014.9, 1015)] == ["leased", "leased", "expired"]


def test_an_expired_lease_can_be_renewed_while_the_blob_is_unchanged(lease: Lease) -> None:
    lease.renew(1100, "mine")
    assert lease.state(1114) == "leased"


def test_an_expired_lease_cannot_be_renewed_after_a_write(lease: Lease) -> None:
    lease.guard_write(1020, None)
    with pytest.raises(AzureError) as refused:
        lease.renew(1021, "mine")
    assert code_of(refused) == "LeaseIdMismatchWithLeaseOperation"


def test_the_holder_of_an_expired_lease_cannot_write(lease: Lease) -> None:
    with pytest.raises(AzureError) as refused:
        lease.guard_write(1015, "mine")
    assert (refused.value.status, code_of(refused)) == (412, "LeaseLost")


def test_the_first_holder_cannot_write_after_another_acquired_the_expired_lease(lease: Lease) -> None:
    lease.acquire(1015, 15, "theirs")
    with pytest.raises(AzureError) as refused:
        lease.guard_write(1016, "mine")
    assert code_of(refused) == "LeaseIdMismatchWithBlobOperation"


def test_a_breaking_lease_is_broken_after_its_break_period(lease: Lease) -> None:
    assert lease.break_(1001, None) == 14
    assert lease.break_(1001, 5) == 5
    assert [lease.state(moment) for moment in (1005, 1006)] == ["breaking", "broken"]


def test_a_message_becomes_visible_again_and_expires_at_its_time() -> None:
    world = World()
    world.clock.freeze(1000)
    world.queues.create("work")
    world.queues.put("work", "text", ttl=100)
    assert [one.text for one in world.queues.get("work", visibility=30)] == ["text"]
    world.clock.advance(29)
    assert world.queues.get("work") == []
    world.clock.advance(1)
    assert world.queues.get("work")[0].dequeued == 2
    world.clock.advance(70)
    assert world.queues.length("work") == 0


async def test_a_token_with_the_roles_can_use_blobs_and_queues(clients: Clients) -> None:
    blobs, queues = await clients.blobs(), await clients.queues()
    await blobs.create_container("state")
    await blobs.get_blob_client("state", "b").upload_blob(b"x")
    await queues.create_queue("work")
    await queues.get_queue_client("work").send_message("x")
    message = await queues.get_queue_client("work").receive_message()
    assert message is not None
    await queues.get_queue_client("work").delete_message(message)


async def test_a_token_without_the_role_is_refused_and_the_account_key_is_accepted(
    azure: Azure, clients: Clients
) -> None:
    azure.world.directory.revoke("app")
    by_token, by_key = await clients.blobs(), await clients.blobs(KEY)
    with pytest.raises(HttpResponseError) as refused:
        await by_token.create_container("state")
    assert refused.value.status_code == 403
    await by_key.create_container("state")


async def test_a_reader_can_read_a_blob_but_not_lease_it(azure: Azure, clients: Clients) -> None:
    azure.world.blobs.create_container("state")
    azure.world.blobs.put("state", "b", b"x")
    action = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
    azure.world.give_roles("app", [{"roleName": "Reader", "permissions": [{"dataActions": [action]}]}])
    blob = (await clients.blobs()).get_blob_client("state", "b")
    assert await (await blob.download_blob()).readall() == b"x"
    with pytest.raises(HttpResponseError, match="AuthorizationPermissionMismatch"):
        await blob.acquire_lease(15)


async def test_the_connection_string_in_the_settings_works(azure: Azure, clients: Clients) -> None:
    connection, transport = azure.settings["AzureWebJobsStorage"], clients._transport
    async with BlobServiceClient.from_connection_string(connection, transport=transport) as blobs:
        await blobs.create_container("state")
    async with QueueServiceClient.from_connection_string(connection, transport=transport) as queues:
        await queues.create_queue("work")
    assert list(azure.world.blobs.containers) + list(azure.world.queues.queues) == ["state", "work"]


@pytest.mark.parametrize("service", ["blob", "queue"])
async def test_the_refusal_of_a_caller_without_credentials_names_the_resource(
    azure: Azure, session: aiohttp.ClientSession, service: str
) -> None:
    async with session.get(f"{azure.urls[service]}/{ACCOUNT}?comp=list") as answer:
        assert (answer.status, answer.headers["x-ms-error-code"]) == (401, "NoAuthenticationInformation")
        assert "resource_id=https://storage.azure.com" in answer.headers["WWW-Authenticate"]


async def test_storage_operations_that_are_not_imitated_are_refused(azure: Azure, clients: Clients) -> None:
    azure.world.blobs.create_container("state")
    blobs = await clients.blobs(KEY)
    blob = blobs.get_blob_client("state", "b")
    attempts: list[Any] = [
        blob.create_append_blob(),
        blob.stage_block("AA==", b"x"),
        blobs.get_container_client("state").acquire_lease(15),
        blobs.get_service_properties(),
    ]
    for attempt in attempts:
        with pytest.raises(HttpResponseError, match="does not imitate") as refused:
            await attempt
        assert refused.value.status_code == 501


async def test_a_lease_acquired_over_http_expires_by_the_world_clock(azure: Azure, clients: Clients) -> None:
    azure.world.blobs.create_container("locks")
    azure.world.blobs.put("locks", "target", b"")
    blob = (await clients.blobs()).get_blob_client("locks", "target")
    first = await blob.acquire_lease(60)
    with pytest.raises(HttpResponseError):
        await blob.acquire_lease(60, lease_id=str(uuid.uuid4()))
    azure.world.clock.advance(60)
    second = await blob.acquire_lease(60)
    with pytest.raises(HttpResponseError, match="LeaseIdMismatchWithLeaseOperation"):
        await first.renew()
    await second.renew()
    operations = [one.operation for one in azure.world.journal.find("blob.lease.*", effect=True)]
    assert operations == ["blob.lease.acquire", "blob.lease.acquire", "blob.lease.renew"]
