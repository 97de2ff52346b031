"""What is announced: ids that are stable, debts that are paid once, and nothing lost to an outage."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from lab.simulation.builders import (
    KEY1,
    KEY2,
    a_publication,
    a_situation,
    a_target,
    an_account_id,
    an_observation,
    end_announced,
    mark,
    marks,
    overlapping,
)
from lab.simulation.dates import SENDING, START, at, days
from shared.announce.announcements import Announcement, Kind, failed
from shared.announce.outstanding import acknowledged, outstanding
from shared.decide.situation import Situation
from shared.domain.errors import ProofFailed
from shared.domain.keys import KeySlot
from shared.domain.model import Observation, Target
from shared.domain.publication import Origin, SecretState
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from tests.support import strategies as some

UNTIL = START + days(3)
WARNING = Announcement(Kind.ROTATION_ANNOUNCED, a_target(), KEY1, mark("A"), deadline=at(day=30), lead=days(7))


def kinds(at: Situation) -> list[str]:
    return [said.kind.removeprefix("KeyRotation.") for said in outstanding(at)]


OWED = [
    ("a quiet day", marks(), at(day=5), {}, []),
    ("a version that was not announced", marks(told=Told()), at(day=5), {}, ["KeyRotated"]),
    ("an adopted version", marks(origin=Origin.ADOPTED, told=Told()), at(day=5), {}, ["KeyAdopted"]),
    ("a healed version", marks(origin=Origin.HEALED, told=Told()), at(day=5), {}, ["DriftHealed"]),
    ("fourteen days before", marks(), at(day=16), {}, ["RotationAnnounced"]),
    ("an overlap just begun", overlapping(), START, {}, ["RetirementAnnounced"]),
    ("an overlap that was announced", overlapping(told=end_announced(UNTIL)), START, {}, []),
    ("its last day", overlapping(told=end_announced(UNTIL)), at(day=2), {}, ["RetirementAnnounced"]),
    ("a previous key that is gone", overlapping(), at(day=1), {"key2": "N"}, ["KeyRetired"]),
    ("a leaked previous key has no ladder", overlapping(leaked=True), at(day=1), {}, []),
    ("debts come first", marks(told=Told(carried_over=(CarriedOver(Happened.ENDED, KEY2, mark("C"), START),))), at(day=1), {},
     ["KeyRetired", "KeyRotated"]),
    ("a drifted target says nothing until it is healed", marks(told=Told()), at(day=1), {"key1": "X"}, []),
]  # fmt: skip


@pytest.mark.parametrize(("noted", "now", "seen", "expected"), [row[1:] for row in OWED], ids=[row[0] for row in OWED])
def test_what_should_be_said_now(noted, now: datetime, seen: dict, expected: list[str]):
    assert kinds(a_situation(noted, now, **seen)) == expected


def test_a_sunset_is_announced_from_the_day_it_is_known():
    assert kinds(a_situation(marks(), START, a_target(sunset=at(day=200)))) == ["SunsetAnnounced"]


def test_the_end_of_key_authentication_is_announced_once():
    withdrawn = a_publication(state=SecretState.DISABLED, value=None)
    off = an_observation(withdrawn, key_auth=False, keys={})
    now = Situation(off, a_target(), at(day=1))
    assert kinds(now) == ["KeyAuthDisabled"]
    told = replace(off, publication=replace(withdrawn, marks=acknowledged(now, outstanding(now))))
    assert kinds(Situation(told, a_target(), at(day=1))) == []


def test_debts_are_not_forgotten_when_key_authentication_ends_during_an_outage():
    carried = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    withdrawn = a_publication(marks(told=Told(carried_over=(carried,))), state=SecretState.DISABLED, value=None)
    now = Situation(an_observation(withdrawn, key_auth=False, keys={}), a_target(), at(day=1))
    assert kinds(now) == ["KeyRetired", "KeyRotated", "KeyAuthDisabled"]


SAME = [
    ("said again a day later", WARNING),
    ("the account in other letters", replace(WARNING, target=a_target(account=an_account_id("chat", "EMULATED")))),
    ("another owner", replace(WARNING, target=a_target(owner="team"))),
    ("another name for the target", replace(WARNING, target=replace(a_target(), name="renamed"))),
    ("another note of when it happened", replace(WARNING, happened_at=START)),
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
    ("the first word", replace(WARNING, lead=None)),
]


@pytest.mark.parametrize("other", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_announcement_has_the_same_id(other: Announcement):
    assert other.id == WARNING.id
    assert other.wire(at(day=20))["id"] == other.wire(at(day=21))["id"]


@pytest.mark.parametrize("other", [row[1] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_another_announcement_has_another_id(other: Announcement):
    assert other.id != WARNING.id


def test_a_deadline_in_another_zone_is_said_in_utc():
    elsewhere = at(day=30).astimezone(ZoneInfo("Asia/Kolkata"))
    assert replace(WARNING, deadline=elsewhere).wire(START)["data"]["deadline"] == "2026-04-01T09:00:00Z"


def test_a_failure_is_said_once_a_day_for_each_reason():
    refused, other = ProofFailed("chat", "refused."), ProofFailed("chat", "refused again.")
    ids = [failed(a_target(), error, now).id for error in (refused, other) for now in (at(day=1), at(day=1, hour=23))]
    assert len(set(ids)) == 1
    assert failed(a_target(), refused, at(day=2)).id not in ids


def test_an_event_says_who_what_and_when_on_the_wire():
    event = replace(WARNING, target=a_target(owner="team-chat")).wire(at(day=23))
    assert event["specversion"] == "1.0"
    assert event["source"] == str(an_account_id())
    assert event["subject"] == "https://keys.vault.azure.net/secrets/chat-key"
    assert event["type"] == "KeyRotation.RotationAnnounced"
    assert event["time"] == "2026-03-25T09:00:00Z"
    assert {"deadline", "leadTime", "owner", "whatHappens", "whatToDo", "fingerprint", "slot"} <= set(event["data"])
    assert event["data"]["leadTime"] == "P7D"
    assert json.loads(json.dumps(event)) == event


@settings(max_examples=200, deadline=None)
@given(some.observations(), some.targets, some.moments)
def test_settling_everything_owed_leaves_nothing_owed_at_the_same_moment(seen: Observation, target: Target, now):
    before = Situation(seen, target, now)
    said = outstanding(before)
    if not said:
        return
    assert seen.publication is not None
    noted = acknowledged(before, said)
    after = replace(seen, publication=replace(seen.publication, marks=noted))
    assert outstanding(Situation(after, target, now)) == ()


@settings(max_examples=100, deadline=None)
@given(some.observations(), some.targets, some.moments)
def test_no_two_announcements_owed_at_once_have_the_same_id(seen: Observation, target: Target, now):
    ids = [said.id for said in outstanding(Situation(seen, target, now))]
    assert len(set(ids)) == len(ids)


def test_an_outage_of_weeks_loses_nothing_and_says_each_thing_once():
    """Forty days without Event Grid: afterwards one look owes everything that happened, and then nothing."""
    noted = overlapping(told=Told())
    during = [kinds(a_situation(noted, at(day=day))) for day in range(1, 40)]
    assert all("KeyRotated" in said and "RetirementAnnounced" in said for said in during)
    after = a_situation(noted, at(day=40))
    said = outstanding(after)
    assert len({one.id for one in said}) == len(said)
    end = next(one for one in said if one.kind is Kind.RETIREMENT_ANNOUNCED)
    assert end.deadline == at(day=41) + SENDING
    assert outstanding(a_situation(acknowledged(after, said), at(day=40))) == ()


@pytest.mark.parametrize("part", [0, 1])
def test_settling_a_part_leaves_the_rest(part: int):
    before = a_situation(overlapping(told=Told()), at(day=1))
    said = outstanding(before)
    assert len(said) == 2
    rest = outstanding(a_situation(acknowledged(before, [said[part]]), at(day=1)))
    assert rest == (said[1 - part],)


def test_a_told_mark_survives_the_tag_it_is_kept_in():
    noted = acknowledged(
        a_situation(overlapping(told=Told()), at(day=1)), outstanding(a_situation(overlapping(told=Told()), at(day=1)))
    )
    assert Told.read(noted.told.text()) == Told(origin=True, retirement=ToldDeadline(UNTIL))
    assert {slot.value for slot in KeySlot} == {"key1", "key2"}
    assert noted.since.tzinfo is UTC
