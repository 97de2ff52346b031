"""Forms are read strictly: only the fields of the page, each once, and nothing that looks like a key is shown again."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.requests import ArmRequest, DisarmRequest, LeakedKey, LeakRequest, RequestKind, RotateRequest
from shared.web.act_form import ASKED, ActForm, kind_of
from shared.web.bodies import BadRequest
from shared.web.forms import FORM, WrongField, as_moment, read_form, typed

HEADERS = {"content-type": f"{FORM}; charset=utf-8"}
WRITTEN = b"id=call-1&plan=" + b"a" * 64 + b"&shown=2026-11-24T09:42:00%2B00:00"
KEY = "PLANTEDqXz1vW8kT5rB7nYpL3mD6gJ9hF2cS4aKeyOne"


def sent(kind: RequestKind, more: bytes) -> ActForm:
    return ActForm.of_post(kind, WRITTEN + b"&do=act&" + more, HEADERS)


def test_the_fields_of_a_form_are_read_as_the_browser_sent_them() -> None:
    found = read_form("a=ä+b&c=".encode("ascii", "replace").replace(b"?", b"%C3%A4"), HEADERS, ("a", "c"))
    assert found == {"a": "ä b", "c": ""}


@given(st.binary(max_size=200))
def test_anything_that_is_sent_is_read_or_refused_by_name(body: bytes) -> None:
    with suppress(BadRequest):
        assert set(read_form(body, HEADERS, ("reason",))) <= {"reason"}


def test_a_field_that_is_not_known_is_named_without_what_looks_like_a_key() -> None:
    with pytest.raises(BadRequest) as refused:
        read_form(f"{KEY}=1&other=2".encode(), HEADERS, ("reason",))
    assert "other" in refused.value.detail
    assert KEY not in refused.value.detail


def test_a_form_has_a_bounded_number_of_fields() -> None:
    with pytest.raises(BadRequest):
        read_form(b"&".join(b"reason=1" for _ in range(100)), HEADERS, ("reason",))


def test_each_act_makes_its_request() -> None:
    rotate = sent(RequestKind.ROTATE, b"reason=drill&confirm=chat").request("ada")
    assert isinstance(rotate, RotateRequest)
    assert (rotate.reason, rotate.by) == ("drill", "ada")
    leak = sent(RequestKind.LEAK, b"reason=x&key=both&wait=PT30S").request("ada")
    assert isinstance(leak, LeakRequest)
    assert (leak.key, leak.wait.total_seconds()) == (LeakedKey.BOTH, 30)
    arm = sent(RequestKind.ARM, b"reason=x&environment=production&soak=&latest=2027-01-31T18:00").request("ada")
    assert isinstance(arm, ArmRequest)
    assert (arm.deployment.environment, str(arm.deployment.latest)) == ("production", "2027-01-31 18:00:00+00:00")
    assert isinstance(sent(RequestKind.DISARM, b"reason=x").request("ada"), DisarmRequest)


def test_the_same_form_makes_the_same_request_id_and_another_form_another() -> None:
    first, second = (sent(RequestKind.ROTATE, b"reason=x").request("ada") for _ in range(2))
    assert first.id == second.id
    assert ActForm.of_query(RequestKind.ROTATE, {}, "call-2").request("ada").id != first.id


def test_an_act_takes_no_field_of_another_act() -> None:
    for kind in ASKED:
        for other in ASKED:
            for name in set(ASKED[other]) - set(ASKED[kind]):
                with pytest.raises(BadRequest):
                    sent(kind, f"{name}=x".encode())


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        (RequestKind.LEAK, b"key=key1", "key"),
        (RequestKind.LEAK, b"key=live&wait=PT3M", "wait"),
        (RequestKind.ARM, b"environment=", "environment"),
        (RequestKind.ARM, b"environment=a%20b", "environment"),
        (RequestKind.ARM, b"environment=a&soak=P31D", "soak"),
        (RequestKind.ARM, b"environment=a&latest=soon", "latest"),
        (RequestKind.ROTATE, b"reason=" + b"x%20" * 150, "reason"),
    ],
    ids=str,
)
def test_a_field_that_cannot_be_used_is_named_with_how_it_is_written(
    kind: RequestKind, more: bytes, field: str
) -> None:
    with pytest.raises(WrongField) as wrong:
        sent(kind, more).request("ada")
    assert wrong.value.field == field
    assert wrong.value.says


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert as_moment("2027-01-31T18:00") == "2027-01-31T18:00:00+00:00"
    assert as_moment("2027-01-31T18:00+01:00") == "2027-01-31T18:00:00+01:00"
    assert as_moment("soon") == "soon"


def test_what_was_typed_is_kept_without_keys_and_line_breaks() -> None:
    assert typed(f" found\nin {KEY} ") == "found in (left out)"


def test_only_these_words_name_an_act() -> None:
    words = "rotate", "leak", "arm", "disarm", "trial", "end-trial", "hold", "lift-hold"
    assert [kind_of(word) for word in words] == list(ASKED)
    assert [kind_of(word) for word in ("deployed", "", "Rotate", "sunset")] == [None] * 4
