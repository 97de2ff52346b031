"""A role that is on its way: which turns wait for it in silence, and which fail loudly."""

import json
from collections.abc import AsyncIterator

import pytest

from lab.emulator.seed import sample_world
from lab.emulator.serve import running
from lab.emulator.shipped import shipped_roles
from shared.domain.requests import RotateRequest
from shared.fleet.rotation import Rotation
from shared.handlers import timer_and_queue
from shared.handlers.invocation import TurnFailed
from shared.turns.message import Message
from tests.infra.life import arrived, by_identity, deployed
from tests.support.real_parts import Parts, parts_over

BUT_THE_ROTATOR = (
    "containerLister", "storageBlobDataOwner", "storageBlobDataContributor", "storageQueueDataContributor",
    "keyPublisher", "eventGridDataSender",
)  # fmt: skip
NAME = "account-001"


@pytest.fixture(params=["rotate", "observe"])
async def parts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    """The app, which may do everything but read the account and its keys."""
    world = sample_world(1)
    deployed(world, late=True)
    arrived(world, *BUT_THE_ROTATOR)
    targets = json.dumps([{"account": world.accounts.named(NAME).id}])
    async with running(world) as azure:
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, azure.settings[name])
        settings = {**by_identity(azure), "ROTATION_TARGETS": targets, "ROTATION_MODE": request.param}
        async with parts_over(azure, **settings) as made:

            async def rotation() -> Rotation:
                return made.rotation

            monkeypatch.setattr(timer_and_queue, "rotation", rotation)
            yield made


async def take(parts: Parts, **more: object) -> None:
    """Deliver one message for the last time."""
    message = Message(NAME, parts.rotation.outside.clock.now(), **more)
    await timer_and_queue.turn(message.text().encode(), timer_and_queue.MOST_TRIES)


def events(parts: Parts) -> list[str]:
    return [one["type"] for topic in parts.azure.world.topics.values() for one in topic.events]


async def test_a_scheduled_turn_of_a_target_without_a_publication_waits_and_is_logged(parts: Parts, caplog) -> None:
    await take(parts)
    assert events(parts) == []
    (line,) = [one for one in caplog.records if one.getMessage().startswith(f"turn: {NAME}: failed (GrantRole)")]
    assert line.levelname == "WARNING"
    assert "wait some minutes" in line.getMessage()


@pytest.mark.parametrize("more", [{"request": RotateRequest()}, {"insists": True}], ids=["a request", "an event"])
async def test_a_turn_that_a_person_or_an_event_wants_fails(parts: Parts, more: dict[str, object]) -> None:
    with pytest.raises(TurnFailed, match="GrantRole"):
        await take(parts, **more)


async def test_a_turn_of_a_published_target_fails_and_is_announced(parts: Parts) -> None:
    (vault,) = parts.azure.world.vaults.values()
    vault.set_secret(f"{NAME}-key", "a key that applications use")
    with pytest.raises(TurnFailed, match="GrantRole"):
        await take(parts)
    announced = [] if parts.rotation.settings.mode == "observe" else ["KeyRotation.RotationFailed"]
    assert events(parts) == announced


async def test_a_turn_that_cannot_know_whether_something_is_published_fails(parts: Parts) -> None:
    parts.azure.world.directory.revoke("app", shipped_roles()["keyPublisher"].name)
    with pytest.raises(TurnFailed, match="GrantRole"):
        await take(parts)


async def test_an_identity_that_is_not_accepted_is_no_role_on_its_way(parts: Parts) -> None:
    parts.azure.world.faults.add("arm.getAccount", "status", status=401, code="InvalidAuthenticationToken", times=0)
    with pytest.raises(TurnFailed, match="InvalidAuthenticationToken"):
        await take(parts)
