"""Who calls, as App Service authentication describes the caller, and only if it is on."""

import base64
import json
from contextlib import nullcontext
from typing import Any

import pytest

from shared.domain.errors import SignInNotEnforced
from shared.settings.environment import SignIn
from shared.web.callers import MOST_NAME, PRINCIPAL, Refused, Role, caller_of, check_sign_in
from shared.web.sign_in import ENFORCED, EXPECTED, platform_authenticates, sign_in_required

ON = {ENFORCED: "True"}
ROLE_URI = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
OID_URI = "http://schemas.microsoft.com/identity/claims/objectidentifier"
UPN_URI = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"


def header(principal: object) -> dict[str, str]:
    return {PRINCIPAL: base64.b64encode(json.dumps(principal).encode()).decode()}


def described(*claims: tuple[str, Any], **more: Any) -> dict[str, str]:
    return header({"auth_typ": "aad", "claims": [{"typ": kind, "val": value} for kind, value in claims], **more})


MICROSOFT, SOAP = (
    "http://schemas.microsoft.com/identity/claims",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims",
)
CLI, OBJECT = "00000000-0000-0000-0000-00000000c11e", "11111111-2222-3333-4444-555555555555"
OID, SCOPE = (OID_URI, OBJECT), (f"{MICROSOFT}/scope", "user_impersonation")
TENANT, ELSEWHERE = (f"{MICROSOFT}/tenantid", "t-1"), (f"{MICROSOFT}/identityprovider", "https://sts.windows.net/t-2/")
TOOL_V1, TOOL_V2 = [("appid", CLI), ("appidacr", "0")], [("azp", CLI), ("azpacr", "0")]
NAMES = [
    ("a person", [("preferred_username", "ada@contoso.com"), ("oid", "o-1")], "ada@contoso.com"),
    ("a person of an older token", [("upn", "ada@contoso.com"), ("unique_name", "ada")], "ada@contoso.com"),
    ("a person by long names", [(OID_URI, "o-1"), (UPN_URI, "ada@contoso.com")], "ada@contoso.com"),
    ("a person with a tool", [*TOOL_V2, OID, SCOPE, ("preferred_username", "ada@contoso.com")], "ada@contoso.com"),
    (
        "a person with a tool, older token",
        [*TOOL_V1, OID, SCOPE, (f"{SOAP}/name", "ada@contoso.com")],
        "ada@contoso.com",
    ),
    (
        "a guest with a private account",
        [*TOOL_V1, OID, SCOPE, ("name", "Ada"), (f"{SOAP}/name", "live.com#ada@example.org")],
        "ada@example.org (guest)",
    ),
    (
        "a guest of another tenant",
        [*TOOL_V1, OID, SCOPE, TENANT, ELSEWHERE, (f"{SOAP}/emailaddress", "ada@example.org")],
        "ada@example.org (guest)",
    ),
    (
        "a guest, newer token",
        [*TOOL_V2, OID, ("acct", "1"), ("preferred_username", "a@b.example")],
        "a@b.example (guest)",
    ),
    (
        "a guest by the name in the directory",
        [*TOOL_V1, (UPN_URI, "ada_example.org#EXT#@contoso.com")],
        "ada_example.org#EXT#@contoso.com (guest)",
    ),
    (
        "a member whose provider is named",
        [
            TENANT,
            (f"{MICROSOFT}/identityprovider", "https://sts.windows.net/t-1/"),
            ("preferred_username", "ada@b.example"),
        ],
        "ada@b.example",
    ),
    ("a person without an address", [*TOOL_V2, OID, SCOPE, ("name", "Ada")], f"Ada ({OBJECT})"),
    ("a person with a long name", [OID, SCOPE, ("name", "A" * 200)], f"{'A' * 41} ({OBJECT})"),
    ("a person without any name", [*TOOL_V2, OID], f"person {OBJECT}"),
    (
        "a person behind an app with a secret",
        [("azp", "a-1"), ("azpacr", "1"), OID, ("scp", "act")],
        f"person {OBJECT}",
    ),
    ("a person as the token says", [("appid", "a-1"), ("idtyp", "user"), OID], f"person {OBJECT}"),
    ("a person by a display name only", [SCOPE, ("name", "Ada")], "person Ada"),
    ("an app of a newer token", [("azp", "a-1"), ("oid", "o-1")], "app a-1"),
    ("an app of an older token", [("appid", "a-1"), (OID_URI, "o-1")], "app a-1"),
    ("an app with a certificate", [("azp", "a-1"), ("azpacr", "2"), ("oid", "o-1")], "app a-1"),
    ("an app as the token says", [("appid", "a-1"), ("idtyp", "app"), ("name", "a job")], "app a-1"),
    ("an app with its own provider", [("appid", "a-1"), TENANT, ELSEWHERE, OID], "app a-1"),
    ("only an object", [(OID_URI, "o-1")], "o-1"),
    ("nothing that names", [("ver", "2.0")], "somebody signed in"),
    ("a very long name", [("preferred_username", "a" * 200)], "a" * MOST_NAME),
]


