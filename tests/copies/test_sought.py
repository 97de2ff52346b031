"""What an account is recognised by, and when its keys end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lab.simulation.builders import a_situation, a_target, marks, nothing_published, overlapping
from lab.simulation.dates import START, at, days
from shared.copies.addresses import account_label, is_regional, secret_at, secret_of
from shared.copies.kinds import CopyFate
from shared.copies.logic_apps import LOGIC_APPS
from shared.copies.search import SEARCH
from shared.copies.sought import KeyEnds, Sought, ends_of, sought_of
from shared.decide.situation import Situation
from shared.ports import Account
from tests.support.copied import ACCOUNT, HOLDER, HOST, IN_OVERLAP, LABEL, LIVE, RETIREMENT, copies, traces

LISTED = Account(ACCOUNT, "", key_auth=True, tags={})


@pytest.mark.parametrize(
    ("host", "label"),
    [
        ("chat-prod.openai.azure.com", "chat-prod"),
        ("Chat-Prod.OpenAI.Azure.com", "chat-prod"),
        ("chat-prod.cognitiveservices.azure.us", "chat-prod"),
        ("chat-prod.services.ai.azure.com", "chat-prod"),
        ("chat-prod.privatelink.openai.azure.com", "chat-prod"),
        ("eastus.api.cognitive.microsoft.com", ""),
        ("chat-prod.openai.azure.com.example.com", ""),
        ("openai.azure.com", ""),
        ("", ""),
    ],
)
def test_a_host_names_an_account_by_its_custom_subdomain(host: str, label: str) -> None:
    assert account_label(host) == label


def test_all_accounts_of_a_region_share_its_host() -> None:
    assert is_regional("eastus.api.cognitive.microsoft.com")
    assert not is_regional("chat-prod.openai.azure.com")


def test_a_secret_is_the_same_with_the_vaults_name_or_its_host_and_in_any_case() -> None:
    same = {
        secret_of("Keys", "Chat-Key"),
        secret_of("keys.vault.azure.net", "chat-key"),
        secret_at("https://keys.vault.azure.net/secrets/chat-key"),
        secret_at(f"https://KEYS.vault.azure.net/secrets/chat-key/{LIVE}"),
    }
    assert same == {"keys/chat-key"}


@pytest.mark.parametrize("url", ["", "https://keys.vault.azure.net", "https://keys.vault.azure.net/keys/chat-key"])
def test_what_is_no_secrets_address_names_no_secret(url: str) -> None:
    assert secret_at(url) == ""


def test_an_address_of_a_machine_is_compared_as_a_whole() -> None:
    assert secret_at("https://127.0.0.1:8443/secrets/chat") != secret_at("https://127.0.0.1:8444/secrets/chat")


def test_an_account_is_recognised_by_the_subdomain_of_its_endpoint_and_by_its_secret() -> None:
    found = sought_of(replace(LISTED, endpoint=f"https://{HOST}/"), "https://keys.vault.azure.net/secrets/chat-key")
    assert found == Sought(ACCOUNT, LABEL, "keys/chat-key")


def test_the_subdomain_is_the_same_in_a_listing_and_in_the_account_whatever_its_name() -> None:
    listed = replace(LISTED, subdomain=LABEL.upper())
    assert sought_of(listed).label == sought_of(replace(listed, endpoint=f"https://{HOST}/")).label == LABEL


def test_a_name_is_no_subdomain_because_another_account_may_have_that_one() -> None:
    assert sought_of(LISTED).label == ""


def test_an_account_without_a_subdomain_is_recognised_by_no_address() -> None:
    assert sought_of(replace(LISTED, takes_identity=False)).label == ""
    assert sought_of(replace(LISTED, endpoint="https://eastus.api.cognitive.microsoft.com/")).label == ""


@pytest.mark.parametrize(
    ("recorded", "target", "live", "previous"),
    [
        (marks(), a_target(), at(day=33), None),
        (overlapping(), a_target(), at(day=33), START + days(3)),
        (marks(), a_target(sunset=at(day=31)), at(day=31), None),
        (marks(), a_target(sunset=at(day=90)), at(day=33), None),
    ],
)
def test_the_published_key_ends_with_the_overlap_after_the_next_rotation_or_with_the_sunset(
    recorded: Any, target: Any, live: Any, previous: Any
) -> None:
    situation = a_situation(recorded, START, target)
    found = ends_of(situation)
    assert found == KeyEnds(situation.publication.version, live, previous)
    assert found.next == min(one for one in (live, previous) if one)


def test_nothing_is_known_of_the_ends_of_a_target_that_is_not_published() -> None:
    assert ends_of(Situation(nothing_published(), a_target(), START)) == KeyEnds()


def test_every_copy_of_a_key_of_an_account_without_keys_is_broken_already() -> None:
    entry = {"name": "docs", "models": [{"azureOpenAIParameters": {"resourceUri": HOST, "apiKey": True}}]}
    [copy] = copies(SEARCH, traces(SEARCH, entry, number=2), replace(IN_OVERLAP, key_auth=False))
    assert (copy.fate, copy.when) == (CopyFate.BREAKS, None)
    assert "accepts no keys any more" in copy.says


def test_what_may_store_a_key_of_an_account_without_keys_is_unknown() -> None:
    entry: dict[str, Any] = {"id": HOLDER, "name": "chat", "properties": {"api": {"id": "azureopenai"}}}
    entry["properties"]["nonSecretParameterValues"] = {"azureOpenAIResourceName": LABEL}
    [copy] = copies(LOGIC_APPS, traces(LOGIC_APPS, entry), replace(IN_OVERLAP, key_auth=False))
    assert (copy.fate, copy.when) == (CopyFate.UNKNOWN, None)
    assert "If it stores one, it fails now" in copy.says


def test_both_ends_are_named_where_nobody_can_tell_which_key_is_stored() -> None:
    entry = {"name": "docs", "models": [{"azureOpenAIParameters": {"resourceUri": HOST, "apiKey": True}}]}
    [copy] = copies(SEARCH, traces(SEARCH, entry, number=2), IN_OVERLAP)
    assert copy.when == RETIREMENT
    assert "8 Dec 2026" in copy.says
    assert "4 Jan 2027" in copy.says
