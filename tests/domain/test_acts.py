"""An act is noted under a name that is read back as it was, and any other name is none."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.acts import Act
from shared.domain.requests import RequestKind

STAMP = "20260302T090000.000000Z"
ACT = Act(datetime(2026, 3, 2, 9, tzinfo=UTC), RequestKind.LEAK, "a" * 64, "b" * 64)


def test_an_act_is_read_back_as_it_was_written() -> None:
    assert ACT.text() == f"{STAMP}/leak/{'a' * 64}/{'b' * 64}"
    confirmed = replace(ACT, confirmed=True)
    assert confirmed.text() == f"{ACT.text()}/confirmed"
    assert [Act.read(one.text()) for one in (ACT, confirmed)] == [ACT, confirmed]


@pytest.mark.parametrize(
    "text",
    ["", f"{STAMP}/leak/a", "yesterday/leak/a/b", f"{STAMP}/look/a/b", f"{STAMP}/leak/a/b/agreed", "a/b/c/d/e/f"],
)
def test_another_name_is_no_act(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Act.read(text)


def test_acts_sort_by_their_time() -> None:
    later = Act(ACT.at + timedelta(microseconds=1), RequestKind.LEAK, "0", "0")
    assert sorted([later, ACT]) == [ACT, later]


def test_an_act_repeats_the_same_request_at_another_time_confirmed_or_not() -> None:
    assert replace(ACT, at=ACT.at + timedelta(hours=1), confirmed=True).repeats(ACT)
    for other in (replace(ACT, kind=RequestKind.ROTATE), replace(ACT, about="c"), replace(ACT, id="c")):
        assert not other.repeats(ACT)