@pytest.mark.parametrize(("claims", "name"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])
def test_a_caller_is_named_by_the_most_telling_claim(claims: list[tuple[str, str]], name: str) -> None:
    assert caller_of(described(*claims), ON).name == name


@pytest.mark.parametrize(
    ("kind", "more"),
    [("roles", {}), (ROLE_URI, {}), ("groups", {"role_typ": "groups"}), (ROLE_URI, {"role_typ": ROLE_URI})],
)
def test_roles_are_read_from_every_claim_type_that_the_platform_uses(kind: str, more: dict[str, str]) -> None:
    caller = caller_of(described((kind, Role.READER), (kind, "another"), ("appid", "a-1"), **more), ON)
    assert caller.roles == {Role.READER, "another"}
    caller.must(Role.READER)
    with pytest.raises(Refused) as refused:
        caller.must(Role.OPERATOR)
    assert (refused.value.status, Role.OPERATOR in refused.value.detail) == (403, True)


def test_a_claim_of_another_type_is_not_a_role() -> None:
    assert caller_of(described(("scp", Role.OPERATOR), ("groups", Role.OPERATOR)), ON).roles == frozenset()


NOBODY = {
    "absent": {},
    "empty": {PRINCIPAL: ""},
    "no base64": {PRINCIPAL: "{}"},
    "base64 of no text": {PRINCIPAL: base64.b64encode(b"\xff\xfe\xfa").decode()},
    "base64 of no JSON": {PRINCIPAL: base64.b64encode(b"Rotation.Operator").decode()},
    "very deep": {PRINCIPAL: base64.b64encode(b"[" * 100_000).decode()},
    "a list": header([{"typ": "roles", "val": Role.OPERATOR}]),
    "no claims": header({"auth_typ": "aad"}),
    "claims that are no list": header({"claims": {"typ": "roles", "val": Role.OPERATOR}}),
    "claims that are no objects": header({"claims": ["roles", 7, None]}),
    "claims without texts": described(("roles", 7), ("oid", None)),
    "claims without values": described(("roles", "")),
}


@pytest.mark.parametrize("headers", NOBODY.values(), ids=NOBODY)
def test_a_caller_without_a_valid_platform_header_is_not_signed_in(headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        caller_of(headers, ON)
    assert (refused.value.status, refused.value.title) == (401, "NotSignedIn")


def test_a_damaged_claim_does_not_hide_the_others() -> None:
    principal = {
        "auth_typ": "aad",
        "claims": ["x", {"typ": 1, "val": 2}, {"typ": "roles", "val": Role.READER}],
        "role_typ": ["roles"],
    }
    assert caller_of(header(principal), ON).roles == {Role.READER}


@pytest.mark.parametrize(
    ("value", "enforced"),
    [("True", True), ("true", True), (" TRUE ", True), ("1", True), ("False", False), ("0", False), ("", False)],
)
def test_the_header_counts_only_if_the_platform_says_that_it_authenticates(value: str, enforced: bool) -> None:
    assert platform_authenticates({ENFORCED: value}) is enforced
    assert platform_authenticates({}) is False


@pytest.mark.parametrize(
    ("wanted", "enforced", "refused"),
    [
        ("", "", False),
        ("optional", "", False),
        ("required", "True", False),
        ("required", "", True),
        ("required", "False", True),
        ("Optional", "", True),
        ("yes", "", True),
    ],
)
def test_a_demand_that_is_not_enforced_or_cannot_be_read_refuses_everybody(
    wanted: str, enforced: str, refused: bool
) -> None:
    with pytest.raises(SignInNotEnforced) if refused else nullcontext():
        check_sign_in({EXPECTED: wanted, ENFORCED: enforced})


def test_the_words_of_the_setting_are_those_that_the_routes_understand() -> None:
    assert [one for one in SignIn if sign_in_required({EXPECTED: one})] == [SignIn.REQUIRED]


def test_the_header_is_ignored_if_the_platform_does_not_authenticate() -> None:
    for headers in ({}, described(("preferred_username", "mallory"), ("roles", Role.READER)), {PRINCIPAL: "junk"}):
        caller = caller_of(headers, {ENFORCED: "False"})
        assert (caller.name, caller.roles) == ("a function key", {*Role} - {Role.AUDITOR})


def test_a_function_key_makes_nobody_an_auditor_and_the_refusal_says_how_to_become_one() -> None:
    caller = caller_of({}, {ENFORCED: "False"})
    caller.must(Role.READER)
    with pytest.raises(Refused) as refused:
        caller.must(Role.AUDITOR)
    assert refused.value.status == 403
    assert "let callers sign in" in refused.value.detail


def test_an_auditor_sees_what_a_reader_sees_and_an_operator_or_a_reader_is_no_auditor() -> None:
    assert caller_of(described(("roles", Role.AUDITOR)), ON).may(Role.READER)
    assert not caller_of(described(("roles", Role.AUDITOR)), ON).may(Role.OPERATOR)
    for role in (Role.READER, Role.OPERATOR, Role.DEPLOYER):
        assert not caller_of(described(("roles", role)), ON).may(Role.AUDITOR)
