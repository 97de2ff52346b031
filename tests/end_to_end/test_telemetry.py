"""Telemetry end to end: the app in the local host sends to a collector, or sends nothing and imports nothing."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lab.emulator.serve import Azure
from lab.emulator.surfaces.common import Surface
from lab.funchost.host import FunctionHost
from lab.simulation.tripwire import Tripwire, planted_key
from tests.end_to_end.calls import Doors
from tests.end_to_end.conftest import ROOT, a_host, kinds, published, tick, works
from tests.support.collector import Collector, collecting

DAY = 24 * 3600.0


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as one:
        yield one


def telling(azure: Azure, collector: Collector, **more: str) -> FunctionHost:
    return a_host(azure, ROTATION_TELEMETRY="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, **more)


async def test_telemetry_of_a_tick_and_its_turns_arrives_before_the_invocations_end(azure: Azure, collector: Collector):
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    async with telling(azure, collector) as host:
        await tick(host)
        assert collector.latest("key_rotation.ticks") == 1
        assert collector.latest("key_rotation.tick.turns") == 2
        assert collector.latest("key_rotation.tick.problems") == 0
        assert collector.latest("key_rotation.tick.unseen") == 0
        assert collector.latest("key_rotation.turns", result="done", reason="due") == 1
        assert collector.latest("key_rotation.turns", result="done", reason="adopt") == 1
        assert collector.latest("key_rotation.turn.duration", result="done") == 2
    (ticked,) = collector.named("tick")
    assert (ticked.kind, ticked.failed, ticked.attributes["key_rotation.tick.turns"]) == ("internal", False, 2)
    by_target = {one.attributes["key_rotation.target"]: one for one in collector.named("turn")}
    assert set(by_target) == {"chat", "search"}
    assert by_target["chat"].kind == "consumer"
    assert by_target["chat"].attributes == {
        "faas.trigger": "pubsub",
        "key_rotation.target": "chat",
        "key_rotation.result": "done",
        "key_rotation.reason": "due",
        "key_rotation.steps": ["regenerate key2", "prove key2", "publish key2 (rotated)"],
        "key_rotation.announcements.owed": [],
    }


async def test_ages_and_deadlines_are_sent_as_of_the_last_tick(azure: Azure, collector: Collector):
    published(azure, azure.world.accounts.named("chat"), days_ago=20)
    async with telling(azure, collector) as host:
        await tick(host)
        age = collector.latest("key_rotation.key.age", target="chat")
        remaining = collector.latest("key_rotation.deadline.remaining", target="chat", deadline="rotation")
        assert collector.latest("key_rotation.key.age", target="search") is None, "nobody has adopted it yet"
        assert collector.latest("key_rotation.announcements.owed") == 1, "the warning 14 days ahead"
        await tick(host)
        assert collector.latest("key_rotation.key.age", target="search") is not None
        retirement = collector.latest("key_rotation.deadline.remaining", target="search", deadline="retirement")
        assert collector.latest("key_rotation.announcements.owed") == 0
    assert age is not None
    assert remaining is not None
    assert retirement is not None
    assert 20 * DAY <= age < 20.1 * DAY
    assert 9.9 * DAY < remaining <= 10 * DAY


async def test_a_request_and_its_turn_are_one_trace(azure: Azure, collector: Collector, http):
    published(azure, azure.world.accounts.named("chat"), days_ago=10)
    async with telling(azure, collector) as host:
        doors = Doors(host, http)
        assert (await doors.post("targets/chat/rotate", {"reason": "drill"})).status == 200
        assert (await doors.get("targets/nobody-knows-this")).status == 404
        azure.world.faults.add("arm.listKeys", "status", status=500, times=0)
        assert (await doors.post("targets/search/rotate")).status == 503
    done, failed = collector.named("POST /api/targets/{name}/rotate")
    first, second = collector.named("turn")
    assert done.attributes == {
        "faas.trigger": "http",
        "http.request.method": "POST",
        "http.route": "/api/targets/{name}/rotate",
        "http.response.status_code": 200,
    }
    assert (first.kind, first.parent, first.trace) == ("internal", done.id, done.trace)
    assert first.attributes["key_rotation.reason"] == "requested"
    assert (failed.failed, failed.attributes["error.type"]) == (True, "TryLater")
    assert (second.failed, second.attributes["error.type"], second.parent) == (True, "TryLater", failed.id)
    assert second.trace != first.trace
    (unknown,) = collector.named("GET /api/targets/{name}")
    assert (unknown.failed, unknown.attributes["error.type"]) == (False, "UnknownTarget")


async def test_invalid_settings_are_sent_as_a_failed_tick(azure: Azure, collector: Collector):
    async with telling(azure, collector, ROTATION_PERIOD="often") as host:
        assert not (await host.fire_timer("tick")).succeeded
    (failed,) = collector.named("tick")
    assert (failed.failed, failed.attributes) == (True, {"faas.trigger": "timer", "error.type": "FixConfiguration"})


async def test_telemetry_holds_no_key_and_nothing_that_a_caller_sent(azure: Azure, collector: Collector, http):
    wire, sent = Tripwire(), planted_key()
    for account in azure.world.accounts:
        account.keys["key1"].value, account.keys["key2"].value = planted_key(), planted_key()
        wire.plant(*(key.value for key in account.keys.values()))
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    async with telling(azure, collector, OTEL_EXPORTER_OTLP_COMPRESSION="gzip") as host:
        doors = Doors(host, http)
        await tick(host)
        named = {"Idempotency_Key": "whispered-1", "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "x_note": sent}
        leak = {"key": "both", "reason": f"whispered in a chat, {sent}", "confirm": "search"}
        assert (await doors.post("targets/search/leak", leak, **named)).data["requestReason"].startswith("whispered")
        assert (await doors.post("targets/whispered/rotate?whispered=1", **named)).status == 404
        assert (await doors.post(f"targets/{sent[:16]}/rotate", {"reason": sent})).status == 404
        assert (await doors.post("targets/chat/rotate", sent.encode(), Content_Type=sent[:16])).status == 415
        azure.world.faults.add("arm.regenerateKey", "malformed", times=0)
        await doors.post("targets/search/leak", {"key": "both", "confirm": "search"})
    wire.plant(sent, host.keys.default, *(key.value for one in azure.world.accounts for key in one.keys.values()))
    assert len(collector.heard) > 10
    wire.hear(*collector.heard)
    wire.check()
    for text in ("PLANTED", "hisper", "abababab", "cdcdcdcd", "127.0.0.1", "vault.azure", "a function key"):
        assert not [one for one in collector.heard if text in one and "'Host'" not in one], text


async def test_calls_to_azure_carry_no_trace_headers(
    azure: Azure, collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    headers: list[str] = []
    serve = Surface._serve

    async def listening(self: Surface, call: Any, handler: Any, entry: Any) -> Any:
        headers.extend(name.lower() for name in call.request.headers)
        return await serve(self, call, handler, entry)

    monkeypatch.setattr(Surface, "_serve", listening)
    async with telling(azure, collector) as host:
        await tick(host)
    assert "x-ms-client-request-id" in headers
    assert not {"traceparent", "tracestate", "baggage"} & set(headers)


@pytest.mark.parametrize("manner", ["gone", "refuses", "unavailable", "hangs"])
async def test_a_collector_that_is_down_fails_no_turn_and_is_paused(azure, collector, manner: str):
    published(azure, azure.world.accounts.named("chat"), days_ago=31)
    collector.status = {"refuses": 401, "unavailable": 503}.get(manner, 200)
    collector.hanging = manner == "hangs"
    url = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"} if manner == "gone" else {}
    patient = {"OTEL_EXPORTER_OTLP_TIMEOUT": "600"}  # so that only the app's own limit ends the waiting
    async with a_host(
        azure, **{"ROTATION_TELEMETRY": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **patient, **url}
    ) as host:
        await tick(host)
        assert all(one.succeeded for one in host.activity.finished)
        complaints = [one for one in host.logs if "telemetry: " in one.message]
        loud = [one for one in host.logs if "127.0.0.1" in one.message and "/v1/" in one.message]
    assert works(azure, "chat")
    assert "KeyRotated" in kinds(azure, "chat")
    assert len(complaints) == 1, [one.message for one in complaints]
    assert not loud
    assert manner in ("gone", "unavailable") or collector.asked == 1


OFF = """
import asyncio, json, sys
import function_app
loaded = [name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf", "shared."))]
allowed = ("shared.triggers", "shared.domain.names", "shared.web.routes", "shared.web.sign_in")
before = [name for name in loaded if name not in ("shared.domain", "shared.web") and not name.startswith(allowed)]
from shared.handlers import http, timer_and_queue
from shared.web.routes import ROUTES

async def life():
    messages = await timer_and_queue.tick(None, past_due=False)
    for one in messages:
        await timer_and_queue.turn(one.encode())
    kind = {"content-type": "application/json"}
    said = http.Incoming("POST", "chat", b'{"dry_run": true}', kind)
    status = (await http.serve(ROUTES["rotate"], said)).status
    return len(messages), status

found = asyncio.run(life())
after = [name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))]
print(json.dumps([before, found, after]))
"""


@pytest.mark.parametrize("setting", [{}, {"ROTATION_TELEMETRY": "off"}, {"ROTATION_TELEMETRY": ""}])
async def test_opentelemetry_is_not_imported_while_telemetry_is_off(azure: Azure, setting: dict[str, str]):
    environment = {"PATH": os.environ["PATH"], **azure.settings, **setting}
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-c", OFF, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=None
    )
    said, _ = await run.communicate()
    before, found, after = json.loads(said)
    assert (before, found, after) == ([], [2, 200], [])
    assert works(azure, "chat")
