"""App settings, and connections by name."""

import json
from pathlib import Path

import pytest

from lab.funchost.errors import BindingError, SettingsError
from lab.funchost.settings import merge_settings, read_settings_file, resolve
from lab.funchost.storage import Connection, resolve_connection


def test_values_of_a_settings_file_are_read_as_text(tmp_path: Path) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": {"A": "1", "B": True, "C": 3}}))
    assert read_settings_file(path) == {"A": "1", "B": "true", "C": "3"}


@pytest.mark.parametrize("text", ["{", "[]", '{"Values": []}', '{"IsEncrypted": true}', '{"Values": {"A": {}}}'])
def test_an_invalid_settings_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read_settings_file(path)


def test_given_settings_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"Values": {"ONE": "file", "TWO": "file", "THREE": "file"}}))
    monkeypatch.setenv("TWO", "environment")
    monkeypatch.setenv("THREE", "environment")
    merged = merge_settings({"THREE": "given"}, path, with_environment=True)
    assert (merged["ONE"], merged["TWO"], merged["THREE"]) == ("file", "environment", "given")
    assert merge_settings(None, path, with_environment=False)["TWO"] == "file"


def test_every_reference_to_a_setting_is_replaced_ignoring_case() -> None:
    assert resolve("a-%Name%-b-%other%", {"NAME": "x", "other": "y"}) == "a-x-b-y"


def test_the_error_names_a_missing_setting() -> None:
    with pytest.raises(BindingError, match="no app setting NOT_THERE"):
        resolve("%NOT_THERE%", {})


def test_a_connection_with_the_platforms_prefix_is_preferred() -> None:
    settings = {"AzureWebJobsMine": "AccountName=a", "Mine": "AccountName=b", "Plain": "AccountName=c"}
    assert resolve_connection(settings, "Mine").connection_string == "AccountName=a"
    assert resolve_connection(settings, "Plain").connection_string == "AccountName=c"


def test_use_development_storage_means_the_local_emulators_account() -> None:
    found = resolve_connection({"X": "UseDevelopmentStorage=true"}, "X").connection_string
    assert found is not None
    assert "127.0.0.1:10001/devstoreaccount1" in found


def test_an_identity_connection_has_an_account_name_or_addresses() -> None:
    named = resolve_connection({"X__accountName": "acct", "X__credential": "managedidentity"}, "X")
    assert named.queue_uri == "https://acct.queue.core.windows.net"
    assert (named.blob_uri, named.credential) == ("https://acct.blob.core.windows.net", "managedidentity")
    addressed = resolve_connection({"X__queueServiceUri": "https://q.example", "X__clientId": "id"}, "X")
    assert addressed == Connection(queue_uri="https://q.example", client_id="id")


def test_the_error_names_a_connection_without_settings() -> None:
    with pytest.raises(BindingError, match="'Nowhere'"):
        resolve_connection({}, "Nowhere")
