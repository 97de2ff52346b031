"""How often an account is called with a key, in a few words: what is not known is never shown as none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.web.pages.way_out.key_use import change_of, key_use_of
from tests.web.pages.surveys import AKS, CURL, UNTIL, a_usage, an_entry


def test_calls_of_seven_days_and_the_callers() -> None:
    use = key_use_of(an_entry("chat", a_usage([10] * 36, callers=(AKS, CURL), more_callers=3)))
    assert (use.calls, use.says, use.last_at) == ("70", "5 callers", UNTIL)


def test_none_over_the_whole_span_says_how_long_the_span_is() -> None:
    use = key_use_of(an_entry("chat", a_usage()))
    assert (use.calls, use.says, use.change) == ("0", "none in 35 days", None)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (None, "not in the last survey"),
        (an_entry("chat"), "no logs"),
        (an_entry("chat", a_usage(silent=range(5, 12))), "its logs do not tell"),
        (an_entry("chat", a_usage(unclear=3)), "its logs do not tell"),
    ],
    ids=["not surveyed", "no logs", "a gap", "unclear calls"],
)
def test_what_is_not_known_is_a_question_mark_and_never_none(entry, says: str) -> None:
    use = key_use_of(entry)
    assert (use.calls, use.is_known, use.says) == ("?", False, says)


def test_a_gap_hides_no_call_that_was_seen() -> None:
    use = key_use_of(an_entry("chat", a_usage([4], callers=(CURL,), silent=range(5, 12))))
    assert (use.calls, use.says) == ("4", "1 caller")


def test_an_account_without_keys_has_none() -> None:
    assert key_use_of(an_entry("chat", key_auth=False)).calls == "none"


@pytest.mark.parametrize(
    ("keys", "arrow", "says"),
    [
        ([10] * 14, "", "no change"),
        ([6] * 7 + [10] * 7, "▼", "40 % less"),
        ([11] * 7 + [10] * 7, "▲", "10 % more"),
        ([0] * 7 + [10] * 7, "▼", "none any more"),
        ([3] + [0] * 13, "▲", "new this week"),
        ([120] * 7 + [10] * 7, "▲", "12 times as many"),
    ],
)
def test_the_change_has_an_arrow_and_a_number(keys: list[int], arrow: str, says: str) -> None:
    change = change_of(a_usage(keys))
    assert change is not None
    assert (change.arrow, change.says) == (arrow, says)


def test_a_span_of_less_than_two_weeks_tells_no_change() -> None:
    usage = a_usage([10] * 7)
    assert change_of(replace(usage, since=UNTIL - timedelta(days=13))) is None
    assert change_of(usage) is not None
