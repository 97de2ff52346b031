"""Blobs, leases and queues, called with the released storage clients, here and in Azurite.

The same tests run against both, so that the emulator behaves like Microsoft's own storage emulator. Azurite takes part
if AZURITE_BLOB_URL and AZURITE_QUEUE_URL name its two services (with the account in the path). Its clock cannot be
moved, so tests that depend on time are in `test_storage.py` and run against the emulator only.
"""

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient, ContainerClient
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from lab.emulator.surfaces.storage import ACCOUNT, ACCOUNT_KEY
from tests.lab.emulator.clients import Clients

KEY = AzureNamedKeyCredential(ACCOUNT, ACCOUNT_KEY)


@dataclass
class Store:
    """A storage account, of the emulator or of Azurite, with a container and a queue for one test."""

    blobs: BlobServiceClient
    queues: QueueServiceClient
    container: ContainerClient
    queue: QueueClient

    async def blob(self, content: bytes = b"content") -> BlobClient:
        """Create the container and a blob with this content, and return the client of the blob."""
        await self.container.create_container()
        blob = self.container.get_blob_client("folder/blob")
        await blob.upload_blob(content)
        return blob


@pytest.fixture(params=["ours", "azurite"])
async def store(request: pytest.FixtureRequest, clients: Clients) -> AsyncIterator[Store]:
    name = f"test-{uuid.uuid4()}"
    if request.param == "ours":
        blobs, queues = await clients.blobs(KEY), await clients.queues(KEY)
        yield Store(blobs, queues, blobs.get_container_client(name), queues.get_queue_client(name))
        return
    urls = os.environ.get("AZURITE_BLOB_URL"), os.environ.get("AZURITE_QUEUE_URL")
    if not all(urls):
        pytest.skip("Azurite is not configured: set AZURITE_BLOB_URL and AZURITE_QUEUE_URL")
    async with BlobServiceClient(urls[0], KEY) as blobs, QueueServiceClient(urls[1], KEY) as queues:
        yield Store(blobs, queues, blobs.get_container_client(name), queues.get_queue_client(name))


async def refusal(waiting: Any) -> tuple[int, str]:
    """Return the status and storage error code of a call that must be refused."""
    with pytest.raises(HttpResponseError) as refused:
        await waiting
    code = getattr(refused.value, "error_code", None) or ""
    return refused.value.status_code or 0, str(getattr(code, "value", code))


async def test_a_container_can_be_created_once(store: Store) -> None:
    assert not await store.container.exists()
    await store.container.create_container()
    assert await store.container.exists()
    with pytest.raises(ResourceExistsError) as refused:
        await store.container.create_container()
    assert refused.value.error_code == "ContainerAlreadyExists"
    await store.container.delete_container()
    assert not await store.container.exists()


async def test_a_missing_container_or_blob_is_not_found(store: Store) -> None:
    blob = store.container.get_blob_client("b")
    assert await refusal(blob.upload_blob(b"x")) == (404, "ContainerNotFound")
    await store.container.create_container()
    with pytest.raises(ResourceNotFoundError) as refused:
        await blob.download_blob()
    assert refused.value.error_code == "BlobNotFound"
    assert not await blob.exists()


async def test_a_blob_returns_what_was_written(store: Store) -> None:
    await store.container.create_container()
    blob = store.container.get_blob_client("a b/ü")
    settings = ContentSettings(content_type="application/json")
    await blob.upload_blob(b'{"a": 1}', metadata={"k": "v"}, content_settings=settings)
    assert await (await blob.download_blob()).readall() == b'{"a": 1}'
    facts = await blob.get_blob_properties()
    assert (facts.size, facts.metadata, facts.content_settings.content_type) == (8, {"k": "v"}, "application/json")
    assert (facts.lease.state, facts.lease.status) == ("available", "unlocked")
    assert await (await blob.download_blob(offset=2, length=3)).readall() == b'a":'


async def test_an_empty_blob_can_be_read(store: Store) -> None:
    blob = await store.blob(b"")
    assert await (await blob.download_blob()).readall() == b""


