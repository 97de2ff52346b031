"""References to the secret: in API Management, App Service, Container Apps and Data Factory."""

from __future__ import annotations

from typing import Any

import pytest

from shared.copies.addresses import version_mark
from shared.copies.apim import APIM
from shared.copies.app_service import APP_SERVICE
from shared.copies.container_apps import CONTAINER_APPS
from shared.copies.data_factory import DATA_FACTORY
from shared.copies.find import CopiesSeen
from shared.copies.kinds import CopyFate
from shared.copies.matching import copies_of_all
from shared.copies.traces import KeyPlace
from tests.support.copied import (
    HOLDER,
    HOST,
    IN_OVERLAP,
    LIVE,
    NOTHING_KNOWN,
    OLD,
    PUBLISHED,
    ROTATION,
    SECRET,
    copies,
    pinned,
    traces,
)


def named_value(address: list[str], code: str = "Success") -> dict[str, Any]:
    vault = {"secretIdentifier": address, "lastStatus": {"code": code}}
    return {"name": "key", "properties": {"displayName": "openai-key", "keyVault": vault}}


def setting(version: str = "", **more: str) -> dict[str, Any]:
    return {
        "id": "KEY",
        "properties": {"vaultName": "Keys", "secretName": "chat-key", "secretVersion": version_mark(version), **more},
    }


