"""Text from outside, made safe to repeat: on one line, and without anything that looks like a key."""

from __future__ import annotations

import re

_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+/=]{30,}")


def without_keys(text: str) -> str:
    """The text without whatever in it is as long and as dense as keys have been so far: what people type into a reason
    or an address may be a key that they found."""
    return _LIKE_A_KEY.sub("(left out)", text)


def plain(text: str) -> str:
    """The text on one line: what stands in a tag and a log must not begin another."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
