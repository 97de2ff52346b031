"""The timer, the queue with its poison queue, and the HTTP routes end to end, in Microsoft's worker code."""

import asyncio
import json
from datetime import UTC, datetime

import aiohttp
import pytest

from lab.emulator.journal import Entry
from lab.emulator.serve import Azure
from lab.funchost.host import FunctionHost
from shared.domain.requests import LeakRequest, RotateRequest
from shared.turns.message import Message
from tests.end_to_end.conftest import a_host, kinds, published, tick, works


async def get(http: aiohttp.ClientSession, host: FunctionHost, path: str) -> tuple[int, dict]:
    async with http.get(f"{host.url}/api/{path}", headers={"x-functions-key": host.keys.default}) as answer:
        return answer.status, await answer.json(content_type=None)


async def post(http: aiohttp.ClientSession, host: FunctionHost, path: str, **more) -> tuple[int, dict]:
    headers = {"x-functions-key": host.keys.default, **more.pop("headers", {})}
    async with http.post(f"{host.url}/api/{path}", headers=headers, **more) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_tick_adopts_every_enrolled_account_and_no_other(host: FunctionHost, azure: Azure) -> None:
    await tick(host)
    assert works(azure, "chat")
    assert works(azure, "search")
    assert sorted(azure.world.vaults["keys"].secrets) == ["chat-key", "search-key"]
    assert not list(azure.world.journal.find("arm.regenerateKey"))
    assert kinds(azure, "chat") == ["KeyAdopted", "RetirementAnnounced"]


async def test_a_second_tick_finds_nothing_to_do_and_writes_nothing(host: FunctionHost, azure: Azure) -> None:
    await tick(host)
    before = len(azure.world.vaults["keys"].list_versions("chat-key"))
    await tick(host)
    assert len(azure.world.vaults["keys"].list_versions("chat-key")) == before == 1
    assert kinds(azure, "chat") == ["KeyAdopted", "RetirementAnnounced"]


async def test_a_due_target_is_rotated_and_its_previous_key_still_works(host: FunctionHost, azure: Azure) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=31)
    before = account.keys["key1"].value
    await tick(host)
    latest = azure.world.vaults["keys"].get_secret("chat-key")
    assert latest.tags["CredentialId"] == "key2"
    assert works(azure, "chat")
    assert azure.world.accounts.key_accepted(account, before)
    assert kinds(azure, "chat") == ["KeyRotated", "RetirementAnnounced"]


async def test_the_survey_lists_every_target_with_a_reason(host, azure, http) -> None:
    for _ in range(2):
        await tick(host)
    status, survey = await get(http, host, "targets")
    assert status == 200
    assert [row["target"] for row in survey["targets"]] == ["chat", "search"]
    assert {row["reason"] for row in survey["targets"]} == {"nothing-due"}
    status, row = await get(http, host, "targets/chat")
    assert (status, row["live"]) == (200, "key1")


