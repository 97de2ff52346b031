"""Keys as small numbers: in a state a key is 0, 1, 2 and so on; the real code gets an `ApiKey` made from the number.

Numbers can be renamed, so two states that differ only in which random keys were drawn become one. Every key contains a
word that occurs nowhere else: if a text contains it, a key has leaked into the text (P7).

In a state, a seal says by which keys it was made, `0/1`: then it stays true when numbers are renamed and times move.
"""

from __future__ import annotations

from dataclasses import replace

from shared.domain.keys import ApiKey, Fingerprint, KeySlot
from shared.domain.model import AccountId, Target
from shared.domain.publication import Marks
from shared.domain.seals import Maker, Place, is_made_with, is_sealed, sealed

ACCOUNT = AccountId("00000000-0000-4000-8000-000000000001", "prod", "chat")
ENDPOINT = "https://openai.invalid/"
MATERIAL = "Zk9vQ7material"  # part of every key here, and of nothing else
MOST = 512  # keys of one state; between turns fewer than twenty are in use

_KEYS = [ApiKey(f"{MATERIAL}{number:06d}") for number in range(MOST)]
_MARKS = [key.fingerprint for key in _KEYS]
_NUMBERS = {mark: number for number, mark in enumerate(_MARKS)}
_NOBODY = ApiKey("a key that no account has")


def key(number: int) -> ApiKey:
    """Return the key of this number."""
    return _KEYS[number]


def mark(number: int) -> Fingerprint:
    """Return the fingerprint of the key of this number."""
    return _MARKS[number]


def number_of(mark: Fingerprint) -> int:
    """Return the number of the key with this fingerprint. Raises KeyError for any other fingerprint."""
    return _NUMBERS[mark]


def seal(live: int | None, other: int | None) -> str:
    """Return a seal as a state keeps it: which keys made the two seals. None: a key that no account has."""
    return "/".join("-" if number is None else str(number) for number in (live, other))


def makers(seal: str) -> tuple[int | None, int | None]:
    """Return which keys made the two seals of a state."""
    live, other = (None if number == "-" else int(number) for number in seal.split("/"))
    return live, other


def really_sealed(marks: Marks, slot: KeySlot, target: Target) -> Marks:
    """Return marks of a state with the seals that their keys make."""
    if marks.seal is None:
        return marks
    live, other = (_NOBODY if number is None else key(number) for number in makers(marks.seal))
    place = Place(str(target.account), slot, target.secret_url)
    return sealed(replace(marks, seal=None), place, ENDPOINT, {slot: live, slot.other: other})


def as_kept(marks: Marks, slot: KeySlot, target: Target, keys: tuple[int, int]) -> Marks:
    """Return marks as a state keeps them: with the keys that made their seals, of their own and those of the
    account."""
    if not is_sealed(marks):
        return replace(marks, seal=None)
    place = Place(str(target.account), slot, target.secret_url)
    live, other = (
        next((number for number in tried if is_made_with(key(number), marks, place, role)), None)
        for role, tried in ((Maker.LIVE, (number_of(marks.live),)), (Maker.OTHER, keys))
    )
    return replace(marks, seal=seal(live, other))
