"""Keys as small numbers: in a state a key is 0, 1, 2 and so on; the real code gets an `ApiKey` made from the number.

Numbers can be renamed, so two states that differ only in which random keys were drawn become one. Every key contains a
word that occurs nowhere else: if a text contains it, a key has leaked into the text (P7).
"""

from __future__ import annotations

from shared.domain.keys import ApiKey, Fingerprint

ENDPOINT = "https://openai.invalid/"
MATERIAL = "Zk9vQ7material"  # part of every key here, and of nothing else
MOST = 512  # keys of one state; between turns fewer than twenty are in use

_KEYS = [ApiKey(f"{MATERIAL}{number:06d}") for number in range(MOST)]
_MARKS = [key.fingerprint for key in _KEYS]
_NUMBERS = {mark: number for number, mark in enumerate(_MARKS)}
_SEALS = [key.seal(ENDPOINT) for key in _KEYS]
_SEALED = {text: number for number, text in enumerate(_SEALS)}


def key(number: int) -> ApiKey:
    """Return the key of this number."""
    return _KEYS[number]


def mark(number: int) -> Fingerprint:
    """Return the fingerprint of the key of this number."""
    return _MARKS[number]


def number_of(mark: Fingerprint) -> int:
    """Return the number of the key with this fingerprint. Raises KeyError for any other fingerprint."""
    return _NUMBERS[mark]


def seal(number: int) -> str:
    """Return the endpoint sealed with this key, as it is written to the tags."""
    return _SEALS[number]


def sealed_with(text: str) -> int | None:
    """Return the number of the key that made this seal. None if none of these keys did."""
    return _SEALED.get(text)
