"""How often an account is called with a key, in a few words: what is not known is never shown as none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.web.pages.way_out.fleet_callers import in_percent
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


def test_a_gap_in_the_log_of_either_week_tells_no_change() -> None:
    """Otherwise the calls of the week after it would look like many more."""
    assert change_of(a_usage([10] * 14, by_identity=0, silent=(8, 9, 10))) is None
    assert change_of(a_usage([10] * 14, by_identity=0, silent=(8, 9))) is not None, "as on a weekend"


@pytest.mark.parametrize(
    ("share", "says"), [(1.0, "100 %"), (0.997, "more than 99 %"), (0.314, "31 %"), (0.001, "less than 1 %")]
)
def test_a_share_is_never_rounded_to_all_or_to_none(share: float, says: str) -> None:
    assert in_percent(share) == says
