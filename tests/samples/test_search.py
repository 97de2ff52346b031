"""The samples for Azure AI Search hold no key, and only names that Search stores (docs/facts.md, Copies)."""

import json
from typing import Any

from tests.samples.bicep_choices import SAMPLES

FOLDER = SAMPLES / "no_key" / "search"
# From the models of azure-search-documents 12.0.0. Those that a skill shares with every other skill are at the end.
PARAMETERS = {"resourceUri", "deploymentId", "modelName", "apiKey", "authIdentity"}
SKILL = PARAMETERS | {"@odata.type", "name", "context", "inputs", "outputs", "description", "dimensions"}


def read(name: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads((FOLDER / name).read_text())
    return whole


def test_the_vectorizer_uses_the_identity_of_the_search_service() -> None:
    vectorizer = read("vectorizer.json")
    assert vectorizer.keys() == {"name", "kind", "azureOpenAIParameters"}
    assert vectorizer["kind"] == "azureOpenAI"
    inner = vectorizer["azureOpenAIParameters"]
    assert inner.keys() <= PARAMETERS
    assert inner["apiKey"] is None
    assert inner["authIdentity"] is None


def test_the_skill_uses_an_identity_that_the_search_service_has_been_given() -> None:
    skill = read("skill.json")
    assert skill.keys() <= SKILL
    assert skill["@odata.type"] == "#Microsoft.Skills.Text.AzureOpenAIEmbeddingSkill"
    assert skill["apiKey"] is None
    identity = skill["authIdentity"]
    assert identity["@odata.type"] == "#Microsoft.Azure.Search.DataUserAssignedIdentity"
    assert "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/" in identity["userAssignedIdentity"]


def test_every_file_is_checked() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == {"vectorizer.json", "skill.json"}
