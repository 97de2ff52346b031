"""Timer triggers: payload, status blob, leases and missed runs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob.aio import BlobLeaseClient

from lab.funchost.leases import CONTAINER
from lab.funchost.storage import Storage
from tests.lab.funchost.test_queues import contents

EVERY_SECOND = "* * * * * *"


def status_name(host_id: str, function: str = "tick") -> str:
    """Return the name of a timer's status blob."""
    return f"timers/{host_id}/Host.Functions.{function}/status"


def lock_name(host_id: str, function: str = "tick") -> str:
    """Return the name of the blob with a timer's lease."""
    return f"locks/{host_id}/Host.Functions.{function}.Listener"


async def read(storage: Storage, name: str) -> dict[str, Any]:
    """Return the content of a JSON blob."""
    content: dict[str, Any] = json.loads(await (await storage.blob(CONTAINER, name).download_blob()).readall())
    return content


async def leave_status(storage: Storage, host_id: str, due: datetime) -> None:
    """Write a status blob that says that `tick` is due at this time."""
    status = {"Last": (due - timedelta(days=1)).isoformat(), "Next": due.isoformat(), "LastUpdated": due.isoformat()}
    await storage.create_container(CONTAINER)
    await storage.blob(CONTAINER, status_name(host_id)).upload_blob(json.dumps(status).encode())


async def hold_lock(storage: Storage, host_id: str) -> BlobLeaseClient:
    """Hold the lease of `tick`, as a killed host does until it runs out."""
    await storage.create_container(CONTAINER)
    blob = storage.blob(CONTAINER, lock_name(host_id))
    await blob.upload_blob(b"")
    return await blob.acquire_lease(lease_duration=60)


async def test_a_timer_runs_whenever_it_is_due(start_host, settings) -> None:
    host = await start_host("every", {**settings, "TICK": EVERY_SECOND}, host_id="h1")
    first, second = (await host.invocations(2, "tick"))[:2]
    assert second.started - first.started > timedelta(milliseconds=500)


async def test_a_timer_that_is_due_every_second_keeps_no_status_although_it_asks_for_one(
    start_host, settings, storage: Storage
) -> None:
    host = await start_host("every", {**settings, "TICK": EVERY_SECOND}, host_id="h1")
    await host.invocations(2, "tick")
    await host.stop()
    seen = [json.loads(each) for each in await contents(storage, "seen")]
    nothing: dict[str, Any] = {}  # what the SDK makes of null
    assert [(each["status"], each["past_due"]) for each in seen[:2]] == [(nothing, False)] * 2
    with pytest.raises(ResourceNotFoundError):
        await read(storage, status_name("h1"))


async def test_a_timer_writes_its_status_after_a_run(start_host, settings, storage: Storage) -> None:
    await leave_status(storage, "h1", datetime.now(UTC) - timedelta(hours=1))
    host = await start_host("every", {**settings, "TICK": "0 0 * * * *"}, host_id="h1")
    (run,) = await host.invocations(1, "tick")
    await host.stop()
    status = await read(storage, status_name("h1"))
    last, due = (datetime.fromisoformat(status[name]) for name in ("Last", "Next"))
    assert last >= run.started - timedelta(seconds=1)
    assert timedelta(0) < due - last <= timedelta(hours=1)


async def test_a_timer_function_gets_the_platforms_payload(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings, host_id="h2")
    await host.listening("tick")
    assert (await host.fire_timer("tick", past_due=True)).succeeded
    (seen,) = [json.loads(each) for each in await contents(storage, "seen")]
    assert (seen["past_due"], seen["schedule"]) == (True, {"AdjustForDST": True})


async def test_one_run_makes_up_for_any_number_of_missed_runs(start_host, settings, storage: Storage) -> None:
    await leave_status(storage, "h3", datetime.now(UTC) - timedelta(days=900))
    host = await start_host("every", settings, host_id="h3")
    await host.invocations(1, "tick")
    await host.idle()
    await host.stop()
    (seen,) = [json.loads(each) for each in await contents(storage, "seen")]
    assert seen["past_due"]
    assert set(seen["status"]) == {"Last", "Next", "LastUpdated"}
    assert len(host.activity.finished_of("tick")) == 1
    assert datetime.fromisoformat((await read(storage, status_name("h3")))["Next"]) > datetime.now(UTC)


