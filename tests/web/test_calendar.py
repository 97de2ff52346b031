"""Deadlines as a calendar: read back by a calendar library, and checked line by line against RFC 5545."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import icalendar
import pytest

from lab.simulation.builders import a_target
from shared.announce.deadlines import Deadline, DeadlineKind
from shared.domain.keys import KeySlot
from shared.web.calendar import LENGTH, REFRESH, calendar

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
AT = datetime(2026, 12, 24, 9, 30, tzinfo=UTC)
TARGET = a_target()
ROTATION = Deadline(TARGET, DeadlineKind.ROTATION, AT, KeySlot.KEY1, announced=False)
ODD = "Ops; chat, search \\ team\r\nBEGIN:VEVENT 日本語 " + "x" * 90


def read(*deadlines: Deadline) -> icalendar.Calendar:
    whole = icalendar.Calendar.from_ical(calendar(deadlines, NOW))
    assert isinstance(whole, icalendar.Calendar)
    return whole


def events(*deadlines: Deadline) -> list[icalendar.Event]:
    return [one for one in read(*deadlines).walk("VEVENT") if isinstance(one, icalendar.Event)]


def test_a_program_can_subscribe_to_an_empty_calendar() -> None:
    whole = read()
    assert (whole["VERSION"], bool(whole["PRODID"]), whole["NAME"]) == ("2.0", True, "Key rotation")
    assert whole["REFRESH-INTERVAL"].dt == REFRESH
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\n" in calendar([], NOW)
    assert not events()


def test_a_calendar_program_reads_back_what_a_deadline_said() -> None:
    told = replace(ROTATION, target=a_target(owner="team-chat"), announced=True, after_deployment="production")
    (event,) = events(told)
    assert (event["SUMMARY"], event["DTSTART"].dt, event["DTSTAMP"].dt) == ("chat: rotation", AT, NOW)
    assert event["DTEND"].dt - AT == LENGTH
    assert event["DESCRIPTION"].splitlines() == [
        f"{told.says}.",
        "Announced.",
        "After the next deployment to production.",
        "Owner: team-chat.",
    ]


def test_an_unannounced_deadline_says_that_it_may_move() -> None:
    (event,) = events(ROTATION)
    assert event["DESCRIPTION"].splitlines() == [f"{ROTATION.says}.", "Not announced yet; it may move."]


def test_times_are_written_in_utc() -> None:
    elsewhere = AT.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+09:00").tzinfo)
    assert events(replace(ROTATION, falls_at=elsewhere))[0]["DTSTART"].dt == AT


@pytest.mark.parametrize("owner", [ODD, ODD.encode().decode("latin-1"), '"quoted"; x=y', "a\nb\tc"])
def test_an_owner_cannot_add_lines_to_the_calendar(owner: str) -> None:
    found = events(replace(ROTATION, target=a_target(owner=owner)), replace(ROTATION, what=DeadlineKind.SUNSET))
    assert [one["SUMMARY"] for one in found] == ["chat: rotation", "chat: sunset"]
    said = found[0]["DESCRIPTION"].replace("\r\n", "\n")
    assert said.endswith(f"Owner: {owner}.".replace("\r\n", "\n"))


def test_lines_are_folded_and_ended_as_the_format_requires() -> None:
    text = calendar([replace(ROTATION, target=a_target(owner=ODD))], NOW)
    lines = text.encode().split(b"\r\n")
    assert lines[-1] == b""
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert max(len(line) for line in lines) <= 75
    assert any(line.startswith(b" ") for line in lines)
    for line in lines:
        line.decode()  # fails if a character is cut in two
    assert text.count("BEGIN:VEVENT\r\n") == 1


def test_a_deadline_that_moves_keeps_its_id_and_no_two_share_one() -> None:
    moved = replace(ROTATION, falls_at=AT + timedelta(days=3), announced=True, target=a_target(owner="another"))
    assert events(ROTATION)[0]["UID"] == events(moved)[0]["UID"]
    all_ = [replace(ROTATION, target=a_target(name), what=what) for name in ("chat", "search") for what in DeadlineKind]
    uids = sorted(one["UID"] for one in events(*all_))
    assert all(one != another for one, another in pairwise(uids))
    assert len(uids) == 2 * len(DeadlineKind)


def test_two_apps_that_each_rotate_an_account_of_one_name_have_no_entry_in_common() -> None:
    here, there = TARGET, replace(TARGET, account=replace(TARGET.account, subscription="another"))
    both = [replace(ROTATION, target=target, what=what) for target in (here, there) for what in DeadlineKind]
    assert len({one["UID"] for one in events(*both)}) == len(both)


def test_a_date_on_hold_keeps_its_entry_as_tentative() -> None:
    (stands,), (held,) = events(ROTATION), events(replace(ROTATION, on_hold=True))
    assert (str(held["UID"]), held["STATUS"], stands["STATUS"]) == (str(stands["UID"]), "TENTATIVE", "CONFIRMED")
    assert held["SUMMARY"] == "chat: rotation (on hold)"
    assert held["DESCRIPTION"].startswith("On hold: the account is misconfigured")


def test_a_trial_is_as_long_in_the_calendar_as_keys_are_off() -> None:
    (event,) = events(replace(ROTATION, what=DeadlineKind.TRIAL, length=timedelta(hours=4)))
    assert (event["SUMMARY"], event["DTEND"].dt - AT) == ("chat: trial", timedelta(hours=4))
    assert event["DESCRIPTION"].splitlines()[0] == "the account stops accepting keys for 4 h, for a trial."


def test_a_date_that_a_hold_moves_is_tentative_and_says_so() -> None:
    (event,) = events(replace(ROTATION, held_until=AT))
    assert (event["SUMMARY"], event["STATUS"]) == ("chat: rotation (on hold)", "TENTATIVE")
    assert "A person put the target on hold until 2026-12-24 09:30 UTC." in event["DESCRIPTION"]