async def test_a_dry_run_shows_the_plan_and_changes_nothing(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    status, told = await post(http, host, "targets/chat/rotate", json={"dry_run": True, "reason": "curious"})
    assert (status, told["result"]) == (200, "planned")
    assert "regenerate key 2" in told["why"]
    assert not list(azure.world.journal.find("arm.regenerateKey"))


async def test_a_rotate_request_rotates_now(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    status, told = await post(http, host, "targets/chat/rotate", json={"reason": "somebody left"})
    assert (status, told["result"], told["reason"]) == (200, "done", "requested")
    assert works(azure, "chat")


async def test_the_same_idempotency_key_never_rotates_twice(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    once = await post(http, host, "targets/chat/rotate", headers={"Idempotency-Key": "ticket-17"})
    await host.kill_worker()
    again = await post(http, host, "targets/chat/rotate", headers={"Idempotency-Key": "ticket-17"})
    assert (once[0], again[0], again[1]["reason"]) == (200, 200, "already-done")
    assert azure.world.journal.count("arm.regenerateKey", "chat") == 1


async def test_rotating_again_during_the_overlap_is_held_back_with_the_time(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=1, previous=True)
    status, told = await post(http, host, "targets/chat/rotate")
    assert (status, told["reason"]) == (409, "overlap-runs")
    assert told["heldUntil"]
    assert not list(azure.world.journal.find("arm.regenerateKey"))


async def test_a_target_that_another_turn_holds_is_answered_409(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    await tick(host)
    blobs = azure.world.blobs.containers["key-rotation-leases"].blobs
    name = next(blob for blob in blobs if blob.startswith("chat-"))
    blobs[name].lease.acquire(azure.world.clock.now(), 60, None)
    status, told = await post(http, host, "targets/chat/rotate")
    assert (status, told["reason"]) == (409, "LeaseHeld")
    assert "another turn holds this target: one of the schedule or of an event" in told["detail"]


async def test_the_409_answer_names_the_holder_of_the_target(host, azure, http) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def stand_still(_: Entry) -> None:
        begun.set()
        await go_on.wait()

    azure.world.faults.add("arm.regenerateKey", "hook", hook=stand_still)
    first = asyncio.create_task(post(http, host, "targets/chat/rotate"))
    await begun.wait()
    status, told = await post(http, host, "targets/chat/rotate")
    assert (status, told["reason"]) == (409, "LeaseHeld")
    assert "another turn holds this target: rotate, asked by a function key, since " in told["detail"]
    go_on.set()
    assert (await first)[0] == 200


async def test_a_queued_request_is_retried_while_another_turn_holds_the_target(host, azure) -> None:
    await tick(host)
    blobs = azure.world.blobs.containers["key-rotation-leases"].blobs
    name = next(blob for blob in blobs if blob.startswith("chat-"))
    blobs[name].lease.acquire(azure.world.clock.now(), 60, None)
    asked = datetime.now(UTC)
    wish = Message("chat", asked, request=RotateRequest(reason="ticket 17")).text()
    assert not (await host.invoke("turn", wish)).succeeded
    assert (await host.invoke("turn", Message("chat", asked).text())).succeeded


async def test_an_unknown_target_is_answered_404_with_the_next_step(host, http) -> None:
    status, told = await post(http, host, "targets/nobody/rotate")
    assert (status, told["title"]) == (404, "UnknownTarget")
    assert "GET /api/targets" in told["nextStep"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "names"),
    [
        (b"{", "application/json", 400, "JSON"),
        (b"[]", "application/json", 422, "object"),
        (b'{"reson": "typo"}', "application/json", 422, "reson"),
        (b'{"reason": 7}', "application/json", 422, "reason"),
        (b'{"dry_run": "yes"}', "application/json", 422, "dry_run"),
        (b"<a/>", "application/xml", 415, "application/xml"),
        (b'{"reason": "' + b"x" * 20_000 + b'"}', "application/json", 413, "bytes"),
    ],
)
async def test_an_invalid_body_is_refused_with_the_field_and_changes_nothing(
    host, azure, http, body, kind, status, names
) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    answer = await post(http, host, "targets/chat/rotate", data=body, headers={"content-type": kind})
    assert answer[0] == status
    assert names in answer[1]["detail"]
    assert not list(azure.world.journal.find("arm.*"))


async def test_only_health_answers_without_a_function_key(host, http) -> None:
    for path, method in (("targets", "GET"), ("targets/chat", "GET"), ("targets/chat/rotate", "POST")):
        async with http.request(method, f"{host.url}/api/{path}") as answer:
            assert answer.status == 401
    async with http.get(f"{host.url}/api/health") as answer:
        assert (answer.status, await answer.json()) == (200, {"status": "running"})


async def test_all_invalid_settings_are_named_and_the_app_still_answers(azure: Azure, http) -> None:
    async with a_host(azure, ROTATION_PERIOD="monthly", ROTATION_OVERLAP="P1Y", ROTATION_WINDOWS="x") as host:
        status, told = await get(http, host, "targets")
        assert status == 503
        for name in ("ROTATION_PERIOD", "ROTATION_OVERLAP", "ROTATION_WINDOWS"):
            assert name in told["detail"]
        ticked = await host.fire_timer("tick")
        assert not ticked.succeeded
        assert "ROTATION_PERIOD" in (ticked.error or "")
        async with http.get(f"{host.url}/api/health") as answer:
            told = await answer.json()
            names = ["ROTATION_PERIOD", "ROTATION_OVERLAP", "ROTATION_WINDOWS"]
            assert (answer.status, told["status"], told["invalidSettings"]) == (503, "stopped", names)
            assert "monthly" not in str(told), "every caller may ask, so no value is shown"


async def test_one_broken_target_never_stops_the_others(host: FunctionHost, azure: Azure) -> None:
    azure.world.vaults["keys"].set_secret("chat-key", "a value that is neither key")
    await host.fire_timer("tick")
    first = await host.invocations(2, "turn")
    failed = [one for one in first if not one.succeeded]
    assert works(azure, "search")
    assert len(failed) == 1
    assert "PersonMustLook" in failed[0].error
    assert "chat" in failed[0].error
    assert azure.world.vaults["keys"].get_secret("chat-key").value == "a value that is neither key"


async def test_an_unreadable_message_ends_in_the_poison_queue_with_a_clear_log_record(host, azure) -> None:
    poison = await host.invoke("turn_poison", "{not json")
    assert poison.succeeded
    record = await host.logged("a message was given up")
    assert record.level == "ERROR"
    assert "not JSON" in record.message
    turned = await host.invoke("turn", '{"target": "chat", "asked": "yesterday"}')
    assert not turned.succeeded
    assert "chat" in turned.error
    assert not list(azure.world.journal.find("arm.regenerateKey"))


async def test_a_turn_that_was_given_up_is_announced_once_with_the_reason(host, azure) -> None:
    azure.world.vaults["keys"].set_secret("chat-key", "a value that is neither key")
    message = json.dumps({"target": "chat", "asked": "2026-01-01T00:00:00+00:00"})
    for _ in range(2):
        assert (await host.invoke("turn_poison", message)).succeeded
    events = [event for event in azure.world.topics["announcements"].events if event["type"].endswith("RotationFailed")]
    assert "neither key" in events[0]["data"]["reason"]
    assert len({event["id"] for event in events}) == 1


async def test_a_reported_leak_survives_an_outage_of_azure(host, azure) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    leaked = account.keys["key1"].value
    wish = Message("chat", datetime.now(UTC), request=LeakRequest(id="report-1")).text()
    azure.world.faults.add("arm.regenerateKey", "status", status=503, times=0)
    azure.world.faults.add("arm.listKeys", "status", status=503, skip=1, times=0)
    assert not (await host.invoke("turn", wish)).succeeded
    assert azure.world.journal.count("arm.regenerateKey") == 1
    assert (await host.invoke("turn_poison", wish)).succeeded
    azure.world.faults.clear()
    await host.idle()
    assert not azure.world.accounts.key_accepted(account, leaked)
    assert works(azure, "chat")


async def test_a_leak_is_kept_while_its_target_cannot_be_found(host, azure) -> None:
    account = azure.world.accounts.named("chat")
    published(azure, account, days_ago=10)
    leaked = account.keys["key1"].value
    wish = Message("chat", datetime.now(UTC), request=LeakRequest(id="report-2")).text()
    outage = azure.world.faults.add("arm.*", "status", status=403, code="AuthorizationFailed", times=0)
    assert (await host.invoke("turn_poison", wish)).succeeded
    assert await host.logged("a message was given up")
    azure.world.faults.remove(outage.id)
    assert not (await host.invoke("turn_poison", "{not json")).outputs.get("turns")
    azure.world.clock.advance(31)
    await host.idle()
    await host.activity.until(lambda: not azure.world.accounts.key_accepted(account, leaked), 40)
    assert works(azure, "chat")


async def test_observe_mode_only_plans_a_due_rotation(azure: Azure) -> None:
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    async with a_host(azure, ROTATION_MODE="observe") as host:
        await tick(host)
        assert await host.logged("Would: regenerate key 2")
    assert not list(azure.world.journal.find("arm.regenerateKey"))
    assert not list(azure.world.journal.find("kv.setSecret"))
    assert not azure.world.topics["announcements"].events
