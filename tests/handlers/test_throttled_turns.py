"""Azure asks to wait, or does not answer, at any call of a scheduled turn that rotates.

A wait is never a failure: it uses no try, announces nothing and does not count for the brake. The work is finished
later, with one more version at most.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from lab.emulator.serve import Azure
from lab.simulation.published import publish_as_rotated
from shared.adapters.blob_failures import PREFIX
from shared.domain.model import AccountId
from shared.domain.names import LEASE_CONTAINER, QUEUE
from shared.fleet.rotation import Rotation
from shared.handlers import timer_and_queue
from shared.handlers.invocation import TurnFailed
from shared.turns.message import Message
from tests.support.real_parts import Parts, parts_over

NAME = "account-001"
LONG = 372  # seconds
CALLS = [  # of a turn that rotates, each with how many of its kind come before it
    ("blob.lease.acquire", 0),
    ("kv.getSecret", 0),
    ("arm.listKeys", 0),
    ("arm.regenerateKey", 0),
    ("aoai.models", 0),
    ("aoai.models", 1),
    ("kv.setSecret", 0),
    ("kv.getSecret", 1),
    ("arm.listKeys", 1),
    ("eg.publish", 0),
    ("kv.updateSecret", 0),
    ("blob.lease.release", 0),
]
CHANGES = [("arm.regenerateKey", 0), ("kv.setSecret", 0)]


@pytest.fixture
def due(azure: Azure) -> Azure:
    """A target whose key is a month old."""
    world = azure.world
    world.queues.create(QUEUE)
    account = world.accounts.named(NAME)
    publish_as_rotated(world, account, world.clock.utcnow() - timedelta(days=31), vault=next(iter(world.vaults)))
    return azure


@asynccontextmanager
async def a_process(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """Start a process, which remembers no wait."""
    async with parts_over(azure) as parts:

        async def rotation() -> Rotation:
            return parts.rotation

        monkeypatch.setattr(timer_and_queue, "rotation", rotation)
        yield parts


async def take(azure: Azure, queued_at: datetime, tries: int) -> None:
    """Deliver a tick's message in a tick that queued many."""
    account = AccountId.parse(azure.world.accounts.named(NAME).id)
    message = Message(NAME, queued_at, account, {"key-rotation": "on"}, crowded=True)
    await timer_and_queue.turn(message.text().encode(), tries)


async def finish(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wait pass, and take what is queued and the next tick's turn in another process."""
    azure.world.faults.clear()
    azure.world.clock.advance(LONG + 60)
    queued = [base64.b64decode(one.text) for one in azure.world.queues.queue(QUEUE).messages.values()]
    azure.world.queues.clear(QUEUE)
    async with a_process(azure, monkeypatch):
        for body in queued:
            await timer_and_queue.turn(body, 1)
        await take(azure, azure.world.clock.utcnow(), 1)


def nothing_is_told_as_failed(azure: Azure) -> None:
    container = azure.world.blobs.containers.get(LEASE_CONTAINER)
    assert [name for name in (container.blobs if container else ()) if name.startswith(PREFIX)] == []
    events = [one for topic in azure.world.topics.values() for one in topic.events]
    assert [one["type"] for one in events if one["type"].endswith("RotationFailed")] == []


def is_rotated(azure: Azure, *, versions: int) -> None:
    vault = next(iter(azure.world.vaults.values()))
    secret = vault.secrets[f"{NAME}-key"]
    assert secret.versions[-1].tags["CredentialId"] == "key2"
    assert len(secret.versions) <= versions
    assert azure.world.accounts.key_accepted(azure.world.accounts.named(NAME), secret.versions[-1].value)


@pytest.mark.parametrize(("operation", "before"), CALLS)
async def test_a_wait_at_any_call_of_a_scheduled_turn_is_no_failure_and_the_work_is_finished_later(
    due: Azure, monkeypatch: pytest.MonkeyPatch, operation: str, before: int
) -> None:
    rule = due.world.faults.add(
        operation, "status", skip=before, times=0, status=429, code="Throttled", retry_after=LONG
    )
    async with a_process(due, monkeypatch):
        await take(due, due.world.clock.utcnow(), timer_and_queue.MOST_TRIES)
    assert rule.struck >= 1
    nothing_is_told_as_failed(due)
    await finish(due, monkeypatch)
    nothing_is_told_as_failed(due)
    is_rotated(due, versions=2)


@pytest.mark.parametrize(("operation", "before"), CHANGES)
@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "status": 503, "when": "before"},
        {"effect": "status", "status": 503, "when": "after"},
        {"effect": "drop_before"},
        {"effect": "drop_after"},
    ],
    ids=["refused", "refused after its effect", "lost", "answer lost"],
)
async def test_a_change_that_was_not_answered_is_looked_at_first_and_made_once_more_at_most(
    due: Azure, monkeypatch: pytest.MonkeyPatch, operation: str, before: int, fault: dict
) -> None:
    due.world.faults.add(operation, skip=before, **fault)
    queued_at = due.world.clock.utcnow()
    async with a_process(due, monkeypatch):
        for tries in (1, 2):
            try:
                await take(due, queued_at, tries)
            except TurnFailed:
                continue
            break
    nothing_is_told_as_failed(due)
    await finish(due, monkeypatch)
    is_rotated(due, versions=3)
