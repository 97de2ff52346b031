"""The closed table of what is read to find copies of keys: the part of `read_table` that they need.

Azure shows more in these lists than their readers should have: named values in clear, variables of containers,
addresses that are connection strings. So a member is kept here only as what `reduced` makes of it: a name, a host,
whether it is there. Backends of API Management are not in the table: they show keys in clear
(docs/decisions/0034-copies.md). Versions and rights: docs/facts.md, Copies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.adapters import reduced
from shared.adapters.read_table import Kept, ReadOperation, graph

_ROLE = "copiesReader"
HOLDERS = replace(
    graph(
        "list the resources in which copies of keys can lie",
        "Microsoft.Web/sites/read",
        {"id": reduced.resource, "type": reduced.resource_type},
        "resources",
        "| where type in~ ("
        '"microsoft.cognitiveservices/accounts", "microsoft.machinelearningservices/workspaces", '
        '"microsoft.apimanagement/service", "microsoft.web/sites", "microsoft.web/sites/slots", '
        '"microsoft.app/containerapps", "microsoft.app/jobs", "microsoft.search/searchservices", '
        '"microsoft.web/connections", "microsoft.datafactory/factories")',
        '| where type !~ "microsoft.cognitiveservices/accounts" or kind =~ "AIServices"',
        "| project id, type",
        pages=100,
    ),
    role=_ROLE,
)
_CONNECTION: Kept = {
    "name": reduced.name,
    "properties": {
        "authType": reduced.word,
        "category": reduced.word,
        "target": reduced.host,
        "metadata": {"ResourceId": reduced.resource},
        "isSharedToAll": reduced.yes,
        "sharedUserList": reduced.is_there,
    },
}


def _get(doing: str, path: str, version: str, right: str, kept: Kept, pages: int = 20) -> ReadOperation:
    return ReadOperation(doing, "GET", path, version, right, kept, most_pages=pages, role=_ROLE)


CONNECTIONS = _get(
    "list its connections",
    "{scope}/connections",
    "2026-03-01",
    "Microsoft.CognitiveServices/accounts/connections/read",
    _CONNECTION,
)
PROJECTS = _get(
    "list its projects",
    "{scope}/projects",
    "2026-03-01",
    "Microsoft.CognitiveServices/accounts/projects/read",
    {"name": reduced.path_name},
)
PROJECT_CONNECTIONS = _get(
    "list the connections of the project",
    "{scope}/connections",
    "2026-03-01",
    "Microsoft.CognitiveServices/accounts/projects/connections/read",
    _CONNECTION,
)
HUB_CONNECTIONS = _get(
    "list the connections of the hub or workspace",
    "{scope}/connections",
    "2025-09-01",
    "Microsoft.MachineLearningServices/workspaces/connections/read",
    _CONNECTION,
)
NAMED_VALUES = _get(
    "list its named values",
    "{scope}/namedValues",
    "2024-05-01",
    "Microsoft.ApiManagement/service/namedValues/read",
    {
        "name": reduced.name,
        "properties": {
            "displayName": reduced.name,
            "keyVault": {"secretIdentifier": reduced.secret, "lastStatus": {"code": reduced.word}},
        },
    },
)
APP_SETTINGS = _get(
    "see which secrets its settings refer to",
    "{scope}/config/configreferences/appsettings",
    "2025-05-01",
    "Microsoft.Web/sites/config/read",
    {
        "id": reduced.last_name,
        "name": reduced.name,
        "properties": {
            "vaultName": reduced.name,
            "secretName": reduced.secret_name,
            "secretVersion": reduced.version,
            "activeVersion": reduced.version,
            "status": reduced.word,
        },
    },
)
_SECRETS: Kept = {"secrets": {"name": reduced.name, "keyVaultUrl": reduced.secret}}
_VARIABLES: Kept = {"env": {"name": reduced.name, "secretRef": reduced.name}}
_CONTAINERS: Kept = {
    "id": reduced.resource,
    "properties": {
        "configuration": _SECRETS,
        "template": {"containers": _VARIABLES, "initContainers": _VARIABLES},
    },
}
CONTAINER_APPS = _get(
    "list the container apps of the subscription",
    "{scope}/providers/Microsoft.App/containerApps",
    "2025-07-01",
    "Microsoft.App/containerApps/read",
    _CONTAINERS,
    pages=100,
)
CONTAINER_JOBS = _get(
    "list the container jobs of the subscription",
    "{scope}/providers/Microsoft.App/jobs",
    "2025-07-01",
    "Microsoft.App/jobs/read",
    _CONTAINERS,
    pages=100,
)
LOGIC_CONNECTIONS = _get(
    "list the API connections of the resource group",
    "{scope}/providers/Microsoft.Web/connections",
    "2016-06-01",
    "Microsoft.Web/connections/read",
    {
        "id": reduced.resource,
        "name": reduced.name,
        "properties": {
            "api": {"id": reduced.last_name},
            "nonSecretParameterValues": {"azureOpenAIResourceName": reduced.secret_name},
        },
    },
)
LINKED_SERVICES = _get(
    "list its linked services",
    "{scope}/linkedServices",
    "2018-06-01",
    "Microsoft.DataFactory/factories/linkedservices/read",
    {
        "name": reduced.name,
        "properties": {
            "type": reduced.word,
            "typeProperties": {
                "url": reduced.host,
                "baseUrl": reduced.host,
                "authHeaders": reduced.header_secrets,
                "encryptedCredential": reduced.is_there,
            },
        },
    },
)
_MODEL: Kept = {"resourceUri": reduced.host, "apiKey": reduced.is_there}
_MODELS: Kept = {"azureOpenAIParameters": _MODEL}
INDEXES = _get(
    "list its indexes",
    "/indexes",
    "2026-04-01",
    "Microsoft.Search/searchServices/indexes/read",
    {
        "name": reduced.name,
        "vectorSearch": {
            "vectorizers": {
                "name": reduced.name,
                "kind": reduced.word,
                "azureOpenAIParameters": _MODEL,
                "customWebApiParameters": {"uri": reduced.host, "httpHeaders": reduced.names},
                "amlParameters": {"uri": reduced.host, "key": reduced.is_there, "resourceId": reduced.resource},
            }
        },
    },
)
SKILLSETS = _get(
    "list its skillsets",
    "/skillsets",
    "2026-04-01",
    "Microsoft.Search/searchServices/skillsets/read",
    {
        "name": reduced.name,
        "skills": {
            "@odata.type": reduced.type_name,
            "name": reduced.name,
            "resourceUri": reduced.host,
            "apiKey": reduced.is_there,
            "uri": reduced.host,
            "httpHeaders": reduced.names,
        },
        "cognitiveServices": {
            "@odata.type": reduced.type_name,
            "key": reduced.is_there,
            "subdomainUrl": reduced.host,
        },
    },
)
KNOWLEDGE_BASES = _get(
    "list its knowledge bases",
    "/knowledgebases",
    "2026-04-01",
    "Microsoft.Search/searchServices/knowledgeBases/read",
    {"name": reduced.name, "models": _MODELS},
)
_AI_SERVICES: Kept = {"uri": reduced.host, "apiKey": reduced.is_there}
_INGESTION: dict[str, Any] = {
    "embeddingModel": _MODELS,
    "chatCompletionModel": _MODELS,
    "aiServices": _AI_SERVICES,
}
KNOWLEDGE_SOURCES = _get(
    "list its knowledge sources",
    "/knowledgesources",
    "2026-04-01",
    "Microsoft.Search/searchServices/knowledgeSources/read",
    {"name": reduced.name, "kind": reduced.word, "*": {"ingestionParameters": _INGESTION}},
)
COPY_READS = (
    HOLDERS,
    CONNECTIONS,
    PROJECTS,
    PROJECT_CONNECTIONS,
    HUB_CONNECTIONS,
    NAMED_VALUES,
    APP_SETTINGS,
    CONTAINER_APPS,
    CONTAINER_JOBS,
    LOGIC_CONNECTIONS,
    LINKED_SERVICES,
)
SEARCH_READS = (INDEXES, SKILLSETS, KNOWLEDGE_BASES, KNOWLEDGE_SOURCES)
# What is asked for of an entry, where Search lets one choose: the rest is long, and not needed.
SELECTED = {INDEXES.path: "name,vectorSearch", SKILLSETS.path: "name,skills,cognitiveServices"}
