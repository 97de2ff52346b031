"""A key does not show itself, and is compared by marks."""

import copy
import hashlib
import pickle

import pytest

from lab.simulation.tripwire import planted_key
from shared.domain.keys import MASK, ApiKey, Fingerprint, KeySlot
from shared.domain.text import without_keys


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


def test_keys_are_equal_when_their_values_are():
    assert ApiKey("a") == ApiKey("a")
    assert ApiKey("a") != ApiKey("b")
    assert ApiKey("a") != "a"
    assert len({ApiKey("a"), ApiKey("a"), ApiKey("ü")}) == 2


def test_a_fingerprint_is_stable_and_is_not_a_plain_hash():
    assert Fingerprint.of("a") == ApiKey("a").fingerprint
    assert len(Fingerprint.of("a")) == 16
    assert not hashlib.sha256(b"a").hexdigest().startswith(Fingerprint.of("a"))


def test_each_slot_is_the_other_of_the_other():
    assert [slot.other.other for slot in KeySlot] == list(KeySlot)
    assert KeySlot.KEY1.other is KeySlot.KEY2


@pytest.mark.parametrize("text", ["https://chat.openai.azure.com/ \ud800", "\ud800 \udfff", "\ud800"])
def test_a_seal_that_cannot_even_be_written_down_is_a_wrong_seal_and_no_error(text: str):
    assert ApiKey("a").unseal(text) is None


def test_what_is_sealed_can_be_any_text():
    key = ApiKey("a")
    assert key.unseal(key.seal("\ud800 ü")) == "\ud800 ü"


def test_what_looks_like_a_key_is_left_out_of_a_text_and_the_rest_stands():
    assert without_keys(f"was {planted_key()} here") == "was (left out) here"
    assert without_keys("key1 of chat") == "key1 of chat"
