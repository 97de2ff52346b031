"""Injected faults, over HTTP and in plain Python."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import aiohttp
import pytest

from lab.emulator import AzureError, ConnectionDroppedError, Rule, World
from lab.emulator.journal import Entry
from lab.emulator.seed import VAULT, sample_world
from lab.emulator.serve import Azure
from tests.lab.emulator.clients import Clients
from tests.lab.emulator.contract import Exchange

GROUP, NAME = "emulated", "account-001"
REGENERATE = "arm.regenerateKey"


@pytest.fixture
def regenerate(azure: Azure, clients: Clients) -> Callable[[], Any]:
    """Send one regenerateKey request without a client library, because a library would repeat it."""

    async def send(name: str = NAME) -> tuple[int, bytes]:
        account = azure.world.accounts.named(name)
        url = f"{azure.urls['arm']}{account.id}/regenerateKey?api-version=2025-09-01"
        headers = {"Authorization": f"Bearer {await clients.token(azure.urls['arm'])}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json={"keyName": "Key1"}, headers=headers, ssl=azure.ssl_context) as answer,
        ):
            return answer.status, await answer.read()

    return send


def key1(azure: Azure, name: str = NAME) -> str:
    return azure.world.accounts.named(name).keys["key1"].value


def last(azure: Azure) -> Entry:
    return list(azure.world.journal.find(REGENERATE))[-1]


async def test_a_status_fault_replaces_the_effect(azure: Azure, regenerate: Any) -> None:
    before = key1(azure)
    azure.world.faults.add(REGENERATE, "status", status=429, code="TooMany", message="Wait.", retry_after=7)
    status, body = await regenerate()
    assert (status, body) == (429, b'{"error":{"code":"TooMany","message":"Wait."}}')
    assert key1(azure) == before
    assert (last(azure).status, last(azure).effect) == (429, False)


async def test_a_status_fault_after_the_effect_hides_that_it_happened(azure: Azure, regenerate: Any) -> None:
    before = key1(azure)
    azure.world.faults.add(REGENERATE, "status", status=500, when="after")
    assert (await regenerate())[0] == 500
    assert key1(azure) != before
    assert (last(azure).status, last(azure).effect) == (500, True)


@pytest.mark.parametrize(("effect", "has_effect"), [("drop_before", False), ("drop_after", True)])
async def test_a_dropped_connection_gives_no_answer(
    azure: Azure, regenerate: Any, effect: Any, has_effect: bool
) -> None:
    before = key1(azure)
    azure.world.faults.add(REGENERATE, effect)
    with pytest.raises(aiohttp.ClientConnectionError):
        await regenerate()
    assert (key1(azure) != before) is has_effect
    assert (last(azure).status, last(azure).effect) == (0, has_effect)


@pytest.mark.parametrize(("form", "body"), [("truncated", None), ("wrong", b'{"unexpected": true}')])
async def test_a_malformed_answer_is_sent_after_the_effect(
    azure: Azure, regenerate: Any, exchanges: list[Exchange], form: Any, body: bytes | None
) -> None:
    before = key1(azure)
    azure.world.faults.add(REGENERATE, "malformed", form=form)
    status, answered = await regenerate()
    assert status == 200
    assert answered == body if body else answered.startswith(b'{"key1":"') and len(answered) == 189 // 2
    assert key1(azure) != before
    exchanges.clear()


async def test_a_rule_skips_requests_and_then_applies_a_limited_number_of_times(azure: Azure, regenerate: Any) -> None:
    rule = azure.world.faults.add("arm.*", "status", status=503, skip=1, times=2)
    assert [(await regenerate())[0] for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (rule.seen, rule.struck) == (5, 2)


async def test_a_rule_applies_only_to_its_target(azure: Azure, regenerate: Any) -> None:
    azure.world.faults.add(REGENERATE, "status", status=503, target="ACCOUNT-002", times=0)
    assert [(await regenerate(name))[0] for name in (NAME, "account-002")] == [200, 503]


async def test_a_challenge_does_not_use_up_a_rule(azure: Azure, clients: Clients) -> None:
    azure.world.faults.add("kv.setSecret", "status", status=400, code="Injected")
    kv = await clients.secrets()
    with pytest.raises(Exception, match="Injected"):
        await kv.set_secret("chat", "v")
    assert [one.status for one in azure.world.journal.find("kv.setSecret")] == [401, 400]


async def test_a_hook_runs_between_the_request_and_its_effect(azure: Azure, regenerate: Any) -> None:
    """Another actor regenerates the same key just before ours does."""
    world, seen = azure.world, []
    account = world.accounts.named(NAME)

    def interfere(entry: Entry) -> None:
        seen.append((entry.operation, world.accounts.regenerate(account.id, "key1")["key1"]))

    world.faults.put(Rule(REGENERATE, "hook", hook=interfere))
    await regenerate()
    assert [operation for operation, _ in seen] == [REGENERATE]
    assert seen[0][1] != key1(azure)


async def test_an_asynchronous_hook_and_a_delay_hold_the_answer_back(azure: Azure, regenerate: Any) -> None:
    reached, released = asyncio.Event(), asyncio.Event()

    async def hold(_: Entry) -> None:
        reached.set()
        await released.wait()

    azure.world.faults.add(REGENERATE, "hook", hook=hold, when="after")
    azure.world.faults.add(REGENERATE, "delay", seconds=0.05)
    before = key1(azure)
    request = asyncio.create_task(regenerate())
    await reached.wait()
    assert not request.done()
    assert key1(azure) != before
    released.set()
    assert (await request)[0] == 200
    assert last(azure).done is not None
    assert last(azure).done - last(azure).time >= 0.05


@pytest.mark.parametrize(("when", "has_effect"), [("before", False), ("after", True)])
async def test_a_signal_rule_kills_its_process_before_or_after_the_effect(
    azure: Azure, regenerate: Any, when: Any, has_effect: bool
) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    before = key1(azure)
    azure.world.faults.add(REGENERATE, "signal", pid=process.pid, when=when)
    with nullcontext() if has_effect else pytest.raises(aiohttp.ClientConnectionError):
        await regenerate()
    assert await process.wait() == -signal.SIGKILL
    assert (key1(azure) != before) is has_effect


async def test_a_service_that_is_down_closes_connections_until_it_is_up(azure: Azure, regenerate: Any) -> None:
    azure.world.down.add("arm")
    with pytest.raises(aiohttp.ClientConnectionError):
        await regenerate()
    azure.world.down.clear()
    assert (await regenerate())[0] == 200


async def test_the_journal_holds_no_key_and_no_token(azure: Azure, clients: Clients, regenerate: Any) -> None:
    await regenerate()
    kv = await clients.secrets()
    await kv.set_secret("chat", key1(azure))
    written = repr(azure.world.journal.entries)
    token = await clients.token(azure.urls["arm"])
    assert "kv.setSecret" in written
    assert not [one for one in (key1(azure), token, azure.settings["IDENTITY_HEADER"]) if one in written]


def test_the_journal_numbers_requests_in_order_of_arrival() -> None:
    world = World()
    for name in ("a", "b", "c"):
        world.perform("kv.getSecret", name, lambda: None, caller="app")
    assert [(one.seq, one.target, one.status) for one in world.journal.since(1)] == [(2, "b", 200), (3, "c", 200)]
    assert world.journal.count("kv.*", "A") == 1


def test_perform_raises_for_a_lost_answer_and_keeps_the_effect() -> None:
    world = sample_world()
    vault = world.vaults[VAULT]
    world.faults.add("kv.setSecret", "drop_after")
    with pytest.raises(ConnectionDroppedError) as lost:
        world.perform("kv.setSecret", "chat", lambda: vault.set_secret("chat", "v"))
    assert lost.value.after
    assert len(vault.secrets["chat"].versions) == 1
    assert [(one.status, one.effect) for one in world.journal.entries] == [(0, True)]


def test_perform_records_the_status_of_an_error_and_a_delay_moves_the_clock() -> None:
    world = World()
    world.clock.freeze(1000)
    world.faults.add("kv.getSecret", "delay", seconds=30)
    vault = world.add_vault("v")
    with pytest.raises(AzureError) as refused:
        world.perform("kv.getSecret", "none", lambda: vault.get_secret("none"))
    assert (refused.value.status, world.clock.now()) == (404, 1030)
    assert [(one.status, one.effect, one.done) for one in world.journal.entries] == [(404, False, 1030)]


def test_perform_refuses_an_asynchronous_hook() -> None:
    world = World()

    class Later:
        def __await__(self) -> Any:
            yield

    world.faults.put(Rule("x.y", "hook", hook=lambda _: Later()))
    with pytest.raises(TypeError, match="asynchronous hook"):
        world.perform("x.y", "", lambda: os.getpid())
