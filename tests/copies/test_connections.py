"""Connections of Foundry accounts, projects and hubs: which of them store a key of the account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.copies.foundry import FOUNDRY, FOUNDRY_PROJECTS
from shared.copies.hubs import HUBS
from shared.copies.kinds import CopyFate
from shared.copies.traces import KeyPlace
from tests.support.copied import ACCOUNT, HOST, NOTHING_KNOWN, ROTATION, copies, traces

STORING = (
    "ApiKey", "AccessKey", "AccountKey", "SAS", "PAT", "UsernamePassword", "ServicePrincipal", "OAuth2", "CustomKeys",
)  # fmt: skip


def connection(auth: str = "ApiKey", category: str = "AzureOpenAI", target: str = HOST, **more: Any) -> dict[str, Any]:
    return {"name": "chat", "properties": {"authType": auth, "category": category, "target": target, **more}}


@pytest.mark.parametrize("place", [FOUNDRY, FOUNDRY_PROJECTS, HUBS], ids=lambda one: one.word)
def test_a_connection_with_a_key_breaks_at_the_next_end(place: KeyPlace) -> None:
    [copy] = copies(place, traces(place, connection()))
    assert (copy.place, copy.name, copy.fate, copy.when) == (place.word, "chat", CopyFate.BREAKS, ROTATION)
    assert "stores a key of the account" in copy.says
    assert "Mon 4 Jan 2027" in copy.says
    assert "Microsoft Entra ID" in copy.move


@pytest.mark.parametrize("auth", STORING)
def test_every_kind_of_sign_in_that_stores_something_counts(auth: str) -> None:
    assert copies(FOUNDRY, traces(FOUNDRY, connection(auth)))


@pytest.mark.parametrize("auth", ["AAD", "ManagedIdentity", "None", "ProjectManagedIdentity", "UserEntraToken", ""])
def test_a_connection_that_signs_in_with_an_identity_is_no_copy(auth: str) -> None:
    assert traces(FOUNDRY, connection(auth)) == []


def test_the_account_is_told_by_its_resource_id_without_regard_to_case() -> None:
    named = connection(target="eastus.api.cognitive.microsoft.com", metadata={"ResourceId": str(ACCOUNT).upper()})
    assert copies(FOUNDRY, traces(FOUNDRY, named))


STALE = str(ACCOUNT).replace("/ai/", "/old-group/")


@pytest.mark.parametrize(
    ("target", "named"),
    [(HOST, STALE), ("other.openai.azure.com", str(ACCOUNT))],
    ids=["the address names it", "the resource id names it"],
)
def test_a_connection_that_names_two_accounts_is_unknown_for_each(target: str, named: str) -> None:
    [copy] = copies(FOUNDRY, traces(FOUNDRY, connection(target=target, metadata={"ResourceId": named})))
    assert (copy.fate, copy.when) == (CopyFate.UNKNOWN, None)
    assert "name different accounts" in copy.says


def test_a_connection_that_names_its_account_twice_is_one_copy_that_breaks() -> None:
    [copy] = copies(FOUNDRY, traces(FOUNDRY, connection(metadata={"ResourceId": str(ACCOUNT)})))
    assert copy.fate is CopyFate.BREAKS


def test_a_resource_id_of_a_project_names_its_account() -> None:
    project = connection(target="", metadata={"ResourceId": f"{ACCOUNT}/projects/team"})
    [copy] = copies(FOUNDRY, traces(FOUNDRY, project))
    assert copy.fate is CopyFate.BREAKS


def test_a_resource_id_is_believed_where_the_subdomain_is_not_known() -> None:
    found = traces(FOUNDRY, connection(metadata={"ResourceId": str(ACCOUNT)}))
    [copy] = copies(FOUNDRY, found, replace(NOTHING_KNOWN, label=""))
    assert copy.fate is CopyFate.BREAKS


def test_an_address_with_a_port_names_the_same_account() -> None:
    assert copies(FOUNDRY, traces(FOUNDRY, connection(target=f"{HOST}:443")))
    [regional] = traces(FOUNDRY, connection(target="eastus.api.cognitive.microsoft.com:443"))
    assert not regional.can_be_judged


@pytest.mark.parametrize("host", [HOST, "chat-prod.cognitiveservices.azure.com", "chat-prod.services.ai.azure.com"])
def test_the_account_is_told_by_each_of_its_hosts(host: str) -> None:
    assert copies(FOUNDRY, traces(FOUNDRY, connection("ApiKey", "AIServices", host)))


def test_a_regional_host_names_no_account_and_is_counted_as_not_judged() -> None:
    [trace] = traces(FOUNDRY, connection(target="eastus.api.cognitive.microsoft.com"))
    assert not trace.can_be_judged


def test_keys_of_its_own_naming_without_an_address_are_counted_as_not_judged() -> None:
    [trace] = traces(FOUNDRY, connection("CustomKeys", "CustomKeys", ""))
    assert not trace.can_be_judged


@pytest.mark.parametrize("category", ["ContainerRegistry", "AzureBlob", "AppInsights"])
def test_a_connection_to_something_else_is_none_of_ours(category: str) -> None:
    assert traces(FOUNDRY, connection("PAT", category, "")) == []
    assert traces(FOUNDRY, connection("ApiKey", category, "example.com")) == []


def test_a_connection_goes_by_its_name_because_ids_name_another_type() -> None:
    entry = {**connection(), "id": "/subscriptions/x/accounts/a/linkedaccounts/other"}
    [copy] = copies(FOUNDRY, traces(FOUNDRY, entry))
    assert copy.name == "chat"


def test_it_is_said_that_more_people_use_a_shared_connection() -> None:
    [copy] = copies(FOUNDRY, traces(FOUNDRY, connection(isSharedToAll=True)))
    assert "shared with everybody" in copy.says
    [copy] = copies(FOUNDRY, traces(FOUNDRY, connection(sharedUserList=True)))
    assert "shared with a list of users" in copy.says
