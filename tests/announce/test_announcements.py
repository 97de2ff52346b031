"""Announcements as events: what they carry, and ids that never change."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lab.simulation.builders import (
    GROUP,
    KEY1,
    KEY2,
    a_target,
    an_account_id,
    mark,
)
from lab.simulation.dates import START, at, days
from shared.announce.announcements import Announcement, rotation_failed
from shared.announce.kinds import Kind
from shared.domain.errors import GrantRole, ProofFailed

OWNED = a_target(owner="team-chat")
KOLKATA = ZoneInfo("Asia/Kolkata")
WARNING = Announcement(Kind.ROTATION_ANNOUNCED, a_target(), KEY1, mark("A"), deadline=at(day=30), lead=days(7))


SAME = [
    ("the same announcement", WARNING),
    ("the account in another case", replace(WARNING, target=a_target(account=an_account_id("chat", GROUP.upper())))),
    ("another owner", replace(WARNING, target=a_target(owner="team"))),
    ("another name for the target", replace(WARNING, target=replace(a_target(), name="renamed"))),
    ("another time at which it happened", replace(WARNING, happened_at=START)),
]
DIFFERENT = [
    ("another kind", replace(WARNING, kind=Kind.RETIREMENT_ANNOUNCED)),
    ("another account", replace(WARNING, target=a_target("other"))),
    ("another secret", replace(WARNING, target=replace(a_target(), secret="x"))),
    ("another vault", replace(WARNING, target=replace(a_target(), vault_url="https://other.vault.azure.net"))),
    ("another slot", replace(WARNING, slot=KEY2)),
    ("another key", replace(WARNING, value=mark("B"))),
    ("another deadline", replace(WARNING, deadline=at(day=31))),
    ("another lead", replace(WARNING, lead=days(1))),
    ("the first announcement, without a lead time", replace(WARNING, lead=None)),
]


@pytest.mark.parametrize("other", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_announcement_has_the_same_id(other: Announcement):
    assert other.id == WARNING.id
    assert other.wire(at(day=20))["id"] == other.wire(at(day=21))["id"]


@pytest.mark.parametrize("other", [row[1] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_another_announcement_has_another_id(other: Announcement):
    assert other.id != WARNING.id


def test_a_deadline_in_another_time_zone_is_sent_in_utc():
    elsewhere = at(day=30).astimezone(KOLKATA)
    assert replace(WARNING, deadline=elsewhere).wire(START)["data"]["deadline"] == "2026-04-01T09:00:00Z"


def test_all_failures_of_a_target_on_one_day_have_one_id():
    refused, other = ProofFailed("chat", "refused."), ProofFailed("chat", "refused again.")
    ids = [
        rotation_failed(a_target(), error, now).id
        for error in (refused, other)
        for now in (at(day=1), at(day=1, hour=23))
    ]
    assert len(set(ids)) == 1
    assert rotation_failed(a_target(), refused, at(day=2)).id not in ids


def test_an_event_carries_the_target_the_deadline_and_what_to_do():
    event = replace(WARNING, target=a_target(owner="team-chat")).wire(at(day=23))
    assert event["specversion"] == "1.0"
    assert event["source"] == str(an_account_id())
    assert event["subject"] == "https://keys.vault.azure.net/secrets/chat-key"
    assert event["type"] == "KeyRotation.RotationAnnounced"
    assert event["time"] == "2026-03-25T09:00:00Z"
    assert {"deadline", "leadTime", "owner", "whatHappens", "whatToDo", "fingerprint", "slot"} <= set(event["data"])
    assert event["data"]["leadTime"] == "P7D"
    assert json.loads(json.dumps(event)) == event


def test_the_event_of_a_failure_carries_the_owner_the_reason_and_the_next_step():
    error = GrantRole("chat", "could not read the secret: 403 Forbidden.")
    assert rotation_failed(OWNED, error, at(day=9)).wire(at(day=9, minute=1)) == {
        "specversion": "1.0",
        "id": rotation_failed(OWNED, error, at(day=9)).id,
        "source": str(an_account_id()),
        "subject": "https://keys.vault.azure.net/secrets/chat-key",
        "type": "KeyRotation.RotationFailed",
        "time": "2026-03-11T09:01:00Z",
        "datacontenttype": "application/json",
        "data": {
            "target": "chat",
            "owner": "team-chat",
            "happenedAt": "2026-03-11T09:00:00Z",
            "reason": "GrantRole: could not read the secret: 403 Forbidden.",
            "nextStep": GrantRole.next_step,
            "whatHappens": "A turn failed. The step that failed did not change the published key.",
            "whoIsAffected": "nobody",
            "whatToDo": "Nothing. The owner of the rotation should read the reason and the runbook.",
            "instead": {"identity": "a managed identity", "role": "Cognitive Services OpenAI User"},
        },
    }


def test_the_day_of_a_failure_is_a_day_in_utc():
    error = GrantRole("chat", "no.")
    late, early = datetime(2026, 3, 2, 23, 59, tzinfo=UTC), datetime(2026, 3, 3, 0, 1, tzinfo=UTC)
    assert rotation_failed(OWNED, error, late).id == rotation_failed(OWNED, error, late.astimezone(KOLKATA)).id
    assert (
        rotation_failed(OWNED, error, late.astimezone(KOLKATA)).id
        != rotation_failed(OWNED, error, early.astimezone(KOLKATA)).id
    )


def test_the_event_of_a_rotation_carries_the_key_the_times_and_that_it_was_not_proven():
    announcement = Announcement(
        Kind.KEY_ROTATED, OWNED, KEY2, mark("B"), happened_at=START, previous_until=at(day=3), unproven=True
    )
    data = announcement.wire(START)["data"]
    assert isinstance(data, dict)
    assert {name: data[name] for name in ("slot", "fingerprint", "happenedAt", "previousKeyWorksUntil", "proven")} == {
        "slot": "key2",
        "fingerprint": mark("B"),
        "happenedAt": "2026-03-02T09:00:00Z",
        "previousKeyWorksUntil": "2026-03-05T09:00:00Z",
        "proven": False,
    }
    assert "deadline" not in data


def test_the_event_of_a_proven_key_has_no_field_proven():
    data = Announcement(Kind.KEY_ROTATED, OWNED, KEY2, mark("B")).wire(START)["data"]
    assert "proven" not in data


def test_the_id_of_an_announcement_never_changes():
    """Listeners store ids for weeks. If a release made other ids, they would receive every event a second time."""
    owned = replace(OWNED, account=an_account_id("chat", "emulated"))
    announcement = Announcement(Kind.ROTATION_ANNOUNCED, owned, KEY1, mark("A"), deadline=at(day=30), lead=days(7))
    identity = (
        '["KeyRotation.RotationAnnounced", "/subscriptions/00000000-0000-4000-8000-000000000001/resourcegroups/emulated'
        '/providers/microsoft.cognitiveservices/accounts/chat", "https://keys.vault.azure.net/secrets/chat-key", "key1"'
        f', "{mark("A")}", "2026-04-01T09:00:00+00:00", 604800.0, null]'
    )
    assert announcement.id == hashlib.sha256(identity.encode()).hexdigest()[:32]
