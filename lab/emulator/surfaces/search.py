"""The definitions that search services store, api-version 2026-04-01 (docs/facts.md, Copies).

Each service is at a path of its own below the address, in place of a host of its own. A stored key comes back as
`<redacted>`. Headers of an address of one's own come back as they are. A service takes API keys only, so it refuses
each token, until the world says that it takes tokens.
"""

from collections.abc import Mapping
from typing import Any, override

from aiohttp import web

from lab.emulator import holdings as held
from lab.emulator.directory import Identity
from lab.emulator.errors import AzureError
from lab.emulator.resources import ShownResource
from lab.emulator.surfaces.common import Call, Route, Surface, entra_identity, error_body, json_answer, route

AUDIENCE, VERSION = "https://search.azure.com", "2026-04-01"
SERVICES = "Microsoft.Search/searchServices"
REDACTED = "<redacted>"
_NAME = "/(?P<service>[^/]+)"

type Json = dict[str, Any]


class Search(Surface):
    """The lists of definitions of the world's search services."""

    service = "search"

    @override
    def make_routes(self) -> list[Route]:
        """Return the four lists."""
        return [
            route("GET", f"{_NAME}/indexes", "search.listIndexes", self.list_indexes),
            route("GET", f"{_NAME}/skillsets", "search.listSkillsets", self.list_skillsets),
            route("GET", f"{_NAME}/knowledgebases", "search.listKnowledgeBases", self.list_knowledge_bases),
            route("GET", f"{_NAME}/knowledgesources", "search.listKnowledgeSources", self.list_knowledge_sources),
        ]

    @override
    def target(self, call: Call) -> str:
        """Return the name of the service."""
        return call.parts["service"]

    @override
    def identify(self, call: Call) -> Identity | None:
        """Return the identity of the caller, or None without a valid token for search services."""
        if call.query("api-version") != VERSION:
            raise AzureError(400, "", "Invalid or missing api-version query string parameter")
        return entra_identity(call, (AUDIENCE, f"https://{call.request.host}"))

    def list_indexes(self, call: Call) -> web.Response:
        """Return the indexes of a service. Raises AzureError 403 or 404."""
        return self._list(call, "indexes", held.Index, _index)

    def list_skillsets(self, call: Call) -> web.Response:
        """Return the skillsets of a service. Raises AzureError 403 or 404."""
        return self._list(call, "skillsets", held.Skillset, _skillset)

    def list_knowledge_bases(self, call: Call) -> web.Response:
        """Return the knowledge bases of a service. Raises AzureError 403 or 404."""
        return self._list(call, "knowledgeBases", held.KnowledgeBase, _knowledge_base)

    def list_knowledge_sources(self, call: Call) -> web.Response:
        """Return the knowledge sources of a service. Raises AzureError 403 or 404."""
        return self._list(call, "knowledgeSources", held.KnowledgeSource, _knowledge_source)

    def _list(self, call: Call, kind: str, type_: type[Any], shown: Any) -> web.Response:  # noqa: ANN401
        service = self._found(call.parts["service"])
        takes = service.id.lower() in self.world.holdings.takes_tokens
        right = f"{SERVICES}/{kind}/read"
        if call.caller is None or not takes or not self.world.directory.allows(call.caller, right, service.id):
            raise AzureError(403, "", "Authorization failed.")
        entries = [shown(one) for one in self.world.holdings.of(service.id, type_)]
        asked = call.query("$select").split(",") if call.query("$select") else []
        return json_answer({"value": [_selected(one, asked) for one in entries]})

    def _found(self, name: str) -> ShownResource:
        for one in self.world.resources.shown:
            if one.type == SERVICES and one.name.lower() == name.lower():
                return one
        raise AzureError(404, "", "Service not found.")

    @override
    def refusal(self, error: AzureError, call: Call) -> web.Response:
        """Return an error in the form of a search service."""
        return json_answer(error_body(error), error.status)


def _selected(entry: Json, asked: list[str]) -> Json:
    return {name: part for name, part in entry.items() if not asked or name in asked}


def _model(one: held.Model) -> Json:
    return {"resourceUri": one.url, "deploymentId": "model", "apiKey": REDACTED if one.key else None}


def _index(one: held.Index) -> Json:
    calling = [
        {"name": name, "kind": "azureOpenAI", "azureOpenAIParameters": _model(model)}
        for name, model in one.vectorizers.items()
    ]
    sending = [
        {"name": name, "kind": "customWebApi", "customWebApiParameters": _web(url, headers)}
        for name, (url, headers) in one.sending.items()
    ]
    return {"@odata.etag": "0x1", "name": one.name, "vectorSearch": {"vectorizers": calling + sending}}


def _web(url: str, headers: Mapping[str, str]) -> Json:
    return {"uri": url, "httpMethod": "POST", "httpHeaders": dict(headers)}


def _skillset(one: held.Skillset) -> Json:
    kind = "#Microsoft.Skills.Text.AzureOpenAIEmbeddingSkill"
    calling = [{"@odata.type": kind, "name": name, **_model(model)} for name, model in one.skills.items()]
    sending = [
        {"@odata.type": "#Microsoft.Skills.Custom.WebApiSkill", "name": name, "uri": url, "httpHeaders": dict(headers)}
        for name, (url, headers) in one.sending.items()
    ]
    shown: Json = {"@odata.etag": "0x1", "name": one.name, "skills": calling + sending}
    if one.account is not None:
        kind = "AIServicesByKey" if one.account.url else "CognitiveServicesByKey"
        named = {"subdomainUrl": one.account.url} if one.account.url else {}
        shown["cognitiveServices"] = {"@odata.type": f"#Microsoft.Azure.Search.{kind}", "key": REDACTED, **named}
    return shown


def _knowledge_base(one: held.KnowledgeBase) -> Json:
    models = [{"kind": "azureOpenAI", "azureOpenAIParameters": _model(model)} for model in one.models]
    return {"name": one.name, "models": models}


def _knowledge_source(one: held.KnowledgeSource) -> Json:
    taken: Json = {}
    if one.embedding is not None:
        taken["embeddingModel"] = {"kind": "azureOpenAI", "azureOpenAIParameters": _model(one.embedding)}
    if one.account is not None:
        taken["aiServices"] = {"uri": one.account.url, "apiKey": REDACTED if one.account.key else None}
    return {"name": one.name, "kind": "azureBlob", "azureBlobParameters": {"ingestionParameters": taken}}
