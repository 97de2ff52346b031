"""The delivery record: what Event Grid accepted and what is outstanding, as two tags of the secret."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.simulation.builders import KEY2, mark
from lab.simulation.dates import START, at
from shared.domain.keys import KeySlot
from shared.domain.publication import LONGEST_TAG
from shared.domain.told import MOST_CARRIED_OVER, CarriedOver, Happened, Told, ToldDeadline
from tests.support import strategies as some

delivery_records = some.told(st.builds(ToldDeadline, some.exact_moments, some.leads))


def test_the_longest_delivery_record_fits_into_two_tags():
    moment = START.replace(microsecond=999_999)
    told_deadline = ToldDeadline(moment, timedelta(days=29))
    carried_over = tuple(CarriedOver(Happened.ENDED, KeySlot.KEY1, mark(letter), START) for letter in "ABCDEFGH")
    told = {"rotation": told_deadline, "retirement": told_deadline, "sunset": told_deadline}
    everything = Told(origin=True, key_auth_off=True, awaited=True, **told, ends=999, carried_over=carried_over)
    assert len(carried_over) == MOST_CARRIED_OVER
    assert len(everything.text()) <= LONGEST_TAG
    assert len(everything.carried_over_text()) <= LONGEST_TAG


OUTSTANDING = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)


@given(delivery_records)
def test_a_delivery_record_is_read_back(told: Told):
    assert Told.read(told.text(), told.carried_over_text()) == told


def test_a_flag_with_a_value_does_not_count_as_accepted():
    """Only a person can have written that. The announcement is sent again."""
    assert Told.read("origin=no") == Told(origin=False)


@pytest.mark.parametrize("text", ["weather=5/5", "rotations=1/1", "origin weather"])
def test_told_read_names_a_word_that_it_does_not_know(text: str):
    with pytest.raises(ValueError, match=r"\['(weather|rotations)'\] is not something that can have been announced"):
        Told.read(text)


def test_outstanding_announcements_that_do_not_fit_into_the_tag_are_dropped_oldest_first():
    carried_over = tuple(replace(OUTSTANDING, happened_at=at(day=day)) for day in range(MOST_CARRIED_OVER + 2))
    told = Told(carried_over=carried_over)
    assert told.dropped == carried_over[:2]
    assert Told.read("", told.carried_over_text()).carried_over == carried_over[2:]


def test_no_outstanding_announcement_is_dropped_if_all_fit_into_the_tag():
    told = Told(carried_over=tuple(replace(OUTSTANDING, happened_at=at(day=day)) for day in range(MOST_CARRIED_OVER)))
    assert told.dropped == ()
    assert Told.read("", told.carried_over_text()) == told


def test_an_outstanding_announcement_is_written_in_whole_seconds():
    exact = replace(OUTSTANDING, happened_at=START + timedelta(microseconds=999_999))
    assert exact.text() == OUTSTANDING.text() == f"e2{mark('C')}1772442000"


def test_told_reads_the_word_armed_as_an_accepted_wait():
    assert Told.read("armed") == Told(awaited=True)
    assert Told.read("") == Told()


def test_an_outstanding_announcement_prints_its_key_and_time():
    carried = CarriedOver(Happened.ENDED, KEY2, mark("C"), START)
    assert str(carried) == f"key2 {mark('C')} ended at 2026-03-02T09:00:00+00:00"
