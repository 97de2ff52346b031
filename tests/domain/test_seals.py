"""Seals: they are read back, and any change of the marks or of their place breaks them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import KEY1, KEY2, an_account_id, mark, marks, overlapping
from lab.simulation.dates import at
from shared.domain.keys import ApiKey
from shared.domain.publication import Marks, read_tags, tags_of
from shared.domain.requests import AwaitedDeployment, Requester
from shared.domain.seals import Maker, Place, carefully, endpoint_in, is_made_with, is_sealed, sealed
from shared.domain.told import CarriedOver, Happened, Told, ToldDeadline
from tests.domain.test_publication import all_marks

LIVE, OTHER, FOREIGN = ApiKey("the live key"), ApiKey("the other key"), ApiKey("somebody's own value")
PLACE = Place(str(an_account_id()), KEY1, "https://keys.vault.azure.net/secrets/chat-key")
ENDPOINT = "https://chat.openai.azure.com/"


def with_seals(facts: Marks) -> Marks:
    """Return marks as they are read back from a version on which this app has sealed them."""
    written = sealed(facts, PLACE, ENDPOINT, {KEY1: LIVE, KEY2: OTHER})
    read = read_tags(tags_of(written, KEY1, PLACE.account, timedelta(days=30), {}))[3]
    assert read is not None
    return read


@given(all_marks())
def test_marks_that_are_read_back_carry_both_seals_and_the_endpoint(facts: Marks) -> None:
    read = with_seals(facts)
    assert is_made_with(LIVE, read, PLACE, Maker.LIVE)
    assert is_made_with(OTHER, read, PLACE, Maker.OTHER)
    assert endpoint_in(read) == ENDPOINT


@given(st.text(), st.text(), st.text())
def test_whatever_a_caller_sends_as_id_name_or_reason_is_sealed_as_it_is_read_back(id_: str, by: str, why: str) -> None:
    facts = marks(requester=Requester(id_, by, why))
    assert is_made_with(LIVE, with_seals(facts), PLACE, Maker.LIVE)


@given(all_marks())
def test_no_other_key_and_no_other_role_has_made_a_seal(facts: Marks) -> None:
    read = with_seals(facts)
    for key, role in ((LIVE, Maker.OTHER), (OTHER, Maker.LIVE), (FOREIGN, Maker.LIVE), (FOREIGN, Maker.OTHER)):
        assert not is_made_with(key, read, PLACE, role)


CHANGES = {
    "live": {"live": mark("X")},
    "since": {"since": at(day=1)},
    "until": {"until": at(day=2)},
    "leaked": {"leaked": True},
    "previous": {"previous": mark("X")},
    "spare": {"previous": None, "until": None, "spare": mark("B")},
    "number": {"number": 1},
    "copied": {"copied": True},
    "resumed": {"resumed": True},
    "rotated": {"rotated": at(day=1)},
    "requester": {"requester": Requester("r-2")},
    "awaited": {"awaited": AwaitedDeployment("production")},
    "told": {"told": Told(origin=True, retirement=ToldDeadline(at(day=3)))},
    "owed": {"told": Told(origin=True, carried_over=(CarriedOver(Happened.ENDED, KEY1, mark("C"), at(day=1)),))},
}


@pytest.mark.parametrize("changed", CHANGES)
def test_a_change_of_any_mark_breaks_both_seals(changed: str) -> None:
    read = replace(with_seals(overlapping()), **CHANGES[changed])
    assert not is_made_with(LIVE, read, PLACE, Maker.LIVE)
    assert not is_made_with(OTHER, read, PLACE, Maker.OTHER)


@pytest.mark.parametrize(
    "moved",
    [
        replace(PLACE, account=str(an_account_id(group="another"))),
        replace(PLACE, slot=KEY2),
        replace(PLACE, secret_url="https://keys.vault.azure.net/secrets/chat-key-2"),
        replace(PLACE, secret_url="https://other.vault.azure.net/secrets/chat-key"),
    ],
)
def test_marks_that_are_moved_elsewhere_lose_their_seal(moved: Place) -> None:
    assert not is_made_with(LIVE, with_seals(marks()), moved, Maker.LIVE)


def test_the_case_of_an_id_or_a_name_does_not_matter() -> None:
    other_case = Place(PLACE.account.upper(), KEY1, PLACE.secret_url.upper())
    assert is_made_with(LIVE, with_seals(marks()), other_case, Maker.LIVE)


@pytest.mark.parametrize("endpoint", ["https://evil.example/", "-", "https://chat.openai.azure.com"])
def test_another_endpoint_breaks_the_seal(endpoint: str) -> None:
    read = with_seals(marks())
    assert read.seal is not None
    moved = replace(read, seal=" ".join([endpoint, *read.seal.split(" ")[1:]]))
    assert not is_made_with(LIVE, moved, PLACE, Maker.LIVE)


@pytest.mark.parametrize("seal", [None, "", "https://chat.openai.azure.com/ 0123", "a b c d", "a  b"])
def test_what_an_earlier_release_or_somebody_else_wrote_is_not_sealed(seal: str | None) -> None:
    unsealed = replace(marks(), seal=seal)
    assert not is_made_with(LIVE, unsealed, PLACE, Maker.LIVE)


def test_without_keys_nobody_can_seal() -> None:
    assert sealed(marks(), PLACE, ENDPOINT, {}) == marks()
    assert not is_sealed(marks())


def test_an_account_without_an_endpoint_has_none_in_its_seal() -> None:
    written = sealed(marks(), PLACE, None, {KEY1: LIVE, KEY2: OTHER})
    assert endpoint_in(written) is None
    assert is_made_with(LIVE, written, PLACE, Maker.LIVE)


def test_marks_that_are_read_carefully_end_no_key_that_still_works() -> None:
    facts = overlapping(leaked=True, told=Told(origin=True, retirement=ToldDeadline(at(day=3)), ends=2))
    careful = carefully(facts, [mark("B")])
    assert (careful.previous, careful.until, careful.leaked, careful.spare) == (None, None, False, None)
    assert careful.told == Told(origin=True, ends=2)


def test_marks_that_are_read_carefully_still_name_a_key_that_has_ended() -> None:
    careful = carefully(overlapping(), [mark("N")])
    assert careful.previous == mark("B")
