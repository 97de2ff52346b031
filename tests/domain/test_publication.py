"""Marks as tags: they are read back, damaged tags count as absent, and the limits of Key Vault are kept."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import SUBSCRIPTION, a_publication, a_target, an_account_id, an_observation, mark, marks
from lab.simulation.dates import START, at, days
from shared.announce.outstanding import outstanding
from shared.decide.policies import decide
from shared.decide.situation import Situation
from shared.domain.keys import KeySlot
from shared.domain.model import AccountId
from shared.domain.publication import (
    LONGEST_TAG,
    MOST_TAGS,
    OUR_TAGS,
    PREFIX,
    Marks,
    Origin,
    others_in,
    read_tags,
    stamp,
    tags_of,
    unstamp,
)
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from shared.domain.window import Window
from shared.settings.problems import Problems
from shared.settings.target_fields import Defaults, target_from_fields
from tests.support import strategies as some

PERIOD = days(30)
delivery_records = some.told(st.builds(ToldDeadline, some.exact_moments, some.leads))
tags_of_others = st.dictionaries(
    st.text("abcdefgh-", min_size=1, max_size=20), st.text(max_size=50), max_size=MOST_TAGS - OUR_TAGS
)


request_ids = st.from_regex(r"[0-9a-f]{1,32}", fullmatch=True)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9@. ü]{0,12}", fullmatch=True)
short_reasons = st.from_regex(r"([A-Za-z]([A-Za-z0-9 -]{0,100}[a-z])?)?", fullmatch=True)
moments_to_the_second = some.exact_moments.map(lambda moment: moment.replace(microsecond=0))
awaited_deployments = st.builds(
    AwaitedDeployment,
    st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,39}", fullmatch=True),
    st.integers(0, 30 * 86400).map(lambda seconds: timedelta(seconds=seconds)),
    st.one_of(st.none(), moments_to_the_second),
    st.one_of(st.none(), moments_to_the_second),
    st.one_of(st.none(), request_ids),
)


@st.composite
def all_marks(draw: st.DrawFn) -> Marks:
    previous = draw(st.one_of(st.none(), some.any_fingerprint))
    return Marks(
        live=draw(some.any_fingerprint),
        origin=draw(st.sampled_from(Origin)),
        since=draw(some.exact_moments),
        previous=previous,
        until=draw(some.exact_moments) if previous else None,
        leaked=draw(st.booleans()) if previous else False,
        spare=None if previous else draw(st.one_of(st.none(), some.any_fingerprint)),  # never both: room for tags
        seal=f"https://{'chat' * 16}.openai.azure.com/ {'0' * 32} {'1' * 32}",
        number=draw(st.integers(0, 10**6)),
        requester=draw(st.builds(Requester, st.one_of(st.none(), request_ids), names, short_reasons)),
        awaited=draw(st.one_of(st.none(), awaited_deployments)),
        told=draw(delivery_records),
    )


@given(all_marks(), some.slots, tags_of_others)
def test_marks_written_as_tags_are_read_back(written: Marks, slot: KeySlot, kept: dict[str, str]):
    tags = tags_of(written, slot, str(an_account_id()), PERIOD, kept)
    assert read_tags(tags) == (slot, str(an_account_id()), PERIOD, written)
    assert others_in(tags) == kept


@given(all_marks(), some.slots, tags_of_others)
def test_tags_are_never_too_many_nor_too_long(written: Marks, slot: KeySlot, kept: dict[str, str]):
    tags = tags_of(written, slot, str(an_account_id()), PERIOD, kept)
    assert len(tags) <= MOST_TAGS
    assert all(len(text) <= LONGEST_TAG for pair in tags.items() for text in pair)


def test_enrolment_refuses_a_resource_id_that_is_too_long_for_a_tag():
    longest, problems = str(AccountId(SUBSCRIPTION, "g" * 90, "a" * 64)), Problems()
    assert len(longest) > LONGEST_TAG
    defaults = Defaults("https://keys.vault.azure.net")
    assert (
        target_from_fields({"account": longest, "name": "long", "secret": "long"}, "entry", defaults, problems) is None
    )
    assert f"{len(longest)} characters" in problems[0].what


@given(some.exact_moments)
def test_a_stamp_is_read_back_to_the_microsecond(moment):
    assert unstamp(stamp(moment)) == moment


NAMES = ("live", "origin", "previous", "spare", "endpoint", "told", "owed", "request", "armed")
VALID = tags_of(
    marks(
        previous=mark("B"),
        until=at(day=3),
        told=Told(origin=True, rotation=ToldDeadline(at(day=30), days(7)), carried_over=(
            CarriedOver(Happened.ENDED, KeySlot.KEY2, mark("C"), START),
        )),
    ),
    KeySlot.KEY1, str(an_account_id()), PERIOD, {},
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from([PREFIX + name for name in NAMES]), st.text(max_size=60)),
    st.dictionaries(st.sampled_from(["CredentialId", "ProviderAddress", "ValidityPeriodDays"]), st.text(max_size=20)),
)
def test_read_tags_does_not_raise_for_any_text_in_our_tags(ours: dict[str, str], theirs: dict[str, str]):
    read_tags(VALID | ours | theirs)


@given(st.sampled_from(sorted(VALID)), st.integers(0, 60), st.text("0123456789 =/.Z", max_size=3))
def test_read_tags_does_not_raise_if_one_character_of_a_valid_tag_is_changed(name: str, where: int, text: str):
    read_tags(VALID | {name: VALID[name][:where] + text + VALID[name][where + 1 :]})


DAMAGE = [
    ("live is not a fingerprint", "live", "not hexadecimal"),
    ("origin is empty", "origin", ""),
    ("origin has an unknown word", "origin", "invented 20260302T090000.000000Z"),
    ("origin has no time", "origin", "rotated yesterday"),
    ("previous has no end", "previous", mark("B")),
    ("told has an unknown word", "told", "origin weather=5/5"),
    ("told has a deadline without a time", "told", "rotation="),
    ("told has an impossible time", "told", "rotation=99999999999999999999/5"),
    ("told has an impossible lead time", "told", "rotation=1790000000/99999999999999999999"),
    ("owed is cut off", "owed", "e1"),
    ("owed has an impossible time", "owed", f"e1{mark('C')}99999999999999999999"),
]


@pytest.mark.parametrize(("name", "text"), [row[1:] for row in DAMAGE], ids=[row[0] for row in DAMAGE])
def test_a_damaged_tag_counts_as_absent(name: str, text: str):
    assert read_tags(VALID | {PREFIX + name: text})[3] is None


IMPOSSIBLE_TIMES = [
    ("origin in the year 9999", "origin", "rotated 99991231T235959.000000Z"),
    ("previous until the year 9999", "previous", f"{mark('B')} until=99991231T235959.000000Z"),
    ("previous until the year 1", "previous", f"{mark('B')} until=00010101T000000.000000Z"),
    ("told of a deadline in the year 1", "told", "origin retirement=-62135596800/"),
]


@pytest.mark.parametrize(
    ("name", "text"), [row[1:] for row in IMPOSSIBLE_TIMES], ids=[row[0] for row in IMPOSSIBLE_TIMES]
)
@pytest.mark.parametrize("window", [None, "Mon-Fri 09:00-16:00 Europe/Berlin"], ids=["no window", "a window"])
def test_an_impossible_time_in_a_tag_stops_neither_deciding_nor_announcing(name: str, text: str, window: str | None):
    """People who cannot read the secret may write its tags; one damaged target must not stop a tick (P10)."""
    slot, provider, _, written = read_tags(VALID | {PREFIX + name: text})
    target = a_target(window=Window.parse(window) if window else None)
    seen = an_observation(a_publication(marks(), marks=written, slot=slot, provider=provider, value=mark("A")))
    assert decide(seen, target, at(day=40)).why
    outstanding(Situation(seen, target, at(day=40)))
