"""Patterns of actions, as role definitions write them (docs/facts.md, Rights)."""

from __future__ import annotations

from collections.abc import Iterable


def matches(pattern: str, action: str) -> bool:
    """Return whether a pattern includes an action. `*` stands for any run of characters, also over `/`.

    Case is ignored. The time it takes grows with the length of both, however many stars there are.

    >>> matches("Microsoft.CognitiveServices/*/read", "microsoft.cognitiveservices/accounts/projects/read")
    True
    >>> matches("*/read", "Microsoft.CognitiveServices/accounts/listKeys/action")
    False
    """
    first, *others = pattern.lower().split("*")
    text = action.lower()
    if not others:
        return first == text
    *inner, last = others
    if len(first) + len(last) > len(text) or not text.startswith(first) or not text.endswith(last):
        return False
    return _in_order(inner, text[len(first) : len(text) - len(last)])


def matches_any(patterns: Iterable[str], action: str) -> bool:
    """Return whether one of the patterns includes an action."""
    return any(matches(one, action) for one in patterns)


def _in_order(parts: Iterable[str], text: str) -> bool:
    """Return whether a text holds these parts one behind the other. The earliest place of each is best."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
