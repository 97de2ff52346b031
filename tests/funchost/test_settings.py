"""Settings, and connections by name."""

import json
from pathlib import Path

import pytest

from lab.funchost.errors import BindingError, SettingsError
from lab.funchost.settings import merge_settings, read_settings_file, resolve
from lab.funchost.storage import Connection, resolve_connection


def test_a_settings_file_gives_its_values_as_text(tmp_path: Path) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(json.dumps({"IsEncrypted": False, "Values": {"A": "1", "B": True, "C": 3}}))
    assert read_settings_file(path) == {"A": "1", "B": "true", "C": "3"}


@pytest.mark.parametrize("text", ["{", "[]", '{"Values": []}', '{"IsEncrypted": true}', '{"Values": {"A": {}}}'])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(text)
    with pytest.raises(SettingsError):
        read_settings_file(path)


def test_what_is_given_wins_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"Values": {"ONE": "file", "TWO": "file", "THREE": "file"}}))
    monkeypatch.setenv("TWO", "environment")
    monkeypatch.setenv("THREE", "environment")
    merged = merge_settings({"THREE": "given"}, path, with_environment=True)
    assert (merged["ONE"], merged["TWO"], merged["THREE"]) == ("file", "environment", "given")
    assert merge_settings(None, path, with_environment=False)["TWO"] == "file"


def test_references_are_replaced_wherever_they_stand_and_without_regard_to_case() -> None:
    assert resolve("a-%Name%-b-%other%", {"NAME": "x", "other": "y"}) == "a-x-b-y"


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(BindingError, match="no app setting NOT_THERE"):
        resolve("%NOT_THERE%", {})


def test_a_connection_is_looked_for_with_the_platforms_prefix_first() -> None:
    settings = {"AzureWebJobsMine": "AccountName=a", "Mine": "AccountName=b", "Plain": "AccountName=c"}
    assert resolve_connection(settings, "Mine").connection_string == "AccountName=a"
    assert resolve_connection(settings, "Plain").connection_string == "AccountName=c"


def test_the_local_emulators_account_has_a_short_name() -> None:
    found = resolve_connection({"X": "UseDevelopmentStorage=true"}, "X").connection_string
    assert found is not None
    assert "127.0.0.1:10001/devstoreaccount1" in found


def test_an_identity_connection_is_made_of_an_account_name_or_of_addresses() -> None:
    named = resolve_connection({"X__accountName": "acct", "X__credential": "managedidentity"}, "X")
    assert named.queue_uri == "https://acct.queue.core.windows.net"
    assert (named.blob_uri, named.credential) == ("https://acct.blob.core.windows.net", "managedidentity")
    addressed = resolve_connection({"X__queueServiceUri": "https://q.example", "X__clientId": "id"}, "X")
    assert addressed == Connection(queue_uri="https://q.example", client_id="id")


def test_a_connection_that_no_setting_describes_is_named() -> None:
    with pytest.raises(BindingError, match="'Nowhere'"):
        resolve_connection({}, "Nowhere")