def app(*secrets: dict[str, Any], env: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    template = {"containers": [{"env": list(env)}], "initContainers": None}
    return {"id": HOLDER, "properties": {"configuration": {"secrets": list(secrets)}, "template": template}}


def linked(version: str = "", kind: str = "AzureKeyVaultSecret", store: str = "vault") -> tuple[dict[str, Any], ...]:
    header = {"header": "api-key", "type": kind, "secret": "chat-key", "version": version_mark(version), "store": store}
    vault = {"type": "AzureKeyVault", "typeProperties": {"baseUrl": SECRET[0]}}
    service = {"type": "RestService", "typeProperties": {"url": HOST, "authHeaders": [header]}}
    return {"name": "vault", "properties": vault}, {"name": "openai", "properties": service}


FOLLOWING = [
    (APIM, (named_value(SECRET),)),
    (APP_SERVICE, (setting(),)),
    (CONTAINER_APPS, (app({"name": "key", "keyVaultUrl": SECRET}),)),
    (DATA_FACTORY, linked()),
]
PINNING = [
    (APIM, lambda version: (named_value(pinned(version)),)),
    (APP_SERVICE, lambda version: (setting(version),)),
    (CONTAINER_APPS, lambda version: (app({"name": "key", "keyVaultUrl": pinned(version)}),)),
    (DATA_FACTORY, linked),
]


@pytest.mark.parametrize(("place", "entries"), FOLLOWING, ids=lambda one: getattr(one, "word", ""))
def test_a_reference_without_a_version_follows(place: KeyPlace, entries: tuple[dict[str, Any], ...]) -> None:
    [copy] = copies(place, traces(place, *entries))
    assert (copy.fate, copy.version, copy.when) == (CopyFate.FOLLOWS, "", None)
    assert place.within in copy.says
    assert copy.commands == ()


@pytest.mark.parametrize(("place", "entries"), PINNING, ids=lambda one: getattr(one, "word", ""))
def test_a_reference_that_pins_a_version_breaks_with_the_key_of_that_version(place: KeyPlace, entries: Any) -> None:
    found = traces(place, *entries(LIVE)), traces(place, *entries(OLD))
    [live], [old] = copies(place, found[0], IN_OVERLAP), copies(place, found[1], IN_OVERLAP)
    assert (live.fate, live.version, live.when) == (CopyFate.BREAKS, LIVE, ROTATION)
    assert (old.fate, old.version, old.when) == (CopyFate.BREAKS, "another", None)
    assert "its key has ended, or ends on Tue 8 Dec 2026" in old.says


@pytest.mark.parametrize(("place", "entries"), PINNING, ids=lambda one: getattr(one, "word", ""))
def test_a_pinned_version_has_no_date_where_none_is_known(place: KeyPlace, entries: Any) -> None:
    [copy] = copies(place, traces(place, *entries(OLD)), NOTHING_KNOWN)
    assert (copy.fate, copy.when) == (CopyFate.BREAKS, None)
    assert "no date is known" in copy.says


# API Management.


def test_a_named_value_whose_last_fetch_failed_says_so_and_can_be_refreshed() -> None:
    [copy] = copies(APIM, traces(APIM, named_value(SECRET, "AccessDenied")))
    assert copy.fate is CopyFate.UNKNOWN
    assert "AccessDenied" in copy.says
    assert f"{HOLDER}/namedValues/key/refreshSecret" in copy.commands[0]


def test_a_named_value_that_pins_a_version_is_never_refreshed() -> None:
    [copy] = copies(APIM, traces(APIM, named_value(pinned(), "AccessDenied")))
    assert (copy.fate, copy.commands) == (CopyFate.BREAKS, ())
    assert "never gets another" in copy.says


@pytest.mark.parametrize("secret", [True, False])
def test_a_named_value_with_a_value_of_its_own_is_not_judged(secret: bool) -> None:
    [trace] = traces(APIM, {"name": "key", "properties": {"displayName": "key", "secret": secret}})
    assert not trace.can_be_judged


@pytest.mark.parametrize("manager", ["https://management.azure.com", "https://management.usgovcloudapi.net/"])
def test_the_command_that_refreshes_names_the_address_of_the_own_cloud(manager: str) -> None:
    setting_behind = setting(activeVersion=version_mark(OLD))
    for one, entry in ((APIM, named_value(SECRET, "AccessDenied")), (APP_SERVICE, setting_behind)):
        seen = CopiesSeen(tuple((one, trace) for trace in traces(one, entry)))
        [found] = copies_of_all(seen, [PUBLISHED], manager)
        assert f"--url '{manager.rstrip('/')}{HOLDER}/" in found.copies[0].commands[0]


# App Service.


@pytest.mark.parametrize("status", ["Initialized", "Resolved"])
def test_a_setting_that_is_well_follows(status: str) -> None:
    [copy] = copies(APP_SERVICE, traces(APP_SERVICE, setting(status=status)))
    assert copy.fate is CopyFate.FOLLOWS
    assert "a restart does not fetch it" in copy.says


@pytest.mark.parametrize(
    "status",
    [
        "InvalidSyntax", "MSINotEnabled", "VaultNotFound", "SecretNotFound", "SecretVersionNotFound",
        "AccessToKeyVaultDenied", "OtherReasons", "FetchTimedOut", "UnauthorizedClient",
    ],
)  # fmt: skip
def test_a_setting_that_could_not_be_fetched_says_why(status: str) -> None:
    [copy] = copies(APP_SERVICE, traces(APP_SERVICE, setting(status=status)))
    assert copy.fate is CopyFate.UNKNOWN
    assert status in copy.says


def test_a_setting_that_still_uses_an_older_version_says_so_and_can_be_refreshed() -> None:
    [copy] = copies(APP_SERVICE, traces(APP_SERVICE, setting(activeVersion=version_mark(OLD))))
    assert copy.fate is CopyFate.FOLLOWS
    assert "still uses an older version" in copy.says
    assert "/config/configreferences/appsettings/refresh" in copy.commands[0]


@pytest.mark.parametrize("active", [{}, {"activeVersion": ""}, {"activeVersion": version_mark(LIVE)}])
def test_nothing_is_built_on_an_active_version_that_is_not_shown(active: dict[str, str]) -> None:
    [copy] = copies(APP_SERVICE, traces(APP_SERVICE, setting(**active)))
    assert copy.commands == ()
    assert "older version" not in copy.says


def test_a_setting_is_named_by_the_end_of_its_id_where_it_has_no_name() -> None:
    assert copies(APP_SERVICE, traces(APP_SERVICE, setting()))[0].name == "KEY"


def test_a_setting_that_names_no_vault_is_not_judged() -> None:
    [trace] = traces(APP_SERVICE, {"id": "KEY", "properties": {"status": "InvalidSyntax"}})
    assert not trace.can_be_judged


def test_a_setting_of_another_vault_or_secret_is_none_of_ours() -> None:
    other = {"id": "KEY", "properties": {"vaultName": "others", "secretName": "chat-key"}}
    another = {"id": "KEY", "properties": {"vaultName": "keys", "secretName": "chat-key-2"}}
    assert copies(APP_SERVICE, traces(APP_SERVICE, other, another)) == []


# Container Apps.


def test_secrets_and_variables_with_a_value_of_their_own_are_seen_by_name_only() -> None:
    variables = ({"name": "AZURE_OPENAI_API_KEY"}, {"name": "COLOUR"}, {"name": "OPENAI_KEY", "secretRef": "key"})
    found = traces(CONTAINER_APPS, app({"name": "own"}, env=variables))
    assert [(one.name, one.can_be_judged) for one in found] == [("own", False), ("AZURE_OPENAI_API_KEY", False)]


def test_a_restart_of_a_revision_is_said_not_to_help() -> None:
    [copy] = copies(CONTAINER_APPS, traces(CONTAINER_APPS, app({"name": "key", "keyVaultUrl": SECRET})))
    assert "a restart of the revision does not fetch it" in copy.says


# Data Factory.


def test_a_masked_header_is_a_stored_key() -> None:
    [copy] = copies(DATA_FACTORY, traces(DATA_FACTORY, *linked(kind="SecureString")))
    assert (copy.fate, copy.when) == (CopyFate.BREAKS, ROTATION)
    assert "api-key" in copy.says


def test_an_encrypted_credential_shows_only_that_it_is_there() -> None:
    parts = {"url": HOST, "encryptedCredential": True}
    [copy] = copies(DATA_FACTORY, traces(DATA_FACTORY, {"name": "web", "properties": {"typeProperties": parts}}))
    assert copy.fate is CopyFate.UNKNOWN


def test_a_secret_of_a_store_that_is_not_in_the_factory_is_not_judged() -> None:
    [trace] = traces(DATA_FACTORY, *linked(store="elsewhere"))
    assert not trace.can_be_judged
