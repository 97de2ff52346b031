"""Words for people and machines: failures as events, ids, windows, and times that no machine's own zone changes."""

import hashlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lab.simulation.builders import KEY1, KEY2, a_target, an_account_id, mark, marks
from lab.simulation.dates import START, at, days
from shared.announce.announcements import Announcement, Kind, failed, text_of
from shared.decide.steps import Mark, Prove, Publish, Regenerate, Wait
from shared.domain.errors import GrantRole
from shared.domain.publication import Origin, stamp, unstamp
from shared.domain.told import CarriedOver, Happened, ToldDeadline
from shared.domain.window import Window

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


def test_a_debt_that_no_tag_has_room_for_is_named_in_words():
    carried = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    assert str(carried) == f"key2 {mark('C')} ended at 2026-03-02T09:00:00+00:00"


STEPS = [
    (Regenerate(KEY1), "regenerate key1"),
    (Prove(KEY2), "prove key2"),
    (Publish(KEY2, Origin.HEALED), "publish key2 (healed)"),
    (Mark(KEY1, marks()), "mark the current version as key1"),
    (Wait(timedelta(minutes=5)), "wait 300 s"),
]


@pytest.mark.parametrize(("step", "text"), STEPS)
def test_a_step_is_printed_as_an_instruction(step: object, text: str):
    assert str(step) == text


WINDOWS = [
    ("Mon-Fri 09:00-16:00 Europe/Berlin", "Mon,Tue,Wed,Thu,Fri 09:00-16:00 Europe/Berlin"),
    ("Sat-Mon 00:30-23:05 UTC", "Mon,Sat,Sun 00:30-23:05 UTC"),
    ("Sun 09:00-16:00 America/New_York", "Sun 09:00-16:00 America/New_York"),
]


@pytest.mark.parametrize(("text", "shown"), WINDOWS)
def test_a_window_is_printed_with_its_days_its_hours_and_its_zone(text: str, shown: str):
    assert str(Window.parse(text)) == shown


WRONG = [
    ("weekdays", "'weekdays' is not of the form 'Mon-Fri 09:00-16:00 Europe/Berlin'"),
    ("Mon-Fry 09:00-16:00 UTC", "'Fry' is not one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
    ("Mon 16:00-09:00 UTC", "'Mon 16:00-09:00 UTC' opens at 16:00, which is not before it closes, 09:00"),
    ("Mon 09:00-25:00 UTC", "'25:00' is not a time of day such as 09:00"),
    ("Mon 09:00-10:00 Mars/Base", "'Mars/Base' is not a time zone such as Europe/Berlin or UTC"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_a_window_that_cannot_be_read_says_what_is_wrong_with_it(text: str, sentence: str):
    with pytest.raises(ValueError) as error:
        Window.parse(text)
    assert str(error.value) == sentence


# The zone of the machine.


@pytest.fixture(params=["Asia/Tokyo", "America/Los_Angeles"])
def a_machine_elsewhere(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.usefixtures("a_machine_elsewhere")
def test_a_machine_in_another_zone_writes_and_reads_the_same_times():
    moment = START.replace(hour=23, minute=30)
    assert text_of(moment.astimezone(KOLKATA)) == "2026-03-02T23:30:00Z"
    assert Announcement(Kind.KEY_RETIRED, TARGET).wire(moment.astimezone(KOLKATA))["time"] == "2026-03-02T23:30:00Z"
    assert stamp(moment.astimezone(KOLKATA)) == "20260302T233000.000000Z"
    assert unstamp(stamp(moment)) == moment
    assert ToldDeadline.read(ToldDeadline(moment).text()) == ToldDeadline(moment)
    error = GrantRole("chat", "no.")
    assert failed(TARGET, error, moment).occasion == "2026-03-02"


@pytest.mark.usefixtures("a_machine_elsewhere")
@pytest.mark.parametrize("hour", [0, 7, 8, 12, 20, 23])
def test_a_machine_in_another_zone_opens_the_window_at_the_same_moment(hour: int):
    window = Window.parse("Mon 09:00-10:00 Europe/Berlin")
    assert window.next_open(START.replace(hour=hour)) == START.replace(hour=8) + (days(7) if hour > 8 else days(0))


@pytest.mark.usefixtures("a_machine_elsewhere")
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati", "Europe/Berlin"])
def test_a_window_that_opens_later_today_does_so_where_it_is_today_and_the_moment_is_in_utc(zone: str):
    window = Window.parse(f"Tue 22:00-23:59 {zone}")
    opens = datetime(2026, 3, 3, 22, tzinfo=ZoneInfo(zone))
    for hours_before in range(1, 48):
        moment = window.next_open(opens - timedelta(hours=hours_before))
        assert moment == opens
        assert moment.tzinfo is UTC


@pytest.mark.usefixtures("a_machine_elsewhere")
@pytest.mark.parametrize("opens", ["02:00", "02:31", "02:30"])
def test_a_window_that_begins_in_the_skipped_hour_opens_in_utc_at_the_very_end_of_it(opens: str):
    window = Window.parse(f"Sun {opens}-04:00 Europe/Berlin")
    moment = window.next_open(datetime(2026, 3, 29, tzinfo=UTC))
    assert moment == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment.tzinfo is UTC


def test_a_window_without_days_says_that_it_never_opens():
    never = Window(frozenset(), datetime.min.time(), datetime.max.time(), "UTC")
    with pytest.raises(ValueError) as error:
        never.next_open(START)
    assert str(error.value) == ("the window  00:00-23:59 UTC does not open within 16 days of 2026-03-02T09:00:00+00:00")
