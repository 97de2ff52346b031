"""What is kept of a member: what is harmless in it, and nothing of what could be a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters import reduced
from shared.copies.addresses import version_mark
from tests.support import key_search
from tests.support.holders import LONG_KEY, SHORT_KEY

ALL: list[Callable[[Any], Any]] = [
    reduced.name, reduced.last_name, reduced.path_name, reduced.names, reduced.word, reduced.type_name, reduced.host,
    reduced.resource, reduced.resource_type, reduced.version, reduced.secret, reduced.secret_name, reduced.is_there,
    reduced.yes, reduced.header_secrets,
]  # fmt: skip
RESOURCE = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/g/providers/Some.Type/things/one"


@pytest.mark.parametrize(
    ("reduce", "found", "kept"),
    [
        (reduced.name, "chat (prod)", "chat (prod)"),
        (reduced.name, f"chat-{LONG_KEY}", "chat-(left out)"),
        (reduced.name, "two\nlines", ""),
        (reduced.last_name, "/a/b/SETTING", "SETTING"),
        (reduced.path_name, "account/project-1", "project-1"),
        (reduced.path_name, "..", ""),
        (reduced.path_name, "a/b c", ""),
        (reduced.names, {"api-key": "x", "Accept": "y"}, ["api-key", "Accept"]),
        (reduced.word, "ApiKey", "ApiKey"),
        (reduced.word, "OAuth2", "OAuth2"),
        (reduced.word, "not a word", ""),
        (reduced.type_name, "#Microsoft.Skills.Custom.WebApiSkill", "#Microsoft.Skills.Custom.WebApiSkill"),
        (reduced.host, "https://user:pass@Chat.openai.azure.com/path?key=1#2", "chat.openai.azure.com"),
        (reduced.host, "chat.openai.azure.com", "chat.openai.azure.com"),
        (reduced.host, "https://127.0.0.1:8443/x", "127.0.0.1:8443"),
        (reduced.host, "InstrumentationKey=x;IngestionEndpoint=https://y.example.com/", ""),
        (reduced.host, "ftp://chat.example.com", ""),
        (reduced.host, "https://[broken", ""),
        (reduced.host, "https://chat.example.com:99999999", ""),
        (reduced.resource, RESOURCE, RESOURCE),
        (reduced.resource, "/subscriptions/x/../y", ""),
        (reduced.resource_type, "Microsoft.Web/sites/slots", "microsoft.web/sites/slots"),
        (reduced.version, "ABC", version_mark("abc")),
        (reduced.version, "", ""),
        (reduced.secret, "https://v.vault.azure.net/secrets/s", ["v.vault.azure.net", "s", ""]),
        (reduced.secret, "https://v.vault.azure.net/secrets/s/1?k=2", ["v.vault.azure.net", "s", version_mark("1")]),
        (reduced.secret, "https://v.vault.azure.net/keys/s/1", []),
        (reduced.secret_name, "a-name-with-many-letters-andmorelettersthanakeyusedtohave", "a-name-with-many-letters-"
         "andmorelettersthanakeyusedtohave"),
        (reduced.is_there, "<redacted>", True),
        (reduced.is_there, None, False),
        (reduced.yes, True, True),
        (reduced.yes, "true", False),
        (reduced.header_secrets, {"api-key": {"type": "SecureString", "value": "x"}},
         [{"header": "api-key", "type": "SecureString", "secret": "", "version": "", "store": ""}]),
    ],
)  # fmt: skip
def test_a_member_is_kept_as(reduce: Callable[[Any], Any], found: Any, kept: Any) -> None:
    assert reduce(found) == kept


@pytest.mark.parametrize(
    "found", [None, 1, 1.5, True, [], {}, ["x"], {"x": 1}, {"x": {"y": []}}, "", "\ud800", "x" * 9999]
)
@pytest.mark.parametrize("reduce", ALL, ids=lambda one: one.__name__)
def test_no_json_makes_it_fail(reduce: Callable[[Any], Any], found: Any) -> None:
    reduce(found)


@pytest.mark.parametrize("key", [LONG_KEY, SHORT_KEY], ids=["long", "short"])
@pytest.mark.parametrize("form", ["{}", "a {}", "https://{}/", "https://v.vault.azure.net/secrets/{0}/{0}", "/a/{}"])
@pytest.mark.parametrize("reduce", ALL, ids=lambda one: one.__name__)
def test_no_key_is_kept(reduce: Callable[[Any], Any], form: str, key: str) -> None:
    text = form.format(key)
    for found in (
        text,
        {text: text},
        {"api-key": {"type": text, "secretName": text, "store": {"referenceName": text}}},
    ):
        assert key_search.found([key], repr(reduce(found))) == []
