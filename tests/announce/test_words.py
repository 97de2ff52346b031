"""What events say to a reader who does not know this app: rules that the words of each kind keep."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lab.simulation.builders import KEY1, a_target, mark
from lab.simulation.dates import START, at, days, hours
from shared.announce.announcements import Announcement
from shared.announce.kinds import AFTER_DEPLOYMENT, IDENTITY, ROLE, Affected, Kind, Words
from shared.domain.requests import AwaitedDeployment

PAGE = "https://wiki.contoso.com/docs/without-keys.md"
LONGEST = 320  # characters, so that a chat shows the whole sentence
EACH = [
    *((str(kind), kind.words) for kind in Kind),
    *((f"a deployment is awaited: {then}", words) for then, words in AFTER_DEPLOYMENT.items()),
]
ENDS_ALL_KEYS = {Kind.SUNSET_ANNOUNCED, Kind.KEY_AUTH_DISABLED}
REACHES_READERS = {*ENDS_ALL_KEYS, Kind.DRIFT_HEALED, Kind.TRIAL_ANNOUNCED, Kind.TRIAL_STARTED}

each = pytest.mark.parametrize("words", [row[1] for row in EACH], ids=[row[0] for row in EACH])
each_kind = pytest.mark.parametrize("kind", Kind)


def announced(kind: Kind, **facts: Any) -> Announcement:
    return Announcement(
        kind, a_target(), **{"deadline": at(day=30), "previous_until": at(day=33), "happened_at": START} | facts
    )


def said(announcement: Announcement, page: str | None = PAGE) -> dict[str, Any]:
    """Return the data of the event that is sent for an announcement."""
    data = announcement.wire(START, page)["data"]
    assert isinstance(data, dict)
    return data


def sentences(data: dict[str, Any]) -> Iterator[str]:
    return (data[field] for field in ("whatHappens", "whatStops", "whatToDo") if field in data)


@each
def test_words_are_short_whole_sentences(words: Words):
    for text in filter(None, (words.happens, words.stops, words.to_do)):
        assert len(text) <= LONGEST
        assert text[0].isupper()
        assert text.endswith(".")
        assert "  " not in text


@each
def test_where_something_stops_somebody_is_affected_and_told_to_move_to_an_identity(words: Words):
    assert (words.stops is None) == (words.affected is Affected.NOBODY)
    if words.stops is not None:
        assert "managed identity" in words.to_do


@each
def test_where_nothing_stops_nothing_has_to_be_done(words: Words):
    assert words.to_do.startswith("Nothing") or words.stops is not None


@pytest.mark.parametrize("kind", sorted(REACHES_READERS))
def test_an_end_that_the_vault_does_not_soften_addresses_its_readers(kind: Kind):
    assert kind.words.affected is Affected.KEYS
    assert {one for one in Kind if one.words.affected is Affected.KEYS} == REACHES_READERS


@pytest.mark.parametrize("kind", sorted(ENDS_ALL_KEYS))
def test_the_end_of_all_keys_says_that_the_vault_does_not_help(kind: Kind):
    assert re.search(r"read from the vault or copied", kind.words.stops or "")
    assert re.search(r"vault will not help|Neither the vault", kind.words.to_do)


def test_a_sunset_names_its_date_in_what_stops_and_in_what_to_do():
    data = said(announced(Kind.SUNSET_ANNOUNCED))
    assert all("Wed 1 Apr 2026, 09:00 UTC" in data[field] for field in ("whatStops", "whatToDo"))


def test_an_adoption_says_that_both_values_of_the_keys_end():
    assert said(announced(Kind.KEY_ADOPTED))["whatStops"].startswith(
        "Both values that the account's keys had until now"
    )


def test_an_awaited_deployment_says_that_copies_end_after_it_and_how_long_after():
    announcement = announced(Kind.ROTATION_ANNOUNCED, after=AwaitedDeployment("production"))
    assert "3 days after the rotation that follows the deployment" in said(announcement)["whatStops"]
    assert "Replace every copied key with this deployment" in said(announcement)["whatToDo"]


@pytest.mark.parametrize(
    ("overlap", "words"),
    [
        (days(3), "3 days"),
        (days(1), "1 day"),
        (hours(36), "36 hours"),
        (timedelta(minutes=90), "1 hour"),
        (timedelta(minutes=30), "30 minutes"),
    ],
    ids=str,
)
def test_a_copy_is_never_promised_longer_than_the_overlap(overlap: timedelta, words: str):
    target = a_target()
    target = replace(target, cadence=replace(target.cadence, overlap=overlap))
    data = said(replace(announced(Kind.ROTATION_ANNOUNCED), target=target))
    assert f"now, {words} after the rotation or later." in data["whatStops"]


def test_a_rotation_without_a_previous_key_in_use_stops_nothing():
    assert "Sat 4 Apr 2026, 09:00 UTC or later" in said(announced(Kind.KEY_ROTATED))["whatStops"]
    assert "whatStops" not in said(announced(Kind.KEY_ROTATED, previous_until=None))


@each_kind
@pytest.mark.parametrize("facts", [{}, {"deadline": None, "previous_until": None}], ids=["dated", "without dates"])
def test_no_event_shows_a_placeholder(kind: Kind, facts: dict[str, Any]):
    assert [text for text in sentences(said(announced(kind, **facts))) if set(text) & set("{}<>")] == []


@each_kind
def test_every_event_says_whom_it_concerns_and_what_to_do_instead(kind: Kind):
    data = said(announced(kind))
    assert data["whoIsAffected"] == kind.words.affected
    assert data["instead"] == {"identity": IDENTITY, "role": ROLE, "page": PAGE}
    assert said(announced(kind), page=None)["instead"] == {"identity": IDENTITY, "role": ROLE}


def test_words_are_no_part_of_an_announcements_identity():
    one = announced(Kind.ROTATION_ANNOUNCED, slot=KEY1, value=mark("A"))
    assert one.wire(START, PAGE)["id"] == one.wire(START)["id"]


def test_keys_that_are_back_are_announced_each_time_about_the_whole_account():
    first, second = (announced(Kind.KEY_AUTH_ENABLED, deadline=None, occasion=f"{mark('A')} {n}") for n in (1, 2))
    assert first.id != second.id
    assert said(first)["happenedAt"] == "2026-03-02T09:00:00Z"
    assert not {"slot", "fingerprint", "deadline", "whatStops"} & set(said(first))
    assert "activity log" in said(first)["whatToDo"]
