"""Search text for a key: whole, in parts, encoded, in an error and in all that is attached to the error."""

import base64
import traceback
from collections.abc import Iterable, Iterator
from urllib.parse import quote

PART, ENCODED = 8, 12


def forms(key: str) -> Iterator[str]:
    """Yield every text that would reveal a key: any eight characters of it, and pieces of its usual encodings."""
    for value in (key, quote(key, safe=""), key.encode().hex(), key.encode().hex().upper(), key[::-1]):
        yield from _pieces(value)
    for lead in range(3):
        raw = b"\0" * lead + key.encode()
        # The first and last characters of base64 depend on the text before and after the key.
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield from _pieces(encode(raw).decode()[4:-4], ENCODED)


def _pieces(text: str, length: int = PART) -> Iterator[str]:
    for start in range(len(text) - length + 1):
        yield text[start : start + length]


def found(keys: Iterable[str], text: str) -> list[str]:
    """Return the pieces of keys that the text contains."""
    wanted = {piece for key in keys for piece in forms(key)}
    return sorted(wanted & (set(_pieces(text, PART)) | set(_pieces(text, ENCODED))))


def attached(error: BaseException) -> str:
    """Return an error as a log shows it, and every cause with its text, arguments and attributes."""
    texts = ["".join(traceback.format_exception(error))]
    one: BaseException | None = error
    while one is not None:
        texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        one = one.__cause__
    return "\n".join(texts)
