"""How an examination reads tokens, dates and permissions, including malformed ones."""

import base64
import json
from datetime import UTC, datetime

import pytest

from shared.adapters.examination import _date, _identity, _permissions
from shared.doctor.ports import Permission, TokenIdentity


def token(claims: object) -> str:
    return f"head.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.sign"


def test_the_identity_of_a_token_is_read_from_its_claims() -> None:
    assert _identity(token({"appid": "a", "oid": "o", "tid": "t"})) == TokenIdentity("a", "o", "t")
    assert _identity(token({"azp": "a"})) == TokenIdentity("a", None, None)


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.!!.c", token([1]), token("text"), "a.W10.c"])
def test_a_malformed_token_has_no_identity(text: str) -> None:
    assert _identity(text) == TokenIdentity()


@pytest.mark.parametrize("body", [None, [], {}, {"value": 1}, {"value": [1]}])
def test_malformed_permissions_are_read_as_unknown(body: object) -> None:
    assert _permissions(body) is None


def test_a_permission_covers_its_actions_except_its_not_actions() -> None:
    [permission] = (
        _permissions({"value": [{"actions": ["*/Read", "A/*"], "notActions": ["a/secret/*"], "more": 1}]}) or []
    )
    assert permission == Permission(("*/Read", "A/*"), ("a/secret/*",))
    assert [permission.covers(action) for action in ("b/read", "a/write", "A/secret/read", "b/write")] == [
        True,
        True,
        False,
        False,
    ]
    assert _permissions({"value": [{"actions": None}]}) == [Permission()]


def test_a_malformed_date_is_read_as_unknown() -> None:
    assert _date("Sun, 22 Nov 2026 05:00:00 GMT") == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert [_date(text) for text in (None, "", "yesterday")] == [None, None, None]