async def test_a_timer_that_missed_nothing_does_not_run_at_start(start_host, settings, storage: Storage) -> None:
    await leave_status(storage, "h4", datetime.now(UTC) + timedelta(days=1))
    host = await start_host("every", settings, host_id="h4")
    await host.listening("tick")
    await host.invocations(1, "at_start")
    await host.stop()
    assert not host.activity.finished_of("tick")


async def test_a_failed_run_also_writes_its_status(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings, host_id="h5")
    name = status_name("h5", "always_fails")
    await host.listening("always_fails")
    await host.stop()
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    status = json.dumps({"Last": past, "Next": past, "LastUpdated": past}).encode()
    await storage.blob(CONTAINER, name).upload_blob(status, overwrite=True)
    host = await start_host("every", settings, host_id="h5")
    runs = await host.invocations(3, "always_fails")
    await host.stop()
    assert [each.succeeded for each in runs] == [False] * 3
    assert [each.error for each in runs] == [f"RuntimeError: attempt {n} of 2" for n in range(3)]
    assert datetime.fromisoformat((await read(storage, name))["Next"]) > datetime.now(UTC)


async def test_a_timer_with_run_on_startup_runs_immediately(start_host, settings) -> None:
    host = await start_host("every", settings)
    (invocation,) = await host.invocations(1, "at_start")
    assert (invocation.reason, invocation.succeeded) == ("run on start-up", True)


async def test_a_run_by_hand_does_not_change_the_status(start_host, settings, storage: Storage) -> None:
    due = datetime.now(UTC) + timedelta(days=1)
    await leave_status(storage, "h6", due)
    host = await start_host("every", settings, host_id="h6")
    await host.fire_timer("tick")
    assert (await read(storage, status_name("h6")))["Next"] == due.isoformat()


async def test_only_one_of_two_hosts_runs_the_timers(start_host, settings) -> None:
    first = await start_host("every", settings, host_id="h7")
    await first.invocations(1, "at_start")
    second = await start_host("every", settings, host_id="h7")
    await second.idle()
    assert not second.activity.finished
    assert not second._timers["at_start"].listening


async def test_a_host_with_take_over_breaks_the_lease_of_a_killed_host(start_host, settings, storage: Storage) -> None:
    left = await hold_lock(storage, "h8")
    host = await start_host("every", settings, host_id="h8", take_over=True)
    await host.listening("tick")
    with pytest.raises(HttpResponseError):
        await left.renew()


async def test_a_timer_works_with_an_identity_connection(start_host, settings, storage: Storage) -> None:
    addresses = dict(each.split("=", 1) for each in settings["AzureWebJobsStorage"].strip(";").split(";"))
    identity = {name: value for name, value in settings.items() if name != "AzureWebJobsStorage"}
    identity["AzureWebJobsStorage__blobServiceUri"] = addresses["BlobEndpoint"]
    identity["AzureWebJobsStorage__queueServiceUri"] = addresses["QueueEndpoint"]
    identity["AzureWebJobsStorage__credential"] = "managedidentity"
    host = await start_host("every", identity)
    await host.listening("tick")
    assert (await host.fire_timer("tick")).succeeded
    assert len(await contents(storage, "seen")) == 1


async def test_a_stopped_host_releases_its_leases(start_host, settings, storage: Storage) -> None:
    host = await start_host("every", settings, host_id="h9")
    await host.listening("tick")
    with pytest.raises(HttpResponseError, match="lease"):
        await storage.blob(CONTAINER, lock_name("h9")).acquire_lease(lease_duration=15)
    await host.stop()
    await storage.blob(CONTAINER, lock_name("h9")).acquire_lease(lease_duration=15)
