"""Patterns of actions are compared as Azure compares them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.readers.patterns import matches

KEYS = "Microsoft.CognitiveServices/accounts/listKeys/action"


@pytest.mark.parametrize(
    "pattern",
    [
        KEYS,
        KEYS.upper(),
        "*",
        "*/action",
        "Microsoft.CognitiveServices/*",
        "microsoft.cognitiveservices/*/action",
        "Microsoft.CognitiveServices/accounts/list*",
        "*listkeys*",
        "Microsoft.*/accounts/*/action",
        "**",
        f"{KEYS}*",
    ],
)
def test_a_pattern_includes_the_action(pattern: str) -> None:
    assert matches(pattern, KEYS)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "*/read",
        "Microsoft.CognitiveServices",
        "Microsoft.CognitiveServices/*/read",
        "Microsoft.CognitiveServices/accounts/listKeys",
        "Microsoft.CognitiveServices/accounts/*/listKeys/action",
        "*listKeys",
        "Microsoft.CognitiveServices/accounts/listKeys/action/*",
        "Microsoft.CognitiveServices/accounts/listKeys/action*n",
    ],
)
def test_a_pattern_does_not_include_the_action(pattern: str) -> None:
    assert not matches(pattern, KEYS)


def test_what_a_star_does_not_mean_stands_for_itself() -> None:
    assert not matches("Microsoft.?ognitiveServices/[a]*", "Microsoft.CognitiveServices/accounts")


@given(st.text("aB/*", max_size=8), st.text("ab/", max_size=10))
def test_a_pattern_means_the_same_as_its_regular_expression(pattern: str, action: str) -> None:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert matches(pattern, action) == bool(re.fullmatch(expression, action, re.IGNORECASE))


def test_a_pattern_of_many_stars_is_judged() -> None:
    """A comparison that goes back over every star would not end before the test's time is over."""
    assert not matches("*a" * 200 + "*b", "a" * 5000)
