"""An act is noted under a name that is read back as it was, and any other name is none."""

import pytest

from shared.domain.acts import Act
from shared.domain.requests import RequestKind

STAMP = "20260302T090000.000000Z"
ACT = Act(STAMP, RequestKind.LEAK, "a" * 64, "b" * 64)


def test_an_act_is_read_back_as_it_was_written() -> None:
    assert ACT.text() == f"20260302T090000.000000Z/leak/{'a' * 64}/{'b' * 64}"
    assert Act.read(ACT.text()) == ACT


@pytest.mark.parametrize("text", ["", f"{STAMP}/leak/a", "yesterday/leak/a/b", f"{STAMP}/look/a/b", "a/b/c/d/e"])
def test_another_name_is_no_act(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Act.read(text)


def test_acts_sort_by_their_time() -> None:
    later = Act("20260302T090000.000001Z", RequestKind.LEAK, "0", "0")
    assert sorted([later, ACT]) == [ACT, later]
