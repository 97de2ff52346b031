"""The exact text of the tags. Tags in Key Vault outlive a release: later releases and people must still read them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import KEY1, KEY2, an_account_id, mark, marks, overlapping
from lab.simulation.dates import START, at, days
from shared.domain.keys import KeySlot
from shared.domain.publication import Marks, Origin, others_in, read_tags, tags_of
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline

ACCOUNT = str(an_account_id())
OUTSTANDING = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
ALL_TOLD = Told(
    origin=True,
    key_auth_off=True,
    rotation=ToldDeadline(at(day=30), days(7)),
    retirement=ToldDeadline(at(day=3)),
    sunset=ToldDeadline(at(day=90) + timedelta(microseconds=5), days(1)),
    ends=2,
    carried_over=(OUTSTANDING, replace(OUTSTANDING, happened=Happened.HEALED, slot=KEY1)),
)
ALL_MARKS = Marks(
    live=mark("A"),
    origin=Origin.ROTATED,
    since=START + timedelta(microseconds=7),
    previous=mark("B"),
    until=at(day=3),
    leaked=True,
    spare=mark("S"),
    fresh=True,
    unproven=True,
    rotated=at(day=1),
    resumed=True,
    number=3,
    seal="https://chat.openai.azure.com/ 0123 4567",
    told=ALL_TOLD,
)
ALL_TAGS = {
    "CredentialId": "key1",
    "ProviderAddress": ACCOUNT,
    "ValidityPeriodDays": "30",
    "key-rotation-live": mark("A"),
    "key-rotation-origin": "rotated 20260302T090000.000007Z rotated=20260303T090000.000000Z number=3 unproven resumed",
    "key-rotation-previous": f"{mark('B')} until=20260305T090000.000000Z leaked",
    "key-rotation-spare": f"{mark('S')} fresh",
    "key-rotation-endpoint": "https://chat.openai.azure.com/ 0123 4567",
    "key-rotation-told": "origin key_auth_off rotation=1775034000/604800 retirement=1772701200/ "
    "sunset=1780218000.000005/86400 ends=2",
    "key-rotation-owed": f"e2{mark('C')}1772442000 h1{mark('C')}1772442000",
    "team": "billing",
}


def test_all_marks_are_written_as_these_tags_and_read_back():
    assert tags_of(ALL_MARKS, KEY1, ACCOUNT, days(30), {"team": "billing"}) == ALL_TAGS
    assert read_tags(ALL_TAGS) == (KEY1, ACCOUNT, days(30), ALL_MARKS)
    assert others_in(ALL_TAGS) == {"team": "billing"}


def test_an_absent_mark_takes_no_tag():
    tags = tags_of(marks(spare=None, told=Told()), KEY2, ACCOUNT, days(30), {})
    assert tags == {
        "CredentialId": "key2",
        "ProviderAddress": ACCOUNT,
        "ValidityPeriodDays": "30",
        "key-rotation-live": mark("A"),
        "key-rotation-origin": "rotated 20260302T090000.000000Z",
    }
    assert read_tags(tags) == (KEY2, ACCOUNT, days(30), marks(spare=None, told=Told()))


def test_an_ordinary_overlap_is_written_without_optional_words():
    tags = tags_of(overlapping(spare=mark("S")), KEY1, ACCOUNT, days(30), {})
    assert tags["key-rotation-previous"] == f"{mark('B')} until=20260305T090000.000000Z"
    assert tags["key-rotation-spare"] == mark("S")


@pytest.mark.parametrize(
    "incomplete", [overlapping(until=None), replace(overlapping(), previous=None)], ids=["no end", "no previous key"]
)
def test_the_previous_key_is_written_only_together_with_its_end(incomplete: Marks):
    assert "key-rotation-previous" not in tags_of(incomplete, KEY1, ACCOUNT, days(30), {})


# The three tags of Microsoft's tutorial.


@pytest.mark.parametrize(("text", "slot"), [("key1", KEY1), ("Key2", KEY2), ("KEY1", KEY1), ("key3", None), ("", None)])
def test_read_tags_ignores_the_case_of_the_slot(text: str, slot: KeySlot | None):
    assert read_tags({"CredentialId": text})[0] is slot


DAYS = [
    ("1", days(1)),
    ("60", days(60)),
    ("36499", days(36499)),
    ("36500", None),
    ("0", None),
    ("-1", None),
    ("a month", None),
    ("1.5", None),
    ("²", None),
    ("٣", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "validity"), DAYS)
def test_the_validity_is_a_whole_number_of_days_below_a_hundred_years(text: str, validity: timedelta | None):
    assert read_tags({"ValidityPeriodDays": text})[2] == validity


@pytest.mark.parametrize(
    ("period", "text"), [(timedelta(hours=1), "1"), (days(1.4), "1"), (days(1.6), "2"), (days(90), "90")]
)
def test_the_period_is_written_as_at_least_one_whole_day(period: timedelta, text: str):
    assert tags_of(marks(), KEY1, ACCOUNT, period, {})["ValidityPeriodDays"] == text


def test_read_tags_returns_nothing_for_a_secret_without_tags():
    assert read_tags({}) == (None, None, None, None)


def test_one_damaged_fingerprint_makes_all_marks_unreadable():
    assert read_tags(ALL_TAGS | {"key-rotation-live": mark("A").upper()})[3] is None
    assert read_tags(ALL_TAGS | {"key-rotation-previous": f"{mark('B')}0 until=20260305T090000.000000Z"})[3] is None
    assert read_tags(ALL_TAGS | {"key-rotation-spare": "stale fresh"})[3] is None
