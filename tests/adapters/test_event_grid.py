"""Announcing: only a 200 means accepted. Everything else raises an error that says who must act."""

import json
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lab.emulator.serve import Azure
from lab.emulator.topics import Topic
from shared.announce.announcements import Announcement
from shared.announce.kinds import Kind
from shared.domain.errors import FixConfiguration, GrantRole, RotationError, Throttled, TryLater
from shared.domain.keys import Fingerprint, KeySlot
from shared.turns.report import Result
from tests.support.real_parts import Parts, parts_over

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def announcements(parts: Parts, count: int = 2) -> list[Announcement]:
    return [
        Announcement(
            Kind.ROTATION_ANNOUNCED,
            parts.target(),
            KeySlot.KEY1,
            Fingerprint.of("a key"),
            deadline=NOW + timedelta(days=number),
            lead=timedelta(days=number),
        )
        for number in range(1, count + 1)
    ]


def topic_of(parts: Parts) -> Topic:
    return next(iter(parts.azure.world.topics.values()))


async def raised(call: Awaitable[Any]) -> RotationError:
    with pytest.raises(RotationError) as caught:
        await call
    return caught.value


async def test_a_batch_is_sent_in_one_request_and_arrives_unchanged(parts: Parts) -> None:
    """Azure's client adds milliseconds to the time and changes nothing else."""
    said = announcements(parts)
    await parts.rotation.outside.announcer.announce(said, NOW)
    assert topic_of(parts).events == [one.wire(NOW) | {"time": "2026-11-22T12:00:00.000Z"} for one in said]
    assert parts.names() == ["eg.publish"]


async def test_an_announcement_sent_twice_has_the_same_id(parts: Parts) -> None:
    for later in (0, 1):
        await parts.rotation.outside.announcer.announce(announcements(parts, 1), NOW + timedelta(hours=later))
    first, second = topic_of(parts).events
    assert (first["id"], first["source"]) == (second["id"], second["source"])


REFUSALS = [
    ({"status": 400, "code": "BadRequest"}, FixConfiguration),
    ({"status": 401, "code": "Unauthorized"}, GrantRole),
    ({"status": 403, "code": "Forbidden"}, FixConfiguration),
    ({"status": 404, "code": "NotFound"}, FixConfiguration),
    ({"status": 413, "code": "PayloadTooLarge"}, FixConfiguration),
    ({"status": 429, "code": "TooManyRequests"}, Throttled),
    ({"status": 500, "code": "InternalServerError"}, TryLater),
    ({"status": 503, "code": "ServiceUnavailable"}, TryLater),
]


@pytest.mark.parametrize(("fault", "kind"), REFUSALS, ids=lambda one: one["code"] if isinstance(one, dict) else "")
async def test_a_refusal_raises_the_error_that_says_who_must_act(
    parts: Parts, fault: dict[str, Any], kind: type[RotationError]
) -> None:
    parts.azure.world.faults.add("eg.publish", "status", times=0, **fault)
    error = await raised(parts.rotation.outside.announcer.announce(announcements(parts), NOW))
    assert type(error) is kind
    assert error.thing == parts.rotation.settings.topic
    assert f"could not announce: {fault['status']}" in error.what or kind is GrantRole
    assert error.next_step
    assert not topic_of(parts).events


async def test_a_batch_is_sent_again_once_after_a_503(parts: Parts) -> None:
    parts.azure.world.faults.add("eg.publish", "status", status=503)
    await parts.rotation.outside.announcer.announce(announcements(parts), NOW)
    assert parts.names() == ["eg.publish"] * 2
    assert len(topic_of(parts).events) == 2


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
async def test_an_unclear_answer_raises_try_later(parts: Parts, effect: Any) -> None:
    parts.azure.world.faults.add("eg.publish", effect, times=0)
    assert type(await raised(parts.rotation.outside.announcer.announce(announcements(parts), NOW))) is TryLater


async def test_a_missing_role_raises_grant_role(parts: Parts) -> None:
    parts.azure.world.directory.revoke("app")
    error = await raised(parts.rotation.outside.announcer.announce(announcements(parts), NOW))
    assert type(error) is GrantRole


async def test_an_outage_undoes_nothing_and_the_next_turn_sends_the_outstanding_announcements(parts: Parts) -> None:
    topic_of(parts).outage = 503
    outcome = await parts.rotation.turn(parts.target())
    assert outcome.result is Result.DONE
    assert outcome.announced == ()
    assert "KeyRotation.KeyAdopted" in outcome.outstanding
    topic_of(parts).outage = None
    assert set((await parts.rotation.turn(parts.target())).announced) == set(outcome.outstanding)
    assert (await parts.rotation.turn(parts.target())).announced == ()


async def test_an_accepted_announcement_that_could_not_be_recorded_is_sent_again_with_the_same_id(parts: Parts) -> None:
    parts.azure.world.faults.add("kv.updateSecret", "status", status=500, times=3)
    await parts.rotation.turn(parts.target())
    await parts.rotation.turn(parts.target())
    ids = [event["id"] for event in topic_of(parts).events]
    assert len(ids) == 2 * len(set(ids))


async def test_announcements_are_written_to_the_log_if_there_is_no_topic(
    azure: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    async with parts_over(azure, EVENT_GRID_TOPIC_ENDPOINT="") as parts:
        said = announcements(parts)
        with caplog.at_level(logging.WARNING):
            await parts.rotation.outside.announcer.announce(said, NOW)
    assert [record.getMessage().partition("): ")[2] for record in caplog.records] == [
        json.dumps(one.wire(NOW)) for one in said
    ]
    assert all("P3 is off" in record.getMessage() for record in caplog.records)
    assert not azure.world.journal.count("eg.publish")


RUNBOOK = "https://wiki.contoso.com/docs/runbook.md"


@pytest.mark.parametrize(("runbook", "page"), [(RUNBOOK, "https://wiki.contoso.com/docs/without-keys.md"), ("", None)])
async def test_an_event_links_to_the_page_beside_the_runbook(azure: Azure, runbook: str, page: str | None) -> None:
    async with parts_over(azure, ROTATION_RUNBOOK_URL=runbook) as parts:
        await parts.rotation.outside.announcer.announce(announcements(parts, 1), NOW)
        [event] = topic_of(parts).events
    assert event["data"]["instead"].get("page") == page


async def test_a_log_in_place_of_a_topic_shows_the_page_too(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    async with parts_over(azure, EVENT_GRID_TOPIC_ENDPOINT="", ROTATION_RUNBOOK_URL=RUNBOOK) as parts:
        await parts.rotation.outside.announcer.announce(announcements(parts, 1), NOW)
    assert "https://wiki.contoso.com/docs/without-keys.md" in caplog.text
