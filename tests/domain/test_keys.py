"""Keys print as a mask, are compared by fingerprint, and make codes of texts that only the same key can make."""

import copy
import hashlib
import pickle

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lab.simulation.tripwire import planted_key
from shared.domain.keys import MASK, ApiKey, Fingerprint, KeySlot


@pytest.mark.parametrize(
    "show",
    [
        str,
        repr,
        "{}".format,
        "{:>90}".format,
        "{!r}".format,
        "%s".__mod__,
        lambda key: f"{key}",
        lambda key: repr([key]),
    ],
)
def test_a_key_prints_as_a_mask(show):
    key = planted_key()
    text = show(ApiKey(key))
    assert MASK in text
    assert key[:8] not in text


def test_a_key_has_no_readable_members_and_cannot_be_pickled_or_copied():
    key = ApiKey(planted_key())
    assert not hasattr(key, "__dict__")
    for write in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"^a key must not be written anywhere$"):
            write(key)


def test_two_keys_are_equal_if_their_values_are_equal():
    assert ApiKey("a") == ApiKey("a")
    assert ApiKey("a") != ApiKey("b")
    assert ApiKey("a") != "a"
    assert len({ApiKey("a"), ApiKey("a"), ApiKey("ü")}) == 2


def test_a_fingerprint_is_stable_and_is_not_a_plain_hash():
    assert Fingerprint.of("a") == ApiKey("a").fingerprint
    assert len(Fingerprint.of("a")) == 16
    assert not hashlib.sha256(b"a").hexdigest().startswith(Fingerprint.of("a"))


def test_the_other_slot_of_the_other_slot_is_the_slot_itself():
    assert [slot.other.other for slot in KeySlot] == list(KeySlot)
    assert KeySlot.KEY1.other is KeySlot.KEY2


def test_a_code_of_any_text_can_be_made_and_checked():
    key = ApiKey("a")
    assert key.has_made(key.mac("\ud800 ü"), "\ud800 ü")


@given(st.text(), st.text())
@example("https://chat.openai.azure.com/", "not the key")
def test_only_the_key_that_made_a_code_recognises_it(text: str, other: str):
    assume(other != "key")
    assert ApiKey("key").has_made(ApiKey("key").mac(text), text)
    assert not ApiKey("key").has_made(ApiKey(other).mac(text), text)


@given(st.text())
@example("\ud800")
def test_no_other_text_is_taken_for_a_code(code: str):
    assume(code != ApiKey("key").mac("text"))
    assert not ApiKey("key").has_made(code, "text")
