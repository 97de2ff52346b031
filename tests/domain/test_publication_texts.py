"""Tags as they stand in Key Vault: versions that are already there are read by the next release, and by people."""

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.simulation.builders import KEY1, KEY2, an_account_id, mark, marks, overlapping
from lab.simulation.dates import START, at, days
from shared.domain.keys import KeySlot
from shared.domain.publication import Marks, Origin, others_in, read_tags, tags_of
from shared.domain.told import MOST_CARRIED_OVER, CarriedOver, Happened, Told, ToldDeadline

ACCOUNT = str(an_account_id())
DEBT = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
TOLD = Told(
    origin=True,
    key_auth_off=True,
    rotation=ToldDeadline(at(day=30), days(7)),
    retirement=ToldDeadline(at(day=3)),
    sunset=ToldDeadline(at(day=90) + timedelta(microseconds=5), days(1)),
    ends=2,
    carried_over=(DEBT, replace(DEBT, happened=Happened.HEALED, slot=KEY1)),
)
FULL = Marks(
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
    sealed_endpoint="https://chat.openai.azure.com/ 0123",
    told=TOLD,
)
TAGS = {
    "CredentialId": "key1",
    "ProviderAddress": ACCOUNT,
    "ValidityPeriodDays": "30",
    "key-rotation-live": mark("A"),
    "key-rotation-origin": "rotated 20260302T090000.000007Z rotated=20260303T090000.000000Z unproven resumed",
    "key-rotation-previous": f"{mark('B')} until=20260305T090000.000000Z leaked",
    "key-rotation-spare": f"{mark('S')} fresh",
    "key-rotation-endpoint": "https://chat.openai.azure.com/ 0123",
    "key-rotation-told": "origin key_auth_off rotation=1775034000/604800 retirement=1772701200/ "
    "sunset=1780218000.000005/86400 ends=2",
    "key-rotation-owed": f"e2{mark('C')}1772442000 h1{mark('C')}1772442000",
    "team": "billing",
}


def test_everything_that_a_version_can_say_is_written_like_this_and_read_back():
    assert tags_of(FULL, KEY1, ACCOUNT, days(30), {"team": "billing"}) == TAGS
    assert read_tags(TAGS) == (KEY1, ACCOUNT, days(30), FULL)
    assert others_in(TAGS) == {"team": "billing"}


def test_what_a_version_does_not_say_takes_no_tag():
    tags = tags_of(marks(spare=None, told=Told()), KEY2, ACCOUNT, days(30), {})
    assert tags == {
        "CredentialId": "key2",
        "ProviderAddress": ACCOUNT,
        "ValidityPeriodDays": "30",
        "key-rotation-live": mark("A"),
        "key-rotation-origin": "rotated 20260302T090000.000000Z",
    }
    assert read_tags(tags) == (KEY2, ACCOUNT, days(30), marks(spare=None, told=Told()))


def test_a_usual_overlap_is_written_without_the_words_for_unusual_things():
    tags = tags_of(overlapping(spare=mark("S")), KEY1, ACCOUNT, days(30), {})
    assert tags["key-rotation-previous"] == f"{mark('B')} until=20260305T090000.000000Z"
    assert tags["key-rotation-spare"] == mark("S")


@pytest.mark.parametrize(
    "noted", [overlapping(until=None), replace(overlapping(), previous=None)], ids=["no end", "no previous key"]
)
def test_a_promise_is_written_whole_or_not_at_all(noted: Marks):
    assert "key-rotation-previous" not in tags_of(noted, KEY1, ACCOUNT, days(30), {})


# The three tags of Microsoft's tutorial.


@pytest.mark.parametrize(("text", "slot"), [("key1", KEY1), ("Key2", KEY2), ("KEY1", KEY1), ("key3", None), ("", None)])
def test_a_slot_is_read_in_whatever_letters(text: str, slot: KeySlot | None):
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
def test_a_validity_is_a_whole_number_of_days_within_a_hundred_years(text: str, validity: timedelta | None):
    assert read_tags({"ValidityPeriodDays": text})[2] == validity


@pytest.mark.parametrize(
    ("period", "text"), [(timedelta(hours=1), "1"), (days(1.4), "1"), (days(1.6), "2"), (days(90), "90")]
)
def test_a_period_is_written_in_whole_days_and_never_as_none(period: timedelta, text: str):
    assert tags_of(marks(), KEY1, ACCOUNT, period, {})["ValidityPeriodDays"] == text


def test_a_secret_without_tags_says_nothing():
    assert read_tags({}) == (None, None, None, None)


# What was told, and what is owed.


def test_a_flag_with_a_value_was_not_told():
    """Nobody writes that but by hand, and what is not told is said once more."""
    assert Told.read("origin=no") == Told(origin=False)


@pytest.mark.parametrize("text", ["weather=5/5", "rotations=1/1", "origin weather"])
def test_a_word_that_nobody_can_have_told_is_named(text: str):
    with pytest.raises(ValueError, match=r"\['(weather|rotations)'\] is not something that can have been announced"):
        Told.read(text)


def test_more_debts_than_a_tag_holds_leave_the_oldest_to_be_said_elsewhere():
    carried_over = tuple(replace(DEBT, happened_at=at(day=day)) for day in range(MOST_CARRIED_OVER + 2))
    told = Told(carried_over=carried_over)
    assert told.dropped == carried_over[:2]
    assert Told.read("", told.carried_over_text()).carried_over == carried_over[2:]


def test_as_many_debts_as_a_tag_holds_are_all_kept():
    told = Told(carried_over=tuple(replace(DEBT, happened_at=at(day=day)) for day in range(MOST_CARRIED_OVER)))
    assert told.dropped == ()
    assert Told.read("", told.carried_over_text()) == told


def test_a_debt_is_remembered_to_the_second_so_that_many_find_room():
    exact = replace(DEBT, happened_at=START + timedelta(microseconds=999_999))
    assert exact.text() == DEBT.text() == f"e2{mark('C')}1772442000"


def test_a_damaged_fingerprint_spoils_all_our_marks():
    assert read_tags(TAGS | {"key-rotation-live": mark("A").upper()})[3] is None
    assert read_tags(TAGS | {"key-rotation-previous": f"{mark('B')}0 until=20260305T090000.000000Z"})[3] is None
    assert read_tags(TAGS | {"key-rotation-spare": "stale fresh"})[3] is None
