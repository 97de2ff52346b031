"""What an examination makes of tokens, dates and permissions that are not as they should be."""

import base64
import json
from datetime import UTC, datetime

import pytest

from shared.adapters.examination import _date, _identity, _permissions
from shared.doctor.ports import Permission, TokenIdentity


def token(claims: object) -> str:
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sign"


def test_whose_a_token_is_stands_in_its_claims() -> None:
    assert _identity(token({"appid": "a", "oid": "o", "tid": "t"})) == TokenIdentity("a", "o", "t")
    assert _identity(token({"azp": "a"})) == TokenIdentity("a", None, None)


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.!!.c", token([1]), token("text"), "a.W10.c"])
def test_a_token_of_another_form_is_nobody_s(text: str) -> None:
    assert _identity(text) == TokenIdentity()


@pytest.mark.parametrize("body", [None, [], {}, {"value": 1}, {"value": [1]}])
def test_permissions_of_another_form_are_not_known(body: object) -> None:
    assert _permissions(body) is None


def test_a_permission_covers_what_it_grants_and_does_not_leave_out() -> None:
    [every] = _permissions({"value": [{"actions": ["*/Read", "A/*"], "notActions": ["a/secret/*"], "more": 1}]}) or []
    assert every == Permission(("*/Read", "A/*"), ("a/secret/*",))
    assert [every.covers(action) for action in ("b/read", "a/write", "A/secret/read", "b/write")] == [
        True,
        True,
        False,
        False,
    ]
    assert _permissions({"value": [{"actions": None}]}) == [Permission()]


def test_a_date_that_is_none_is_not_known() -> None:
    assert _date("Sun, 22 Nov 2026 05:00:00 GMT") == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert [_date(text) for text in (None, "", "yesterday")] == [None, None, None]
