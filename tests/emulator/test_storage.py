"""What takes time in the storage account, who may use it, and what it refuses to imitate."""

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
from tests.emulator.clients import Clients

KEY = AzureNamedKeyCredential(ACCOUNT, ACCOUNT_KEY)


def code_of(refused: pytest.ExceptionInfo[AzureError]) -> str:
    return refused.value.code


@pytest.fixture
def lease() -> Lease:
    held = Lease()
    held.acquire(1000, 15, "mine")
    return held


def test_a_lease_runs_out_on_the_second(lease: Lease) -> None:
    assert [lease.state(moment) for moment in (1000, 1014.9, 1015)] == ["leased", "leased", "expired"]


def test_a_lease_that_ran_out_can_be_renewed_while_nobody_touched_the_blob(lease: Lease) -> None:
    lease.renew(1100, "mine")
    assert lease.state(1114) == "leased"


def test_a_write_after_it_ran_out_ends_a_lease_for_good(lease: Lease) -> None:
    lease.guard_write(1020, None)
    with pytest.raises(AzureError) as refused:
        lease.renew(1021, "mine")
    assert code_of(refused) == "LeaseIdMismatchWithLeaseOperation"


def test_a_lost_lease_does_not_let_its_holder_write(lease: Lease) -> None:
    with pytest.raises(AzureError) as refused:
        lease.guard_write(1015, "mine")
    assert (refused.value.status, code_of(refused)) == (412, "LeaseLost")


def test_somebody_else_takes_a_lease_that_ran_out_and_the_first_holder_is_refused(lease: Lease) -> None:
    lease.acquire(1015, 15, "theirs")
    with pytest.raises(AzureError) as refused:
        lease.guard_write(1016, "mine")
    assert code_of(refused) == "LeaseIdMismatchWithBlobOperation"


def test_a_breaking_lease_is_broken_when_its_time_is_up(lease: Lease) -> None:
    assert lease.break_(1001, None) == 14
    assert lease.break_(1001, 5) == 5
    assert [lease.state(moment) for moment in (1005, 1006)] == ["breaking", "broken"]


def test_a_message_comes_back_when_its_time_hidden_is_up_and_goes_when_its_life_is() -> None:
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


async def test_a_token_with_the_data_role_is_enough(clients: Clients) -> None:
    blobs, queues = await clients.blobs(), await clients.queues()
    await blobs.create_container("state")
    await blobs.get_blob_client("state", "b").upload_blob(b"x")
    await queues.create_queue("work")
    await queues.get_queue_client("work").send_message("x")
    message = await queues.get_queue_client("work").receive_message()
    assert message is not None
    await queues.get_queue_client("work").delete_message(message)


async def test_a_token_without_the_role_is_refused_where_the_key_is_not(azure: Azure, clients: Clients) -> None:
    azure.world.directory.revoke("app")
    by_token, by_key = await clients.blobs(), await clients.blobs(KEY)
    with pytest.raises(HttpResponseError) as refused:
        await by_token.create_container("state")
    assert refused.value.status_code == 403
    await by_key.create_container("state")


async def test_a_reader_can_read_and_not_write(azure: Azure, clients: Clients) -> None:
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
async def test_a_caller_without_credentials_is_told_where_to_get_them(
    azure: Azure, session: aiohttp.ClientSession, service: str
) -> None:
    async with session.get(f"{azure.urls[service]}/{ACCOUNT}?comp=list") as answer:
        assert (answer.status, answer.headers["x-ms-error-code"]) == (401, "NoAuthenticationInformation")
        assert "resource_id=https://storage.azure.com" in answer.headers["WWW-Authenticate"]


async def test_what_is_not_imitated_is_refused_by_name(azure: Azure, clients: Clients) -> None:
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


async def test_a_lease_held_over_http_ends_by_the_clock_of_the_world(azure: Azure, clients: Clients) -> None:
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
