"""Keys as small numbers. In this small world a key is 0, 1, 2 and so on; the real code gets an `ApiKey` made of it.

Numbers can be renamed, so two worlds that differ only in which random keys were drawn become one. The texts carry
a word that occurs nowhere else: where it is found outside a key, a key has leaked (P7).
"""

from __future__ import annotations

from shared.domain.keys import ApiKey, Fingerprint

ENDPOINT = "https://openai.invalid/"
MATERIAL = "Zk9vQ7material"  # part of every key here, and of nothing else
MOST = 512  # keys in one world; a world between turns uses fewer than twenty

_KEYS = [ApiKey(f"{MATERIAL}{number:06d}") for number in range(MOST)]
_MARKS = [key.fingerprint for key in _KEYS]
_NUMBERS = {mark: number for number, mark in enumerate(_MARKS)}
_SEALS = [key.seal(ENDPOINT) for key in _KEYS]
_SEALED = {text: number for number, text in enumerate(_SEALS)}


def key(number: int) -> ApiKey:
    return _KEYS[number]


def mark(number: int) -> Fingerprint:
    return _MARKS[number]


def number_of(mark: Fingerprint) -> int:
    return _NUMBERS[mark]


def seal(number: int) -> str:
    """The endpoint, sealed with this key."""
    return _SEALS[number]


def sealed_with(text: str) -> int | None:
    """Which key the endpoint was sealed with; none for a seal that nobody here has made."""
    return _SEALED.get(text)
