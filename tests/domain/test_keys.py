"""Keys print as a mask, are compared by fingerprint, and seal texts that only the same key can unseal."""

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


@pytest.mark.parametrize("text", ["https://chat.openai.azure.com/ \ud800", "\ud800 \udfff", "\ud800"])
def test_unseal_returns_none_for_text_that_cannot_be_encoded(text: str):
    assert ApiKey("a").unseal(text) is None


def test_any_text_can_be_sealed_and_unsealed():
    key = ApiKey("a")
    assert key.unseal(key.seal("\ud800 ü")) == "\ud800 ü"


@given(st.text(), st.text())
@example("https://chat.openai.azure.com/", "not the key")
def test_only_the_key_that_sealed_a_text_can_unseal_it(text: str, other: str):
    assume(other != "key")
    key = ApiKey("key")
    assert key.unseal(key.seal(text)) == text
    assert key.unseal(ApiKey(other).seal(text)) is None


@given(st.text())
def test_unseal_returns_none_for_text_that_was_not_sealed(text: str):
    assert ApiKey("key").unseal(text) is None
