"""Text from outside, made safe to repeat: on one line, and without anything that looks like a key."""

from __future__ import annotations

import re

_LIKE_A_KEY = re.compile(r"[A-Za-z0-9+/=]{30,}")
_LIKE_A_KEY_IN_A_PATH = re.compile(r"[A-Za-z0-9+=]{30,}")

_RUN = re.compile(r"[A-Za-z0-9]{30,}")
_LONG, _DIGITS = 64, 6  # of one run: Azure's names have at most 63 characters in a row, and few digits


def without_keys(text: str) -> str:
    """Return the text without parts that are as long and dense as keys are.

    People may paste a key that they found into a reason or a name. Keys had 32 characters until 2023 and have 84 since
    2025 (published recordings), so 30 letters, digits, `+`, `/` or `=` in a row are left out.
    """
    return _LIKE_A_KEY.sub("(left out)", text)


def quotable(text: str) -> str:
    """Return the text without parts that look like keys, but with the resource ids that Azure's messages name."""
    return _LIKE_A_KEY_IN_A_PATH.sub("(left out)", text)


def could_be_a_key(text: str) -> bool:
    """Return whether a part of the text is as long as keys are since 2025, or as long and dense as they were before.

    For text in which 30 letters in a row are nothing unusual: error codes, host names, names of secrets.
    """
    return any(len(run) >= _LONG or sum(map(str.isdigit, run)) >= _DIGITS for run in _RUN.findall(text))


def plain(text: str) -> str:
    """Return the text on one line, because a tag and a log line must not begin another line."""
    return printable(text).strip()


def printable(text: str) -> str:
    """Return the text with a space in place of each character that changes how text is shown."""
    return "".join(character if character.isprintable() else " " for character in text)
