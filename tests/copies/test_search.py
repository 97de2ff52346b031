"""Keys of models in Azure AI Search, and connections of Logic Apps."""

from __future__ import annotations

from typing import Any

import pytest

from shared.copies.kinds import CopyFate
from shared.copies.logic_apps import LOGIC_APPS
from shared.copies.search import SEARCH
from tests.support.copied import HOLDER, HOST, LABEL, ROTATION, copies, traces

INDEXES, SKILLSETS, BASES, SOURCES = range(4)


def found(number: int, entry: dict[str, Any]) -> list[Any]:
    return traces(SEARCH, {"name": "docs", **entry}, number=number)


def model(key: bool = True, host: str = HOST) -> dict[str, Any]:
    return {"azureOpenAIParameters": {"resourceUri": host, "apiKey": key}}


def vectorizer(**parts: Any) -> dict[str, Any]:
    return {"vectorSearch": {"vectorizers": [{"name": "openai", **parts}]}}


STORED = [
    (INDEXES, vectorizer(**model()), "docs/openai"),
    (SKILLSETS, {"skills": [{"name": "embed", "resourceUri": HOST, "apiKey": True}]}, "docs/embed"),
    (SKILLSETS, {"skills": [{"name": "chat", "uri": HOST, "apiKey": True}]}, "docs/chat"),
    (SKILLSETS, {"cognitiveServices": {"@odata.type": "x.AIServicesByKey", "key": True, "subdomainUrl": HOST}}, "docs"),
    (BASES, {"models": [model()]}, "docs"),
    (SOURCES, {"azureBlobParameters": {"ingestionParameters": {"embeddingModel": model()}}}, "docs"),
    (SOURCES, {"webParameters": {"ingestionParameters": {"chatCompletionModel": model()}}}, "docs"),
    (SOURCES, {"azureBlobParameters": {"ingestionParameters": {"aiServices": {"uri": HOST, "apiKey": True}}}}, "docs"),
]


@pytest.mark.parametrize(("number", "entry", "name"), STORED)
def test_a_stored_key_breaks_at_the_next_end(number: int, entry: dict[str, Any], name: str) -> None:
    [copy] = copies(SEARCH, found(number, entry))
    assert (copy.name, copy.fate, copy.when) == (name, CopyFate.BREAKS, ROTATION)


@pytest.mark.parametrize(
    ("number", "entry"),
    [
        (INDEXES, vectorizer(**model(key=False))),
        (SKILLSETS, {"skills": [{"name": "embed", "resourceUri": HOST, "apiKey": False}]}),
        (SKILLSETS, {"cognitiveServices": {"@odata.type": "x.AIServicesByIdentity", "subdomainUrl": HOST}}),
        (SKILLSETS, {"cognitiveServices": {"@odata.type": "x.DefaultCognitiveServices"}}),
        (BASES, {"models": [model(key=False)]}),
        (SOURCES, {"azureBlobParameters": {"ingestionParameters": {"embeddingModel": model(key=False)}}}),
    ],
)
def test_nothing_is_stored_where_an_identity_is_used(number: int, entry: dict[str, Any]) -> None:
    assert found(number, entry) == []


def test_the_key_of_an_account_that_a_skillset_does_not_name_is_not_judged() -> None:
    [trace] = found(SKILLSETS, {"cognitiveServices": {"@odata.type": "x.CognitiveServicesByKey", "key": True}})
    assert not trace.can_be_judged


@pytest.mark.parametrize("header", ["api-key", "Ocp-Apim-Subscription-Key", "Authorization"])
def test_a_header_that_may_hold_a_key_is_named_and_not_looked_at(header: str) -> None:
    web = {"customWebApiParameters": {"uri": HOST, "httpHeaders": ["x-trace", header]}}
    skill = {"skills": [{"name": "call", "uri": HOST, "httpHeaders": [header]}]}
    for each in (found(INDEXES, vectorizer(**web)), found(SKILLSETS, skill)):
        [copy] = copies(SEARCH, each)
        assert copy.fate is CopyFate.UNKNOWN
        assert header in copy.says


def test_headers_of_another_kind_or_to_another_host_are_none_of_ours() -> None:
    assert found(INDEXES, vectorizer(customWebApiParameters={"uri": HOST, "httpHeaders": ["x-trace"]})) == []
    assert found(INDEXES, vectorizer(customWebApiParameters={"uri": "example.com", "httpHeaders": ["api-key"]})) == []


def test_it_is_said_that_a_skill_fails_in_the_run_of_its_indexer_only() -> None:
    assert "in the run of its indexer" in SEARCH.blind


# Logic Apps.


def api_connection(api: str = "azureopenai", **values: str) -> dict[str, Any]:
    return {"id": HOLDER, "name": "openai", "properties": {"api": {"id": api}, "nonSecretParameterValues": values}}


def test_a_logic_app_may_store_a_key_and_azure_does_not_show_it() -> None:
    [copy] = copies(LOGIC_APPS, traces(LOGIC_APPS, api_connection(azureOpenAIResourceName=LABEL.upper())))
    assert (copy.fate, copy.when) == (CopyFate.UNKNOWN, None)
    assert "may store a key" in copy.says


def test_a_connection_of_another_api_is_none_of_ours_and_one_without_an_account_is_not_judged() -> None:
    assert traces(LOGIC_APPS, api_connection("office365", azureOpenAIResourceName=LABEL)) == []
    [trace] = traces(LOGIC_APPS, api_connection())
    assert not trace.can_be_judged
