"""Words for people and machines: failures as events, ids, windows, and times that no machine's own zone changes."""

import hashlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lab.simulation.builders import KEY1, KEY2, a_target, an_account_id, mark
from lab.simulation.dates import START, at, days
from shared.announce.announcements import Announcement, Kind, failed
from shared.domain.errors import GrantRole

TARGET = a_target(owner="team-chat")
KOLKATA = ZoneInfo("Asia/Kolkata")


# Failures.


def test_a_failure_tells_the_owner_which_target_failed_when_why_and_what_to_do():
    error = GrantRole("chat", "could not read the secret: 403 Forbidden.")
    assert failed(TARGET, error, at(day=9)).wire(at(day=9, minute=1)) == {
        "specversion": "1.0",
        "id": failed(TARGET, error, at(day=9)).id,
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
            "whatToDo": "Nothing. The owner of the rotation should read the reason and the runbook.",
        },
    }


def test_a_day_of_failures_is_a_day_in_utc_wherever_the_clock_stands():
    error = GrantRole("chat", "no.")
    late, early = datetime(2026, 3, 2, 23, 59, tzinfo=UTC), datetime(2026, 3, 3, 0, 1, tzinfo=UTC)
    assert failed(TARGET, error, late).id == failed(TARGET, error, late.astimezone(KOLKATA)).id
    assert failed(TARGET, error, late.astimezone(KOLKATA)).id != failed(TARGET, error, early.astimezone(KOLKATA)).id


# Every fact on the wire.


def test_what_happened_says_which_key_when_until_when_the_one_before_it_works_and_that_it_was_not_proven():
    said = Announcement(
        Kind.KEY_ROTATED, TARGET, KEY2, mark("B"), happened_at=START, previous_until=at(day=3), unproven=True
    )
    data = said.wire(START)["data"]
    assert isinstance(data, dict)
    assert {name: data[name] for name in ("slot", "fingerprint", "happenedAt", "previousKeyWorksUntil", "proven")} == {
        "slot": "key2",
        "fingerprint": mark("B"),
        "happenedAt": "2026-03-02T09:00:00Z",
        "previousKeyWorksUntil": "2026-03-05T09:00:00Z",
        "proven": False,
    }
    assert "deadline" not in data


def test_a_key_that_was_proven_is_not_said_to_be_anything_else():
    data = Announcement(Kind.KEY_ROTATED, TARGET, KEY2, mark("B")).wire(START)["data"]
    assert "proven" not in data


def test_an_id_does_not_change_with_a_new_version_of_this_app():
    """Listeners remember ids for weeks: an id that is made otherwise says everything a second time."""
    said = Announcement(Kind.ROTATION_ANNOUNCED, TARGET, KEY1, mark("A"), deadline=at(day=30), lead=days(7))
    words = (
        '["KeyRotation.RotationAnnounced", "/subscriptions/00000000-0000-4000-8000-000000000001/resourcegroups/emulated'
        '/providers/microsoft.cognitiveservices/accounts/chat", "https://keys.vault.azure.net/secrets/chat-key", "key1"'
        f', "{mark("A")}", "2026-04-01T09:00:00+00:00", 604800.0, null]'
    )
    assert said.id == hashlib.sha256(words.encode()).hexdigest()[:32]


# A debt, a step and a window, printed.


# The zone of the machine.