async def test_a_blob_is_not_overwritten_unless_requested(store: Store) -> None:
    blob = await store.blob()
    with pytest.raises(ResourceExistsError) as refused:
        await blob.upload_blob(b"other")
    assert refused.value.error_code == "BlobAlreadyExists"
    await blob.upload_blob(b"other", overwrite=True)
    assert await (await blob.download_blob()).readall() == b"other"


async def test_a_write_with_an_old_etag_is_refused(store: Store) -> None:
    blob = await store.blob()
    first = (await blob.get_blob_properties()).etag
    second = await blob.upload_blob(b"2", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    assert second["etag"] != first
    with pytest.raises(ResourceModifiedError) as refused:
        await blob.upload_blob(b"3", overwrite=True, etag=first, match_condition=MatchConditions.IfNotModified)
    assert refused.value.error_code == "ConditionNotMet"
    assert await (await blob.download_blob()).readall() == b"2"


async def test_metadata_can_be_set_without_changing_the_content(store: Store) -> None:
    blob = await store.blob()
    before = (await blob.get_blob_properties()).etag
    await blob.set_blob_metadata({"a": "1"})
    after = await blob.get_blob_properties()
    assert (after.metadata, after.etag == before) == ({"a": "1"}, False)
    assert await (await blob.download_blob()).readall() == b"content"


async def test_blobs_are_listed_by_prefix_in_order(store: Store) -> None:
    await store.container.create_container()
    for name in ("b/2", "a/1", "b/1"):
        await store.container.upload_blob(name, name.encode(), metadata={"n": name[-1]})
    assert [one.name async for one in store.container.list_blobs()] == ["a/1", "b/1", "b/2"]
    listed = [one async for one in store.container.list_blobs(name_starts_with="b/", include=["metadata"])]
    assert [(one.name, one.size, one.metadata) for one in listed] == [("b/1", 3, {"n": "1"}), ("b/2", 3, {"n": "2"})]
    assert store.container.container_name in [one.name async for one in store.blobs.list_containers("test-")]


async def test_blobs_are_listed_in_pages_of_the_requested_size(store: Store) -> None:
    await store.container.create_container()
    for number in range(5):
        await store.container.upload_blob(f"x/{number}", b"", metadata={"n": str(number)})
    await store.container.upload_blob("y", b"")
    listing = store.container.list_blobs(name_starts_with="x/", include=["metadata"], results_per_page=2).by_page()
    pages = [[one.metadata["n"] async for one in page] async for page in listing]
    assert pages == [["0", "1"], ["2", "3"], ["4"]]
    nothing = store.container.list_blobs(results_per_page=-1)
    assert (await refusal(anext(aiter(nothing))))[0] == 400


async def test_a_deleted_blob_is_not_found(store: Store) -> None:
    blob = await store.blob()
    await blob.delete_blob()
    assert await refusal(blob.delete_blob()) == (404, "BlobNotFound")


async def test_only_the_lease_holder_can_write_a_leased_blob(store: Store) -> None:
    blob = await store.blob()
    lease = await blob.acquire_lease(15)
    assert await refusal(blob.upload_blob(b"2", overwrite=True)) == (412, "LeaseIdMissing")
    other = str(uuid.uuid4())
    assert await refusal(blob.upload_blob(b"2", overwrite=True, lease=other)) == (
        412,
        "LeaseIdMismatchWithBlobOperation",
    )
    assert await refusal(blob.delete_blob()) == (412, "LeaseIdMissing")
    assert await refusal(blob.set_blob_metadata({"a": "b"})) == (412, "LeaseIdMissing")
    await blob.upload_blob(b"2", overwrite=True, lease=lease)
    facts = await blob.get_blob_properties()
    assert (facts.lease.state, facts.lease.status, facts.lease.duration) == ("leased", "locked", "fixed")
    assert await (await blob.download_blob()).readall() == b"2"
    assert await refusal(blob.get_blob_properties(lease=other)) == (412, "LeaseIdMismatchWithBlobOperation")
    await lease.release()
    await blob.upload_blob(b"3", overwrite=True)


async def test_a_leased_blob_can_be_leased_again_only_with_the_same_id(store: Store) -> None:
    blob = await store.blob()
    held = str(uuid.uuid4())
    lease = await blob.acquire_lease(15, lease_id=held)
    assert lease.id == held
    assert await refusal(blob.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    again = await blob.acquire_lease(-1, lease_id=held)
    assert again.id == held
    assert (await blob.get_blob_properties()).lease.duration == "infinite"


@pytest.mark.parametrize("duration", [0, 14, 61])
async def test_a_lease_of_another_duration_than_15_to_60_seconds_is_refused(store: Store, duration: int) -> None:
    blob = await store.blob()
    assert (await refusal(blob.acquire_lease(duration)))[0] == 400


async def test_renew_and_release_need_the_lease_id(store: Store) -> None:
    blob = await store.blob()
    other = BlobLeaseClient(blob, lease_id=str(uuid.uuid4()))
    mismatch = (409, "LeaseIdMismatchWithLeaseOperation")
    assert await refusal(other.renew()) == mismatch
    assert await refusal(other.release()) == mismatch
    lease = await blob.acquire_lease(15)
    await lease.renew()
    assert await refusal(other.renew()) == mismatch
    assert await refusal(other.release()) == mismatch
    released = BlobLeaseClient(blob, lease_id=lease.id)
    await lease.release()
    assert await refusal(released.renew()) == mismatch


async def test_a_lease_can_change_its_id(store: Store) -> None:
    blob = await store.blob()
    lease = await blob.acquire_lease(15)
    first, second = lease.id, str(uuid.uuid4())
    await lease.change(second)
    assert lease.id == second
    await lease.renew()
    stale = BlobLeaseClient(blob, lease_id=first)
    assert await refusal(stale.renew()) == (409, "LeaseIdMismatchWithLeaseOperation")
    assert await refusal(stale.change(str(uuid.uuid4()))) == (409, "LeaseIdMismatchWithLeaseOperation")


async def test_a_broken_lease_can_be_acquired_but_not_renewed(store: Store) -> None:
    blob = await store.blob()
    lease = await blob.acquire_lease(60)
    assert await lease.break_lease(0) == 0
    assert (await blob.get_blob_properties()).lease.state == "broken"
    assert await refusal(lease.renew()) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    assert await refusal(lease.change(str(uuid.uuid4()))) == (409, "LeaseNotPresentWithLeaseOperation")
    await blob.acquire_lease(15)


async def test_a_breaking_lease_still_protects_the_blob_and_cannot_be_acquired(store: Store) -> None:
    blob = await store.blob()
    lease = await blob.acquire_lease(60)
    assert await lease.break_lease(30) in (29, 30)
    assert (await blob.get_blob_properties()).lease.state == "breaking"
    assert await refusal(blob.acquire_lease(15)) == (409, "LeaseAlreadyPresent")
    assert await refusal(blob.acquire_lease(15, lease_id=lease.id)) == (409, "LeaseIsBreakingAndCannotBeAcquired")
    assert await refusal(lease.renew()) == (409, "LeaseIsBrokenAndCannotBeRenewed")
    assert await refusal(blob.upload_blob(b"2", overwrite=True)) == (412, "LeaseIdMissing")
    await lease.release()
    await blob.acquire_lease(15)


async def test_an_infinite_lease_without_a_break_period_breaks_immediately(store: Store) -> None:
    blob = await store.blob()
    lease = await blob.acquire_lease(-1)
    assert await lease.break_lease() == 0
    await blob.acquire_lease(15)


async def test_a_blob_without_a_lease_refuses_break_change_and_lease_conditions(store: Store) -> None:
    blob = await store.blob()
    none = BlobLeaseClient(blob, lease_id=str(uuid.uuid4()))
    absent = (409, "LeaseNotPresentWithLeaseOperation")
    assert await refusal(none.break_lease()) == absent
    assert await refusal(none.change(str(uuid.uuid4()))) == absent
    assert (await refusal(blob.upload_blob(b"2", overwrite=True, lease=none)))[0] == 412


async def test_a_missing_blob_cannot_be_leased(store: Store) -> None:
    await store.container.create_container()
    assert await refusal(store.container.get_blob_client("none").acquire_lease(15)) == (404, "BlobNotFound")


async def test_a_queue_can_be_created_once(store: Store) -> None:
    await store.queue.create_queue()
    # The service answers a repeated request with 204; the client library raises an error for that too.
    for metadata in (None, {"other": "facts"}):
        with pytest.raises(ResourceExistsError) as refused:
            await store.queue.create_queue(metadata=metadata)
        assert refused.value.status_code == (409 if metadata else 204)
    assert store.queue.queue_name in [one.name async for one in store.queues.list_queues("test-")]
    await store.queue.delete_queue()
    assert await refusal(store.queue.send_message("x")) == (404, "QueueNotFound")


async def test_messages_are_received_in_order_counted_and_deleted(store: Store) -> None:
    await store.queue.create_queue()
    for text in ("<one> & ü", "two", "three"):
        await store.queue.send_message(text)
    assert (await store.queue.get_queue_properties()).approximate_message_count == 3
    assert [one.content for one in await store.queue.peek_messages(max_messages=2)] == ["<one> & ü", "two"]
    taken = [one async for one in store.queue.receive_messages(max_messages=2, visibility_timeout=60)]
    assert [(one.content, one.dequeue_count) for one in taken] == [("<one> & ü", 1), ("two", 1)]
    await store.queue.delete_message(taken[0])
    left = [one.content async for one in store.queue.receive_messages()]
    assert left == ["three"]
    await store.queue.clear_messages()
    assert (await store.queue.get_queue_properties()).approximate_message_count == 0


async def test_an_updated_message_is_received_again_with_its_new_text(store: Store) -> None:
    await store.queue.create_queue()
    await store.queue.send_message("first")
    taken = await store.queue.receive_message(visibility_timeout=60)
    assert taken is not None
    await store.queue.update_message(taken, content="second", visibility_timeout=0)
    again = await store.queue.receive_message()
    assert again is not None
    assert (again.id, again.content, again.dequeue_count) == (taken.id, "second", 2)


async def test_an_old_pop_receipt_cannot_delete_a_message(store: Store) -> None:
    await store.queue.create_queue()
    await store.queue.send_message("first")
    taken = await store.queue.receive_message(visibility_timeout=60)
    assert taken is not None
    await store.queue.update_message(taken, visibility_timeout=0)
    await store.queue.receive_message(visibility_timeout=60)
    status, code = await refusal(store.queue.delete_message(taken.id, taken.pop_receipt))
    assert (status, code) == (400, "PopReceiptMismatch")
    assert (await refusal(store.queue.delete_message(str(uuid.uuid4()), taken.pop_receipt))) == (404, "MessageNotFound")


async def test_a_message_sent_hidden_cannot_be_received_yet(store: Store) -> None:
    await store.queue.create_queue()
    await store.queue.send_message("later", visibility_timeout=60)
    assert await store.queue.peek_messages() == []
    assert await store.queue.receive_message() is None


async def test_a_request_for_zero_messages_is_refused(store: Store) -> None:
    await store.queue.create_queue()
    assert (await refusal(store.queue.peek_messages(max_messages=0)))[0] == 400


async def test_a_wrong_account_key_is_refused(store: Store) -> None:
    wrong = AzureNamedKeyCredential(ACCOUNT, "d3Jvbmc=")
    pipeline = store.blobs._pipeline._transport
    async with BlobServiceClient(store.blobs.url, wrong, transport=pipeline) as blobs:
        assert await refusal(blobs.get_container_client("wrong-key").create_container()) in (
            (403, "AuthenticationFailed"),
            (403, "AuthorizationFailure"),  # Azurite's code
        )
